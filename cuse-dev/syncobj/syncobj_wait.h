/* SPDX-License-Identifier: MIT */
/* syncobj_wait.h - SYNCOBJ_WAIT and TIMELINE_WAIT: looks, or parks the request. */
#ifndef DMA_FENCED_SYNCOBJ_WAIT_H
#define DMA_FENCED_SYNCOBJ_WAIT_H

#include "syncobj/device_syncobj.h"
#include "file/pending.h"

struct syncobj_wait_terms {
	uint32_t count;
	uint32_t flags; /* DRM_SYNCOBJ_WAIT_FLAGS_* */
	int64_t timeout_ns;
	uint64_t deadline_ns;
	size_t first_signaled; /* where in the argument the index goes */
};

/*
 * Under the lock. argument is request->size bytes, and room for the index. 0 (the index is there),
 * REQUEST_PARKED, -EINVAL (nothing is submitted), -ETIME, -ENOMEM, -ENOSPC.
 */
int syncobj_wait(struct request *request, void *argument, const struct syncobj_wait_terms *terms,
		 struct device_syncobj **syncobjs, const uint64_t *points);

#endif /* DMA_FENCED_SYNCOBJ_WAIT_H */
