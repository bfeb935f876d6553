/* SPDX-License-Identifier: MIT */
/*
 * container.c - how large fences are that are made of fences.
 *
 * An array counts once, as it is made, when its members are known for good. A chain is counted link
 * by link, each time: what races is that links go meanwhile, and those counts are of the moment.
 */
#include "array.h"
#include "chain.h"
#include "container.h"
#include "internal.h"

bool dma_fence_is_container(const struct dma_fence *fence)
{
	return dma_fence_is_array(fence) || dma_fence_is_chain(fence);
}

void container_size_add(struct container_size *size, struct dma_fence *member)
{
	struct container_size own = container_size(member);

	if (own.depth + 1 > size->depth)
		size->depth = own.depth + 1;
	size->leaves =
		own.leaves > UINT64_MAX - size->leaves ? UINT64_MAX : size->leaves + own.leaves;
}

struct container_size container_size(struct dma_fence *fence)
{
	struct container_size size = { .depth = 1 };
	struct dma_fence *link;

	if (dma_fence_is_array(fence))
		return array_size(to_dma_fence_array(fence));
	if (!dma_fence_is_chain(fence))
		return (struct container_size){ .leaves = 1 };
	dma_fence_chain_for_each(link, fence)
		container_size_add(&size, dma_fence_chain_contained(link));
	return size;
}

unsigned int dma_fence_depth(struct dma_fence *fence)
{
	return container_size(fence).depth;
}

uint64_t dma_fence_leaf_count(struct dma_fence *fence)
{
	return container_size(fence).leaves;
}
