/* SPDX-License-Identifier: MIT */
/*
 * resv_list.c - snapshots of a reservation: made once, then shared. Lists of the state after a
 * commit: made for each iteration.
 *
 * Who owns what: a list owns a reference to each of its fences; the reservation owns one to the
 * list that it caches, and every caller one to the list that it got. What can race: the
 * reservation's lock protects making a list and removing the cached one. A look-up of the cached
 * list takes no lock; a thread that removes it waits for such look-ups (readers.c). A list itself
 * does not change.
 */
#include <stdlib.h>

#include "resv_entries.h"

/* The two low bits of a pointer to a fence are free and hold the usage. */
#define USAGE_MASK ((uintptr_t)3)
_Static_assert(RESV_USAGES - 1 <= USAGE_MASK && _Alignof(struct dma_fence) > USAGE_MASK,
	       "a usage fits in a pointer");

struct dma_resv_list {
	_Atomic uint32_t refcount;
	unsigned int count;
	uintptr_t fences[];
};

struct dma_resv_list *dma_resv_list_get(struct dma_resv_list *list)
{
	atomic_fetch_add_explicit(&list->refcount, 1, memory_order_relaxed);
	return list;
}

unsigned int dma_resv_list_count(const struct dma_resv_list *list)
{
	return list->count;
}

struct dma_fence *dma_resv_list_fence(const struct dma_resv_list *list, unsigned int index,
				      enum dma_resv_usage *usage)
{
	if (usage)
		*usage = (enum dma_resv_usage)(list->fences[index] & USAGE_MASK);
	return (struct dma_fence *)(list->fences[index] & ~USAGE_MASK);
}

void dma_resv_list_put(struct dma_resv_list *list)
{
	unsigned int i;

	if (!list || atomic_fetch_sub_explicit(&list->refcount, 1, memory_order_acq_rel) != 1)
		return;
	for (i = 0; i < list->count; i++)
		dma_fence_put(dma_resv_list_fence(list, i, NULL));
	free(list);
}

/* The cached list, without a lock, or NULL. */
static struct dma_resv_list *take_up(struct dma_resv *resv)
{
	uint32_t phase = dma_readers_enter(&resv->readers);
	struct dma_resv_list *list = atomic_load(&resv->snapshot);

	if (list)
		dma_resv_list_get(list);
	dma_readers_leave(&resv->readers, phase);
	return list;
}

/* Adds the pending entries of a set: all, or only those that stay after a commit. Lock held. */
static void list_set(struct dma_resv *resv, enum resv_set set, bool after_commit,
		     struct dma_resv_list *list)
{
	uint32_t slot = resv_oldest(resv, set);

	for (; slot != set; slot = resv->entries[slot].newer) {
		const struct dma_resv_entry *entry = &resv->entries[slot];

		if (fence_is_marked(entry->fence) ||
		    (after_commit && resv_goes_with_commit(resv, entry)))
			continue;
		list->fences[list->count++] = (uintptr_t)dma_fence_get(entry->fence) | entry->usage;
	}
}

/* Makes a list with one reference. NULL: no memory. Lock held. */
static struct dma_resv_list *make(struct dma_resv *resv, bool after_commit)
{
	struct dma_resv_list *list =
		malloc(sizeof(*list) + (size_t)resv->count * sizeof(list->fences[0]));

	if (!list)
		return NULL;
	atomic_init(&list->refcount, 1);
	list->count = 0;
	list_set(resv, RESV_VISIBLE, after_commit, list);
	if (after_commit)
		list_set(resv, RESV_STAGED, true, list);
	return list;
}

struct dma_resv_list *resv_list_after_commit(struct dma_resv *resv)
{
	struct dma_resv_list *list;

	pthread_mutex_lock(&resv->lock);
	list = make(resv, true);
	pthread_mutex_unlock(&resv->lock);
	return list;
}

struct dma_resv_list *dma_resv_snapshot(struct dma_resv *resv)
{
	struct dma_resv_list *list = take_up(resv);

	if (list)
		return list;
	pthread_mutex_lock(&resv->lock);
	list = atomic_load(&resv->snapshot);
	if (!list) {
		list = make(resv, false);
		atomic_store(&resv->snapshot, list);
	}
	if (list)
		dma_resv_list_get(list);
	pthread_mutex_unlock(&resv->lock);
	return list;
}
