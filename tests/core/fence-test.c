/* SPDX-License-Identifier: MIT */
/*
 * fence-test.c - the life of one fence: birth, references, signal, error, status, names, enabling.
 */
#include "core-test.h"

TestSuite(fence, .timeout = TEST_TIMEOUT, .fini = expect_no_fence_left);
TestSuite(stub, .timeout = TEST_TIMEOUT);

Test(fence, row_5_1_contexts_are_never_given_twice_and_never_0)
{
	uint64_t first = dma_fence_context_alloc(1);
	uint64_t block = dma_fence_context_alloc(10);
	uint64_t after = dma_fence_context_alloc(1);

	cr_expect_neq(first, 0);
	cr_expect_geq(block, first + 1);
	cr_expect_geq(after, block + 10);
}

Test(fence, is_at_most_72_bytes)
{
	cr_expect_leq(sizeof(struct dma_fence), 72);
}

Test(fence, is_born_active_with_what_it_was_given)
{
	struct dma_fence *fence = fence_create_at(7, 42);

	cr_expect_eq(fence->context, 7);
	cr_expect_eq(fence->seqno, 42);
	cr_expect_not(dma_fence_is_signaled(fence));
	cr_expect_eq(dma_fence_get_status(fence), 0);
	cr_expect_eq(dma_fence_timestamp(fence), 0);
	dma_fence_put(fence);
}

Test(fence, row_5_1_status_is_0_until_the_signal_and_then_1_for_every_look)
{
	struct dma_fence *fence = fence_create();

	cr_expect_not(dma_fence_is_signaled(fence));
	cr_expect_eq(dma_fence_get_status(fence), 0);
	cr_expect_eq(dma_fence_signal(fence), 0);
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect_eq(dma_fence_get_status(fence), 1);
	pthread_mutex_lock(fence->lock);
	cr_expect(dma_fence_is_signaled_locked(fence));
	cr_expect_eq(dma_fence_get_status_locked(fence), 1);
	pthread_mutex_unlock(fence->lock);
	dma_fence_put(fence);
}

Test(fence, row_1_1_second_signal_is_EINVAL)
{
	struct dma_fence *fence = fence_create();
	int64_t timestamp;

	cr_expect_eq(dma_fence_signal(fence), 0);
	timestamp = dma_fence_timestamp(fence);
	cr_expect_eq(dma_fence_signal(fence), -EINVAL);
	cr_expect_eq(dma_fence_signal_timestamp(fence, 1), -EINVAL);
	pthread_mutex_lock(fence->lock);
	cr_expect_eq(dma_fence_signal_locked(fence), -EINVAL);
	cr_expect_eq(dma_fence_signal_timestamp_locked(fence, 1), -EINVAL);
	cr_expect_eq(dma_fence_mark_signaled_locked(fence, 1), -EINVAL);
	pthread_mutex_unlock(fence->lock);
	cr_expect_eq(dma_fence_timestamp(fence), timestamp);
	dma_fence_put(fence);
}

Test(fence, row_5_1_timestamp_is_the_time_of_the_signal)
{
	struct dma_fence *fence = fence_create();
	int64_t before = dma_fence_now(), timestamp;

	dma_fence_signal(fence);
	timestamp = dma_fence_timestamp(fence);
	cr_expect_geq(timestamp, before);
	cr_expect_leq(timestamp, dma_fence_now());
	dma_fence_put(fence);
}

Test(fence, timestamp_can_be_given)
{
	struct dma_fence *fence = fence_create(), *locked = fence_create();

	cr_expect_eq(dma_fence_signal_timestamp(fence, 1234), 0);
	cr_expect_eq(dma_fence_timestamp(fence), 1234);
	pthread_mutex_lock(locked->lock);
	cr_expect_eq(dma_fence_signal_timestamp_locked(locked, 5678), 0);
	pthread_mutex_unlock(locked->lock);
	cr_expect_eq(dma_fence_timestamp(locked), 5678);
	dma_fence_put(fence);
	dma_fence_put(locked);
}

Test(fence, row_5_1_error_is_invisible_until_the_signal)
{
	struct dma_fence *fence = fence_create();

	dma_fence_set_error(fence, -EIO);
	cr_expect_eq(dma_fence_get_status(fence), 0);
	dma_fence_signal(fence);
	cr_expect_eq(dma_fence_get_status(fence), -EIO);
	dma_fence_put(fence);
}

Test(fence, last_error_before_the_signal_counts)
{
	struct dma_fence *fence = fence_create();

	dma_fence_set_error(fence, -EIO);
	dma_fence_set_error(fence, -ENODEV);
	dma_fence_signal(fence);
	cr_expect_eq(dma_fence_get_status(fence), -ENODEV);
	dma_fence_put(fence);
}

