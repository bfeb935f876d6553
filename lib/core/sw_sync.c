/* SPDX-License-Identifier: MIT */
/*
 * sw_sync.c - the timeline of the sw_sync ABI.
 *
 * The 32-bit values of the ABI are extended to 64 bits on entry: when a fence is created, its value
 * is as far ahead of the timeline's value, or behind it, as the sign of the 32-bit difference says.
 * From then on nothing wraps, so there is one order, which is the order of the heap of pending
 * fences.
 *
 * Who owns what: a fence holds a reference to its timeline, the timeline none to its fences. What
 * can race: any thread creates, finds, signals and releases fences. Heap and hash change under the
 * lock, which is also the fences' lock. A fence that has lost its last reference may wait for the
 * lock in release(), still listed. Its memory is valid then, and dma_fence_get_unless_zero() tells
 * it from the others.
 */
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "heap.h"
#include "fence_internal.h"
#include "sw_sync.h"

#define TIMELINE_NAME_SIZE 32

struct sw_sync_fence {
	struct dma_fence base;
	struct sw_sync_timeline *timeline; /* a reference */
	/* Under the timeline's lock: */
	struct heap_node node;	    /* of timeline->pending */
	int64_t value;		    /* the key in both */
	int64_t deadline_ns;	    /* the earliest one, INT64_MAX: none */
	struct sw_sync_fence *next; /* while it is being signaled */
	UT_hash_handle hh;	    /* of timeline->by_value, while pending */
};

struct sw_sync_timeline {
	pthread_mutex_t lock; /* the fences' too */
	_Atomic uint32_t refcount;
	uint64_t context;
	/* Under lock: */
	int64_t value; /* the lower half is the ABI's value */
	struct heap pending;
	struct sw_sync_fence *by_value;
	char name[TIMELINE_NAME_SIZE];
};

static struct sw_sync_fence *to_sw_sync_fence(struct dma_fence *fence)
{
	return container_of(fence, struct sw_sync_fence, base);
}

static void timeline_put(struct sw_sync_timeline *timeline)
{
	if (atomic_fetch_sub_explicit(&timeline->refcount, 1, memory_order_acq_rel) != 1)
		return;
	heap_fini(&timeline->pending);
	pthread_mutex_destroy(&timeline->lock);
	free(timeline);
}

/* Lock held. */
static void unlist(struct sw_sync_fence *fence)
{
	heap_remove(&fence->timeline->pending, &fence->node);
	HASH_DEL(fence->timeline->by_value, fence);
}

static const char *driver_name(struct dma_fence *fence)
{
	return "sw_sync";
}

static const char *timeline_name(struct dma_fence *fence)
{
	return to_sw_sync_fence(fence)->timeline->name;
}

static void set_deadline(struct dma_fence *base, int64_t deadline_ns)
{
	struct sw_sync_fence *fence = to_sw_sync_fence(base);
	bool taken = fence_lock(&fence->timeline->lock);

	if (deadline_ns < fence->deadline_ns)
		fence->deadline_ns = deadline_ns;
	fence_unlock(&fence->timeline->lock, taken);
}

static void release(struct dma_fence *base)
{
	struct sw_sync_fence *fence = to_sw_sync_fence(base);
	struct sw_sync_timeline *timeline = fence->timeline;
	bool taken = fence_lock(&timeline->lock);

	if (fence->node.place)
		unlist(fence);
	fence_unlock(&timeline->lock, taken);
	timeline_put(timeline);
	free(fence);
}

static const struct dma_fence_ops ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.release = release,
	.set_deadline = set_deadline,
};

struct sw_sync_timeline *sw_sync_timeline_create(const char *name)
{
	struct sw_sync_timeline *timeline = calloc(1, sizeof(*timeline));

	if (!timeline)
		return NULL;
	pthread_mutex_init(&timeline->lock, NULL);
	timeline->refcount = 1;
	timeline->context = dma_fence_context_alloc(1);
	strncpy(timeline->name, name, sizeof(timeline->name) - 1);
	return timeline;
}

/*
 * Returns the pending fence for a value, with a reference. NULL: there is none, or it has just lost
 * its last reference, or a caller has signaled it directly; such a fence is unlisted, so that
 * another can be created. Lock held.
 */
static struct dma_fence *find_pending(struct sw_sync_timeline *timeline, int64_t value)
{
	struct sw_sync_fence *fence;

	HASH_FIND(hh, timeline->by_value, &value, sizeof(value), fence);
	if (!fence)
		return NULL;
	if (!fence_is_marked(&fence->base) && dma_fence_get_unless_zero(&fence->base))
		return &fence->base;
	unlist(fence);
	return NULL;
}

