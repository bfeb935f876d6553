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
 * Containers may lie within containers to any depth: enabling, signaling and releasing them takes
 * no more stack for that. A poll goes this many levels down; what lies further down has its
 * signaling enabled by it, and is found signaled from then on when it is. A deadline goes as far.
 */
#define DMA_FENCE_CONTAINER_LEVELS 16

/*
 * How deep containers lie within containers: 0 for a fence that is none; one chain is one level,
 * however many links it has. And of how many fences it is made in the end, each counted as often as
 * it occurs, at most UINT64_MAX. A poll of a container takes time in proportion to the latter:
 * bound it where strangers make containers.
 *
 * Those of an array stay as they were when it was made. Those of a chain are what it has now, in
 * its links that unwrap.h would go through: they shrink as links are signaled. Chains whose links
 * contain chains, more than DMA_FENCE_CONTAINER_LEVELS deep, count as UINT_MAX and UINT64_MAX. The
 * caller has a reference.
 */
unsigned int dma_fence_depth(struct dma_fence *fence);
uint64_t dma_fence_leaf_count(struct dma_fence *fence);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_CONTAINER_H */
