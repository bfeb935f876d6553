/* SPDX-License-Identifier: MIT */
/*
 * resv_query.c - queries of the pending fences of a reservation: all of them, the latest, one
 * merged fence; and waiting for them.
 *
 * Who owns what: the caller gets references to everything that is returned. What can race: all
 * functions. Fences are polled from a snapshot, and those that turn out to be signaled are left
 * out. A poll may signal a fence in this thread, and so end the lifetime of the reservation: it is
 * not accessed afterwards.
 */
#include <stdlib.h>

#include "merge.h"
#include "resv_internal.h"

/* The last added fence whose signaled bit is not set, with a reference, or NULL. */
static struct dma_fence *last_unmarked(struct dma_resv *resv, enum dma_resv_usage usage)
{
	struct dma_fence *fence = NULL;
	uint32_t slot;

	pthread_mutex_lock(&resv->lock);
	slot = resv_newest(resv, RESV_VISIBLE);
	for (; slot != RESV_VISIBLE && !fence; slot = resv->entries[slot].older) {
		const struct dma_resv_entry *entry = &resv->entries[slot];

		if (entry->usage <= usage && !fence_is_marked(entry->fence))
			fence = dma_fence_get(entry->fence);
	}
	pthread_mutex_unlock(&resv->lock);
	return fence;
}

/* The last pending fence of a list, with a reference, or NULL. */
static struct dma_fence *last_pending(const struct dma_resv_list *list, enum dma_resv_usage usage)
{
	unsigned int i = dma_resv_list_count(list);

	while (i--) {
		enum dma_resv_usage its_usage;
		struct dma_fence *fence = dma_resv_list_fence(list, i, &its_usage);

		if (its_usage <= usage && !dma_fence_is_signaled(fence))
			return dma_fence_get(fence);
	}
	return NULL;
}

/*
 * A fence without the op signaled is pending unless its bit is set. Other fences are polled from a
 * snapshot: each once, and without access to the reservation, whose lifetime may end with one of
 * them.
 */
struct dma_fence *dma_resv_get_latest(struct dma_resv *resv, enum dma_resv_usage usage)
{
	struct dma_fence *fence = last_unmarked(resv, usage);
	struct dma_resv_list *list;

	if (!fence || !fence->ops->signaled)
		return fence;
	list = dma_resv_snapshot(resv);
	if (!list)
		return fence;
	dma_fence_put(fence);
	fence = last_pending(list, usage);
	dma_resv_list_put(list);
	return fence;
}

bool dma_resv_test_signaled(struct dma_resv *resv, enum dma_resv_usage usage)
{
	struct dma_fence *fence = dma_resv_get_latest(resv, usage);

	dma_fence_put(fence);
	return !fence;
}

/*
 * An array of the fences of a list that are pending for usage; the list holds the references. NULL:
 * no memory.
 */
static struct dma_fence **select_pending(const struct dma_resv_list *list,
					 enum dma_resv_usage usage, unsigned int *count)
{
	unsigned int i, listed = dma_resv_list_count(list);
	struct dma_fence **fences = malloc(((size_t)listed + 1) * sizeof(*fences));

	*count = 0;
	for (i = 0; fences && i < listed; i++) {
		enum dma_resv_usage its_usage;
		struct dma_fence *fence = dma_resv_list_fence(list, i, &its_usage);

		if (its_usage <= usage && !dma_fence_is_signaled(fence))
			fences[(*count)++] = fence;
	}
	return fences;
}

int dma_resv_get_fences(struct dma_resv *resv, enum dma_resv_usage usage, unsigned int *count,
			struct dma_fence ***fences)
{
	struct dma_resv_list *list = dma_resv_snapshot(resv);
	unsigned int i;

	*count = 0;
	*fences = list ? select_pending(list, usage, count) : NULL;
	for (i = 0; i < *count; i++)
		dma_fence_get((*fences)[i]);
	dma_resv_list_put(list);
	return *fences ? 0 : -ENOMEM;
}

struct dma_fence *dma_resv_get_singleton(struct dma_resv *resv, enum dma_resv_usage usage,
					 unsigned int *count)
{
	struct dma_resv_list *list = dma_resv_snapshot(resv);
	unsigned int pending = 0;
	struct dma_fence **fences = list ? select_pending(list, usage, &pending) : NULL;
	struct dma_fence *singleton = fences ? dma_fence_merge_all(pending, fences) : NULL;

	if (count)
		*count = pending;
	free(fences);
	dma_resv_list_put(list);
	return singleton;
}

int64_t dma_resv_wait_timeout(struct dma_resv *resv, enum dma_resv_usage usage, bool interruptible,
			      int64_t timeout_ns)
{
	int64_t left = timeout_ns;
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	if (timeout_ns < 0)
		return -EINVAL;
	if (!timeout_ns)
		return dma_resv_test_signaled(resv, usage);
	dma_resv_iter_begin(&cursor, resv, usage);
	dma_resv_for_each_fence_unlocked(&cursor, fence)
	{
		left = dma_fence_wait_timeout(fence, interruptible, left);
		if (left <= 0)
			break;
	}
	dma_resv_iter_end(&cursor);
	return left;
}

void dma_resv_set_deadline(struct dma_resv *resv, enum dma_resv_usage usage, int64_t deadline_ns)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, resv, usage);
	dma_resv_for_each_fence_unlocked(&cursor, fence) dma_fence_set_deadline(fence, deadline_ns);
	dma_resv_iter_end(&cursor);
}
