/* SPDX-License-Identifier: MIT */
/*
 * merge.h - several fences into one, flattened: no array or chain within an array.
 *
 * Both borrow the fences, pass over those that are NULL, and return a reference of the caller's
 * own, or NULL when there is no memory; count may be 0. The caller holds a reference to each of
 * them: all are polled, and polling one may drop what keeps the others (fence.h).
 */
#ifndef DMA_FENCE_CORE_MERGE_H
#define DMA_FENCE_CORE_MERGE_H

#include "fence.h"

#pragma GCC visibility push(default)

/*
 * Signaled when all are. Arrays and chains are taken apart; signaled members drop out; of one
 * context the latest stays; the rest is sorted by context. Nothing left: a signaled stub with the
 * latest timestamp. One left: that fence itself. Else an array. An "any" array among the members
 * counts as one fence of its own: it is not taken apart.
 */
struct dma_fence *dma_fence_merge_all(unsigned int count, struct dma_fence **fences);
/* The same of the fences that are named, in the kernel's word. */
#define dma_fence_unwrap_merge(...)                                         \
	dma_fence_merge_all(sizeof((struct dma_fence *[]){ __VA_ARGS__ }) / \
				    sizeof(struct dma_fence *),             \
			    (struct dma_fence *[]){ __VA_ARGS__ })

/*
 * Signaled when the first is. "Any" arrays are taken apart; of one context the earliest stays; with
 * one signaled member the result is that member. An "all" array or a chain among the members counts
 * as one fence of its own. No members: a signaled stub.
 */
struct dma_fence *dma_fence_merge_any(unsigned int count, struct dma_fence **fences);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_MERGE_H */
