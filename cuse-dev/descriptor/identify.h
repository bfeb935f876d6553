/* SPDX-License-Identifier: MIT */
/* identify.h - finds out which fence or syncobj of this device a caller's fd stands for. */
#ifndef DMA_FENCED_IDENTIFY_H
#define DMA_FENCED_IDENTIFY_H

#include "caller/caller.h"
#include "descriptor/fence_fd.h"

/*
 * The request by which a worker asks what an fd is. Only the daemon's own workers may issue it: it
 * is ENOTTY for all others.
 */
#define DMA_FENCE_IOC_IDENTIFY _IO(DMA_FENCE_IOC_TYPE, 0x7f)

/*
 * On a worker, without the lock: a reference to what the caller's fd stands for. They ask the
 * device itself, and the loop thread answers. -EINVAL: it is nothing like that; or as
 * caller_take_fd().
 */
int caller_take_fence(struct worker_job *job, int fd, struct dma_fence **fence);
int caller_take_syncobj(struct worker_job *job, int fd, struct device_syncobj **syncobj);

/* The request, under the lock: 0 where it was a worker that asked, else -ENOTTY. */
int identify_request(const struct request *request);

#endif /* DMA_FENCED_IDENTIFY_H */