Test(fence, error_after_the_signal_has_no_effect)
{
	struct dma_fence *fence = fence_create();

	dma_fence_signal(fence);
	dma_fence_set_error(fence, -EIO);
	cr_expect_eq(dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
}

Test(fence, error_is_an_errno_or_ignored)
{
	static const int errors[] = { 0, 1, -DMA_FENCE_MAX_ERRNO - 1, INT32_MIN };
	struct dma_fence *largest = fence_create();
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct dma_fence *fence = fence_create();

		dma_fence_set_error(fence, errors[i]);
		dma_fence_signal(fence);
		cr_expect_eq(dma_fence_get_status(fence), 1, "error %d", errors[i]);
		dma_fence_put(fence);
	}
	dma_fence_set_error(largest, -DMA_FENCE_MAX_ERRNO);
	dma_fence_signal(largest);
	cr_expect_eq(dma_fence_get_status(largest), -DMA_FENCE_MAX_ERRNO);
	dma_fence_put(largest);
}

Test(fence, row_1_1_last_put_releases)
{
	struct dma_fence *fence = fence_create();

	cr_expect_eq(dma_fence_get(fence), fence);
	dma_fence_put(fence);
	cr_expect_eq(fences_alive(), 1);
	dma_fence_put(fence);
	cr_expect_eq(fences_alive(), 0);
}

Test(fence, get_and_put_take_NULL)
{
	cr_expect_null(dma_fence_get(NULL));
	dma_fence_put(NULL);
}

static void release_into_flag(struct dma_fence *fence)
{
	to_test_fence(fence)->done = true;
}

Test(fence, get_unless_zero_finds_a_released_fence_gone)
{
	struct dma_fence_ops ops = plain_ops;
	struct test_fence test_fence = { 0 };

	ops.release = release_into_flag;
	pthread_mutex_init(&test_fence.lock, NULL);
	dma_fence_init(&test_fence.base, &ops, &test_fence.lock, 1, 1);
	cr_expect_eq(dma_fence_get_unless_zero(&test_fence.base), &test_fence.base);
	dma_fence_put(&test_fence.base);
	cr_expect_not(test_fence.done);
	dma_fence_put(&test_fence.base);
	cr_expect(test_fence.done);
	cr_expect_null(dma_fence_get_unless_zero(&test_fence.base));
}

Test(fence, without_release_it_is_freed)
{
	struct dma_fence_ops ops = plain_ops;
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct dma_fence *fence = malloc(sizeof(*fence));

	ops.release = NULL;
	dma_fence_init(fence, &ops, &lock, 1, 1);
	dma_fence_put(fence);
}

Test(fence, row_5_4_active_with_callbacks_at_the_last_put_is_signaled_with_EDEADLK)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorder = { 0 };

	dma_fence_add_callback(fence, &recorder.callback, record);
	dma_fence_put(fence);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(recorder.status, -EDEADLK);
	cr_expect_eq(fences_alive(), 0);
}

static struct dma_fence *kept;

static void keep(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	kept = dma_fence_get(fence);
}

Test(fence, callback_of_the_last_put_may_keep_the_fence)
{
	struct dma_fence *fence = fence_create();
	struct dma_fence_cb callback;

	dma_fence_add_callback(fence, &callback, keep);
	dma_fence_put(fence);
	cr_expect_eq(fences_alive(), 1);
	cr_expect_eq(kept, fence);
	cr_expect_eq(dma_fence_get_status(kept), -EDEADLK);
	dma_fence_put(kept);
}

static void *put_fence(void *fence)
{
	dma_fence_put(fence);
	return NULL;
}

Test(fence, abandoned_one_is_found_when_it_is_signaled_and_not_before)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct dma_fence *fence = test_fence_create(&plain_ops, &lock, 1, 1);
	struct recorder recorder = { 0 };
	pthread_t thread;
	int i;

	dma_fence_add_callback(fence, &recorder.callback, record);
	pthread_mutex_lock(&lock);
	cr_assert_eq(pthread_create(&thread, NULL, put_fence, fence), 0);
	while (fence->refcount)
		sleep_ns(NSEC_PER_MSEC / 10);
	/* It wants the lock, so its memory is there. */
	for (i = 0; i < 20; i++) {
		cr_expect_null(dma_fence_get_unless_zero(fence));
		sleep_ns(NSEC_PER_MSEC);
	}
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	cr_expect_eq(recorder.status, -EDEADLK);
}

