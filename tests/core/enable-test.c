/* SPDX-License-Identifier: MIT */
/*
 * enable-test.c - what enables signaling, and what does not: polls and passive callbacks do not,
 * software waiters do, the first of them, once.
 */
#include "core-test.h"

TestSuite(enable, .timeout = TEST_TIMEOUT, .fini = expect_no_fence_left);

static struct dma_fence *asking_fence(void)
{
	return test_fence_create(&asking_ops, NULL, dma_fence_context_alloc(1), 1);
}

static int enable_calls(struct dma_fence *fence)
{
	return to_test_fence(fence)->enable_calls;
}

Test(enable, row_1_9_nobody_is_asked_to_signal_while_nobody_waits_in_software)
{
	struct dma_fence *fence = asking_fence(), *got;
	struct dma_resv resv;

	dma_resv_init(&resv);
	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_WRITE);
	got = dma_resv_get_singleton(&resv, DMA_RESV_USAGE_BOOKKEEP, NULL);
	cr_expect_not(dma_resv_test_signaled(&resv, DMA_RESV_USAGE_BOOKKEEP));
	cr_expect_not(dma_fence_is_signaled(fence));
	cr_expect_eq(dma_fence_wait_timeout(fence, false, 0), 0);
	dma_fence_set_deadline(fence, 5);
	cr_expect_eq(enable_calls(fence), 0);
	dma_fence_put(got);
	dma_resv_fini(&resv);
	dma_fence_signal(fence);
	cr_expect_eq(enable_calls(fence), 0);
	dma_fence_put(fence);
}

Test(enable, row_1_9_the_first_software_waiter_enables_and_no_other)
{
	struct dma_fence *fence = asking_fence();
	struct recorder recorders[2] = { 0 };

	cr_expect_eq(dma_fence_wait_timeout(fence, false, NSEC_PER_MSEC), 0);
	cr_expect_eq(enable_calls(fence), 1);
	dma_fence_add_callback(fence, &recorders[0].callback, record);
	dma_fence_remove_callback(fence, &recorders[0].callback);
	dma_fence_add_callback(fence, &recorders[1].callback, record);
	dma_fence_enable_sw_signaling(fence);
	cr_expect_eq(enable_calls(fence), 1);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

Test(enable, row_1_9_enabling_may_find_that_it_is_done)
{
	struct dma_fence *fence = asking_fence();
	struct recorder passive = { 0 }, late = { 0 };

	to_test_fence(fence)->refuses_to_enable = true;
	cr_expect_eq(dma_fence_add_passive_callback(fence, &passive.callback, record), 0);
	cr_expect_eq(dma_fence_add_callback(fence, &late.callback, record), -ENOENT);
	cr_expect_eq(passive.calls, 1, "who was there before is told");
	cr_expect_eq(late.calls, 0, "who found it out is not called");
	cr_expect_eq(dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
}

Test(enable, row_1_9_waiters_at_the_same_time_enable_once)
{
	struct dma_fence *fence = asking_fence();
	pthread_t thread = signal_later(fence, 20 * NSEC_PER_MSEC);
	struct dma_fence *fences[] = { fence, fence };

	cr_expect_gt(dma_fence_wait_any_timeout(fences, 2, false, PATIENCE_NS, NULL), 0);
	cr_expect_eq(enable_calls(fence), 1);
	pthread_join(thread, NULL);
	dma_fence_put(fence);
}

Test(enable, row_1_9_a_passive_callback_does_not_enable_and_is_called_by_the_signal)
{
	struct dma_fence *fence = asking_fence();
	struct recorder recorder = { 0 };

	cr_expect_eq(dma_fence_add_passive_callback(fence, &recorder.callback, record), 0);
	cr_expect_eq(enable_calls(fence), 0);
	dma_fence_set_error(fence, -EIO);
	dma_fence_signal(fence);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(recorder.status, -EIO);
	cr_expect_eq(enable_calls(fence), 0);
	dma_fence_put(fence);
}

Test(enable, a_passive_callback_is_called_by_a_look_that_finds_the_work_done)
{
	struct dma_fence *fence = asking_fence();
	struct recorder recorder = { 0 };

	dma_fence_add_passive_callback(fence, &recorder.callback, record);
	to_test_fence(fence)->done = true;
	cr_expect_eq(recorder.calls, 0);
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
}

Test(enable, a_waiter_after_a_passive_callback_enables)
{
	struct dma_fence *fence = asking_fence();
	struct recorder passive = { 0 }, active = { 0 };

	dma_fence_add_passive_callback(fence, &passive.callback, record);
	dma_fence_add_callback(fence, &active.callback, record);
	cr_expect_eq(enable_calls(fence), 1);
	dma_fence_signal(fence);
	cr_expect_eq(passive.calls, 1);
	cr_expect_lt(passive.order, active.order);
	dma_fence_put(fence);
}

Test(enable, row_1_5_a_passive_callback_after_the_signal_is_ENOENT)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorder = { 0 };

	cr_expect_eq(dma_fence_add_passive_callback(fence, &recorder.callback, NULL), -EINVAL);
	dma_fence_signal(fence);
	cr_expect_eq(dma_fence_add_passive_callback(fence, &recorder.callback, record), -ENOENT);
	cr_expect_eq(recorder.calls, 0);
	dma_fence_put(fence);
}

Test(enable, row_1_5_a_passive_callback_can_be_cancelled)
{
	struct dma_fence *fence = asking_fence();
	struct recorder recorder = { 0 };

	dma_fence_add_passive_callback(fence, &recorder.callback, record);
	cr_expect(dma_fence_remove_callback(fence, &recorder.callback));
	dma_fence_signal(fence);
	cr_expect_eq(recorder.calls, 0);
	dma_fence_put(fence);
}

/* An array of two fences that tell when they are enabled; the references are its own. */
static struct dma_fence *create_array(struct dma_fence *members[2])
{
	struct dma_fence_array *array;
	struct dma_fence *fences[2];
	int i;

	for (i = 0; i < 2; i++) {
		members[i] = asking_fence();
		fences[i] = members[i];
	}
	array = dma_fence_array_create(2, fences, dma_fence_context_alloc(1), 1, false);
	cr_assert_not_null(array);
	return dma_fence_array_base(array);
}

Test(enable, a_passive_callback_on_a_container_waits_for_somebody_who_looks)
{
	struct dma_fence *members[2], *array = create_array(members);
	struct recorder recorder = { 0 };
	int i;

	dma_fence_add_passive_callback(array, &recorder.callback, record);
	for (i = 0; i < 2; i++) {
		cr_expect_eq(enable_calls(members[i]), 0);
		dma_fence_signal(members[i]);
	}
	cr_expect_eq(recorder.calls, 0);
	cr_expect(dma_fence_is_signaled(array));
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(array);
}

Test(enable, a_passive_callback_on_a_container_is_called_once_that_is_enabled)
{
	struct dma_fence *members[2], *array = create_array(members);
	struct recorder recorder = { 0 };
	int i;

	dma_fence_add_passive_callback(array, &recorder.callback, record);
	dma_fence_enable_sw_signaling(array);
	for (i = 0; i < 2; i++) {
		cr_expect_eq(enable_calls(members[i]), 1);
		cr_expect_eq(recorder.calls, 0);
		dma_fence_signal(members[i]);
	}
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(array);
}
