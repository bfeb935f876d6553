/* SPDX-License-Identifier: MIT */
/*
 * memory_request.h - the requests on memory fences. MEM_FENCE goes to a worker, KICK where an
 * access may block. Under device->lock.
 */
#ifndef DMA_FENCED_MEMORY_REQUEST_H
#define DMA_FENCED_MEMORY_REQUEST_H

#include "file/pending.h"

int memory_fence_request(const struct request *request, const struct dma_fence_mem_fence *argument);
int memory_location_request(const struct request *request,
			    struct dma_fence_mem_fence_location *location);
int memory_kick_request(const struct request *request, struct dma_fence_mem_fence_kick *kick);

/* The earliest hint that a fence of MEM_FENCE was given, INT64_MAX: none, or another kind. */
int64_t memory_fence_deadline(struct dma_fence *fence);

#endif /* DMA_FENCED_MEMORY_REQUEST_H */
