/* SPDX-License-Identifier: MIT */
/*
 * core-syncobj.c - a timeline syncobj that gets points, and a binary one whose fence is replaced,
 * while others signal those fences, look for points, wait for them, ask how far it is, and add and
 * remove callbacks.
 *
 * Held up: how far a timeline is never goes back, and is not beyond what was put in; a point that
 * it has passed is found signaled; a callback is not called after its removal, and a waiter for a
 * point that is not there yet is notified of it; nothing leaks, and the chain stays short.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "core-stress.h"
#include "syncobj.h"

#define PLACES 8
#define STEP   3

/* Points are to be put in in their order, which is one thread's, or of a lock. */
static pthread_mutex_t submission = PTHREAD_MUTEX_INITIALIZER;
static struct syncobj *timeline, *binary;
static _Atomic uint64_t last_point;
/* Fences to be signaled by the thread that takes one out, with a reference. */
static struct dma_fence *_Atomic places[PLACES];
static _Atomic unsigned long points, found, told;

static void signal_and_put(struct dma_fence *fence)
{
	if (!fence)
		return;
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

/* A new fence, which another thread will signal. */
static struct dma_fence *submit(uint64_t *chance)
{
	struct dma_fence *fence = stress_fence_create(NULL, dma_fence_context_alloc(1), 1);

	signal_and_put(
		atomic_exchange(&places[stress_random(chance, PLACES)], dma_fence_get(fence)));
	return fence;
}

static void add_points(uint64_t chance)
{
	while (stress_goes_on()) {
		struct dma_fence_chain *chain = dma_fence_chain_alloc();
		struct dma_fence *fence = submit(&chance);

		STRESS_CHECK(chain);
		pthread_mutex_lock(&submission);
		syncobj_add_point(timeline, chain, fence, last_point + STEP);
		last_point += STEP;
		pthread_mutex_unlock(&submission);
		points++;
		dma_fence_put(fence);
		if (!stress_random(&chance, 4))
			signal_and_put(
				atomic_exchange(&places[stress_random(&chance, PLACES)], NULL));
	}
}

static void replace(uint64_t chance)
{
	while (stress_goes_on()) {
		struct dma_fence *fence = stress_random(&chance, 8) ? submit(&chance) : NULL;

		syncobj_replace_fence(binary, fence);
		dma_fence_put(fence);
		signal_and_put(atomic_exchange(&places[stress_random(&chance, PLACES)], NULL));
	}
}

/* On the stack of the waiter. */
struct teller {
	struct syncobj_cb callback;
	bool is_added, removes_itself;
	unsigned int calls;
};

/* What it reads and writes it does with the syncobj's lock, as the removal does. */
static void tell(struct syncobj *syncobj, struct syncobj_cb *callback)
{
	struct teller *teller = (struct teller *)callback;
	struct dma_fence *fence = syncobj_fence_get(syncobj);

	STRESS_CHECK(teller->is_added);
	STRESS_CHECK(fence);
	dma_fence_put(fence);
	teller->calls++;
	told++;
	if (teller->removes_itself)
		syncobj_remove_callback(syncobj, callback);
}

/* For the next point that is not there yet, as a waiter for a submission does. */
static void wait_for_next(uint64_t *chance)
{
	struct teller teller = { .is_added = true, .removes_itself = stress_random(chance, 2) };
	uint64_t point = last_point + 1;
	struct dma_fence *fence = NULL;
	int error;

	syncobj_add_callback(timeline, &teller.callback, tell);
	error = syncobj_find_fence(timeline, point, &fence);
	STRESS_CHECK(!error || error == -EINVAL);
	if (stress_random(chance, 2))
		sched_yield();
	syncobj_remove_callback(timeline, &teller.callback);
	teller.is_added = false;
	if (teller.calls && error)
		STRESS_CHECK(!syncobj_find_fence(timeline, point, &fence));
	if (fence)
		dma_fence_wait_timeout(fence, false, 10000);
	dma_fence_put(fence);
}

static void watch_binary(uint64_t *chance)
{
	struct teller teller = { .is_added = true, .removes_itself = stress_random(chance, 2) };
	struct dma_fence *fence = syncobj_fence_get(binary);

	/* The callback asks for what is there, which may not be NULL while it is called. */
	syncobj_add_callback(binary, &teller.callback, tell);
	if (fence)
		dma_fence_is_signaled(fence);
	dma_fence_put(fence);
	STRESS_CHECK(!syncobj_query(binary, true));
	syncobj_remove_callback(binary, &teller.callback);
	teller.is_added = false;
}

static void look_for_points(uint64_t chance)
{
	uint64_t passed = 0;

	while (stress_goes_on()) {
		uint64_t now = syncobj_query(timeline, false), point;
		struct dma_fence *fence;

		STRESS_CHECK(now >= passed);
		STRESS_CHECK(now <= syncobj_query(timeline, true));
		passed = now;
		point = passed > 2 * STEP ? passed - stress_random(&chance, 2 * STEP) : passed;
		if (point) {
			STRESS_CHECK(!syncobj_find_fence(timeline, point, &fence));
			STRESS_CHECK(dma_fence_is_signaled(fence));
			dma_fence_put(fence);
			found++;
		}
		wait_for_next(&chance);
		watch_binary(&chance);
	}
}

static void *play(void *number)
{
	static void (*const parts[])(uint64_t chance) = { add_points, add_points, replace,
							  look_for_points, look_for_points };
	uintptr_t i = (uintptr_t)number;

	parts[i](i + 1);
	return NULL;
}

int main(void)
{
	unsigned int i;

	timeline = syncobj_create(NULL);
	binary = syncobj_create(NULL);
	STRESS_CHECK(timeline && binary);
	stress_run_threads(5, play);
	for (i = 0; i < PLACES; i++)
		signal_and_put(places[i]);
	STRESS_CHECK(syncobj_query(timeline, false) == last_point);
	/* The head's, the one before it, and what is in the binary one. */
	STRESS_CHECK(stress_fences_alive() <= 3 + PLACES);
	syncobj_put(timeline);
	syncobj_put(binary);
	STRESS_CHECK(!stress_fences_alive());
	printf("core-syncobj: %lu points, %lu found, %lu callbacks called\n", points, found, told);
	return 0;
}
