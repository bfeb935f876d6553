/* SPDX-License-Identifier: MIT */
/*
 * leaf_watch.c - see leaf_watch.h.
 *
 * A watch keeps count for each container how many of its parts have to be signaled before it is, so
 * that the look comes once, when the last one is: a look at each signal would take time in
 * proportion to the square of what the fence is made of.
 */
#include <stdlib.h>

#include "array.h"
#include "chain.h"
#include "container.h"
#include "buffer/container_watch.h"

/* A container: the watched one is the first. */
struct node {
	uint32_t parent;  /* index; of no meaning for the first */
	uint32_t missing; /* signals until it is signaled itself; 0: it is */
};

struct leaf {
	struct dma_fence_cb callback;
	struct leaf_watch *watch;
	struct dma_fence *fence; /* a reference; NULL: signaled */
	uint32_t node;		 /* whose part it is */
};

struct leaf_watch {
	struct dma_fence *fence;
	struct node *nodes; /* behind the leaves, in the same allocation */
	uint32_t node_count, leaf_count;
	struct leaf leaves[];
};

/* What a watch has to have room for. */
struct extent {
	uint64_t nodes, leaves;
};

/* Containers in containers are as deep as the device allows. */
static void measure(struct dma_fence *fence, struct extent *extent)
{
	struct dma_fence_array *array = to_dma_fence_array(fence);
	struct dma_fence *link;

	if (!dma_fence_is_container(fence)) {
		extent->leaves++;
		return;
	}
	extent->nodes++;
	for (unsigned int i = 0; array && i < dma_fence_array_count(array); i++)
		measure(dma_fence_array_member(array, i), extent);
	if (array)
		return;
	dma_fence_chain_for_each(link, fence) measure(dma_fence_chain_contained(link), extent);
}

static uint64_t size_of(const struct extent *extent)
{
	return sizeof(struct leaf_watch) + extent->leaves * sizeof(struct leaf) +
	       extent->nodes * sizeof(struct node);
}

uint64_t leaf_watch_size(struct dma_fence *fence)
{
	struct extent extent = { 0 };

	if (!dma_fence_is_container(fence))
		return 0;
	measure(fence, &extent);
	return size_of(&extent);
}

/* A part of this one is signaled. Is the watched one, by that? */
static bool count_down(struct leaf_watch *watch, uint32_t index)
{
	for (;;) {
		struct node *node = &watch->nodes[index];

		if (!node->missing || --node->missing)
			return false;
		if (!index)
			return true;
		index = node->parent;
	}
}

/* The look may signal the container, whose callback may free the watch. */
static void look(struct leaf_watch *watch)
{
	struct dma_fence *container = dma_fence_get(watch->fence);

	dma_fence_is_signaled(container);
	dma_fence_put(container);
}

static void leaf_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct leaf *leaf = (struct leaf *)callback;

	leaf->fence = NULL;
	if (count_down(leaf->watch, leaf->node))
		look(leaf->watch);
	dma_fence_put(fence);
}

/* Is it signaled already? */
static bool add_leaf(struct leaf_watch *watch, uint32_t node, struct dma_fence *fence)
{
	struct leaf *leaf = &watch->leaves[watch->leaf_count];

	leaf->watch = watch;
	leaf->node = node;
	if (dma_fence_add_passive_callback(fence, &leaf->callback, leaf_signaled))
		return true;
	leaf->fence = dma_fence_get(fence);
	watch->leaf_count++;
	return false;
}

static bool add_container(struct leaf_watch *watch, uint32_t parent, struct dma_fence *fence);

/* Of an array or a chain that needs all its parts, or of an array that needs any. */
static void add_part(struct leaf_watch *watch, uint32_t node, bool any, struct dma_fence *fence)
{
	bool signaled;

	watch->nodes[node].missing += !any;
	signaled = dma_fence_is_container(fence) ? add_container(watch, node, fence)
						 : add_leaf(watch, node, fence);
	if (signaled && watch->nodes[node].missing)
		watch->nodes[node].missing--;
}

/* Is it signaled already? */
static bool add_container(struct leaf_watch *watch, uint32_t parent, struct dma_fence *fence)
{
	struct dma_fence_array *array = to_dma_fence_array(fence);
	bool any = array && dma_fence_array_signals_on_any(array);
	uint32_t node = watch->node_count++;
	struct dma_fence *link;

	watch->nodes[node] = (struct node){ .parent = parent, .missing = any };
	for (unsigned int i = 0; array && i < dma_fence_array_count(array); i++)
		add_part(watch, node, any, dma_fence_array_member(array, i));
	if (!array) {
		dma_fence_chain_for_each(link, fence)
			add_part(watch, node, false, dma_fence_chain_contained(link));
	}
	return !watch->nodes[node].missing;
}

int leaf_watch_create(struct dma_fence *fence, struct leaf_watch **watch)
{
	struct extent extent = { 0 };

	*watch = NULL;
	if (!dma_fence_is_container(fence))
		return 0;
	measure(fence, &extent);
	*watch = calloc(1, size_of(&extent));
	if (!*watch)
		return -ENOMEM;
	(*watch)->fence = fence;
	(*watch)->nodes = (struct node *)&(*watch)->leaves[extent.leaves];
	if (add_container(*watch, 0, fence))
		look(*watch);
	return 0;
}

void leaf_watch_free(struct leaf_watch *watch)
{
	for (uint32_t i = 0; watch && i < watch->leaf_count; i++) {
		struct leaf *leaf = &watch->leaves[i];

		if (!leaf->fence)
			continue;
		dma_fence_remove_callback(leaf->fence, &leaf->callback);
		dma_fence_put(leaf->fence);
	}
	free(watch);
}
