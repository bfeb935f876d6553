/* SPDX-License-Identifier: MIT */
/* leaf_watch.c - see leaf_watch.h. */
#include <stdlib.h>

#include "array.h"
#include "chain.h"
#include "container.h"
#include "leaf_watch.h"

struct leaf {
	struct dma_fence_cb callback;
	struct leaf_watch *watch;
	struct dma_fence *fence; /* a reference; NULL: signaled */
};

struct leaf_watch {
	struct dma_fence *fence;
	uint64_t count, capacity;
	struct leaf leaves[];
};

uint64_t leaf_watch_size(struct dma_fence *fence)
{
	if (!dma_fence_is_container(fence))
		return 0;
	return sizeof(struct leaf_watch) + dma_fence_leaf_count(fence) * sizeof(struct leaf);
}

/* The look may signal the container, whose callback may free the watch. */
static void leaf_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct leaf *leaf = (struct leaf *)callback;
	struct dma_fence *container = dma_fence_get(leaf->watch->fence);

	leaf->fence = NULL;
	dma_fence_is_signaled(container);
	dma_fence_put(container);
	dma_fence_put(fence);
}

static void add_leaf(struct leaf_watch *watch, struct dma_fence *fence)
{
	struct leaf *leaf = &watch->leaves[watch->count];

	if (watch->count == watch->capacity)
		return;
	leaf->watch = watch;
	if (dma_fence_add_passive_callback(fence, &leaf->callback, leaf_signaled))
		return;
	leaf->fence = dma_fence_get(fence);
	watch->count++;
}

/* Containers in containers are as deep as the device allows. */
static void add_leaves(struct leaf_watch *watch, struct dma_fence *fence)
{
	struct dma_fence_array *array = to_dma_fence_array(fence);
	struct dma_fence *link;

	if (dma_fence_is_chain(fence)) {
		dma_fence_chain_for_each(link, fence)
			add_leaves(watch, dma_fence_chain_contained(link));
		return;
	}
	for (unsigned int i = 0; array && i < dma_fence_array_count(array); i++)
		add_leaves(watch, dma_fence_array_member(array, i));
	if (!array)
		add_leaf(watch, fence);
}

int leaf_watch_create(struct dma_fence *fence, struct leaf_watch **watch)
{
	uint64_t size = leaf_watch_size(fence);

	*watch = NULL;
	if (!size)
		return 0;
	*watch = calloc(1, size);
	if (!*watch)
		return -ENOMEM;
	(*watch)->fence = fence;
	(*watch)->capacity = dma_fence_leaf_count(fence);
	add_leaves(*watch, fence);
	return 0;
}

void leaf_watch_free(struct leaf_watch *watch)
{
	for (uint64_t i = 0; watch && i < watch->count; i++) {
		struct leaf *leaf = &watch->leaves[i];

		if (!leaf->fence)
			continue;
		dma_fence_remove_callback(leaf->fence, &leaf->callback);
		dma_fence_put(leaf->fence);
	}
	free(watch);
}
