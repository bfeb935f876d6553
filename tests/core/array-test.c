/* SPDX-License-Identifier: MIT */
/*
 * array-test.c - several fences as one: all and any, with waiters and without, errors, times, and
 * when it goes.
 */
#include "core-test.h"

#define MEMBER_COUNT 3

static struct dma_fence *members[MEMBER_COUNT];

static void create_members(void)
{
	int i;

	for (i = 0; i < MEMBER_COUNT; i++)
		members[i] = fence_create();
}

static void put_members(void)
{
	int i;

	for (i = 0; i < MEMBER_COUNT; i++)
		dma_fence_put(members[i]);
	expect_no_fence_left();
}

TestSuite(array, .timeout = TEST_TIMEOUT, .init = create_members, .fini = put_members);

/* An array of fences that stay the caller's. */
static struct dma_fence *create_array_of(unsigned int count, struct dma_fence **fences, bool any)
{
	struct dma_fence_array *array;
	unsigned int i;

	for (i = 0; i < count; i++)
		dma_fence_get(fences[i]);
	array = dma_fence_array_create(count, fences, dma_fence_context_alloc(1), 1, any);
	cr_assert_not_null(array);
	return dma_fence_array_base(array);
}

static struct dma_fence *create_array(bool any)
{
	return create_array_of(MEMBER_COUNT, members, any);
}

Test(array, is_known_as_one)
{
	struct dma_fence *fence = create_array(false), *any = create_array(true);
	struct dma_fence_array *array = to_dma_fence_array(fence);

	cr_expect(dma_fence_is_array(fence));
	cr_expect_not(dma_fence_is_array(members[0]));
	cr_expect_null(to_dma_fence_array(members[0]));
	cr_expect_eq(dma_fence_array_base(array), fence);
	cr_expect_not(dma_fence_array_signals_on_any(array));
	cr_expect(dma_fence_array_signals_on_any(to_dma_fence_array(any)));
	dma_fence_put(fence);
	dma_fence_put(any);
}

Test(array, tells_its_members_in_order)
{
	struct dma_fence *fence = create_array(false);
	struct dma_fence_array *array = to_dma_fence_array(fence);
	unsigned int i;

	cr_expect_eq(dma_fence_array_count(array), MEMBER_COUNT);
	for (i = 0; i < MEMBER_COUNT; i++)
		cr_expect_eq(dma_fence_array_member(array, i), members[i]);
	cr_expect_null(dma_fence_array_member(array, MEMBER_COUNT));
	dma_fence_put(fence);
}

Test(array, is_named_as_the_kernels_after_the_signal_too)
{
	struct dma_fence *fence = create_array(true);

	cr_expect_str_eq(dma_fence_driver_name(fence), "dma_fence_array");
	cr_expect_str_eq(dma_fence_timeline_name(fence), "unbound");
	dma_fence_signal(members[0]);
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect_str_eq(dma_fence_driver_name(fence), "dma_fence_array");
	dma_fence_put(fence);
}

Test(array, of_all_nobody_waits_for_is_seen_signaled_when_the_last_member_is)
{
	struct dma_fence *fence = create_array(false);
	int i;

	for (i = 0; i < MEMBER_COUNT; i++) {
		cr_expect_not(dma_fence_is_signaled(fence));
		dma_fence_signal(members[i]);
	}
	cr_expect_eq(dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
}

Test(array, of_any_nobody_waits_for_is_seen_signaled_when_the_first_member_is)
{
	struct dma_fence *fence = create_array(true);

	cr_expect_not(dma_fence_is_signaled(fence));
	dma_fence_signal(members[1]);
	cr_expect_eq(dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
}

Test(array, enables_its_members_with_the_first_waiter_and_not_before)
{
	struct dma_fence *member = test_fence_create(&asking_ops, NULL, 1, 1);
	struct dma_fence *fence = create_array_of(1, &member, false);
	struct recorder recorder = { 0 };

	dma_fence_is_signaled(fence);
	cr_expect_null(member->callbacks);
	cr_expect_eq(to_test_fence(member)->enable_calls, 0);
	dma_fence_add_callback(fence, &recorder.callback, record);
	cr_expect_not_null(member->callbacks);
	cr_expect_eq(to_test_fence(member)->enable_calls, 1);
	dma_fence_signal(member);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
	dma_fence_put(member);
}

Test(array, row_3_5_of_all_calls_back_with_the_last_member)
{
	struct dma_fence *fence = create_array(false);
	struct recorder recorder = { 0 };

	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), 0);
	dma_fence_signal(members[2]);
	dma_fence_signal(members[0]);
	cr_expect_eq(recorder.calls, 0);
	cr_expect_not(dma_fence_is_signaled(fence));
	dma_fence_signal(members[1]);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(recorder.status, 1);
	dma_fence_put(fence);
}

Test(array, row_3_5_of_any_calls_back_once_with_the_first_member)
{
	struct dma_fence *fence = create_array(true);
	struct recorder recorder = { 0 };
	int i;

	dma_fence_add_callback(fence, &recorder.callback, record);
	for (i = 0; i < MEMBER_COUNT; i++) {
		dma_fence_signal(members[i]);
		cr_expect_eq(recorder.calls, 1);
	}
	dma_fence_put(fence);
}

