/* SPDX-License-Identifier: MIT */
/* timeline.c - TIMELINE_CREATE, TIMELINE_ADVANCE and the points between. Raw ioctls. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

DEVICE_SUITE(timeline);

static uint64_t seqno_of(uint32_t handle)
{
	struct dma_fence_query query;

	expect(raw_query(device, handle, &query), 0);
	return query.seqno;
}

static int advance(struct dma_fence_timeline_advance *request)
{
	return raw_ioctl(device, DMA_FENCE_IOC_TIMELINE_ADVANCE, request);
}

Test(timeline, points_follow_each_other_in_one_context)
{
	uint32_t line = new_timeline(device, 5);
	struct dma_fence_create a = { .timeline = line }, b = { .timeline = line };

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &a), 0);
	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &b), 0);
	expect(a.seqno, 6);
	expect(b.seqno, 7);
	expect(a.context, b.context);
	expect(seqno_of(a.handle), 6);
}

Test(timeline, context_is_told_at_the_creation)
{
	struct dma_fence_timeline_create line = { .name = "line" };
	struct dma_fence_create point = { .flags = 0 };

	expect(raw_ioctl(device, DMA_FENCE_IOC_TIMELINE_CREATE, &line), 0);
	point.timeline = line.handle;
	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &point), 0);
	expect(point.context, line.context);
}

Test(timeline, points_carry_the_name_of_the_timeline)
{
	struct dma_fence_timeline_create line = { .name = "copy engine" };
	struct dma_fence_query query;

	expect(raw_ioctl(device, DMA_FENCE_IOC_TIMELINE_CREATE, &line), 0);
	expect(raw_query(device, new_point(device, line.handle), &query), 0);
	cr_assert_str_eq(query.timeline_name, "copy engine");
}

Test(timeline, name_without_an_end_is_einval)
{
	struct dma_fence_timeline_create line = { .value = 0 };

	memset(line.name, 'x', sizeof(line.name));
	expect(raw_ioctl(device, DMA_FENCE_IOC_TIMELINE_CREATE, &line), -EINVAL);
	eventually(timelines, 0);
}

Test(timeline, point_with_a_name_is_einval)
{
	struct dma_fence_create create = { .timeline = new_timeline(device, 0), .name = "x" };

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), -EINVAL);
}

Test(timeline, row_1_15_advance_signals_all_points_reached)
{
	uint32_t line = new_timeline(device, 0), points[4], i;
	struct dma_fence_timeline_advance to_3 = { .handle = line, .value = 3 };

	for (i = 0; i < 4; i++)
		points[i] = new_point(device, line);
	expect(advance(&to_3), 0);
	expect(to_3.value, 3);
	expect(to_3.signaled, 3);
	for (i = 0; i < 3; i++)
		expect(status_of(device, points[i]), 1);
	expect(status_of(device, points[3]), 0);
}

Test(timeline, advance_can_be_relative)
{
	uint32_t line = new_timeline(device, 10), point = new_point_at(device, line, 13);
	struct dma_fence_timeline_advance by_2 = {
		.handle = line,
		.flags = DMA_FENCE_ADVANCE_RELATIVE,
		.value = 2,
	};

	expect(advance(&by_2), 0);
	expect(by_2.value, 12);
	expect(by_2.signaled, 0);
	expect(status_of(device, point), 0);
	by_2.value = 2;
	expect(advance(&by_2), 0);
	expect(by_2.value, 14);
	expect(by_2.signaled, 1);
	expect(status_of(device, point), 1);
}

Test(timeline, advance_by_0_tells_the_value)
{
	uint32_t line = new_timeline(device, 42);
	struct dma_fence_timeline_advance look = { .handle = line,
						   .flags = DMA_FENCE_ADVANCE_RELATIVE };

	expect(advance(&look), 0);
	expect(look.value, 42);
	expect(look.signaled, 0);
}

Test(timeline, value_does_not_go_back)
{
	uint32_t line = new_timeline(device, 10);

	expect(raw_advance(device, line, 9), -EINVAL);
	expect(raw_advance(device, line, 10), 0);
	expect(raw_advance(device, line, 0), -EINVAL);
}

Test(timeline, value_does_not_wrap)
{
	uint32_t line = new_timeline(device, UINT64_MAX - 1), point = new_point(device, line);
	struct dma_fence_timeline_advance by = {
		.handle = line,
		.flags = DMA_FENCE_ADVANCE_RELATIVE,
		.value = 3,
	};

	expect(advance(&by), -EINVAL);
	expect(status_of(device, point), 0);
	by.value = 1;
	expect(advance(&by), 0);
	expect(by.value, UINT64_MAX);
	expect(status_of(device, point), 1);
}

Test(timeline, no_point_after_the_last_one)
{
	uint32_t line = new_timeline(device, 0);
	struct dma_fence_create create = { .timeline = line };

	new_point_at(device, line, UINT64_MAX);
	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), -EINVAL);
}

Test(timeline, point_reached_before_is_born_signaled)
{
	uint32_t line = new_timeline(device, 0);

	expect(raw_advance(device, line, 5), 0);
	expect(status_of(device, new_point_at(device, line, 5)), 1);
	expect(status_of(device, new_point(device, line)), 0);
}

Test(timeline, row_5_1_point_not_later_than_the_last_is_einval)
{
	uint32_t line = new_timeline(device, 0);
	struct dma_fence_create create = { .timeline = line };

	new_point_at(device, line, 5);
	create.seqno = 5;
	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), -EINVAL);
	create.seqno = 4;
	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), -EINVAL);
	create.seqno = 6;
	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), 0);
}

Test(timeline, error_is_for_the_points_of_this_advance)
{
	uint32_t line = new_timeline(device, 0), a = new_point(device, line),
		 b = new_point(device, line);
	struct dma_fence_timeline_advance failed = { .handle = line, .value = 1, .error = -EIO };

	expect(advance(&failed), 0);
	expect(raw_advance(device, line, 2), 0);
	expect(status_of(device, a), -EIO);
	expect(status_of(device, b), 1);
}

Test(timeline, error_out_of_range_is_einval)
{
	uint32_t line = new_timeline(device, 0), point = new_point(device, line);
	static const int32_t bad[] = { 1, EIO, -4096, INT32_MIN, INT32_MAX };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct dma_fence_timeline_advance request = { .handle = line,
							      .value = 1,
							      .error = bad[i] };

		expect(advance(&request), -EINVAL);
	}
	expect(status_of(device, point), 0);
}

Test(timeline, signaling_a_point_signals_those_before_it)
{
	uint32_t line = new_timeline(device, 0), a = new_point(device, line),
		 b = new_point(device, line);
	uint32_t c = new_point(device, line);

	/* Points of a context are signaled in their order. */
	expect(raw_signal(device, b, 0), 0);
	expect(status_of(device, a), 1);
	expect(status_of(device, b), 1);
	expect(status_of(device, c), 0);
}

