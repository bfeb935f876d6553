/* SPDX-License-Identifier: MIT */
/*
 * heap.h - a binary heap: whatever has the smallest key comes first. Not installed.
 *
 * Nodes are embedded in what they stand for and owned by it; the heap owns its array alone. Nothing
 * here locks: who uses one sees to that.
 */
#ifndef DMA_FENCE_CORE_HEAP_H
#define DMA_FENCE_CORE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t key;
	uint32_t place; /* in the heap, from 1; 0: in none */
};

/* All zero: empty. */
struct heap {
	struct heap_node **nodes;
	uint32_t count, capacity;
};

/* Gives back the array. Nodes that are still in it are forgotten. */
void heap_fini(struct heap *heap);
/* The node must be in no heap (zeroed at first). -ENOMEM. */
int heap_add(struct heap *heap, struct heap_node *node, int64_t key);
/* Does nothing where it is in none. */
void heap_remove(struct heap *heap, struct heap_node *node);
/* NULL: empty. */
static inline struct heap_node *heap_first(const struct heap *heap)
{
	return heap->count ? heap->nodes[0] : NULL;
}

#endif /* DMA_FENCE_CORE_HEAP_H */