Test(fence, row_5_1_names_are_the_implementations_until_the_signal)
{
	struct dma_fence *fence = fence_create();

	cr_expect_str_eq(dma_fence_driver_name(fence), "driver");
	cr_expect_str_eq(dma_fence_timeline_name(fence), "timeline");
	dma_fence_signal(fence);
	cr_expect_str_eq(dma_fence_driver_name(fence), "detached-driver");
	cr_expect_str_eq(dma_fence_timeline_name(fence), "signaled-timeline");
	dma_fence_put(fence);
}

Test(fence, names_stay_where_the_implementation_says_so)
{
	struct dma_fence *fence = fence_create();

	fence->flags |= 1u << DMA_FENCE_FLAG_NAMES_STAY_BIT;
	dma_fence_signal(fence);
	cr_expect_str_eq(dma_fence_driver_name(fence), "driver");
	cr_expect_str_eq(dma_fence_timeline_name(fence), "timeline");
	dma_fence_put(fence);
}

Test(fence, row_1_9_enable_signaling_is_called_once)
{
	struct dma_fence *fence = test_fence_create(&asking_ops, NULL, 1, 1);
	struct recorder recorders[2] = { 0 };

	cr_expect_eq(to_test_fence(fence)->enable_calls, 0);
	dma_fence_add_callback(fence, &recorders[0].callback, record);
	dma_fence_add_callback(fence, &recorders[1].callback, record);
	dma_fence_enable_sw_signaling(fence);
	cr_expect_eq(to_test_fence(fence)->enable_calls, 1);
	dma_fence_signal(fence);
	cr_expect_eq(recorders[0].calls + recorders[1].calls, 2);
	dma_fence_put(fence);
}

static bool lock_is_held_in_enable;

static bool look_at_lock(struct dma_fence *fence)
{
	lock_is_held_in_enable = pthread_mutex_trylock(fence->lock) == EBUSY;
	return true;
}

Test(fence, enable_signaling_is_called_with_the_lock_held)
{
	struct dma_fence_ops ops = plain_ops;
	struct dma_fence *fence;

	ops.enable_signaling = look_at_lock;
	fence = test_fence_create(&ops, NULL, 1, 1);
	dma_fence_enable_sw_signaling(fence);
	cr_expect(lock_is_held_in_enable);
	dma_fence_put(fence);
}

Test(fence, row_1_9_enable_signaling_that_says_no_makes_it_signaled)
{
	struct dma_fence *fence = test_fence_create(&asking_ops, NULL, 1, 1);
	struct recorder recorder = { 0 };

	to_test_fence(fence)->refuses_to_enable = true;
	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), -ENOENT);
	cr_expect_eq(recorder.calls, 0);
	cr_expect_eq(dma_fence_get_status(fence), 1);
	cr_expect_gt(dma_fence_timestamp(fence), 0);
	cr_expect_eq(dma_fence_signal(fence), -EINVAL);
	dma_fence_put(fence);
}

static bool signal_in_enable(struct dma_fence *fence)
{
	dma_fence_signal_locked(fence);
	return true;
}

Test(fence, enable_signaling_may_signal_the_fence_itself)
{
	struct dma_fence_ops ops = plain_ops;
	struct recorder recorder = { 0 };
	struct dma_fence *fence;

	ops.enable_signaling = signal_in_enable;
	fence = test_fence_create(&ops, NULL, 1, 1);
	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), -ENOENT);
	cr_expect_eq(recorder.calls, 0);
	dma_fence_put(fence);
}

Test(fence, enabling_a_signaled_fence_does_nothing)
{
	struct dma_fence *fence = test_fence_create(&asking_ops, NULL, 1, 1);

	dma_fence_signal(fence);
	dma_fence_enable_sw_signaling(fence);
	cr_expect_eq(to_test_fence(fence)->enable_calls, 0);
	dma_fence_put(fence);
}

Test(fence, row_1_9_looking_does_not_enable)
{
	struct dma_fence *fence = test_fence_create(&asking_ops, NULL, 1, 1);

	dma_fence_is_signaled(fence);
	dma_fence_get_status(fence);
	cr_expect_eq(dma_fence_wait_timeout(fence, false, 0), 0);
	cr_expect_eq(to_test_fence(fence)->enable_calls, 0);
	dma_fence_put(fence);
}

Test(fence, a_look_that_finds_the_work_done_signals_on_the_spot)
{
	struct dma_fence *fence = test_fence_create(&asking_ops, NULL, 1, 1);
	struct recorder recorder = { 0 };

	dma_fence_add_callback(fence, &recorder.callback, record);
	cr_expect_not(dma_fence_is_signaled(fence));
	to_test_fence(fence)->done = true;
	cr_expect_eq(recorder.calls, 0);
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect_eq(recorder.calls, 1);
	cr_expect_gt(dma_fence_timestamp(fence), 0);
	cr_expect_eq(to_test_fence(fence)->signaled_calls, 2);
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect_eq(to_test_fence(fence)->signaled_calls, 2, "asked again after the signal");
	dma_fence_put(fence);
}

