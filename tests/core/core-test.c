/* SPDX-License-Identifier: MIT */
/* core-test.c - the fence and the callback that the unit tests of the core use. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core-test.h"

static _Atomic int alive;
static _Atomic int recorded;

static const char *driver_name(struct dma_fence *fence)
{
	return "driver";
}

static const char *timeline_name(struct dma_fence *fence)
{
	return "timeline";
}

void test_fence_release(struct dma_fence *fence)
{
	atomic_fetch_sub(&alive, 1);
	dma_fence_free(fence);
}

static bool enable_signaling(struct dma_fence *fence)
{
	struct test_fence *test_fence = to_test_fence(fence);

	test_fence->enable_calls++;
	return !test_fence->refuses_to_enable;
}

static bool signaled(struct dma_fence *fence)
{
	struct test_fence *test_fence = to_test_fence(fence);

	test_fence->signaled_calls++;
	return test_fence->done;
}

static void set_deadline(struct dma_fence *fence, int64_t deadline_ns)
{
	struct test_fence *test_fence = to_test_fence(fence);

	if (!test_fence->deadline_ns || deadline_ns < test_fence->deadline_ns)
		test_fence->deadline_ns = deadline_ns;
}

const struct dma_fence_ops plain_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.release = test_fence_release,
};

const struct dma_fence_ops asking_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.enable_signaling = enable_signaling,
	.signaled = signaled,
	.release = test_fence_release,
	.set_deadline = set_deadline,
};

struct dma_fence *test_fence_create(const struct dma_fence_ops *ops, pthread_mutex_t *lock,
				    uint64_t context, uint64_t seqno)
{
	struct test_fence *test_fence = calloc(1, sizeof(*test_fence));

	cr_assert_not_null(test_fence);
	pthread_mutex_init(&test_fence->lock, NULL);
	dma_fence_init(&test_fence->base, ops, lock ? lock : &test_fence->lock, context, seqno);
	atomic_fetch_add(&alive, 1);
	return &test_fence->base;
}

struct dma_fence *fence_create(void)
{
	return fence_create_at(dma_fence_context_alloc(1), 1);
}

struct dma_fence *fence_create_at(uint64_t context, uint64_t seqno)
{
	return test_fence_create(&plain_ops, NULL, context, seqno);
}

struct dma_fence *fence_create_signaled(int64_t timestamp_ns, int error)
{
	struct dma_fence *fence = fence_create();

	dma_fence_set_error(fence, error);
	cr_assert_eq(dma_fence_signal_timestamp(fence, timestamp_ns), 0);
	return fence;
}

int fences_alive(void)
{
	return alive;
}

/*
 * It runs after the test itself, where Criterion prints what is asserted but does not count it, nor
 * a crash. A test that does not end in its time it counts.
 */
void expect_no_fence_left(void)
{
	if (!fences_alive())
		return;
	fprintf(stderr, "%d fences were not released\n", fences_alive());
	for (;;)
		pause();
}

void record(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct recorder *recorder = (struct recorder *)callback;

	recorder->fence = fence;
	recorder->status = dma_fence_get_status(fence);
	recorder->order = atomic_fetch_add(&recorded, 1) + 1;
	recorder->calls++;
}

void sleep_ns(int64_t ns)
{
	struct timespec time = { .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };

	nanosleep(&time, NULL);
}

struct later {
	struct dma_fence *fence;
	int64_t delay_ns;
};

static void *signal_after_delay(void *argument)
{
	struct later *later = argument;

	sleep_ns(later->delay_ns);
	dma_fence_signal(later->fence);
	dma_fence_put(later->fence);
	free(later);
	return NULL;
}

pthread_t signal_later(struct dma_fence *fence, int64_t delay_ns)
{
	struct later *later = malloc(sizeof(*later));
	pthread_t thread;

	cr_assert_not_null(later);
	later->fence = dma_fence_get(fence);
	later->delay_ns = delay_ns;
	cr_assert_eq(pthread_create(&thread, NULL, signal_after_delay, later), 0);
	return thread;
}
