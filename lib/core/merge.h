/* SPDX-License-Identifier: MIT */
/*
 * merge.h - several fences into one, flattened: no array within an array.
 *
 * Both borrow the fences and return a reference of the caller's own, or NULL when there is no
 * memory; count may be 0.
 */
#ifndef DMA_FENCE_CORE_MERGE_H
#define DMA_FENCE_CORE_MERGE_H

#include "fence.h"

#pragma GCC visibility push(default)

/*
 * Signaled when all are. Signaled members drop out; of one context the latest stays; the rest is
 * sorted by context. Nothing left: a signaled stub with the latest timestamp. One left: that fence
 * itself. Else an array. An "any" array among the members counts as one fence of its own: it is not
 * taken apart.
 */
struct dma_fence *dma_fence_merge_all(unsigned int count, struct dma_fence **fences);

/*
 * Signaled when the first is. Of one context the earliest stays; with one signaled member the
 * result is that member. An "all" array among the members counts as one fence of its own. No
 * members: a signaled stub.
 */
struct dma_fence *dma_fence_merge_any(unsigned int count, struct dma_fence **fences);

/* What a fence is made of: the members of an array, or the fence itself. Borrowed. */
unsigned int dma_fence_member_count(struct dma_fence *fence);
struct dma_fence *dma_fence_member(struct dma_fence *fence, unsigned int index);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_MERGE_H */
