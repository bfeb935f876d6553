/* SPDX-License-Identifier: MIT */
/*
 * core-recycle.c - fences whose memory is used for the next one at once, while other threads ask it
 * for a reference without a lock: memory that stays valid, as dma_fence_get_unless_zero() wants it.
 *
 * Held up: a look-up gets nothing, or a fence that is whole, its implementation's own fields too,
 * and stays so until it is put; each is released once.
 */
#include <stdio.h>

#include "core-stress.h"

#define LOOKERS 2
#define MAKERS	2
#define PLACES	2

/* The memory, its lock included, is there from the first fence to the last. */
static struct place {
	struct dma_fence base;
	pthread_mutex_t lock;
	uint64_t copy; /* plain, of the seqno: what orders it is what is tested */
	struct place *next;
} places[PLACES];

static pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;
static struct place *free_places; /* under free_lock */
static _Atomic uint64_t made, released, found, missed;

static void add_free(struct place *place)
{
	pthread_mutex_lock(&free_lock);
	place->next = free_places;
	free_places = place;
	pthread_mutex_unlock(&free_lock);
}

static struct place *take_free(void)
{
	struct place *place;

	pthread_mutex_lock(&free_lock);
	place = free_places;
	if (place)
		free_places = place->next;
	pthread_mutex_unlock(&free_lock);
	return place;
}

static const char *name(struct dma_fence *fence)
{
	return "recycled";
}

static void release(struct dma_fence *fence)
{
	released++;
	add_free((struct place *)fence);
}

static const struct dma_fence_ops recycled_ops = {
	.get_driver_name = name,
	.get_timeline_name = name,
	.release = release,
};

static void make(uint64_t chance)
{
	while (stress_goes_on()) {
		struct place *place = take_free();

		if (!place)
			continue;
		place->copy = ++made;
		dma_fence_init(&place->base, &recycled_ops, &place->lock,
			       (uint64_t)(place - places), place->copy);
		if (stress_random(&chance, 2))
			dma_fence_signal(&place->base);
		dma_fence_put(&place->base);
	}
}

static void look_up(uint64_t chance)
{
	while (stress_goes_on()) {
		struct place *place = &places[stress_random(&chance, PLACES)];
		struct dma_fence *fence = dma_fence_get_unless_zero(&place->base);
		uint64_t seqno;

		if (!fence) {
			missed++;
			continue;
		}
		found++;
		seqno = fence->seqno;
		STRESS_CHECK(fence->ops == &recycled_ops);
		STRESS_CHECK(fence->lock == &place->lock);
		STRESS_CHECK(fence->context == (uint64_t)(place - places));
		STRESS_CHECK(seqno && seqno == place->copy);
		dma_fence_get_status(fence);
		STRESS_CHECK(fence->seqno == seqno);
		dma_fence_put(fence);
	}
}

static void *play(void *argument)
{
	uintptr_t number = (uintptr_t)argument;

	if (number < LOOKERS)
		look_up(number + 1);
	else
		make(number + 1);
	return NULL;
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < PLACES; i++) {
		pthread_mutex_init(&places[i].lock, NULL);
		add_free(&places[i]);
	}
	stress_run_threads(LOOKERS + MAKERS, play);
	STRESS_CHECK(made == released);
	printf("core-recycle: %lu fences in %d places, %lu times found, %lu times not\n", made,
	       PLACES, found, missed);
	return 0;
}
