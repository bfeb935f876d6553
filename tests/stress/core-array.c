/* SPDX-License-Identifier: MIT */
/*
 * core-array.c - an array that is released, enabled and looked at while its members are signaled,
 * some of which lie within further containers.
 *
 * Held up: a waiter is called once or told no; the array's state follows from its members' for
 * for every thread that polls; the last put, wherever it happens, leaves no callback
 * behind; nothing leaks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "chain.h"
#include "container.h"
#include "core-stress.h"

#define THREADS 4
#define MEMBERS 3
/* How many containers may be around a member; and for some, deeper than a poll goes. */
#define FEW_LEVELS  3
#define MANY_LEVELS (2 * DMA_FENCE_CONTAINER_LEVELS)

/* Fresh for each round. Every thread has a reference to each. */
static struct dma_fence *members[MEMBERS];
static struct dma_fence *array;
static bool any, deep;
static pthread_barrier_t barrier;
static _Atomic bool goes_on;
static unsigned long rounds;
static _Atomic unsigned long waiters, calls, left_alone;

/* In one more container, which is signaled when it is. */
static struct dma_fence *enclose(uint64_t *chance, struct dma_fence *fence)
{
	unsigned int kind = stress_random(chance, 3);
	struct dma_fence_chain *chain;

	if (kind < 2)
		return dma_fence_array_base(dma_fence_array_create(1, &fence, 100, 1, kind));
	chain = dma_fence_chain_alloc();
	dma_fence_chain_init(chain, NULL, fence, 1);
	return dma_fence_chain_base(chain);
}

static void begin_round(uint64_t *chance)
{
	static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
	struct dma_fence *own[MEMBERS];
	unsigned int i, thread, levels;

	any = stress_random(chance, 2);
	deep = !stress_random(chance, 8);
	for (i = 0; i < MEMBERS; i++) {
		members[i] = stress_fence_create(stress_random(chance, 2) ? &shared_lock : NULL,
						 i + 1, 1);
		own[i] = dma_fence_get(members[i]);
		for (thread = 1; thread < THREADS; thread++)
			dma_fence_get(members[i]);
		for (levels = stress_random(chance, deep ? MANY_LEVELS : FEW_LEVELS + 1); levels;
		     levels--)
			own[i] = enclose(chance, own[i]);
	}
	array = dma_fence_array_base(dma_fence_array_create(MEMBERS, own, 100, 1, any));
	for (thread = 1; thread < THREADS; thread++)
		dma_fence_get(array);
	rounds++;
}

static void count_call(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	STRESS_CHECK(dma_fence_get_status(fence) != 0);
	calls++;
}

/* Its waiter has gone: where that was the last reference, it is called with -EDEADLK. */
static void free_itself(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	left_alone += dma_fence_get_status(fence) == -EDEADLK;
	count_call(fence, callback);
	free(callback);
}

static void leave_waiting(void)
{
	struct dma_fence_cb *callback = malloc(sizeof(*callback));

	if (dma_fence_add_callback(array, callback, free_itself))
		free(callback);
	else
		waiters++;
}

static void look(void)
{
	bool first = dma_fence_is_signaled(members[0]), last = first;
	unsigned int i;

	for (i = 1; i < MEMBERS; i++) {
		bool signaled = dma_fence_is_signaled(members[i]);

		first |= signaled;
		last &= signaled;
	}
	/* Further down it may be that another thread is just enabling what is polled. */
	if (!deep && (any ? first : last))
		STRESS_CHECK(dma_fence_is_signaled(array));
	if (dma_fence_is_signaled(array) && !any) {
		for (i = 0; i < MEMBERS; i++)
			STRESS_CHECK(dma_fence_get_status(members[i]) == 1);
	}
}

static void signal_member(struct dma_fence *member, bool locked)
{
	if (!locked) {
		dma_fence_signal(member);
		return;
	}
	pthread_mutex_lock(member->lock);
	dma_fence_signal_locked(member);
	pthread_mutex_unlock(member->lock);
}

/* One thing, before the references go. Is callback added? */
static bool act(uint64_t *chance, struct dma_fence_cb *callback)
{
	unsigned int i = stress_random(chance, MEMBERS), n;

	switch (stress_random(chance, 6)) {
	case 0:
		return !dma_fence_add_callback(array, callback, count_call);
	case 1:
		look();
		break;
	case 2:
		signal_member(members[i], stress_random(chance, 2));
		break;
	case 3:
		for (n = 0; n < MEMBERS; n++)
			signal_member(members[n], false);
		break;
	case 4:
		leave_waiting();
		break;
	default:
		dma_fence_enable_sw_signaling(array);
	}
	return false;
}

static void *play(void *number)
{
	uint64_t chance = (uintptr_t)number + 1;
	unsigned int i;

	for (;;) {
		struct dma_fence_cb callback;

		if (!number) {
			goes_on = stress_goes_on();
			if (goes_on)
				begin_round(&chance);
		}
		pthread_barrier_wait(&barrier);
		if (!goes_on)
			return NULL;
		if (act(&chance, &callback) && !dma_fence_remove_callback(array, &callback))
			waiters++;
		dma_fence_put(array);
		/*
		 * So the last put of the array meets members that are being signaled, or never are.
		 */
		for (i = 0; i < MEMBERS; i++) {
			if (!stress_random(&chance, 4))
				dma_fence_signal(members[i]);
			dma_fence_put(members[i]);
		}
		pthread_barrier_wait(&barrier);
	}
}

int main(void)
{
	pthread_barrier_init(&barrier, NULL, THREADS);
	stress_run_threads(THREADS, play);
	STRESS_CHECK(waiters == calls);
	STRESS_CHECK(!stress_fences_alive());
	printf("core-array: %lu arrays, %lu waiters called, %lu of them by the last put\n", rounds,
	       calls, left_alone);
	return 0;
}