/* Lock held. -ENOMEM. */
static int list_pending(struct sw_sync_timeline *timeline, struct sw_sync_fence *fence)
{
	if (heap_add(&timeline->pending, &fence->node, fence->value))
		return -ENOMEM;
	HASH_ADD(hh, timeline->by_value, value, sizeof(fence->value), fence);
	if (fence->hh.tbl)
		return 0;
	heap_remove(&timeline->pending, &fence->node);
	return -ENOMEM;
}

/* Creates a fence of the timeline, pending or signaled. Lock held. */
static struct dma_fence *make(struct sw_sync_timeline *timeline, uint32_t value, int64_t extended)
{
	struct sw_sync_fence *fence = calloc(1, sizeof(*fence));

	if (!fence)
		return NULL;
	fence->timeline = timeline;
	fence->value = extended;
	fence->deadline_ns = INT64_MAX;
	/* The fence holds a reference to the timeline, which owns the names. */
	fence_init(&fence->base, &ops, &timeline->lock, timeline->context, value,
		   1u << DMA_FENCE_FLAG_NAMES_STAY_BIT | 1u << DMA_FENCE_FLAG_SEQNO32_BIT);
	if (extended <= timeline->value) {
		dma_fence_mark_signaled_locked(&fence->base, dma_fence_now());
	} else if (list_pending(timeline, fence)) {
		free(fence);
		return NULL;
	}
	atomic_fetch_add_explicit(&timeline->refcount, 1, memory_order_relaxed);
	return &fence->base;
}

struct dma_fence *sw_sync_fence_create(struct sw_sync_timeline *timeline, uint32_t value)
{
	bool taken = fence_lock(&timeline->lock);
	int64_t ahead = (int32_t)(value - (uint32_t)timeline->value);
	int64_t extended = (int64_t)((uint64_t)timeline->value + (uint64_t)ahead);
	struct dma_fence *fence = find_pending(timeline, extended);

	if (!fence)
		fence = make(timeline, value, extended);
	fence_unlock(&timeline->lock, taken);
	return fence;
}

/*
 * Unlists the pending fences up to limit, marks them, and returns them in order, with a reference
 * each. Lock held.
 */
static struct sw_sync_fence *mark_up_to(struct sw_sync_timeline *timeline, int64_t limit, int error,
					unsigned int *count)
{
	int64_t now = dma_fence_now();
	struct sw_sync_fence *marked = NULL, **tail = &marked;
	struct heap_node *first;

	*count = 0;
	while ((first = heap_first(&timeline->pending)) && first->key <= limit) {
		struct sw_sync_fence *fence = container_of(first, struct sw_sync_fence, node);

		unlist(fence);
		/* If a caller has signaled the fence directly, that caller runs its callbacks. */
		if (fence_is_marked(&fence->base) || !dma_fence_get_unless_zero(&fence->base))
			continue;
		dma_fence_set_error(&fence->base, error);
		dma_fence_mark_signaled_locked(&fence->base, now);
		++*count;
		fence->next = NULL;
		*tail = fence;
		tail = &fence->next;
	}
	return marked;
}

/*
 * Runs the callbacks and drops the references, without the lock. The list belongs to this thread.
 */
static void finish(struct sw_sync_fence *marked)
{
	struct sw_sync_fence *fence, *next;

	LL_FOREACH_SAFE(marked, fence, next)
	{
		dma_fence_run_callbacks(&fence->base);
		dma_fence_put(&fence->base);
	}
}

unsigned int sw_sync_timeline_inc(struct sw_sync_timeline *timeline, uint32_t by)
{
	struct sw_sync_fence *marked;
	unsigned int count;
	bool taken = fence_lock(&timeline->lock);

	/* Unsigned, so that an overflow of 64 bits is defined; it only breaks the order. */
	timeline->value = (int64_t)((uint64_t)timeline->value + by);
	marked = mark_up_to(timeline, timeline->value, 0, &count);
	fence_unlock(&timeline->lock, taken);
	finish(marked);
	return count;
}

void sw_sync_timeline_destroy(struct sw_sync_timeline *timeline)
{
	struct sw_sync_fence *marked;
	unsigned int count;
	bool taken = fence_lock(&timeline->lock);

	marked = mark_up_to(timeline, INT64_MAX, -ENOENT, &count);
	fence_unlock(&timeline->lock, taken);
	finish(marked);
	timeline_put(timeline);
}

int sw_sync_fence_get_deadline(struct dma_fence *base, int64_t *deadline_ns)
{
	struct sw_sync_fence *fence;
	bool taken;

	if (base->ops != &ops)
		return -EINVAL;
	fence = to_sw_sync_fence(base);
	taken = fence_lock(&fence->timeline->lock);
	*deadline_ns = fence->deadline_ns;
	fence_unlock(&fence->timeline->lock, taken);
	return *deadline_ns == INT64_MAX ? -ENOENT : 0;
}