Test(fence, row_1_15_the_locked_look_does_not_ask_the_implementation)
{
	struct dma_fence *fence = test_fence_create(&asking_ops, NULL, 1, 1);

	to_test_fence(fence)->done = true;
	pthread_mutex_lock(fence->lock);
	cr_expect_not(dma_fence_is_signaled_locked(fence));
	cr_expect_eq(dma_fence_get_status_locked(fence), 0);
	pthread_mutex_unlock(fence->lock);
	cr_expect_eq(to_test_fence(fence)->signaled_calls, 0);
	dma_fence_put(fence);
}

Test(fence, row_5_3_deadline_reaches_the_implementation_while_active)
{
	struct dma_fence *fence = test_fence_create(&asking_ops, NULL, 1, 1);

	dma_fence_set_deadline(fence, 2000);
	dma_fence_set_deadline(fence, 1000);
	cr_expect_eq(to_test_fence(fence)->deadline_ns, 1000);
	dma_fence_signal(fence);
	dma_fence_set_deadline(fence, 500);
	cr_expect_eq(to_test_fence(fence)->deadline_ns, 1000);
	dma_fence_put(fence);
}

Test(fence, deadline_without_an_implementation_is_nothing)
{
	struct dma_fence *fence = fence_create();

	dma_fence_set_deadline(fence, 1000);
	cr_expect_eq(dma_fence_get_status(fence), 0);
	dma_fence_put(fence);
}

Test(fence, row_5_1_later_is_the_larger_seqno)
{
	struct dma_fence *early = fence_create_at(1, 1), *late = fence_create_at(1, 2);

	cr_expect(dma_fence_is_later(late, early));
	cr_expect_not(dma_fence_is_later(early, late));
	cr_expect_not(dma_fence_is_later(early, early));
	dma_fence_put(early);
	dma_fence_put(late);
}

Test(fence, row_5_1_seqno_of_32_bits_wraps)
{
	struct dma_fence *before = fence_create_at(1, UINT32_MAX), *after = fence_create_at(1, 0);

	cr_expect(dma_fence_is_later(before, after));
	before->flags |= 1u << DMA_FENCE_FLAG_SEQNO32_BIT;
	after->flags |= 1u << DMA_FENCE_FLAG_SEQNO32_BIT;
	cr_expect(dma_fence_is_later(after, before));
	cr_expect_not(dma_fence_is_later(before, after));
	cr_expect_not(dma_fence_is_later(after, after));
	dma_fence_put(before);
	dma_fence_put(after);
}

Test(stub, is_signaled_and_the_same_for_all)
{
	struct dma_fence *stub = dma_fence_get_stub(), *again = dma_fence_get_stub();

	cr_expect_eq(stub, again);
	cr_expect_eq(dma_fence_get_status(stub), 1);
	cr_expect_gt(dma_fence_timestamp(stub), 0);
	dma_fence_put(stub);
	dma_fence_put(again);
	cr_expect_eq(dma_fence_get_status(stub), 1, "the library keeps a reference");
}

Test(stub, is_named_stub_of_context_0)
{
	struct dma_fence *stub = dma_fence_get_stub();

	cr_expect_str_eq(dma_fence_driver_name(stub), "stub");
	cr_expect_str_eq(dma_fence_timeline_name(stub), "stub");
	cr_expect_eq(stub->context, 0);
	cr_expect_eq(stub->seqno, 0);
	dma_fence_put(stub);
}

Test(stub, refuses_callbacks_and_signals)
{
	struct dma_fence *stub = dma_fence_get_stub();
	struct recorder recorder = { 0 };

	cr_expect_eq(dma_fence_add_callback(stub, &recorder.callback, record), -ENOENT);
	cr_expect_eq(dma_fence_signal(stub), -EINVAL);
	dma_fence_put(stub);
}

Test(stub, a_private_one_has_the_timestamp_given)
{
	struct dma_fence *stub = dma_fence_allocate_private_stub(77);

	cr_assert_not_null(stub);
	cr_expect_neq(stub, dma_fence_get_stub());
	cr_expect_eq(dma_fence_timestamp(stub), 77);
	cr_expect_eq(dma_fence_get_status(stub), 1);
	cr_expect_str_eq(dma_fence_driver_name(stub), "stub");
	dma_fence_put(stub);
}
