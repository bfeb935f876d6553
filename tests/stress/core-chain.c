/* SPDX-License-Identifier: MIT */
/*
 * core-chain.c - a chain that is walked, searched, taken apart, waited for and released while its
 * fences are signaled in any order; and one that keeps growing at one end and losing what is
 * signaled, as a syncobj's does.
 *
 * Held up: a link is signaled when all up to it are, and not before, for every thread; what
 * find_seqno() gives, once signaled, means that the point is reached; timestamps are the latest;
 * waiters are called once or told no; a growing chain stays as long as what is pending in it;
 * nothing leaks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "chain.h"
#include "container.h"
#include "core-stress.h"
#include "merge.h"
#include "unwrap.h"

#define THREADS 4
#define LINKS	6
#define FINDERS 2
#define WINDOW	16

/* Fresh for each round. Every thread has a reference to each. Link i has seqno i + 1. */
static struct dma_fence *fences[LINKS], *links[LINKS];
static pthread_barrier_t barrier;
static _Atomic bool goes_on;
static unsigned long rounds;
static _Atomic unsigned long waiters, calls, left_alone;

static struct dma_fence *create_link(struct dma_fence *prev, struct dma_fence *fence,
				     uint64_t seqno)
{
	struct dma_fence_chain *chain = dma_fence_chain_alloc();

	STRESS_CHECK(chain);
	dma_fence_chain_init(chain, dma_fence_get(prev), dma_fence_get(fence), seqno);
	return dma_fence_chain_base(chain);
}

static void begin_round(uint64_t *chance)
{
	static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
	unsigned int i, thread;

	for (i = 0; i < LINKS; i++) {
		fences[i] = stress_fence_create(stress_random(chance, 2) ? &shared_lock : NULL,
						i + 1, 1);
		links[i] = create_link(i ? links[i - 1] : NULL, fences[i], i + 1);
		for (thread = 1; thread < THREADS; thread++) {
			dma_fence_get(fences[i]);
			dma_fence_get(links[i]);
		}
	}
	rounds++;
}

/* ---- what is looked at ---- */

static bool are_signaled(unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!dma_fence_is_signaled(fences[i]))
			return false;
	}
	return true;
}

static int64_t latest_of(unsigned int count)
{
	int64_t latest = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (dma_fence_timestamp(fences[i]) > latest)
			latest = dma_fence_timestamp(fences[i]);
	}
	return latest;
}

static void look(unsigned int i)
{
	bool reached = are_signaled(i + 1);

	if (reached)
		STRESS_CHECK(dma_fence_is_signaled(links[i]));
	if (!dma_fence_is_signaled(links[i]))
		return;
	STRESS_CHECK(are_signaled(i + 1));
	STRESS_CHECK(dma_fence_timestamp(links[i]) == latest_of(i + 1));
}

static void find(unsigned int head, uint64_t seqno)
{
	struct dma_fence *found = dma_fence_get(links[head]);
	int error = dma_fence_chain_find_seqno(&found, seqno);

	STRESS_CHECK(error == (seqno > head + 1 ? -EINVAL : 0));
	if (!error && (!found || dma_fence_is_signaled(found)))
		STRESS_CHECK(are_signaled((unsigned int)seqno));
	dma_fence_put(found);
}

static void walk(void)
{
	uint64_t last = LINKS + 1;
	struct dma_fence *link;

	dma_fence_chain_for_each(link, links[LINKS - 1])
	{
		STRESS_CHECK(dma_fence_is_chain(link) && link->seqno < last);
		last = link->seqno;
	}
}

static void take_apart(void)
{
	struct dma_fence_unwrap cursor;
	struct dma_fence *fence;
	unsigned int count = 0;

	dma_fence_unwrap_for_each(fence, &cursor, links[LINKS - 1])
	{
		STRESS_CHECK(fence->seqno == 1);
		count++;
	}
	STRESS_CHECK(count && count <= LINKS);
}

static void merge(void)
{
	struct dma_fence *merged = dma_fence_unwrap_merge(links[LINKS - 1], fences[0]);

	if (dma_fence_is_signaled(merged))
		STRESS_CHECK(are_signaled(LINKS));
	dma_fence_put(merged);
}

/* ---- what is done ---- */

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

static void leave_waiting(struct dma_fence *link)
{
	struct dma_fence_cb *callback = malloc(sizeof(*callback));

	STRESS_CHECK(callback);
	if (dma_fence_add_callback(link, callback, free_itself))
		free(callback);
	else
		waiters++;
}

static void signal_fence(struct dma_fence *fence, bool locked)
{
	if (!locked) {
		dma_fence_signal(fence);
		return;
	}
	pthread_mutex_lock(fence->lock);
	dma_fence_signal_locked(fence);
	pthread_mutex_unlock(fence->lock);
}

