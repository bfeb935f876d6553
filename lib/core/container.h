/* SPDX-License-Identifier: MIT */
/*
 * container.h - fences that are made of fences: arrays and chains, and how large they are.
 */
#ifndef DMA_FENCE_CORE_CONTAINER_H
#define DMA_FENCE_CORE_CONTAINER_H

#include "fence.h"

#pragma GCC visibility push(default)

/* Is it an array or a chain? */
bool dma_fence_is_container(const struct dma_fence *fence);

/*
 * How deep containers lie within containers: 0 for a fence that is none; one chain is one level,
 * however many links it has. And of how many fences it is made in the end, each counted as often as
 * it occurs, at most UINT64_MAX. A look at a container takes time in proportion to the latter, and
 * stack to the former: bound them where strangers make containers.
 *
 * Those of an array stay as they were when it was made. Those of a chain are what it has now, in
 * its links that unwrap.h would go through: they shrink as links are signaled. The caller has a
 * reference.
 */
unsigned int dma_fence_depth(struct dma_fence *fence);
uint64_t dma_fence_leaf_count(struct dma_fence *fence);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_CONTAINER_H */
