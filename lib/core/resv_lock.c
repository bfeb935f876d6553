/* SPDX-License-Identifier: MIT */
/*
 * resv_lock.c - locking a reservation, and the commit and discard of staged fences.
 *
 * What can race: only the holder commits and discards, so one thread at a time does. Against all
 * functions that need no ww_mutex, the rules of resv.c apply. A commit is one step for all other
 * threads, because it happens under the reservation's own lock.
 */
#include "resv_internal.h"

int dma_resv_lock(struct dma_resv *resv, struct ww_acquire_ctx *ctx)
{
	return ww_mutex_lock(&resv->ww, ctx);
}

int dma_resv_lock_interruptible(struct dma_resv *resv, struct ww_acquire_ctx *ctx)
{
	return ww_mutex_lock_interruptible(&resv->ww, ctx);
}

void dma_resv_lock_slow(struct dma_resv *resv, struct ww_acquire_ctx *ctx)
{
	ww_mutex_lock_slow(&resv->ww, ctx);
}

int dma_resv_lock_slow_interruptible(struct dma_resv *resv, struct ww_acquire_ctx *ctx)
{
	return ww_mutex_lock_slow_interruptible(&resv->ww, ctx);
}

bool dma_resv_trylock(struct dma_resv *resv)
{
	return ww_mutex_trylock(&resv->ww, NULL);
}

bool dma_resv_is_locked(const struct dma_resv *resv)
{
	return ww_mutex_is_locked(&resv->ww);
}

struct ww_acquire_ctx *dma_resv_locking_ctx(const struct dma_resv *resv)
{
	return ww_mutex_locking_ctx(&resv->ww);
}

/*
 * Dooms the visible entries of its context that a staged entry supersedes or that are signaled.
 * Returns whether a remaining one makes the staged entry unnecessary.
 */
static bool supersede_visible(struct dma_resv *resv, const struct dma_resv_entry *staged)
{
	uint32_t next, slot = resv_first_of_context(resv, staged->context);
	bool needless = false;

	for (; slot && !needless; slot = next) {
		struct dma_resv_entry *other = &resv->entries[slot];

		next = other->chain;
		if (other->context != staged->context || other->set != RESV_VISIBLE)
			continue;
		if (fence_is_marked(other->fence))
			resv_move(resv, slot, RESV_DOOMED);
		else if (resv_supersedes(other, staged))
			needless = true;
		else if (resv_supersedes(staged, other))
			resv_move(resv, slot, RESV_DOOMED);
	}
	return needless;
}

bool resv_goes_with_commit(struct dma_resv *resv, const struct dma_resv_entry *entry)
{
	uint32_t slot = resv_first_of_context(resv, entry->context);

	for (; slot; slot = resv->entries[slot].chain) {
		const struct dma_resv_entry *other = &resv->entries[slot];

		if (other->context != entry->context || other->set == entry->set ||
		    fence_is_marked(other->fence) || !resv_supersedes(other, entry))
			continue;
		/* Of two equal ones the visible one stays. */
		if (other->set == RESV_VISIBLE || !resv_supersedes(entry, other))
			return true;
	}
	return false;
}

/* is_last: the holder unlocks, so its reserved capacity is free again. */
static void commit(struct dma_resv *resv, bool is_last)
{
	struct resv_dropped dropped;
	bool any, doomed;
	uint32_t slot;

	resv_dropped_init(&dropped);
	pthread_mutex_lock(&resv->lock);
	any = resv_oldest(resv, RESV_STAGED) != RESV_STAGED;
	while ((slot = resv_oldest(resv, RESV_STAGED)) != RESV_STAGED) {
		const struct dma_resv_entry *staged = &resv->entries[slot];
		bool needless = fence_is_marked(staged->fence) || supersede_visible(resv, staged);

		resv_move(resv, slot, needless ? RESV_DOOMED : RESV_VISIBLE);
	}
	if (any)
		resv_changed(resv, &dropped);
	if (is_last)
		resv->reserved = 0;
	doomed = resv_oldest(resv, RESV_DOOMED) != RESV_DOOMED;
	pthread_mutex_unlock(&resv->lock);
	resv_drop(resv, &dropped);
	if (doomed)
		resv_drop_doomed(resv);
}

void dma_resv_commit(struct dma_resv *resv)
{
	commit(resv, false);
}

void dma_resv_discard(struct dma_resv *resv)
{
	uint32_t slot;

	pthread_mutex_lock(&resv->lock);
	while ((slot = resv_oldest(resv, RESV_STAGED)) != RESV_STAGED)
		resv_move(resv, slot, RESV_DOOMED);
	pthread_mutex_unlock(&resv->lock);
	resv_drop_doomed(resv);
}

void dma_resv_unlock(struct dma_resv *resv)
{
	commit(resv, true);
	ww_mutex_unlock(&resv->ww);
}
