/* SPDX-License-Identifier: MIT */
/*
 * caller.h - access to the fds and the memory of a caller. Every function here may hang, and runs
 * on a worker.
 *
 * The caller is known by its thread id, which is its own for as long as its request is not
 * answered. So code that has opened the thread checks afterwards with worker_job_is_abandoned()
 * that it was the right one; where nothing can be opened, worker_enter_caller() keeps the request
 * unanswered.
 */
#ifndef DMA_FENCED_CALLER_H
#define DMA_FENCED_CALLER_H

#include "caller/worker.h"

enum descriptor_kind {
	DESCRIPTOR_FOREIGN, /* something else: not touched any further */
	DESCRIPTOR_OURS,    /* an open file of this device */
	DESCRIPTOR_EVENTFD,
	DESCRIPTOR_SHMEM, /* a memfd or a file on tmpfs, of huge pages too */
	DESCRIPTOR_DMABUF,
};

/*
 * A duplicate of the caller's fd: to be closed. -EBADF (an O_PATH one too), -EPERM: the caller is
 * out of reach, -ENOSPC: we can have no more fds, -ENOMEM.
 */
int caller_take_fd(struct worker_job *job, int fd);
/*
 * Can its fds and memory be reached? A mask of DMA_FENCE_FEATURE_CALLER_*. -ENOSPC, -ENOMEM: that
 * cannot be found out now.
 */
int caller_features(struct worker_job *job, uint64_t *features);
/* 0, -EFAULT, -EPERM, -ENOMEM. */
int caller_read(struct worker_job *job, uint64_t address, void *to, size_t size);
int caller_write(struct worker_job *job, uint64_t address, const void *from, size_t size);

/*
 * What a duplicate is, found out without asking its filesystem: an enum descriptor_kind. -ENOSPC,
 * -ENOMEM: a dma-buf cannot be distinguished from a foreign file now.
 */
int descriptor_kind(struct device *device, int fd);

#endif /* DMA_FENCED_CALLER_H */
