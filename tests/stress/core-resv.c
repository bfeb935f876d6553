/* SPDX-License-Identifier: MIT */
/*
 * core-resv.c - a reservation that fences are added to, taken off and asked for, while they are
 * signaled; and one that is locked, whose holder stages fences in pairs.
 *
 * Held up: a snapshot has its own references, holds one fence of a context and usage at most, and
 * what is added last is the latest there is; a signaled fence is gone, in its own callbacks too; of
 * a pair both fences are seen or none, and none that was discarded; the holder of the lock sees
 * what it has staged; nothing leaks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core-stress.h"
#include "resv.h"

#define THREADS	 4
#define CONTEXTS 8
#define HELD	 8

static struct dma_resv resv;
static _Atomic uint64_t seqnos[CONTEXTS];
static _Atomic unsigned long snapshots;
/* Fences of the contexts LEFT and RIGHT that belong together have the same seqno. */
static struct dma_resv paired;
static uint64_t pairs; /* of the holder */
static _Atomic unsigned long pairs_seen, pairs_shown;

enum { LEFT = 1, RIGHT, PASSING };

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

/* ---- pairs ---- */

static bool is_discarded(uint64_t pair)
{
	return !(pair % 3);
}

static void add_to_pair(uint64_t context)
{
	struct dma_fence *fence = stress_fence_create(NULL, context, pairs);

	STRESS_CHECK(!dma_resv_add_fence(&paired, fence, DMA_RESV_USAGE_WRITE));
	dma_fence_put(fence);
}

static void hold_paired(uint64_t *chance)
{
	struct dma_resv_iter cursor;
	struct ww_acquire_ctx ctx;
	struct dma_fence *fence;
	unsigned int seen = 0;

	ww_acquire_init(&ctx, &reservation_ww_class);
	STRESS_CHECK(!dma_resv_lock(&paired, &ctx));
	pairs++;
	STRESS_CHECK(!dma_resv_reserve_fences(&paired, 2));
	add_to_pair(LEFT);
	add_to_pair(RIGHT);
	dma_resv_for_each_fence(&cursor, &paired, DMA_RESV_USAGE_WRITE, fence)
	{
		STRESS_CHECK(fence->seqno == pairs);
		seen++;
	}
	STRESS_CHECK(seen == 2);
	if (is_discarded(pairs))
		dma_resv_discard(&paired);
	else if (stress_random(chance, 2))
		dma_resv_commit(&paired);
	dma_resv_unlock(&paired);
	ww_acquire_fini(&ctx);
	pairs_shown++;
}

static void look_at_pair(void)
{
	struct dma_resv_iter cursor;
	unsigned int seen = 0;
	struct dma_fence *fence;
	uint64_t pair = 0;

	dma_resv_iter_begin(&cursor, &paired, DMA_RESV_USAGE_WRITE);
	dma_resv_for_each_fence_unlocked(&cursor, fence)
	{
		STRESS_CHECK(dma_resv_iter_is_restarted(&cursor) == !seen);
		STRESS_CHECK(!seen || fence->seqno == pair);
		STRESS_CHECK(!is_discarded(fence->seqno));
		pair = fence->seqno;
		seen++;
	}
	dma_resv_iter_end(&cursor);
	STRESS_CHECK(!seen || seen == 2);
	if (seen)
		pairs_seen++;
}

/* Again and again, so that it meets the moment in which the kept one is released. */
static void take_up_snapshots(void)
{
	unsigned int i;

	for (i = 0; i < 200; i++) {
		struct dma_resv_list *list = dma_resv_snapshot(&paired);

		STRESS_CHECK(list);
		dma_resv_list_put(list);
	}
}

/* What comes past the holder, and does not disturb it. */
static void pass_by(uint64_t *chance)
{
	struct dma_fence *fence = stress_fence_create(NULL, PASSING, ++seqnos[0]);

	STRESS_CHECK(!dma_resv_add_fence_unlocked(&paired, fence));
	if (stress_random(chance, 2))
		dma_resv_remove_fence(&paired, fence);
	else
		dma_fence_signal(fence);
	dma_fence_put(fence);
}

static void play_pairs(uint64_t *chance)
{
	switch (stress_random(chance, 8)) {
	case 0:
	case 1:
		hold_paired(chance);
		break;
	case 2:
	case 3:
		pass_by(chance);
		break;
	case 4:
		take_up_snapshots();
		break;
	default:
		look_at_pair();
	}
}

/* ---- both ---- */

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
		switch (stress_random(&chance, 8)) {
		case 0:
		case 1:
			take_snapshot(&chance);
			break;
		case 2:
			ask(&chance);
			break;
		case 3:
		case 4:
			play_pairs(&chance);
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
	dma_resv_init(&paired);
	stress_run_threads(THREADS, play);
	STRESS_CHECK(dma_resv_test_signaled(&resv, DMA_RESV_USAGE_BOOKKEEP));
	dma_resv_fini(&resv);
	dma_resv_fini(&paired);
	STRESS_CHECK(!stress_fences_alive());
	printf("core-resv: %lu fences, %lu snapshots, %lu pairs added, %lu seen\n",
	       stress_fences_made(), snapshots, pairs_shown, pairs_seen);
	return 0;
}
