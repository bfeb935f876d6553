/* SPDX-License-Identifier: MIT */
/*
 * array.h - several fences as one: signaled when all members are signaled, or when the first one
 * is.
 *
 * Members should not be containers: merge.h flattens them. The error of an array is the first error
 * among its members; the error of an "any" array is that of the member that signaled it.
 */
#ifndef DMA_FENCE_CORE_ARRAY_H
#define DMA_FENCE_CORE_ARRAY_H

#include "fence.h"

#pragma GCC visibility push(default)

struct dma_fence_array;

/*
 * Takes over the caller's references to the fences, not the memory of fences. NULL: no memory; the
 * caller keeps the references. count is at least 1.
 */
struct dma_fence_array *dma_fence_array_create(unsigned int count, struct dma_fence **fences,
					       uint64_t context, uint64_t seqno,
					       bool signal_on_any);
/* The fence of the array. Borrowed; valid as long as the array has references. */
struct dma_fence *dma_fence_array_base(struct dma_fence_array *array);
bool dma_fence_is_array(const struct dma_fence *fence);
/* NULL if fence is not an array, or NULL. */
struct dma_fence_array *to_dma_fence_array(struct dma_fence *fence);
unsigned int dma_fence_array_count(const struct dma_fence_array *array);
bool dma_fence_array_signals_on_any(const struct dma_fence_array *array);
/* Borrowed. NULL: index is out of range. */
struct dma_fence *dma_fence_array_member(const struct dma_fence_array *array, unsigned int index);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_ARRAY_H */
