/* SPDX-License-Identifier: MIT */
/* core-stress.c - fences, threads, time and chance for the stress programs of the core. */
#include <stdio.h>
#include <stdlib.h>

#include "core-stress.h"

#define MAX_THREADS 16

static _Atomic unsigned long made;
static _Atomic long alive;

static const char *name(struct dma_fence *fence)
{
	return "stress";
}

static bool is_done(struct dma_fence *fence)
{
	return ((struct stress_fence *)fence)->done;
}

static void release(struct dma_fence *fence)
{
	struct stress_fence *stress_fence = (struct stress_fence *)fence;

	pthread_mutex_destroy(&stress_fence->own_lock);
	free(stress_fence);
	alive--;
}

static const struct dma_fence_ops stress_ops = {
	.get_driver_name = name,
	.get_timeline_name = name,
	.signaled = is_done,
	.release = release,
};

struct dma_fence *stress_fence_create(pthread_mutex_t *lock, uint64_t context, uint64_t seqno)
{
	struct stress_fence *fence = calloc(1, sizeof(*fence));

	STRESS_CHECK(fence);
	pthread_mutex_init(&fence->own_lock, NULL);
	dma_fence_init(&fence->base, &stress_ops, lock ? lock : &fence->own_lock, context, seqno);
	made++;
	alive++;
	return &fence->base;
}

unsigned long stress_fences_made(void)
{
	return made;
}

long stress_fences_alive(void)
{
	return alive;
}

void stress_run_threads(unsigned int count, void *(*function)(void *number))
{
	pthread_t threads[MAX_THREADS];
	unsigned int i;

	STRESS_CHECK(count <= MAX_THREADS);
	for (i = 0; i < count; i++)
		STRESS_CHECK(!pthread_create(&threads[i], NULL, function, (void *)(uintptr_t)i));
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

bool stress_goes_on(void)
{
	static _Atomic int64_t begin_ns;
	int64_t now_ns = dma_fence_now(), unset = 0;

	atomic_compare_exchange_strong(&begin_ns, &unset, now_ns);
	return now_ns - begin_ns < STRESS_DURATION;
}

/* xorshift: what matters is that it is the thread's own. */
unsigned int stress_random(uint64_t *state, unsigned int limit)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (unsigned int)(*state >> 32) % limit;
}

void stress_check(bool holds, const char *condition, const char *file, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: %s does not hold\n", file, line, condition);
	exit(1);
}
