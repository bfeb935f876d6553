/* SPDX-License-Identifier: MIT */
/*
 * syncobj_handle.h - the syncobjs of an open file: handles of a space of their own, in which the
 * lowest free number is always the next. Under device->lock.
 */
#ifndef DMA_FENCED_SYNCOBJ_HANDLE_H
#define DMA_FENCED_SYNCOBJ_HANDLE_H

#include "syncobj/device_syncobj.h"

struct lane_job;
struct open_file;

struct syncobj_handles {
	struct device_syncobj **syncobjs; /* handle number n is syncobjs[n - 1]; NULL: free */
	uint64_t *used;			  /* a bit for each */
	uint32_t capacity;		  /* a multiple of 64 */
	uint32_t open;
	uint32_t first_word; /* of used[]: all before it are full */
};

/*
 * The number, or -ENOSPC (the file has as many as it may), -ENOMEM. Takes over the caller's
 * reference on success.
 */
int64_t syncobj_handle_add(struct open_file *file, struct device_syncobj *syncobj);
/* Borrowed; NULL where there is no such handle. */
struct device_syncobj *syncobj_handle_find(struct open_file *file, uint32_t number);
/* On a lane, without the lock: a reference. -ENOENT, -ECANCELED (the job is abandoned). */
int syncobj_handle_hold(struct lane_job *job, uint32_t number, struct device_syncobj **syncobj);
/* -ENOENT. */
int syncobj_handle_close(struct open_file *file, uint32_t number);
void syncobj_handles_drop_all(struct open_file *file);

#endif /* DMA_FENCED_SYNCOBJ_HANDLE_H */
