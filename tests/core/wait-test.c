/* SPDX-License-Identifier: MIT */
/*
 * wait-test.c - waiting for one fence and for the first of several: time, interruption, what is
 * returned.
 */
#include <signal.h>

#include "core-test.h"

TestSuite(wait, .timeout = TEST_TIMEOUT, .fini = expect_no_fence_left);

Test(wait, for_a_signaled_fence_returns_at_once)
{
	struct dma_fence *fence = fence_create_signaled(1, 0);

	cr_expect_eq(dma_fence_wait(fence, false), 0);
	cr_expect_eq(dma_fence_wait(fence, true), 0);
	cr_expect_gt(dma_fence_wait_timeout(fence, false, NSEC_PER_SEC), 0);
	cr_expect_leq(dma_fence_wait_timeout(fence, false, NSEC_PER_SEC), NSEC_PER_SEC);
	cr_expect_eq(dma_fence_wait_timeout(fence, false, DMA_FENCE_FOREVER), DMA_FENCE_FOREVER);
	dma_fence_put(fence);
}

Test(wait, row_1_6_with_timeout_0_looks)
{
	struct dma_fence *active = fence_create(), *signaled = fence_create_signaled(1, 0);
	unsigned int index = 7;

	cr_expect_eq(dma_fence_wait_timeout(active, false, 0), 0);
	cr_expect_eq(dma_fence_wait_timeout(signaled, false, 0), 1);
	cr_expect_eq(dma_fence_wait_any_timeout(&active, 1, false, 0, &index), 0);
	cr_expect_eq(index, 7);
	cr_expect_eq(dma_fence_wait_any_timeout(&signaled, 1, false, 0, &index), 1);
	cr_expect_eq(index, 0);
	dma_fence_put(active);
	dma_fence_put(signaled);
}

Test(wait, with_a_negative_timeout_is_EINVAL)
{
	struct dma_fence *fence = fence_create();

	cr_expect_eq(dma_fence_wait_timeout(fence, false, -1), -EINVAL);
	cr_expect_eq(dma_fence_wait_any_timeout(&fence, 1, false, -1, NULL), -EINVAL);
	dma_fence_put(fence);
}

Test(wait, row_1_6_that_runs_out_returns_0_and_leaves_the_fence_as_it_was)
{
	struct dma_fence *fence = fence_create();
	int64_t before = dma_fence_now();

	cr_expect_eq(dma_fence_wait_timeout(fence, false, 20 * NSEC_PER_MSEC), 0);
	cr_expect_geq(dma_fence_now() - before, 20 * NSEC_PER_MSEC);
	cr_expect_not(dma_fence_is_signaled(fence));
	cr_expect_null(fence->callbacks);
	dma_fence_put(fence);
}

Test(wait, ends_with_the_signal_of_another_thread)
{
	struct dma_fence *fence = fence_create();
	pthread_t thread = signal_later(fence, 20 * NSEC_PER_MSEC);
	int64_t before = dma_fence_now(), left, took;

	left = dma_fence_wait_timeout(fence, false, PATIENCE_NS);
	took = dma_fence_now() - before;
	cr_expect_gt(left, 0);
	cr_expect_geq(left, PATIENCE_NS - took);
	cr_expect_leq(left, PATIENCE_NS);
	pthread_join(thread, NULL);
	dma_fence_put(fence);
}

Test(wait, row_1_6_without_timeout_ends_with_the_signal)
{
	struct dma_fence *fence = fence_create();
	pthread_t thread = signal_later(fence, 20 * NSEC_PER_MSEC);

	cr_expect_eq(dma_fence_wait(fence, true), 0);
	cr_expect(dma_fence_is_signaled(fence));
	pthread_join(thread, NULL);
	dma_fence_put(fence);
}

