/* SPDX-License-Identifier: MIT */
/*
 * timeline.c - ordered fences of one context.
 *
 * Who owns what: a point holds a reference to its timeline, the timeline none to its points.
 * Pending points are listed under the lock in the order of their seqnos, which is the order of
 * their creation.
 *
 * What can race: any thread creates, signals and releases points while the timeline advances. All
 * of this changes the list under the lock. A point that has lost its last reference may wait for
 * the lock in sync_point_fini(), still listed. Its memory is valid then, and
 * dma_fence_get_unless_zero() tells it from the others.
 */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "fence_internal.h"
#include "timeline.h"

#define TIMELINE_NAME_SIZE 32

struct sync_timeline {
	pthread_mutex_t lock; /* the points' too */
	_Atomic uint32_t refcount;
	uint64_t context;
	uint64_t value;		   /* under lock */
	uint64_t last_point;	   /* under lock */
	struct sync_point *points; /* under lock */
	char name[TIMELINE_NAME_SIZE];
};

struct sync_timeline *sync_timeline_create(const char *name, uint64_t value)
{
	struct sync_timeline *timeline = calloc(1, sizeof(*timeline));

	if (!timeline)
		return NULL;
	pthread_mutex_init(&timeline->lock, NULL);
	timeline->refcount = 1;
	timeline->context = dma_fence_context_alloc(1);
	timeline->value = value;
	timeline->last_point = value;
	strncpy(timeline->name, name, sizeof(timeline->name) - 1);
	return timeline;
}

struct sync_timeline *sync_timeline_get(struct sync_timeline *timeline)
{
	atomic_fetch_add_explicit(&timeline->refcount, 1, memory_order_relaxed);
	return timeline;
}

void sync_timeline_put(struct sync_timeline *timeline)
{
	if (atomic_fetch_sub_explicit(&timeline->refcount, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_destroy(&timeline->lock);
	free(timeline);
}

const char *sync_timeline_name(const struct sync_timeline *timeline)
{
	return timeline->name;
}

uint64_t sync_timeline_context(const struct sync_timeline *timeline)
{
	return timeline->context;
}

uint64_t sync_timeline_value(struct sync_timeline *timeline)
{
	bool taken = fence_lock(&timeline->lock);
	uint64_t value = timeline->value;

	fence_unlock(&timeline->lock, taken);
	return value;
}

uint64_t sync_timeline_last_point(struct sync_timeline *timeline)
{
	bool taken = fence_lock(&timeline->lock);
	uint64_t last_point = timeline->last_point;

	fence_unlock(&timeline->lock, taken);
	return last_point;
}

/* Lock held. */
static int init_point(struct sync_timeline *timeline, struct sync_point *point,
		      const struct dma_fence_ops *ops, uint64_t seqno)
{
	if (!seqno)
		seqno = timeline->last_point + 1;
	if (seqno <= timeline->last_point)
		return -EINVAL;

	timeline->last_point = seqno;
	point->timeline = sync_timeline_get(timeline);
	point->next = point->prev = NULL;
	dma_fence_init(&point->base, ops, &timeline->lock, timeline->context, seqno);
	if (seqno <= timeline->value)
		dma_fence_mark_signaled_locked(&point->base, dma_fence_now());
	else
		DL_APPEND(timeline->points, point);
	return 0;
}

int sync_point_init(struct sync_timeline *timeline, struct sync_point *point,
		    const struct dma_fence_ops *ops, uint64_t seqno)
{
	bool taken = fence_lock(&timeline->lock);
	int error = init_point(timeline, point, ops, seqno);

	fence_unlock(&timeline->lock, taken);
	return error;
}

/* Lock held. */
static void unlist(struct sync_point *point)
{
	DL_DELETE(point->timeline->points, point);
	point->next = point->prev = NULL;
}

void sync_point_fini(struct sync_point *point)
{
	struct sync_timeline *timeline = point->timeline;
	bool taken = fence_lock(&timeline->lock);

	if (point->prev)
		unlist(point);
	fence_unlock(&timeline->lock, taken);
	sync_timeline_put(timeline);
}

/*
 * Unlists the points from first to the last one whose seqno is at most limit, marks them, and moves
 * them to *marked, with a reference each. Lock held. Returns how many points this call signaled.
 */
static unsigned int mark_points(struct sync_point *first, uint64_t limit, int error,
				struct sync_point **marked)
{
	int64_t now = first ? dma_fence_now() : 0;
	struct sync_point *point, *next;
	unsigned int count = 0;

	for (point = first; point && point->base.seqno <= limit; point = next) {
		next = point->next;
		unlist(point);
		/* If a caller has signaled the point directly, that caller runs its callbacks. */
		if (fence_is_marked(&point->base) || !dma_fence_get_unless_zero(&point->base))
			continue;
		dma_fence_set_error(&point->base, error);
		dma_fence_mark_signaled_locked(&point->base, now);
		count++;
		DL_APPEND(*marked, point);
	}
	return count;
}

/*
 * Runs the callbacks and drops the references, without the lock. The list belongs to this thread.
 */
static void finish_points(struct sync_point *marked)
{
	struct sync_point *point, *next;

	DL_FOREACH_SAFE(marked, point, next) {
		point->next = point->prev = NULL;
		dma_fence_run_callbacks(&point->base);
		dma_fence_put(&point->base);
	}
}

int sync_timeline_advance(struct sync_timeline *timeline, uint64_t value, int error,
			  unsigned int *signaled)
{
	struct sync_point *marked = NULL;
	unsigned int count = 0;
	bool goes_back, taken;

	taken = fence_lock(&timeline->lock);
	goes_back = value < timeline->value;
	if (!goes_back) {
		timeline->value = value;
		count = mark_points(timeline->points, value, error, &marked);
	}
	fence_unlock(&timeline->lock, taken);
	if (goes_back)
		return -EINVAL;
	finish_points(marked);
	if (signaled)
		*signaled = count;
	return 0;
}

unsigned int sync_timeline_cancel(struct sync_timeline *timeline, uint64_t after, int error)
{
	struct sync_point *first = NULL, *marked = NULL, *point;
	unsigned int count;
	bool taken;

	taken = fence_lock(&timeline->lock);
	/* Walks back from the end of the list. The prev of the first point is the last one. */
	for (point = timeline->points ? timeline->points->prev : NULL;
	     point && point->base.seqno > after;
	     point = point == timeline->points ? NULL : point->prev)
		first = point;
	count = mark_points(first, UINT64_MAX, error, &marked);
	fence_unlock(&timeline->lock, taken);
	finish_points(marked);
	return count;
}