static void signal_all(bool backward)
{
	unsigned int i;

	for (i = 0; i < LINKS; i++)
		dma_fence_signal(fences[backward ? LINKS - 1 - i : i]);
}

/* Waits for the link by a callback that is taken off again. */
static void wait_a_little(struct dma_fence *link)
{
	struct dma_fence_cb callback;

	if (dma_fence_add_callback(link, &callback, count_call))
		return;
	if (!dma_fence_remove_callback(link, &callback))
		waiters++;
}

static void act(uint64_t *chance)
{
	unsigned int i = stress_random(chance, LINKS);

	switch (stress_random(chance, 9)) {
	case 0:
		find(i, 1 + stress_random(chance, LINKS));
		break;
	case 1:
		walk();
		break;
	case 2:
		take_apart();
		break;
	case 3:
		merge();
		break;
	case 4:
		look(i);
		break;
	case 5:
		leave_waiting(links[i]);
		break;
	case 6:
		wait_a_little(links[i]);
		break;
	case 7:
		signal_all(stress_random(chance, 2));
		break;
	default:
		signal_fence(fences[i], stress_random(chance, 2));
	}
}

static void play_rounds(bool is_first, uint64_t chance)
{
	unsigned int i;

	for (;;) {
		if (is_first) {
			goes_on = stress_goes_on();
			if (goes_on)
				begin_round(&chance);
		}
		pthread_barrier_wait(&barrier);
		if (!goes_on)
			return;
		for (i = 0; i < 3; i++)
			act(&chance);
		/* So the last puts of links meet fences that are being signaled, or never are. */
		for (i = 0; i < LINKS; i++)
			dma_fence_put(links[i]);
		for (i = 0; i < LINKS; i++) {
			if (!stress_random(&chance, 4))
				dma_fence_signal(fences[i]);
			dma_fence_put(fences[i]);
		}
		pthread_barrier_wait(&barrier);
	}
}

/* ---- a chain that grows ---- */

static pthread_mutex_t head_lock = PTHREAD_MUTEX_INITIALIZER;
static struct dma_fence *head; /* under head_lock */
static _Atomic unsigned long points, found_points;

static struct dma_fence *get_head(void)
{
	struct dma_fence *link;

	pthread_mutex_lock(&head_lock);
	link = dma_fence_get(head);
	pthread_mutex_unlock(&head_lock);
	return link;
}

/* Adds a point, and walks the chain for what is to be taken out. */
static void add_point(struct dma_fence *fence)
{
	struct dma_fence *was = get_head(), *link, *old;

	link = create_link(was, fence, was ? was->seqno + 1 : 1);
	pthread_mutex_lock(&head_lock);
	old = head;
	head = link;
	pthread_mutex_unlock(&head_lock);
	dma_fence_put(old);
	dma_fence_put(was);
	STRESS_CHECK(dma_fence_leaf_count(link) <= WINDOW + 1);
	points++;
}

static void grow(uint64_t chance)
{
	struct dma_fence *window[WINDOW] = { NULL };
	unsigned int i;

	while (stress_goes_on()) {
		i = stress_random(&chance, WINDOW);
		if (window[i]) {
			dma_fence_signal(window[i]);
			dma_fence_put(window[i]);
		}
		window[i] = stress_fence_create(NULL, 1, 1);
		add_point(window[i]);
	}
	for (i = 0; i < WINDOW; i++) {
		if (window[i]) {
			dma_fence_signal(window[i]);
			dma_fence_put(window[i]);
		}
	}
}

static void find_points(uint64_t chance)
{
	while (stress_goes_on()) {
		struct dma_fence *link = get_head();
		uint64_t back = stress_random(&chance, 2 * WINDOW);

		if (!link)
			continue;
		STRESS_CHECK(!dma_fence_chain_find_seqno(
			&link, back < link->seqno ? link->seqno - back : 1));
		if (link)
			dma_fence_wait_timeout(link, false, 100000);
		dma_fence_put(link);
		found_points++;
	}
}

static void *play(void *number)
{
	uintptr_t n = (uintptr_t)number;

	if (n < THREADS)
		play_rounds(!n, n + 1);
	else if (n < THREADS + FINDERS)
		find_points(n + 1);
	else
		grow(n + 1);
	return NULL;
}

int main(void)
{
	pthread_barrier_init(&barrier, NULL, THREADS);
	stress_run_threads(THREADS + FINDERS + 1, play);
	STRESS_CHECK(dma_fence_is_signaled(head));
	dma_fence_put(head);
	STRESS_CHECK(waiters == calls);
	STRESS_CHECK(!stress_fences_alive());
	printf("core-chain: %lu chains, %lu waiters called, %lu of them by the last put\n", rounds,
	       calls, left_alone);
	printf("core-chain: %lu points added to one that goes on, %lu found\n", points,
	       found_points);
	return 0;
}