Test(wait, for_a_failed_fence_succeeds)
{
	struct dma_fence *fence = fence_create_signaled(1, -EIO);

	cr_expect_eq(dma_fence_wait(fence, true), 0);
	cr_expect_eq(dma_fence_get_status(fence), -EIO);
	dma_fence_put(fence);
}

Test(wait, enables_signaling)
{
	struct dma_fence *fence = test_fence_create(&asking_ops, NULL, 1, 1);

	dma_fence_wait_timeout(fence, false, NSEC_PER_MSEC);
	cr_expect_eq(to_test_fence(fence)->enable_calls, 1);
	dma_fence_put(fence);
}

Test(wait, ends_at_once_when_enabling_finds_the_work_done)
{
	struct dma_fence *fence = test_fence_create(&asking_ops, NULL, 1, 1);

	to_test_fence(fence)->refuses_to_enable = true;
	cr_expect_eq(dma_fence_wait(fence, false), 0);
	dma_fence_put(fence);
}

static int64_t wait_specially(struct dma_fence *fence, bool interruptible, int64_t timeout_ns)
{
	to_test_fence(fence)->wait_calls++;
	return dma_fence_default_wait(fence, interruptible, timeout_ns);
}

Test(wait, row_1_7_goes_the_implementations_own_way_where_there_is_one)
{
	struct dma_fence_ops ops = plain_ops;
	struct dma_fence *fence;

	ops.wait = wait_specially;
	fence = test_fence_create(&ops, NULL, 1, 1);
	cr_expect_eq(dma_fence_wait_timeout(fence, false, NSEC_PER_MSEC), 0);
	cr_expect_eq(to_test_fence(fence)->wait_calls, 1);
	dma_fence_put(fence);
}

Test(wait, row_1_7_for_several_falls_back_to_callbacks)
{
	struct dma_fence_ops ops = plain_ops;
	struct dma_fence *fence;

	ops.wait = wait_specially;
	fence = test_fence_create(&ops, NULL, 1, 1);
	cr_expect_eq(dma_fence_wait_any_timeout(&fence, 1, false, NSEC_PER_MSEC, NULL), 0);
	cr_expect_eq(to_test_fence(fence)->wait_calls, 0);
	dma_fence_put(fence);
}

/* ---- signal handlers ---- */

static _Atomic int handled;

static void handle(int number)
{
	handled++;
}

struct interrupter {
	pthread_t target;
	_Atomic bool stop;
};

/* More than once, since the first may come before the wait has begun. */
static void *interrupt(void *argument)
{
	struct interrupter *interrupter = argument;

	while (!interrupter->stop) {
		sleep_ns(10 * NSEC_PER_MSEC);
		pthread_kill(interrupter->target, SIGUSR1);
	}
	return NULL;
}

static pthread_t start_interrupting(struct interrupter *interrupter, int flags)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = flags };
	pthread_t thread;

	sigaction(SIGUSR1, &action, NULL);
	interrupter->target = pthread_self();
	cr_assert_eq(pthread_create(&thread, NULL, interrupt, interrupter), 0);
	return thread;
}

static void stop_interrupting(struct interrupter *interrupter, pthread_t thread)
{
	interrupter->stop = true;
	pthread_join(thread, NULL);
}

Test(wait, row_1_6_interruptible_ends_with_ERESTARTSYS_after_a_signal_handler)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct interrupter interrupter = { 0 };
	pthread_t thread = start_interrupting(&interrupter, SA_RESTART);
	int64_t timeout = PATIENCE_NS;

	cr_expect_eq(dma_fence_wait(fences[0], true), -ERESTARTSYS);
	cr_expect_eq(dma_fence_wait_timeout(fences[0], true, timeout), -ERESTARTSYS);
	cr_expect_eq(dma_fence_wait_any_timeout(fences, 2, true, timeout, NULL), -ERESTARTSYS);
	cr_expect_gt(handled, 0);
	stop_interrupting(&interrupter, thread);
	cr_expect_null(fences[0]->callbacks);
	cr_expect_null(fences[1]->callbacks);
	dma_fence_put(fences[0]);
	dma_fence_put(fences[1]);
}

