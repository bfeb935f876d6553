/* SPDX-License-Identifier: MIT */
/*
 * unwrap.c - iteration over the members of a fence.
 *
 * Who owns what: the cursor owns a reference to its current link, which keeps everything that the
 * cursor returns. What can race: other threads walk the chain and remove links before and after the
 * current one. Each step reads the state at that moment.
 */
#include "array.h"
#include "chain.h"
#include "fence_internal.h"
#include "unwrap.h"

/* The first fence in the link that the cursor has reached. */
static struct dma_fence *enter_link(struct dma_fence_unwrap *cursor)
{
	struct dma_fence_array *array;
	struct dma_fence *fence;

	cursor->array = NULL;
	cursor->index = 0;
	if (!cursor->chain)
		return NULL;
	fence = dma_fence_chain_contained(cursor->chain);
	array = to_dma_fence_array(fence);
	if (!array || (cursor->keeps_any && dma_fence_array_signals_on_any(array)))
		return fence;
	cursor->array = array;
	return dma_fence_array_member(array, 0);
}

struct dma_fence *dma_fence_unwrap_first(struct dma_fence *head, struct dma_fence_unwrap *cursor)
{
	*cursor = (struct dma_fence_unwrap){ .chain = dma_fence_get(head) };
	return enter_link(cursor);
}

struct dma_fence *dma_fence_unwrap_first_of_all(struct dma_fence *head,
						struct dma_fence_unwrap *cursor)
{
	*cursor = (struct dma_fence_unwrap){ .chain = dma_fence_get(head), .keeps_any = true };
	return enter_link(cursor);
}

struct dma_fence *dma_fence_unwrap_next(struct dma_fence_unwrap *cursor)
{
	struct dma_fence *member = NULL;

	if (cursor->array)
		member = dma_fence_array_member(cursor->array, ++cursor->index);
	if (member || !cursor->chain)
		return member;
	cursor->chain = dma_fence_chain_walk(cursor->chain);
	return enter_link(cursor);
}

void dma_fence_unwrap_end(struct dma_fence_unwrap *cursor)
{
	dma_fence_put(cursor->chain);
	cursor->chain = NULL;
	cursor->array = NULL;
}

unsigned int dma_fence_member_count(struct dma_fence *fence)
{
	struct dma_fence_unwrap cursor;
	struct dma_fence *member;
	unsigned int count = 0;

	if (dma_fence_is_array(fence))
		return dma_fence_array_count(to_dma_fence_array(fence));
	dma_fence_unwrap_for_each(member, &cursor, fence) count++;
	return count;
}
