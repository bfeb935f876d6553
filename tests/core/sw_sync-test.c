/* SPDX-License-Identifier: MIT */
/*
 * sw_sync-test.c - the timeline of the sw_sync ABI: values that wrap, fences in any order, the end.
 */
#include "core-test.h"
#include "sw_sync.h"

static struct sw_sync_timeline *timeline;

static void create_timeline(void)
{
	timeline = sw_sync_timeline_create("program");
	cr_assert_not_null(timeline);
}

TestSuite(sw_sync, .timeout = TEST_TIMEOUT, .init = create_timeline);

static struct dma_fence *create(uint32_t value)
{
	struct dma_fence *fence = sw_sync_fence_create(timeline, value);

	cr_assert_not_null(fence);
	return fence;
}

/* Drops it, too. */
static void expect_status(struct dma_fence *fence, int status)
{
	cr_expect_eq(dma_fence_get_status(fence), status);
	dma_fence_put(fence);
}

Test(sw_sync, fence_is_signaled_when_its_value_is_reached)
{
	struct dma_fence *fence = create(3);

	cr_expect_eq(sw_sync_timeline_inc(timeline, 2), 0);
	cr_expect_eq(dma_fence_get_status(fence), 0);
	cr_expect_eq(sw_sync_timeline_inc(timeline, 1), 1);
	expect_status(fence, 1);
	sw_sync_timeline_destroy(timeline);
}

Test(sw_sync, fence_for_a_value_that_is_reached_is_born_signaled)
{
	sw_sync_timeline_inc(timeline, 5);
	expect_status(create(5), 1);
	expect_status(create(4), 1);
	expect_status(create(0), 1);
	expect_status(create(6), 0);
	sw_sync_timeline_destroy(timeline);
}

Test(sw_sync, names_are_those_of_the_abi_and_stay)
{
	struct dma_fence *fence = create(1);

	cr_expect_str_eq(dma_fence_driver_name(fence), "sw_sync");
	cr_expect_str_eq(dma_fence_timeline_name(fence), "program");
	cr_expect_eq(fence->seqno, 1);
	sw_sync_timeline_destroy(timeline);
	cr_expect_str_eq(dma_fence_timeline_name(fence), "program");
	dma_fence_put(fence);
}

Test(sw_sync, fences_are_made_in_any_order_and_signaled_in_that_of_their_values)
{
	static const uint32_t values[] = { 7, 2, 9, 4, 1, 8 };
	struct recorder recorders[6] = { 0 };
	struct dma_fence *fences[6];
	unsigned int i, j;

	for (i = 0; i < 6; i++) {
		fences[i] = create(values[i]);
		dma_fence_add_callback(fences[i], &recorders[i].callback, record);
	}
	cr_expect_eq(sw_sync_timeline_inc(timeline, 20), 6);
	for (i = 0; i < 6; i++) {
		for (j = 0; j < 6; j++)
			cr_expect_eq(values[i] < values[j],
				     recorders[i].order < recorders[j].order);
	}
	for (i = 0; i < 6; i++)
		dma_fence_put(fences[i]);
	sw_sync_timeline_destroy(timeline);
}

Test(sw_sync, two_that_wait_for_one_value_are_one_fence_while_it_is_pending)
{
	struct dma_fence *fence = create(2), *same = create(2), *later;

	cr_expect_eq(fence, same);
	sw_sync_timeline_inc(timeline, 2);
	later = create(2);
	cr_expect_neq(fence, later);
	expect_status(fence, 1);
	expect_status(same, 1);
	expect_status(later, 1);
	sw_sync_timeline_destroy(timeline);
}

Test(sw_sync, values_wrap_around)
{
	struct dma_fence *before, *after;

	sw_sync_timeline_inc(timeline, UINT32_MAX - 1);
	before = create(UINT32_MAX);
	after = create(1);
	cr_expect_eq(sw_sync_timeline_inc(timeline, 1), 1);
	expect_status(before, 1);
	cr_expect_eq(dma_fence_get_status(after), 0);
	cr_expect_eq(sw_sync_timeline_inc(timeline, 2), 1);
	expect_status(after, 1);
	sw_sync_timeline_destroy(timeline);
}

