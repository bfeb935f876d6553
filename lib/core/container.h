/* SPDX-License-Identifier: MIT */
/*
 * container.h - containers, which are fences with other fences as members (arrays and chains), and
 * their size.
 */
#ifndef DMA_FENCE_CORE_CONTAINER_H
#define DMA_FENCE_CORE_CONTAINER_H

#include "fence.h"

#pragma GCC visibility push(default)

/* Is it an array or a chain? */
bool dma_fence_is_container(const struct dma_fence *fence);

/*
 * Containers may be nested to any depth: the stack that enabling, signaling and releasing them
 * takes does not depend on it. A poll goes down this many levels. Below that, the poll enables
 * signaling, so a later poll finds a fence there signaled when it is. A deadline goes down as many
 * levels.
 */
#define DMA_FENCE_CONTAINER_LEVELS 16

/*
 * dma_fence_depth(): how deep containers are nested. 0 for a fence that is not a container; a chain
 * is one level, however many links it has. dma_fence_leaf_count(): the number of fences in the
 * whole tree that are not containers, each counted as often as it occurs, at most UINT64_MAX. The
 * time of a poll is proportional to this number: limit it where untrusted clients create
 * containers.
 *
 * The numbers of an array are constant. Those of a chain count the links that unwrap.h visits at
 * the moment: they decrease as links are signaled. Chains whose links contain chains, nested more
 * than DMA_FENCE_CONTAINER_LEVELS deep, count as UINT_MAX and UINT64_MAX. The caller holds a
 * reference.
 */
unsigned int dma_fence_depth(struct dma_fence *fence);
uint64_t dma_fence_leaf_count(struct dma_fence *fence);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_CONTAINER_H */
