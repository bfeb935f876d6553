/* SPDX-License-Identifier: MIT */
/*
 * heap.h - a binary heap: the node with the smallest key is first. Not installed.
 *
 * Nodes are embedded in the objects that own them; the heap owns only its array. The caller does
 * the locking.
 */
#ifndef DMA_FENCE_CORE_HEAP_H
#define DMA_FENCE_CORE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t key;
	uint32_t place; /* index in the heap, from 1; 0: not in a heap */
};

/* A zeroed heap is empty. */
struct heap {
	struct heap_node **nodes;
	uint32_t count, capacity;
};

/* Frees the array. Nodes that are still in it are not touched. */
void heap_fini(struct heap *heap);
/* The node must not be in a heap (zero it at first). -ENOMEM. */
int heap_add(struct heap *heap, struct heap_node *node, int64_t key);
/* Does nothing if the node is not in the heap. */
void heap_remove(struct heap *heap, struct heap_node *node);
/* NULL: the heap is empty. */
static inline struct heap_node *heap_first(const struct heap *heap)
{
	return heap->count ? heap->nodes[0] : NULL;
}

#endif /* DMA_FENCE_CORE_HEAP_H */
