/* SPDX-License-Identifier: MIT */
/*
 * merge.h - several fences into one, flattened: no array or chain in an array.
 *
 * Both functions borrow the fences, skip those that are NULL, and return a reference for the
 * caller, or NULL if there is no memory. count may be 0. The caller holds a reference to each
 * fence: the functions poll all of them, and a poll may drop the references that keep the others
 * (fence.h).
 */
#ifndef DMA_FENCE_CORE_MERGE_H
#define DMA_FENCE_CORE_MERGE_H

#include "fence.h"

#pragma GCC visibility push(default)

/*
 * Signaled when all fences are signaled. Arrays and chains are flattened. Signaled fences are left
 * out, of one context only the latest is kept, and the rest is sorted by context. If nothing is
 * left, the result is a signaled stub with the latest timestamp; if one fence is left, that fence;
 * otherwise an array. An "any" array among the members counts as one fence and is not flattened.
 */
struct dma_fence *dma_fence_merge_all(unsigned int count, struct dma_fence **fences);
/* The same for fences that are separate arguments, under the kernel's name. */
#define dma_fence_unwrap_merge(...)                                         \
	dma_fence_merge_all(sizeof((struct dma_fence *[]){ __VA_ARGS__ }) / \
				    sizeof(struct dma_fence *),             \
			    (struct dma_fence *[]){ __VA_ARGS__ })

/*
 * Signaled when the first fence is signaled. "Any" arrays are flattened, and of one context only
 * the earliest fence is kept. If a member is already signaled, the result is that member. An "all"
 * array or a chain among the members counts as one fence. Without members the result is a signaled
 * stub.
 */
struct dma_fence *dma_fence_merge_any(unsigned int count, struct dma_fence **fences);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_MERGE_H */
