/* SPDX-License-Identifier: MIT */
/*
 * syncobj_array.h - requests that name syncobjs in an array of the caller's memory, and maybe their
 * points in another: read on a lane, looked up, then handed on.
 */
#ifndef DMA_FENCED_SYNCOBJ_ARRAY_H
#define DMA_FENCED_SYNCOBJ_ARRAY_H

#include "syncobj/device_syncobj.h"
#include "file/pending.h"

struct syncobj_array {
	uint64_t handles, points; /* addresses; points 0: all are 0 */
	uint32_t count;		  /* at least 1 */
	/*
	 * Called under the lock; answers like any handler. argument is a copy of the request's;
	 * syncobjs are borrowed, points the job's.
	 */
	int (*go_on)(struct request *request, void *argument, struct device_syncobj **syncobjs,
		     uint64_t *points);
};

/* The most that the argument of such a request is. */
#define SYNCOBJ_ARGUMENT_MAX 64

/*
 * REQUEST_PARKED, or -ENOMEM; then it is answered with -EFAULT, -ENOENT, -EPERM (the caller is out
 * of reach), or what go_on says.
 */
int syncobj_array_read_and_go_on(struct request *request, const void *argument,
				 const struct syncobj_array *array);

#endif /* DMA_FENCED_SYNCOBJ_ARRAY_H */