Test(timeline, points_named_in_the_wrong_order_are_all_signaled)
{
	uint32_t line = new_timeline(device, 0), a = new_point(device, line),
		 b = new_point(device, line);
	uint32_t handles[] = { b, a };

	expect(raw_signal_many(device, handles, 2, 0), 0);
	expect(status_of(device, a), 1);
	expect(status_of(device, b), 1);
}

Test(timeline, waiters_of_a_point_are_woken)
{
	uint32_t line = new_timeline(device, 0), point = new_point(device, line);
	struct waiter waiter;

	waiter_start(&waiter, device, point, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	expect(raw_advance(device, line, 1), 0);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, 1);
}

Test(timeline, point_is_timed_out)
{
	struct dma_fence_create create = {
		.timeline = new_timeline(device, 0),
		.timeout_ns = 20 * NSEC_PER_MSEC,
	};

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), 0);
	expect(raw_wait(device, create.handle, DMA_FENCE_WAIT_FOREVER), 0);
	expect(status_of(device, create.handle), -ETIMEDOUT);
}

Test(timeline, fence_handle_is_einval)
{
	uint32_t fence = new_fence(device);
	struct dma_fence_create create = { .timeline = fence };

	expect(raw_advance(device, fence, 1), -EINVAL);
	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), -EINVAL);
}

Test(timeline, closed_timeline_cancels_points_that_nobody_can_signal)
{
	uint32_t line = new_timeline(device, 0), point = new_point(device, line);
	int sync_file = new_sync_file(device, point);

	/* One of the two is left: it stays active. */
	expect(raw_close(device, point), 0);
	expect(sync_file_status(sync_file), 0);
	expect(raw_close(device, line), 0);
	expect(sync_file_status(sync_file), -ECANCELED);
	must(close(sync_file));
}

Test(timeline, closed_timeline_leaves_points_to_their_handles)
{
	uint32_t line = new_timeline(device, 0), point = new_point(device, line);

	expect(raw_close(device, line), 0);
	expect(status_of(device, point), 0);
	expect(raw_signal(device, point, 0), 0);
	expect(status_of(device, point), 1);
}

Test(timeline, point_without_a_handle_is_signaled_by_its_timeline)
{
	uint32_t line = new_timeline(device, 0), point = new_point(device, line);
	int sync_file = new_sync_file(device, point);

	expect(raw_close(device, point), 0);
	expect(raw_advance(device, line, 1), 0);
	expect(sync_file_status(sync_file), 1);
	must(close(sync_file));
}

Test(timeline, points_are_cancelled_in_their_order)
{
	uint32_t line = new_timeline(device, 0), first = new_point(device, line),
		 second = new_point(device, line);
	uint32_t both = new_merge(device, first, second, 0);
	int sync_file = new_sync_file(device, second);

	/* The second, which stands for both in the merge, must not be done before the first. */
	expect(raw_close(device, second), 0);
	expect(raw_close(device, line), 0);
	expect(sync_file_status(sync_file), 0);
	expect(status_of(device, both), 0);
	expect(raw_signal(device, first, 0), 0);
	expect(sync_file_status(sync_file), -ECANCELED);
	expect(status_of(device, both), -ECANCELED);
	must(close(sync_file));
}

Test(timeline, timeout_of_a_point_without_a_handle_cancels_those_behind_it)
{
	uint32_t line = new_timeline(device, 0), first = new_point(device, line), second, third;
	struct dma_fence_create late = { .timeline = line, .timeout_ns = 50 * NSEC_PER_MSEC };
	int sync_file, still_there;
	int64_t begin = now_ns();

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &late), 0);
	second = late.handle;
	third = new_point(device, line);
	sync_file = new_sync_file(device, third);
	still_there = new_sync_file(device, second);
	expect(raw_close(device, second), 0);
	expect(raw_close(device, third), 0);
	expect(raw_close(device, line), 0);
	check(sync_file_status(sync_file) == 0 || now_ns() - begin >= 50 * NSEC_PER_MSEC);
	/* The second times out, and the first with it; no handle can signal the third. */
	expect(poll_for(sync_file, PATIENCE_MS), POLLIN);
	expect(status_of(device, first), -ETIMEDOUT);
	expect(sync_file_status(sync_file), -ECANCELED);
	must(close(sync_file));
	must(close(still_there));
}