Test(array, counts_members_that_were_signaled_before_it_was_enabled)
{
	struct dma_fence *fence = create_array(false);
	struct recorder recorder = { 0 };

	dma_fence_signal(members[0]);
	dma_fence_signal(members[1]);
	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), 0);
	dma_fence_signal(members[2]);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
}

Test(array, that_is_done_refuses_the_first_callback)
{
	struct dma_fence *all = create_array(false), *any = create_array(true);
	struct recorder recorder = { 0 };

	dma_fence_signal_timestamp(members[0], 30);
	cr_expect_eq(dma_fence_add_callback(any, &recorder.callback, record), -ENOENT);
	dma_fence_signal_timestamp(members[1], 10);
	dma_fence_signal_timestamp(members[2], 20);
	cr_expect_eq(dma_fence_add_callback(all, &recorder.callback, record), -ENOENT);
	cr_expect_eq(recorder.calls, 0);
	cr_expect_eq(dma_fence_timestamp(all), 30);
	cr_expect_eq(dma_fence_timestamp(any), 30);
	dma_fence_put(all);
	dma_fence_put(any);
}

Test(array, counts_a_member_that_says_so_while_it_is_being_enabled)
{
	struct dma_fence *member = test_fence_create(&asking_ops, NULL, 1, 1);
	struct dma_fence *both[] = { member, members[0] };
	struct dma_fence *fence = create_array_of(2, both, false);
	struct recorder recorder = { 0 };

	to_test_fence(member)->refuses_to_enable = true;
	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), 0);
	cr_expect(dma_fence_is_signaled(member));
	dma_fence_signal(members[0]);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
	dma_fence_put(member);
}

Test(array, may_have_the_same_member_twice)
{
	struct dma_fence *twice[] = { members[0], members[0] };
	struct dma_fence *fence = create_array_of(2, twice, false);
	struct recorder recorder = { 0 };

	dma_fence_add_callback(fence, &recorder.callback, record);
	dma_fence_signal(members[0]);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
}

/* ---- error and time ---- */

Test(array, row_3_5_of_all_has_the_error_that_came_first_whoever_looks)
{
	struct dma_fence *looked_at = create_array(false), *waited_for = create_array(false);
	struct recorder recorder = { 0 };

	dma_fence_add_callback(waited_for, &recorder.callback, record);
	dma_fence_signal_timestamp(members[1], 10);
	dma_fence_set_error(members[2], -EIO);
	dma_fence_signal_timestamp(members[2], 20);
	dma_fence_set_error(members[0], -ENODEV);
	cr_expect_eq(dma_fence_get_status(looked_at), 0, "the error is not to be seen before");
	dma_fence_signal_timestamp(members[0], 30);
	cr_expect_eq(recorder.status, -EIO);
	cr_expect_eq(dma_fence_get_status(looked_at), -EIO);
	dma_fence_put(looked_at);
	dma_fence_put(waited_for);
}

Test(array, of_any_has_the_error_of_the_member_that_signaled_it)
{
	struct dma_fence *looked_at = create_array(true), *waited_for = create_array(true);
	struct recorder recorder = { 0 };

	dma_fence_add_callback(waited_for, &recorder.callback, record);
	dma_fence_set_error(members[1], -EIO);
	dma_fence_signal(members[1]);
	cr_expect_eq(recorder.status, -EIO);
	cr_expect_eq(dma_fence_get_status(looked_at), -EIO);
	dma_fence_put(looked_at);
	dma_fence_put(waited_for);
}

