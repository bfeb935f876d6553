/* SPDX-License-Identifier: MIT */
/*
 * resv_iter.c - iteration over a reservation: over a list or, without memory for it, over the
 * entries.
 *
 * Who owns what: a cursor owns a reference to its current fence and to its list. What can race:
 * over a list nothing. Over the entries, any entry may be added or removed between two steps,
 * because each step takes the reservation's lock separately. So a cursor stores the order of its
 * current entry, which increases along a set and stays with the entry when the array is replaced.
 * It also stores the slot, where it searches first. If the entry was removed meanwhile, the next
 * step walks from the oldest entry.
 */
#include "resv_internal.h"

void dma_resv_iter_begin(struct dma_resv_iter *cursor, struct dma_resv *resv,
			 enum dma_resv_usage usage)
{
	*cursor = (struct dma_resv_iter){ .resv = resv, .usage = usage };
}

void dma_resv_iter_end(struct dma_resv_iter *cursor)
{
	dma_fence_put(cursor->fence);
	cursor->fence = NULL;
	dma_resv_list_put(cursor->list);
	cursor->list = NULL;
}

/* ---- over the entries; lock held ---- */

/* The entry after the cursor in its set, or set. */
static uint32_t next_in_set(const struct dma_resv *resv, const struct dma_resv_iter *cursor)
{
	const struct dma_resv_entry *entries = resv->entries;
	uint32_t slot = cursor->slot;

	if (slot && slot < RESV_SETS + resv->used && entries[slot].fence &&
	    entries[slot].set == cursor->set && entries[slot].order == cursor->order)
		return entries[slot].newer;
	slot = resv_oldest(resv, cursor->set);
	while (slot != cursor->set && entries[slot].order <= cursor->order)
		slot = entries[slot].newer;
	return slot;
}

static bool counts(struct dma_resv *resv, const struct dma_resv_iter *cursor,
		   const struct dma_resv_entry *entry)
{
	return entry->usage <= cursor->usage && entry->order <= cursor->last_order &&
	       !fence_is_marked(entry->fence) &&
	       (!cursor->is_locked || !resv_goes_with_commit(resv, entry));
}

/* The slot of the next entry to visit, or 0. */
static uint32_t find_next(struct dma_resv *resv, struct dma_resv_iter *cursor)
{
	uint32_t slot = next_in_set(resv, cursor);

	for (;;) {
		while (slot != cursor->set && !counts(resv, cursor, &resv->entries[slot]))
			slot = resv->entries[slot].newer;
		if (slot != cursor->set)
			return slot;
		if (!cursor->is_locked || cursor->set == RESV_STAGED)
			return 0;
		cursor->set = RESV_STAGED;
		slot = resv_oldest(resv, RESV_STAGED);
	}
}

/*
 * Takes the lock. Moves the cursor to the next entry to visit whose signaled bit is not set, if
 * any.
 */
static struct dma_fence *step_through_entries(struct dma_resv_iter *cursor)
{
	struct dma_resv *resv = cursor->resv;
	struct dma_fence *fence = NULL;
	uint32_t slot;

	pthread_mutex_lock(&resv->lock);
	slot = find_next(resv, cursor);
	if (slot) {
		cursor->slot = slot;
		cursor->order = resv->entries[slot].order;
		cursor->fence_usage = resv->entries[slot].usage;
		fence = dma_fence_get(resv->entries[slot].fence);
	}
	pthread_mutex_unlock(&resv->lock);
	return fence;
}

/* ---- over a list, and both ---- */

static struct dma_fence *step_through_list(struct dma_resv_iter *cursor)
{
	while (cursor->index < dma_resv_list_count(cursor->list)) {
		struct dma_fence *fence =
			dma_resv_list_fence(cursor->list, cursor->index++, &cursor->fence_usage);

		if (cursor->fence_usage <= cursor->usage)
			return dma_fence_get(fence);
	}
	return NULL;
}

static struct dma_fence *step(struct dma_resv_iter *cursor)
{
	do {
		dma_fence_put(cursor->fence);
		cursor->fence =
			cursor->list ? step_through_list(cursor) : step_through_entries(cursor);
	} while (cursor->fence && dma_fence_is_signaled(cursor->fence));
	return cursor->fence;
}

static void restart(struct dma_resv_iter *cursor, bool is_locked)
{
	dma_resv_iter_end(cursor);
	dma_resv_iter_begin(cursor, cursor->resv, cursor->usage);
	cursor->is_locked = is_locked;
	cursor->is_restarted = true;
	cursor->last_order = UINT64_MAX;
}

struct dma_fence *dma_resv_iter_first_unlocked(struct dma_resv_iter *cursor)
{
	struct dma_resv *resv = cursor->resv;

	restart(cursor, false);
	cursor->list = dma_resv_snapshot(resv);
	if (!cursor->list) {
		pthread_mutex_lock(&resv->lock);
		cursor->last_order = resv->last_order;
		pthread_mutex_unlock(&resv->lock);
	}
	return step(cursor);
}

struct dma_fence *dma_resv_iter_next_unlocked(struct dma_resv_iter *cursor)
{
	cursor->is_restarted = false;
	return step(cursor);
}

struct dma_fence *dma_resv_iter_first(struct dma_resv_iter *cursor)
{
	restart(cursor, true);
	cursor->list = resv_list_after_commit(cursor->resv);
	return step(cursor);
}

struct dma_fence *dma_resv_iter_next(struct dma_resv_iter *cursor)
{
	cursor->is_restarted = false;
	return step(cursor);
}
