/* SPDX-License-Identifier: MIT */
/* syncobj_wait.h - SYNCOBJ_WAIT and TIMELINE_WAIT: polls the syncobjs, or blocks the request. */
#ifndef DMA_FENCED_SYNCOBJ_WAIT_H
#define DMA_FENCED_SYNCOBJ_WAIT_H

#include "file/pending.h"
#include "syncobj/device_syncobj.h"

struct syncobj_wait_terms {
	uint32_t count;
	uint32_t flags; /* DRM_SYNCOBJ_WAIT_FLAGS_* */
	int64_t timeout_ns;
	uint64_t deadline_ns;
	size_t first_signaled; /* where in the argument the index goes */
};

/*
 * Under the lock. argument is SYNCOBJ_ARGUMENT_MAX bytes at most, with a field for the index. 0
 * (the index is filled in), REQUEST_BLOCKED, -EINVAL (nothing is submitted), -ETIME, -ENOMEM,
 * -ENOSPC.
 */
int syncobj_wait(const struct request *request, void *argument,
		 const struct syncobj_wait_terms *terms, struct device_syncobj **syncobjs,
		 const uint64_t *points);

#endif /* DMA_FENCED_SYNCOBJ_WAIT_H */
