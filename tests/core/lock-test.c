/* SPDX-License-Identifier: MIT */
/*
 * lock-test.c - how often a lock is taken, a fence's or a reservation's. This program's own
 * pthread_mutex_lock() and pthread_mutex_trylock() count, for one mutex, and call the system's.
 */
#include <dlfcn.h>

#include "core-test.h"

static pthread_mutex_t *watched;
static _Atomic int taken;

int pthread_mutex_lock(pthread_mutex_t *lock)
{
	static int (*_Atomic of_the_system)(pthread_mutex_t *);

	if (!of_the_system)
		of_the_system = dlsym(RTLD_NEXT, "pthread_mutex_lock");
	taken += lock == watched;
	return of_the_system(lock);
}

int pthread_mutex_trylock(pthread_mutex_t *lock)
{
	static int (*_Atomic of_the_system)(pthread_mutex_t *);

	if (!of_the_system)
		of_the_system = dlsym(RTLD_NEXT, "pthread_mutex_trylock");
	taken += lock == watched;
	return of_the_system(lock);
}

/* How often the lock has been taken since the last time. */
static int times_taken(void)
{
	return atomic_exchange(&taken, 0);
}

static struct dma_fence *watched_fence(void)
{
	struct dma_fence *fence = fence_create();

	watched = fence->lock;
	times_taken();
	return fence;
}

TestSuite(lock, .timeout = TEST_TIMEOUT, .fini = expect_no_fence_left);

Test(lock, row_1_13_a_signal_takes_the_lock_once)
{
	struct dma_fence *fence = watched_fence();

	cr_expect_eq(dma_fence_signal(fence), 0);
	cr_expect_eq(times_taken(), 1);
	dma_fence_put(fence);
	cr_expect_eq(times_taken(), 0, "nor does it take it to go");
}

Test(lock, row_1_13_who_has_the_lock_does_not_take_it_again)
{
	struct dma_fence *fence = watched_fence();
	struct recorder recorders[3] = { 0 };
	int i;

	for (i = 0; i < 3; i++) {
		dma_fence_add_callback(fence, &recorders[i].callback, record);
		cr_expect_eq(times_taken(), 1, "to add one");
	}
	pthread_mutex_lock(fence->lock);
	cr_expect_eq(dma_fence_signal_locked(fence), 0);
	cr_expect_eq(times_taken(), 1, "by the caller alone");
	pthread_mutex_unlock(fence->lock);
	for (i = 0; i < 3; i++)
		cr_expect_eq(recorders[i].calls, 1);
	dma_fence_put(fence);
}

Test(lock, row_1_13_to_see_whether_it_is_signaled_takes_no_lock)
{
	struct dma_fence *fence = watched_fence();
	struct recorder recorder = { 0 };

	cr_expect_not(dma_fence_is_signaled(fence));
	cr_expect_eq(dma_fence_get_status(fence), 0);
	cr_expect_eq(dma_fence_wait_timeout(fence, false, 0), 0);
	cr_expect_eq(times_taken(), 0, "active");

	dma_fence_signal(fence);
	times_taken();
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect_eq(dma_fence_get_status(fence), 1);
	cr_expect_gt(dma_fence_timestamp(fence), 0);
	cr_expect_eq(dma_fence_wait(fence, false), 0);
	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), -ENOENT);
	cr_expect_eq(times_taken(), 0, "signaled");
	dma_fence_put(fence);
}

Test(lock, row_1_13_its_state_is_seen_while_another_has_the_lock)
{
	struct dma_fence *fence = watched_fence();

	dma_fence_signal(fence);
	/* Taking such a lock again deadlocks, so a poll that did would not return. */
	pthread_mutex_lock(fence->lock);
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect_eq(dma_fence_get_status(fence), 1);
	pthread_mutex_unlock(fence->lock);
	dma_fence_put(fence);
}

/* ---- a reservation's lock ---- */

/* The takings of its lock by a question to a reservation of so many fences that have happened. */
static int takings_for(unsigned int count, void (*question)(struct dma_resv *resv))
{
	struct dma_fence **fences = malloc(count * sizeof(*fences));
	struct dma_resv resv;
	unsigned int i;
	int takings;

	cr_assert_not_null(fences);
	dma_resv_init(&resv);
	for (i = 0; i < count; i++) {
		fences[i] = test_fence_create(&asking_ops, NULL, 1001 + i, 1);
		cr_assert_eq(dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_WRITE), 0);
		to_test_fence(fences[i])->done = true;
		to_test_fence(fences[i])->signaled_calls = 0;
	}
	watched = &resv.lock;
	times_taken();
	question(&resv);
	takings = times_taken();
	watched = NULL;
	for (i = 0; i < count; i++)
		cr_expect_eq(to_test_fence(fences[i])->signaled_calls, 1, "fence %u", i);
	dma_resv_fini(&resv);
	for (i = 0; i < count; i++)
		dma_fence_put(fences[i]);
	free(fences);
	return takings;
}

static void expect_takings_do_not_grow(void (*question)(struct dma_resv *resv))
{
	int with_few = takings_for(10, question), with_many = takings_for(10000, question);

	cr_expect_eq(with_few, with_many, "%d times, %d with many", with_few, with_many);
}

static void get_latest(struct dma_resv *resv)
{
	cr_expect_null(dma_resv_get_latest(resv, DMA_RESV_USAGE_WRITE));
}

static void test_signaled(struct dma_resv *resv)
{
	cr_expect(dma_resv_test_signaled(resv, DMA_RESV_USAGE_WRITE));
}

/* So what is walked with the lock held is walked that often, however many are signaled on the way.
 */
Test(lock, get_latest_polls_each_fence_once_and_takes_the_lock_no_more_often_for_more_fences)
{
	expect_takings_do_not_grow(get_latest);
}

Test(lock, test_signaled_polls_each_fence_once_and_takes_the_lock_no_more_often_for_more_fences)
{
	expect_takings_do_not_grow(test_signaled);
}

static void walk_locked(struct dma_resv *resv)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_for_each_fence(&cursor, resv, DMA_RESV_USAGE_WRITE, fence)
		cr_assert(false, "all have happened");
}

Test(lock, locked_iteration_polls_each_fence_once_and_takes_the_lock_no_more_often_for_more_fences)
{
	expect_takings_do_not_grow(walk_locked);
}

static void walk_unlocked(struct dma_resv *resv)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, resv, DMA_RESV_USAGE_WRITE);
	dma_resv_for_each_fence_unlocked(&cursor, fence) cr_assert(false, "all have happened");
	dma_resv_iter_end(&cursor);
}

Test(lock, iteration_polls_each_fence_once_and_takes_the_lock_no_more_often_for_more_fences)
{
	expect_takings_do_not_grow(walk_unlocked);
}