Test(array, of_any_does_not_take_the_error_of_a_later_member)
{
	struct dma_fence *fence = create_array(true);

	dma_fence_signal_timestamp(members[1], 10);
	dma_fence_set_error(members[0], -EIO);
	dma_fence_signal_timestamp(members[0], 20);
	cr_expect_eq(dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
}

Test(array, of_all_has_the_latest_time_whoever_looks)
{
	struct dma_fence *looked_at = create_array(false), *waited_for = create_array(false);
	struct recorder recorder = { 0 };

	dma_fence_add_callback(waited_for, &recorder.callback, record);
	dma_fence_signal_timestamp(members[0], 20);
	dma_fence_signal_timestamp(members[1], 30);
	dma_fence_signal_timestamp(members[2], 10);
	cr_expect(dma_fence_is_signaled(looked_at));
	cr_expect_eq(dma_fence_timestamp(looked_at), 30);
	cr_expect_eq(dma_fence_timestamp(waited_for), 30);
	dma_fence_put(looked_at);
	dma_fence_put(waited_for);
}

Test(array, of_any_has_the_earliest_time)
{
	struct dma_fence *fence = create_array(true);

	dma_fence_signal_timestamp(members[0], 20);
	dma_fence_signal_timestamp(members[1], 10);
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect_eq(dma_fence_timestamp(fence), 10);
	dma_fence_put(fence);
}

/* ---- looks, deadlines, waits ---- */

Test(array, asks_its_members_implementations)
{
	struct dma_fence *member = test_fence_create(&asking_ops, NULL, 1, 1);
	struct dma_fence *fence = create_array_of(1, &member, false);

	cr_expect_not(dma_fence_is_signaled(fence));
	to_test_fence(member)->done = true;
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect(dma_fence_is_signaled(member));
	dma_fence_put(fence);
	dma_fence_put(member);
}

Test(array, that_is_waited_for_is_signaled_by_a_look_at_a_member)
{
	struct dma_fence *member = test_fence_create(&asking_ops, NULL, 1, 1);
	struct dma_fence *fence = create_array_of(1, &member, false);
	struct recorder recorder = { 0 };

	dma_fence_add_callback(fence, &recorder.callback, record);
	to_test_fence(member)->done = true;
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
	dma_fence_put(member);
}

static struct dma_fence *array_to_look_at;
static bool seen_signaled;

static void look_at_array(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	seen_signaled = dma_fence_is_signaled(array_to_look_at);
}

Test(array, is_seen_signaled_by_a_callback_that_runs_before_its_own)
{
	struct dma_fence *fence = create_array_of(1, members, false);
	struct recorder recorder = { 0 };
	struct dma_fence_cb looker;

	array_to_look_at = fence;
	dma_fence_add_callback(members[0], &looker, look_at_array);
	dma_fence_add_callback(fence, &recorder.callback, record);
	dma_fence_signal(members[0]);
	cr_expect(seen_signaled);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
}

Test(array, row_5_3_forwards_deadlines_to_its_members)
{
	struct dma_fence *both[] = {
		test_fence_create(&asking_ops, NULL, 1, 1),
		test_fence_create(&asking_ops, NULL, 2, 1),
	};
	struct dma_fence *fence = create_array_of(2, both, false);

	dma_fence_set_deadline(fence, 1000);
	cr_expect_eq(to_test_fence(both[0])->deadline_ns, 1000);
	cr_expect_eq(to_test_fence(both[1])->deadline_ns, 1000);
	dma_fence_put(fence);
	dma_fence_put(both[0]);
	dma_fence_put(both[1]);
}

Test(array, can_be_waited_for)
{
	struct dma_fence *fence = create_array(true);
	pthread_t thread = signal_later(members[2], 10 * NSEC_PER_MSEC);

	cr_expect_eq(dma_fence_wait(fence, false), 0);
	pthread_join(thread, NULL);
	dma_fence_put(fence);
}

/* ---- how it goes ---- */

Test(array, goes_with_its_last_reference_not_with_its_members)
{
	struct dma_fence *fence = create_array(false);
	struct recorder recorder = { 0 };

	dma_fence_add_callback(fence, &recorder.callback, record);
	cr_expect(dma_fence_remove_callback(fence, &recorder.callback));
	cr_expect_not_null(members[0]->callbacks);
	dma_fence_put(fence);
	cr_expect_null(members[0]->callbacks);
	cr_expect_eq(members[0]->refcount, 1);
	dma_fence_signal(members[0]);
}

Test(array, drops_its_references_to_members)
{
	struct dma_fence *member = fence_create();
	struct dma_fence_array *array = dma_fence_array_create(1, &member, 1, 1, false);

	cr_expect_eq(fences_alive(), MEMBER_COUNT + 1);
	dma_fence_put(dma_fence_array_base(array));
	cr_expect_eq(fences_alive(), MEMBER_COUNT);
}

static void put_array(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	dma_fence_put(fence);
}

Test(array, may_lose_its_last_reference_in_its_own_callback)
{
	struct dma_fence *fence = create_array(true);
	struct dma_fence_cb callback;

	dma_fence_add_callback(fence, &callback, put_array);
	dma_fence_signal(members[1]);
	cr_expect_null(members[0]->callbacks);
	cr_expect_eq(members[1]->refcount, 1);
}

Test(array, may_lose_its_last_reference_in_its_own_callback_with_a_members_lock_held)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct dma_fence *both[] = {
		test_fence_create(&plain_ops, &lock, 1, 1),
		test_fence_create(&plain_ops, &lock, 2, 1),
	};
	struct dma_fence *fence = create_array_of(2, both, true);
	struct dma_fence_cb callback;

	dma_fence_add_callback(fence, &callback, put_array);
	pthread_mutex_lock(&lock);
	dma_fence_signal_locked(both[0]);
	pthread_mutex_unlock(&lock);
	cr_expect_null(both[1]->callbacks);
	dma_fence_put(both[0]);
	dma_fence_put(both[1]);
}

Test(array, row_5_4_left_with_a_waiter_is_signaled_with_EDEADLK)
{
	struct dma_fence *fence = create_array(false);
	struct recorder recorder = { 0 };

	dma_fence_add_callback(fence, &recorder.callback, record);
	dma_fence_put(fence);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(recorder.status, -EDEADLK);
	cr_expect_null(members[0]->callbacks);
}