Test(sw_sync, the_later_of_two_stays_across_the_wrap)
{
	struct dma_fence *before, *after, *merged, *latest;
	struct dma_resv resv;

	sw_sync_timeline_inc(timeline, UINT32_MAX - 1);
	before = create(UINT32_MAX);
	after = create(1);
	merged = dma_fence_unwrap_merge(after, before);
	cr_expect_eq(merged, after);
	dma_fence_put(merged);
	merged = dma_fence_merge_any(2, (struct dma_fence *[]){ after, before });
	cr_expect_eq(merged, before);
	dma_fence_put(merged);

	dma_resv_init(&resv);
	dma_resv_add_fence(&resv, before, DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, after, DMA_RESV_USAGE_WRITE);
	latest = dma_resv_get_singleton(&resv, DMA_RESV_USAGE_WRITE, NULL);
	cr_expect_eq(latest, after);
	dma_fence_put(latest);
	dma_resv_fini(&resv);

	dma_fence_put(before);
	dma_fence_put(after);
	sw_sync_timeline_destroy(timeline);
}

/* A callback that moves the timeline, and how many were signaled by that. */
struct mover {
	struct dma_fence_cb callback;
	unsigned int signaled;
	struct recorder *next;
	int calls_of_next;
};

static void move(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct mover *mover = (struct mover *)callback;

	mover->signaled = sw_sync_timeline_inc(timeline, 5);
	mover->calls_of_next = mover->next->calls;
}

Test(sw_sync, callbacks_of_a_fence_signaled_by_itself_are_its_signalers)
{
	struct dma_fence *fence = create(3);
	struct recorder second = { 0 };
	struct mover first = { .next = &second, .calls_of_next = -1, .signaled = 1 };

	dma_fence_add_callback(fence, &first.callback, move);
	dma_fence_add_callback(fence, &second.callback, record);
	dma_fence_signal(fence);
	cr_expect_eq(first.signaled, 0);
	cr_expect_eq(first.calls_of_next, 0, "its turn is after the first");
	cr_expect_eq(second.calls, 1);
	dma_fence_put(fence);
	sw_sync_timeline_destroy(timeline);
}

Test(sw_sync, fence_signaled_by_itself_is_not_the_one_for_its_value_any_more)
{
	struct dma_fence *early = create(3), *fence;

	dma_fence_signal(early);
	fence = create(3);
	cr_expect_eq(dma_fence_get_status(fence), 0);
	cr_expect_eq(sw_sync_timeline_inc(timeline, 3), 1);
	expect_status(fence, 1);
	dma_fence_put(early);
	sw_sync_timeline_destroy(timeline);
}

Test(sw_sync, inc_may_pass_half_the_range)
{
	struct dma_fence *near = create(1), *far = create(INT32_MAX);

	cr_expect_eq(sw_sync_timeline_inc(timeline, UINT32_MAX), 2);
	expect_status(near, 1);
	expect_status(far, 1);
	sw_sync_timeline_destroy(timeline);
}

Test(sw_sync, destroyed_timeline_ends_what_is_pending_with_enoent)
{
	struct dma_fence *done = create(1), *first = create(2), *second = create(3);

	sw_sync_timeline_inc(timeline, 1);
	sw_sync_timeline_destroy(timeline);
	expect_status(done, 1);
	expect_status(first, -ENOENT);
	expect_status(second, -ENOENT);
}

Test(sw_sync, fence_that_nobody_has_any_more_is_forgotten)
{
	dma_fence_put(create(1));
	cr_expect_eq(sw_sync_timeline_inc(timeline, 1), 0);
	sw_sync_timeline_destroy(timeline);
}

Test(sw_sync, row_5_3_earliest_deadline_is_told)
{
	struct dma_fence *fence = create(1), *foreign = fence_create();
	int64_t deadline_ns = 0;

	cr_expect_eq(sw_sync_fence_get_deadline(fence, &deadline_ns), -ENOENT);
	dma_fence_set_deadline(fence, 300);
	dma_fence_set_deadline(fence, 100);
	dma_fence_set_deadline(fence, 200);
	cr_expect_eq(sw_sync_fence_get_deadline(fence, &deadline_ns), 0);
	cr_expect_eq(deadline_ns, 100);
	cr_expect_eq(sw_sync_fence_get_deadline(foreign, &deadline_ns), -EINVAL);
	dma_fence_signal(foreign);
	dma_fence_put(foreign);
	dma_fence_put(fence);
	sw_sync_timeline_destroy(timeline);
	expect_no_fence_left();
}
