/* SPDX-License-Identifier: MIT */
/* timeline.c - ordered fences of one context: a timeline, its points, and advancing it. */
#include "request.h"

API int dma_fence_device_timeline_create(int device, const char *name, uint64_t value,
					 uint32_t *timeline)
{
	struct dma_fence_timeline_create create = { .value = value };

	if (copy_name(create.name, name) < 0 ||
	    request(device, DMA_FENCE_IOC_TIMELINE_CREATE, &create) < 0)
		return -1;
	*timeline = create.handle;
	return 0;
}

API int dma_fence_device_timeline_point(int device, uint32_t timeline, uint64_t *seqno,
					uint32_t *handle)
{
	struct dma_fence_create create = { .timeline = timeline, .seqno = seqno ? *seqno : 0 };

	/*
	 * 0 would be a fence of a context of its own, and not what was asked for; no handle is ever
	 * 0.
	 */
	if (timeline == 0)
		return fail(ENOENT);
	if (dma_fence_device_create_full(device, &create) < 0)
		return -1;
	if (seqno)
		*seqno = create.seqno;
	*handle = create.handle;
	return 0;
}

API int dma_fence_device_timeline_advance(int device, uint32_t timeline, uint64_t value, int error,
					  uint32_t *signaled)
{
	struct dma_fence_timeline_advance advance = { .handle = timeline,
						      .value = value,
						      .error = error };

	if (request(device, DMA_FENCE_IOC_TIMELINE_ADVANCE, &advance) < 0)
		return -1;
	if (signaled)
		*signaled = advance.signaled;
	return 0;
}
