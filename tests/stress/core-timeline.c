/* SPDX-License-Identifier: MIT */
/*
 * core-timeline.c - a timeline that several threads advance and cancel while others make points and
 * drop them.
 *
 * Held up: who sees a point signaled sees those before it signaled; every callback is called once,
 * or removed; the value does not go back; nothing leaks.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "core-stress.h"
#include "timeline.h"

#define MAKERS 2
#define ADVANCERS 2
#define HELD 4

static struct sync_timeline *timeline;
static _Atomic long alive;
static _Atomic unsigned long made, signaled, added, removed, called;

static const char *name(struct dma_fence *fence)
{
	return "stress";
}

static void release(struct dma_fence *fence)
{
	sync_point_fini((struct sync_point *)fence);
	free(fence);
	alive--;
}

static const struct dma_fence_ops point_ops = {
	.get_driver_name = name,
	.get_timeline_name = name,
	.release = release,
};

struct held {
	struct dma_fence *point;
	struct dma_fence_cb callback;
	bool added;
};

static void count_call(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	called++;
}

static struct dma_fence *make_point(void)
{
	struct sync_point *point = malloc(sizeof(*point));

	STRESS_CHECK(!sync_point_init(timeline, point, &point_ops, 0));
	alive++;
	made++;
	return &point->base;
}

static void drop(struct held *held)
{
	if (held->added) {
		if (dma_fence_remove_callback(held->point, &held->callback))
			removed++;
		held->added = false;
	}
	dma_fence_put(held->point);
	held->point = NULL;
}

/* The later first: had the earlier been looked at first, it might be signaled in between. */
static void check_order(struct held *earlier, struct held *later)
{
	if (earlier->point && later->point && earlier->point->seqno < later->point->seqno &&
	    dma_fence_is_signaled(later->point))
		STRESS_CHECK(dma_fence_is_signaled(earlier->point));
}

static void make_points(uint64_t chance)
{
	struct held held[HELD] = { 0 };
	unsigned int i;

	while (stress_goes_on()) {
		struct held *some = &held[stress_random(&chance, HELD)];

		if (some->point)
			drop(some);
		some->point = make_point();
		if (stress_random(&chance, 2) &&
		    !dma_fence_add_callback(some->point, &some->callback, count_call)) {
			some->added = true;
			added++;
		}
		for (i = 0; i < HELD; i++) {
			check_order(some, &held[i]);
			check_order(&held[i], some);
		}
		/* The lock is not fair: let the others have it. */
		if (!stress_random(&chance, 8))
			sched_yield();
	}
	for (i = 0; i < HELD; i++) {
		if (held[i].point)
			drop(&held[i]);
	}
}

static void advance(uint64_t chance)
{
	while (stress_goes_on()) {
		uint64_t last = sync_timeline_last_point(timeline);
		uint64_t value = sync_timeline_value(timeline);
		unsigned int count = 0;
		int error;

		if (!stress_random(&chance, 16)) {
			signaled += sync_timeline_cancel(timeline, value, -ECANCELED);
			continue;
		}
		/* Most points are dropped at once: the living ones are among the last. */
		if (last > value + HELD)
			value = last - stress_random(&chance, HELD);
		error = sync_timeline_advance(timeline, value, 0, &count);
		STRESS_CHECK(!error || error == -EINVAL);
		STRESS_CHECK(sync_timeline_value(timeline) >= value);
		signaled += count;
	}
}

static void *play(void *number)
{
	if ((uintptr_t)number < MAKERS)
		make_points((uintptr_t)number + 1);
	else
		advance((uintptr_t)number + 1);
	return NULL;
}

int main(void)
{
	timeline = sync_timeline_create("stress", 0);
	STRESS_CHECK(timeline);
	stress_run_threads(MAKERS + ADVANCERS, play);
	sync_timeline_put(timeline);
	STRESS_CHECK(added == called + removed);
	STRESS_CHECK(!alive);
	printf("core-timeline: %lu points, %lu signaled, %lu callbacks called, %lu removed\n",
	       made, signaled, called, removed);
	return 0;
}
