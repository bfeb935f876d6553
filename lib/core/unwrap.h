/* SPDX-License-Identifier: MIT */
/*
 * unwrap.h - what a fence is made of: the members of an array, the fences in a chain, the members
 * of the arrays in a chain; of any other fence that fence itself. One level of each: what is deeper
 * comes in one piece.
 *
 * Of a chain come the head's fence, signaled or not, and those that are pending before it. Walking
 * over it takes out of it what is signaled.
 */
#ifndef DMA_FENCE_CORE_UNWRAP_H
#define DMA_FENCE_CORE_UNWRAP_H

#include "fence.h"

#pragma GCC visibility push(default)

struct dma_fence_array;

/* A place in a fence that is taken apart: the functions', the caller only has the memory. */
struct dma_fence_unwrap {
	struct dma_fence *chain; /* the link, or the fence that is no chain; a reference, or NULL */
	struct dma_fence_array *array; /* in chain, while its members come */
	unsigned int index;
	bool keeps_any;
};

/*
 * The first fence, and each next one; NULL after the last. What they return is borrowed, until the
 * next step. The caller has a reference to head, the cursor one to where it is: a loop that is left
 * early ends with dma_fence_unwrap_end(), which may be called after the last step too. Each cursor
 * belongs to one thread; head may be walked and signaled by others meanwhile.
 */
struct dma_fence *dma_fence_unwrap_first(struct dma_fence *head, struct dma_fence_unwrap *cursor);
struct dma_fence *dma_fence_unwrap_next(struct dma_fence_unwrap *cursor);
void dma_fence_unwrap_end(struct dma_fence_unwrap *cursor);
/*
 * The same with "any" arrays in one piece: what comes is what has to be signaled, all of it, for
 * head to be.
 */
struct dma_fence *dma_fence_unwrap_first_of_all(struct dma_fence *head,
						struct dma_fence_unwrap *cursor);

#define dma_fence_unwrap_for_each(fence, cursor, head)            \
	for (fence = dma_fence_unwrap_first(head, cursor); fence; \
	     fence = dma_fence_unwrap_next(cursor))

/* How many dma_fence_unwrap_for_each() comes by. Of a chain: at the moment; it shrinks. */
unsigned int dma_fence_member_count(struct dma_fence *fence);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_UNWRAP_H */