Test(wait, row_1_6_not_interruptible_goes_on_after_a_signal_handler)
{
	struct dma_fence *fence = fence_create();
	struct interrupter interrupter = { 0 };
	pthread_t thread = start_interrupting(&interrupter, 0);
	unsigned int index;

	/* On a busy machine the first may come late. */
	do {
		handled = 0;
		cr_expect_eq(dma_fence_wait_timeout(fence, false, 50 * NSEC_PER_MSEC), 0);
	} while (!handled);
	do {
		handled = 0;
		cr_expect_eq(
			dma_fence_wait_any_timeout(&fence, 1, false, 50 * NSEC_PER_MSEC, &index),
			0);
	} while (!handled);
	stop_interrupting(&interrupter, thread);
	dma_fence_put(fence);
}

/* ---- the first of several ---- */

Test(wait, for_any_of_none_is_EINVAL)
{
	cr_expect_eq(dma_fence_wait_any_timeout(NULL, 0, false, DMA_FENCE_FOREVER, NULL), -EINVAL);
}

Test(wait, for_any_tells_which_is_signaled_already)
{
	struct dma_fence *fences[] = {
		fence_create(), fence_create_signaled(2, 0), fence_create_signaled(1, 0),
	};
	unsigned int index = 7, i;

	cr_expect_gt(dma_fence_wait_any_timeout(fences, 3, false, PATIENCE_NS, &index), 0);
	cr_expect_eq(index, 1);
	for (i = 0; i < 3; i++)
		dma_fence_put(fences[i]);
}

Test(wait, for_any_tells_which_was_signaled_first)
{
	struct dma_fence *fences[] = { fence_create(), fence_create(), fence_create() };
	pthread_t thread = signal_later(fences[2], 20 * NSEC_PER_MSEC);
	unsigned int index = 7, i;

	cr_expect_eq(
		dma_fence_wait_any_timeout(fences, 3, false, DMA_FENCE_FOREVER, &index),
		DMA_FENCE_FOREVER);
	cr_expect_eq(index, 2);
	pthread_join(thread, NULL);
	for (i = 0; i < 3; i++) {
		cr_expect_null(fences[i]->callbacks);
		dma_fence_put(fences[i]);
	}
}

Test(wait, for_any_that_runs_out_leaves_no_callback_behind)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	unsigned int index = 7, i;

	cr_expect_eq(dma_fence_wait_any_timeout(fences, 2, false, NSEC_PER_MSEC, &index), 0);
	cr_expect_eq(index, 7);
	for (i = 0; i < 2; i++) {
		cr_expect_null(fences[i]->callbacks);
		dma_fence_put(fences[i]);
	}
}

Test(wait, for_any_ends_when_enabling_finds_one_done)
{
	struct dma_fence *fences[] = {
		fence_create(), test_fence_create(&asking_ops, NULL, 1, 1), fence_create(),
	};
	unsigned int index = 7, i;

	to_test_fence(fences[1])->refuses_to_enable = true;
	cr_expect_gt(dma_fence_wait_any_timeout(fences, 3, false, PATIENCE_NS, &index), 0);
	cr_expect_eq(index, 1);
	for (i = 0; i < 3; i++)
		dma_fence_put(fences[i]);
}

Test(wait, for_any_takes_the_same_fence_twice)
{
	struct dma_fence *fence = fence_create(), *fences[] = { fence, fence };
	pthread_t thread = signal_later(fence, 10 * NSEC_PER_MSEC);
	unsigned int index = 7;

	cr_expect_gt(dma_fence_wait_any_timeout(fences, 2, false, PATIENCE_NS, &index), 0);
	cr_expect_eq(index, 0);
	pthread_join(thread, NULL);
	dma_fence_put(fence);
}
