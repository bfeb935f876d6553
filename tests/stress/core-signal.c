/* SPDX-License-Identifier: MIT */
/*
 * core-signal.c - signal, add, remove, look and last put against each other, on a few fences that
 * all threads fight for.
 *
 * Held up: a callback that was added is either called once, or removed in time and never called;
 * one that was refused is not called; removal returns when the call has returned; nothing leaks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core-stress.h"

#define THREADS 4
#define SLOTS 4
#define KEPT 8

/*
 * A fence that is replaced by a fresh one now and then. Every second slot shares its fences' lock
 * with the one before.
 */
static struct slot {
	pthread_mutex_t lock;
	struct dma_fence *fence;
	pthread_mutex_t fence_lock;
} slots[SLOTS];

/* A callback whose owner removes it. */
struct kept {
	struct dma_fence_cb callback;
	struct dma_fence *fence; /* NULL: not in use */
	int calls;		 /* plain: what orders it is what is tested */
};

static _Atomic unsigned long added, called, removed, let_go, let_go_called;

static pthread_mutex_t *lock_of(unsigned int slot)
{
	return slot < 2 ? &slots[0].fence_lock : NULL;
}

static struct dma_fence *get_fence(unsigned int slot)
{
	struct dma_fence *fence;

	pthread_mutex_lock(&slots[slot].lock);
	fence = dma_fence_get(slots[slot].fence);
	pthread_mutex_unlock(&slots[slot].lock);
	return fence;
}

static void replace_fence(unsigned int slot)
{
	struct dma_fence *fresh = stress_fence_create(lock_of(slot), 1, 1), *old;

	pthread_mutex_lock(&slots[slot].lock);
	old = slots[slot].fence;
	slots[slot].fence = fresh;
	pthread_mutex_unlock(&slots[slot].lock);
	dma_fence_put(old);
}

static void signal_fence(struct dma_fence *fence, unsigned int how)
{
	switch (how) {
	case 0:
		pthread_mutex_lock(fence->lock);
		dma_fence_signal_locked(fence);
		pthread_mutex_unlock(fence->lock);
		break;
	case 1:
		((struct stress_fence *)fence)->done = true;
		STRESS_CHECK(dma_fence_is_signaled(fence));
		break;
	default:
		dma_fence_signal(fence);
	}
}

static void count_call(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	((struct kept *)callback)->calls++;
	STRESS_CHECK(dma_fence_get_status(fence) != 0);
	STRESS_CHECK(!dma_fence_remove_callback(fence, callback));
}

/* It owns itself: frees itself, having signaled another fence of the same lock. */
static void free_itself(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct dma_fence *other = fence->lock == lock_of(0) ? get_fence(1) : NULL;

	if (other && other->lock == fence->lock)
		dma_fence_signal(other);
	dma_fence_put(other);
	free(callback);
	let_go_called++;
}

static void add_and_let_go(struct dma_fence *fence)
{
	struct dma_fence_cb *callback = malloc(sizeof(*callback));

	if (dma_fence_add_callback(fence, callback, free_itself))
		free(callback);
	else
		let_go++;
}

static void add_and_keep(struct kept *kept, struct dma_fence *fence)
{
	kept->calls = 0;
	if (dma_fence_add_callback(fence, &kept->callback, count_call)) {
		STRESS_CHECK(!kept->calls);
		return;
	}
	kept->fence = dma_fence_get(fence);
	added++;
}

static void remove_kept(struct kept *kept)
{
	if (dma_fence_remove_callback(kept->fence, &kept->callback)) {
		STRESS_CHECK(!kept->calls);
		removed++;
	} else {
		STRESS_CHECK(kept->calls == 1);
		called++;
	}
	dma_fence_put(kept->fence);
	kept->fence = NULL;
}

static void *fight(void *number)
{
	uint64_t chance = (uintptr_t)number + 1;
	struct kept kept[KEPT] = { 0 };
	unsigned int i;

	while (stress_goes_on()) {
		unsigned int slot = stress_random(&chance, SLOTS);
		struct kept *some = &kept[stress_random(&chance, KEPT)];
		struct dma_fence *fence = get_fence(slot);

		switch (stress_random(&chance, 6)) {
		case 0:
			signal_fence(fence, stress_random(&chance, 4));
			replace_fence(slot);
			break;
		case 1:
			add_and_let_go(fence);
			break;
		case 2:
			STRESS_CHECK(dma_fence_wait_timeout(fence, false, 1000) >= 0);
			break;
		default:
			if (some->fence)
				remove_kept(some);
			else
				add_and_keep(some, fence);
		}
		dma_fence_put(fence);
	}
	for (i = 0; i < KEPT; i++) {
		if (kept[i].fence)
			remove_kept(&kept[i]);
	}
	return NULL;
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		pthread_mutex_init(&slots[i].lock, NULL);
		pthread_mutex_init(&slots[i].fence_lock, NULL);
		replace_fence(i);
	}
	stress_run_threads(THREADS, fight);
	for (i = 0; i < SLOTS; i++) {
		dma_fence_signal(slots[i].fence);
		dma_fence_put(slots[i].fence);
	}
	STRESS_CHECK(added == called + removed);
	STRESS_CHECK(let_go == let_go_called);
	STRESS_CHECK(!stress_fences_alive());
	printf("core-signal: %lu fences, %lu callbacks called, %lu removed, %lu freed themselves\n",
	       stress_fences_made(), called, removed, let_go);
	return 0;
}
