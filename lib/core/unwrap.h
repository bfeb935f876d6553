/* SPDX-License-Identifier: MIT */
/*
 * unwrap.h - iteration over the members of a fence: the members of an array, the contained fences
 * of a chain, the members of the arrays in a chain; for any other fence, that fence itself. It
 * flattens one level of each; a container nested deeper is visited as one fence.
 *
 * Of a chain it visits the contained fence of the head, signaled or not, and the pending ones
 * before it. The walk removes signaled links from the chain.
 */
#ifndef DMA_FENCE_CORE_UNWRAP_H
#define DMA_FENCE_CORE_UNWRAP_H

#include "fence.h"

#pragma GCC visibility push(default)

struct dma_fence_array;

/*
 * The position of an iteration. The caller provides the memory; the fields belong to the library.
 */
struct dma_fence_unwrap {
	struct dma_fence *chain; /* the link, or a fence that is no chain; a reference, or NULL */
	struct dma_fence_array *array; /* in chain, while its members are visited */
	unsigned int index;
	bool keeps_any;
};

/*
 * Return the first fence and each next one; NULL after the last. The fence is borrowed until the
 * next step. The caller holds a reference to head, the cursor one to its position. A loop that is
 * left early calls dma_fence_unwrap_end(), which is also allowed after the last step. One thread
 * uses a cursor; other threads may walk and signal head at the same time.
 */
struct dma_fence *dma_fence_unwrap_first(struct dma_fence *head, struct dma_fence_unwrap *cursor);
struct dma_fence *dma_fence_unwrap_next(struct dma_fence_unwrap *cursor);
void dma_fence_unwrap_end(struct dma_fence_unwrap *cursor);
/*
 * The same without flattening "any" arrays: visits the fences that must all be signaled before head
 * is signaled.
 */
struct dma_fence *dma_fence_unwrap_first_of_all(struct dma_fence *head,
						struct dma_fence_unwrap *cursor);

#define dma_fence_unwrap_for_each(fence, cursor, head)            \
	for (fence = dma_fence_unwrap_first(head, cursor); fence; \
	     fence = dma_fence_unwrap_next(cursor))

/*
 * How many fences dma_fence_unwrap_for_each() visits at the moment. For a chain this number
 * decreases.
 */
unsigned int dma_fence_member_count(struct dma_fence *fence);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_UNWRAP_H */
