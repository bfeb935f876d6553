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

#include "resv_internal.h"

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

int dma_resv_copy_fences(struct dma_resv *dst, struct dma_resv *src)
{
	struct dma_resv_list *list = dma_resv_snapshot(src);
	int error = list ? resv_copy_list(dst, list) : -ENOMEM;

	dma_resv_list_put(list);
	return error;
}
