/* SPDX-License-Identifier: MIT */
/*
 * syncobj_array.h - requests that name syncobjs in an array of the caller's memory, and maybe their
 * points in another: a worker reads it and looks them up, then the request resumes.
 */
#ifndef DMA_FENCED_SYNCOBJ_ARRAY_H
#define DMA_FENCED_SYNCOBJ_ARRAY_H

#include "file/pending.h"
#include "syncobj/device_syncobj.h"

struct syncobj_array {
	uint64_t handles, points; /* addresses; points 0: all are 0 */
	uint32_t count;		  /* at least 1 */
	/*
	 * Called under the lock; returns as any handler does. argument is a copy of the request's;
	 * syncobjs are borrowed, points the job's.
	 */
	int (*resume)(const struct request *request, void *argument,
		      struct device_syncobj **syncobjs, uint64_t *points);
};

/* The largest argument of such a request. */
#define SYNCOBJ_ARGUMENT_MAX 64

/*
 * argument_size bytes of it are copied. REQUEST_BLOCKED, or -ENOMEM; then it is answered with
 * -EFAULT, -ENOENT, -EPERM (the caller is out of reach), or what resume returns.
 */
int syncobj_array_read(const struct request *request, const void *argument, size_t argument_size,
		       const struct syncobj_array *array);

#endif /* DMA_FENCED_SYNCOBJ_ARRAY_H */
