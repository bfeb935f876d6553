/* SPDX-License-Identifier: MIT */
/*
 * core-fence_slot.c - a fence that several threads look up without a lock while others replace and
 * drop it.
 *
 * Held up: what is found is alive, and has been there; for a reader and a writer
 * does not go back; nothing leaks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core-stress.h"
#include "fence_slot.h"

#define READERS 2
#define WRITERS 2

static struct dma_fence_slot slot;
static _Atomic unsigned long found, empty, exchanged;
/* By writer: what it puts there, in order. */
static _Atomic uint64_t seqnos[WRITERS];

static void look_up(void)
{
	uint64_t last[WRITERS] = { 0 };

	while (stress_goes_on()) {
		struct dma_fence *fence = dma_fence_slot_get(&slot);

		if (!fence) {
			empty++;
			continue;
		}
		STRESS_CHECK(fence->context < WRITERS);
		STRESS_CHECK(fence->seqno >= last[fence->context]);
		STRESS_CHECK(fence->seqno <= seqnos[fence->context]);
		last[fence->context] = fence->seqno;
		dma_fence_put(fence);
		found++;
	}
}

static void replace(unsigned int writer)
{
	uint64_t chance = writer + 1;

	while (stress_goes_on()) {
		struct dma_fence *old, *fence = NULL;

		if (stress_random(&chance, 4))
			fence = stress_fence_create(NULL, writer, ++seqnos[writer]);
		old = dma_fence_slot_exchange(&slot, fence);
		dma_fence_put(old);
		exchanged++;
	}
}

static void *play(void *number)
{
	if ((uintptr_t)number < READERS)
		look_up();
	else
		replace((uintptr_t)number - READERS);
	return NULL;
}

int main(void)
{
	dma_fence_slot_init(&slot);
	stress_run_threads(READERS + WRITERS, play);
	dma_fence_slot_fini(&slot);
	STRESS_CHECK(!stress_fences_alive());
	printf("core-fence_slot: %lu exchanges, %lu fences found, %lu times none\n", exchanged,
	       found, empty);
	return 0;
}
