/* SPDX-License-Identifier: MIT */
/*
 * container_watch.c - see container_watch.h.
 *
 * A watch counts for each container how many of its members have to be signaled before it is, and
 * asks for the state once, when the last one is: asking at each signal would take time in
 * proportion to the square of the number of members.
 */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "chain.h"
#include "container.h"
#include "buffer/container_watch.h"

/* A container; the first is the watched one. */
struct node {
	uint32_t parent;    /* index; not used for the first */
	uint32_t remaining; /* signals until it is signaled itself; 0: it is */
};

struct leaf {
	struct dma_fence_cb callback;
	struct container_watch *watch;
	struct dma_fence *fence; /* a reference; NULL: signaled */
	uint32_t node;		 /* whose member it is */
};

struct container_watch {
	struct dma_fence *fence;
	struct node *nodes; /* behind the leaves, in the same allocation */
	uint32_t node_count, leaf_count;
	struct leaf leaves[];
};

/* The capacity that a watch needs. */
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
	return sizeof(struct container_watch) + extent->leaves * sizeof(struct leaf) +
	       extent->nodes * sizeof(struct node);
}

uint64_t container_watch_size(struct dma_fence *fence)
{
	struct extent extent = { 0 };

	if (!dma_fence_is_container(fence))
		return 0;
	measure(fence, &extent);
	return size_of(&extent);
}

/* A member of this one is signaled. Is the watched one now, too? */
static bool count_down(struct container_watch *watch, uint32_t index)
{
	for (;;) {
		struct node *node = &watch->nodes[index];

		if (!node->remaining || --node->remaining)
			return false;
		if (!index)
			return true;
		index = node->parent;
	}
}

/* May signal the container, whose callback may free the watch. */
static void poll_container(struct container_watch *watch)
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
		poll_container(leaf->watch);
	dma_fence_put(fence);
}

/* Is it signaled already? */
static bool add_leaf(struct container_watch *watch, uint32_t node, struct dma_fence *fence)
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

static bool add_container(struct container_watch *watch, uint32_t parent, struct dma_fence *fence);

/* Of an array or a chain that needs all its members, or of an array that needs any. */
static void add_member(struct container_watch *watch, uint32_t node, bool any,
		       struct dma_fence *fence)
{
	bool signaled;

	watch->nodes[node].remaining += !any;
	signaled = dma_fence_is_container(fence) ? add_container(watch, node, fence)
						 : add_leaf(watch, node, fence);
	if (signaled && watch->nodes[node].remaining)
		watch->nodes[node].remaining--;
}

/* Is it signaled already? */
static bool add_container(struct container_watch *watch, uint32_t parent, struct dma_fence *fence)
{
	struct dma_fence_array *array = to_dma_fence_array(fence);
	bool any = array && dma_fence_array_signals_on_any(array);
	uint32_t node = watch->node_count++;
	struct dma_fence *link;

	watch->nodes[node] = (struct node){ .parent = parent, .remaining = any };
	for (unsigned int i = 0; array && i < dma_fence_array_count(array); i++)
		add_member(watch, node, any, dma_fence_array_member(array, i));
	if (!array) {
		dma_fence_chain_for_each(link, fence)
			add_member(watch, node, false, dma_fence_chain_contained(link));
	}
	return !watch->nodes[node].remaining;
}

int container_watch_create(struct dma_fence *fence, struct container_watch **watch)
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
		poll_container(*watch);
	return 0;
}

void container_watch_free(struct container_watch *watch)
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
