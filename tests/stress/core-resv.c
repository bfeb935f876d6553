/* SPDX-License-Identifier: MIT */
/*
 * core-resv.c - a reservation that fences are added to, taken off and asked for, while they are
 * signaled.
 *
 * Held up: a snapshot has its own references, holds one fence of a context and usage at most, and
 * what is added last is the latest there is; a signaled fence is gone, in its own callbacks too;
 * nothing leaks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core-stress.h"
#include "resv.h"

#define THREADS 4
#define CONTEXTS 8
#define HELD 8

static struct dma_resv resv;
static _Atomic uint64_t seqnos[CONTEXTS];
static _Atomic unsigned long snapshots;

static void take_off(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	dma_resv_remove_fence(&resv, fence);
	free(callback);
}

static struct dma_fence *add_fence(uint64_t *chance)
{
	unsigned int context = stress_random(chance, CONTEXTS);
	enum dma_resv_usage usage = stress_random(chance, DMA_RESV_USAGE_BOOKKEEP + 1);
	struct dma_fence *fence = stress_fence_create(NULL, context + 1, ++seqnos[context]);

	if (stress_random(chance, 2)) {
		struct dma_fence_cb *callback = malloc(sizeof(*callback));

		STRESS_CHECK(!dma_fence_add_callback(fence, callback, take_off));
	}
	if (stress_random(chance, 2))
		STRESS_CHECK(!dma_resv_reserve_fences(&resv, 1));
	STRESS_CHECK(!dma_resv_add_fence(&resv, fence, usage));
	return fence;
}

static void take_snapshot(uint64_t *chance)
{
	enum dma_resv_usage usage = stress_random(chance, DMA_RESV_USAGE_BOOKKEEP + 1);
	unsigned int count, i, of_context[CONTEXTS] = { 0 };
	struct dma_fence **fences;

	STRESS_CHECK(!dma_resv_get_fences(&resv, usage, &count, &fences));
	for (i = 0; i < count; i++) {
		STRESS_CHECK(++of_context[fences[i]->context - 1] <= (unsigned int)usage + 1);
		dma_fence_put(fences[i]);
	}
	free(fences);
	snapshots++;
}

static void ask(uint64_t *chance)
{
	enum dma_resv_usage usage = stress_random(chance, DMA_RESV_USAGE_BOOKKEEP + 1);
	struct dma_fence *fence;

	fence = dma_resv_get_latest(&resv, usage);
	dma_fence_put(fence);
	fence = dma_resv_get_singleton(&resv, usage, NULL);
	STRESS_CHECK(fence);
	dma_fence_put(fence);
	STRESS_CHECK(dma_resv_wait_timeout(&resv, usage, false, 1000) >= 0);
}

static void signal_and_put(uint64_t *chance, struct dma_fence *fence)
{
	if (!fence)
		return;
	if (stress_random(chance, 2))
		((struct stress_fence *)fence)->done = true;
	else
		dma_fence_signal(fence);
	STRESS_CHECK(dma_fence_is_signaled(fence));
	dma_fence_put(fence);
}

static void *play(void *number)
{
	uint64_t chance = (uintptr_t)number + 1;
	struct dma_fence *held[HELD] = { 0 };
	unsigned int i;

	while (stress_goes_on()) {
		i = stress_random(&chance, HELD);
		switch (stress_random(&chance, 4)) {
		case 0:
			take_snapshot(&chance);
			break;
		case 1:
			ask(&chance);
			break;
		default:
			signal_and_put(&chance, held[i]);
			held[i] = add_fence(&chance);
		}
	}
	for (i = 0; i < HELD; i++)
		signal_and_put(&chance, held[i]);
	return NULL;
}

int main(void)
{
	dma_resv_init(&resv);
	stress_run_threads(THREADS, play);
	STRESS_CHECK(dma_resv_test_signaled(&resv, DMA_RESV_USAGE_BOOKKEEP));
	dma_resv_fini(&resv);
	STRESS_CHECK(!stress_fences_alive());
	printf("core-resv: %lu fences, %lu snapshots\n", stress_fences_made(), snapshots);
	return 0;
}
