/* SPDX-License-Identifier: MIT */
/*
 * syncobj_handle.h - the syncobjs of an open file: handles of a space of their own, in which the
 * lowest free number is always the next. Under device->lock.
 */
#ifndef DMA_FENCED_SYNCOBJ_HANDLE_H
#define DMA_FENCED_SYNCOBJ_HANDLE_H

#include "caller/worker.h"
#include "syncobj/device_syncobj.h"

/*
 * The number, or -ENOSPC (the file has as many as it may), -ENOMEM. Takes over the caller's
 * reference on success.
 */
int64_t syncobj_handle_add(struct open_file *file, struct device_syncobj *syncobj);
/* Borrowed; NULL where there is no such handle. */
struct device_syncobj *syncobj_handle_find(struct open_file *file, uint32_t number);
/*
 * On a worker, without the lock: references to those behind count handles. *held is how many it has
 * got, also on errors. -ENOENT, -ECANCELED (the job is abandoned).
 */
int syncobj_handles_hold(struct worker_job *job, const uint32_t *numbers, uint32_t count,
			 struct device_syncobj **syncobjs, uint32_t *held);
/* -ENOENT. */
int syncobj_handle_close(struct open_file *file, uint32_t number);

#endif /* DMA_FENCED_SYNCOBJ_HANDLE_H */
