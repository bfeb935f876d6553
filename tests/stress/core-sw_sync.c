/* SPDX-License-Identifier: MIT */
/*
 * core-sw_sync.c - a timeline of sw_sync that two threads move, round the end of its range, and
 * destroy now and then, while others make fences for values of it, find those of each other, hint
 * at deadlines, signal some by themselves, and drop them.
 *
 * Held up: who sees a fence signaled by the timeline sees those before it signaled; every callback
 * is called once, or removed; the moves count each fence once; the ends leave nothing pending.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "core-stress.h"
#include "sw_sync.h"

#define MAKERS 2
#define MOVERS 2
#define HELD   4

/* Fences are made for values at most so far ahead of what the timeline was moved to, or behind. */
#define REACH 8

/* Around what its one owner has to keep from being destroyed. */
static pthread_rwlock_t owner = PTHREAD_RWLOCK_INITIALIZER;
static struct sw_sync_timeline *timeline;
static _Atomic uint32_t value;
static _Atomic unsigned long made, signaled, added, removed, called, timelines;

/* removed by the maker, or never: then it goes with its call. */
struct counter {
	struct dma_fence_cb callback;
	bool goes_with_its_call;
};

struct held {
	struct dma_fence *fence;
	struct counter counter;
	bool added;
};

static void count_call(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct counter *counter = (struct counter *)callback;
	int64_t deadline_ns;

	sw_sync_fence_get_deadline(fence, &deadline_ns);
	called++;
	if (counter->goes_with_its_call)
		free(counter);
}

/* Near the end of the range. The owner's. */
static void begin_timeline(uint64_t *chance)
{
	uint32_t first = UINT32_MAX - stress_random(chance, 64);

	timeline = sw_sync_timeline_create("stress");
	STRESS_CHECK(timeline);
	sw_sync_timeline_inc(timeline, first);
	value = first;
	timelines++;
}

static void drop(struct held *held)
{
	if (held->added && dma_fence_remove_callback(held->fence, &held->counter.callback))
		removed++;
	held->added = false;
	dma_fence_put(held->fence);
	held->fence = NULL;
}

static void watch(struct held *held, uint64_t *chance)
{
	struct counter *counter = &held->counter;
	bool on_its_own = !stress_random(chance, 2);

	if (on_its_own)
		counter = malloc(sizeof(*counter));
	STRESS_CHECK(counter);
	counter->goes_with_its_call = on_its_own;
	/* Counted before: it may be called before adding has returned. */
	added++;
	if (!dma_fence_add_callback(held->fence, &counter->callback, count_call)) {
		held->added = !on_its_own;
		return;
	}
	added--;
	if (on_its_own)
		free(counter);
}

/* The later first: had the earlier been looked at first, it might be signaled in between. */
static void check_order(struct held *earlier, struct held *later)
{
	if (earlier->fence && later->fence && earlier->fence->context == later->fence->context &&
	    dma_fence_is_later(later->fence, earlier->fence) &&
	    dma_fence_get_status(later->fence) == 1)
		STRESS_CHECK(dma_fence_is_signaled(earlier->fence));
}

static void make_fences(uint64_t chance, bool signals_some)
{
	struct held held[HELD] = { 0 };
	unsigned int i;

	while (stress_goes_on()) {
		struct held *some = &held[stress_random(&chance, HELD)];

		if (some->fence)
			drop(some);
		pthread_rwlock_rdlock(&owner);
		some->fence = sw_sync_fence_create(
			timeline, value + stress_random(&chance, 2 * REACH) - REACH);
		pthread_rwlock_unlock(&owner);
		STRESS_CHECK(some->fence);
		made++;
		if (stress_random(&chance, 2))
			watch(some, &chance);
		dma_fence_set_deadline(some->fence, stress_random(&chance, 1000));
		if (signals_some && !stress_random(&chance, 4)) {
			/* With an error, so that check_order() leaves it out. */
			dma_fence_set_error(some->fence, -EIO);
			dma_fence_signal(some->fence);
		}
		for (i = 0; i < HELD; i++) {
			check_order(some, &held[i]);
			check_order(&held[i], some);
		}
		if (!stress_random(&chance, 8))
			sched_yield();
	}
	for (i = 0; i < HELD; i++) {
		if (held[i].fence)
			drop(&held[i]);
	}
}

static void move(uint64_t chance, bool is_owner)
{
	while (stress_goes_on()) {
		uint32_t by = stress_random(&chance, 3);

		if (is_owner && !stress_random(&chance, 64)) {
			pthread_rwlock_wrlock(&owner);
			sw_sync_timeline_destroy(timeline);
			begin_timeline(&chance);
			pthread_rwlock_unlock(&owner);
			continue;
		}
		pthread_rwlock_rdlock(&owner);
		value += by;
		signaled += sw_sync_timeline_inc(timeline, by);
		pthread_rwlock_unlock(&owner);
		if (!stress_random(&chance, 4))
			sched_yield();
	}
}

static void *play(void *number)
{
	uintptr_t i = (uintptr_t)number;

	if (i < MAKERS)
		make_fences(i + 1, i == 0);
	else
		move(i + 1, i == MAKERS);
	return NULL;
}

int main(void)
{
	uint64_t chance = 1;

	begin_timeline(&chance);
	stress_run_threads(MAKERS + MOVERS, play);
	sw_sync_timeline_destroy(timeline);
	STRESS_CHECK(added == called + removed);
	STRESS_CHECK(signaled <= made);
	printf("core-sw_sync: %lu fences on %lu timelines, %lu signaled, %lu callbacks called, "
	       "%lu removed\n",
	       made, timelines, signaled, called, removed);
	return 0;
}
