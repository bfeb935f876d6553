/* SPDX-License-Identifier: MIT */
/* heap.c - see heap.h. */
#include <errno.h>
#include <stdlib.h>

#include "heap.h"

#define SMALLEST_CAPACITY 64u

static void place(struct heap *heap, uint32_t at, struct heap_node *node)
{
	heap->nodes[at - 1] = node;
	node->place = at;
}

static struct heap_node *in(const struct heap *heap, uint32_t at)
{
	return heap->nodes[at - 1];
}

static void sift_up(struct heap *heap, uint32_t at, struct heap_node *node)
{
	for (; at > 1 && in(heap, at / 2)->key > node->key; at /= 2)
		place(heap, at, in(heap, at / 2));
	place(heap, at, node);
}

static void sift_down(struct heap *heap, uint32_t at, struct heap_node *node)
{
	for (;;) {
		uint32_t child = at * 2;

		if (child > heap->count)
			break;
		if (child < heap->count && in(heap, child + 1)->key < in(heap, child)->key)
			child++;
		if (in(heap, child)->key >= node->key)
			break;
		place(heap, at, in(heap, child));
		at = child;
	}
	place(heap, at, node);
}

void heap_fini(struct heap *heap)
{
	free(heap->nodes);
}

int heap_add(struct heap *heap, struct heap_node *node, int64_t key)
{
	if (heap->count == heap->capacity) {
		uint32_t capacity = heap->capacity ? heap->capacity * 2 : SMALLEST_CAPACITY;
		struct heap_node **grown = realloc(heap->nodes, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		heap->nodes = grown;
		heap->capacity = capacity;
	}
	node->key = key;
	heap->count++;
	sift_up(heap, heap->count, node);
	return 0;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
	uint32_t at = node->place;
	struct heap_node *last;

	if (!at)
		return;
	node->place = 0;
	last = in(heap, heap->count);
	heap->count--;
	if (last == node)
		return;
	if (at > 1 && in(heap, at / 2)->key > last->key)
		sift_up(heap, at, last);
	else
		sift_down(heap, at, last);
}
