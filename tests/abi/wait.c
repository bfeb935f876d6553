/* SPDX-License-Identifier: MIT */
/* wait.c - WAIT: any and all, deadlines, and what it writes. Signals are in interrupt.c. Raw
 * ioctls. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

DEVICE_SUITE(wait);

Test(wait, wait_on_signaled_fence_returns_at_once)
{
	expect(raw_wait(device, new_signaled_fence(device, 0), DMA_FENCE_WAIT_FOREVER), 0);
}

Test(wait, wait_on_failed_fence_is_no_error)
{
	struct dma_fence_wait_item item = { .handle = new_signaled_fence(device, -EIO) };

	expect(raw_wait_many(device, &item, 1, 0, DMA_FENCE_WAIT_FOREVER, NULL), 0);
	expect(item.status, -EIO);
}

Test(wait, row_1_6_wait_ends_with_the_signal)
{
	struct waiter waiter;
	uint32_t handle = new_fence(device);

	waiter_start(&waiter, device, handle, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	expect(raw_signal(device, handle, -EIO), 0);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, -EIO);
}

Test(wait, all_waiters_of_a_fence_are_woken)
{
	struct waiter waiters[20];
	uint32_t handle = new_fence(device);
	int i;

	for (i = 0; i < 20; i++)
		waiter_start(&waiters[i], device, handle, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 20);
	expect(raw_signal(device, handle, 0), 0);
	for (i = 0; i < 20; i++) {
		waiter_join(&waiters[i]);
		expect(waiters[i].result, 0);
		expect(waiters[i].status, 1);
	}
	eventually(waits, 0);
}

Test(wait, row_1_6_deadline_0_just_looks)
{
	uint32_t handle = new_fence(device);

	expect(raw_wait(device, handle, 0), -ETIME);
	expect(raw_signal(device, handle, 0), 0);
	expect(raw_wait(device, handle, 0), 0);
}

Test(wait, deadline_in_the_past_just_looks)
{
	static const int64_t past[] = { 1, -1, INT64_MIN };
	uint32_t handle = new_fence(device);
	size_t i;

	for (i = 0; i < sizeof(past) / sizeof(past[0]); i++)
		expect(raw_wait(device, handle, past[i]), -ETIME);
	expect(raw_wait(device, handle, now_ns() - 1), -ETIME);
	expect(raw_signal(device, handle, 0), 0);
	for (i = 0; i < sizeof(past) / sizeof(past[0]); i++)
		expect(raw_wait(device, handle, past[i]), 0);
}

Test(wait, row_1_6_deadline_is_kept)
{
	uint32_t handle = new_fence(device);
	int64_t deadline = in_ms(50);

	expect(raw_wait(device, handle, deadline), -ETIME);
	check(now_ns() >= deadline);
	/* Absolute: the same call again is over at once. */
	expect(raw_wait(device, handle, deadline), -ETIME);
}

Test(wait, largest_deadlines_wait)
{
	static const int64_t deadlines[] = { DMA_FENCE_WAIT_FOREVER, DMA_FENCE_WAIT_FOREVER - 1 };
	size_t i;

	for (i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
		uint32_t handle = new_fence(device);
		struct waiter waiter;

		waiter_start(&waiter, device, handle, deadlines[i]);
		eventually(waits, 1);
		expect(raw_signal(device, handle, 0), 0);
		waiter_join(&waiter);
		expect(waiter.result, 0);
	}
}

Test(wait, any_ends_with_the_first_and_tells_its_index)
{
	struct dma_fence_wait_item items[3];
	uint32_t first, i;

	for (i = 0; i < 3; i++)
		items[i].handle = new_fence(device);
	expect(raw_signal(device, items[1].handle, -EIO), 0);
	expect(raw_wait_many(device, items, 3, 0, DMA_FENCE_WAIT_FOREVER, &first), 0);
	expect(first, 1);
	expect(items[0].status, 0);
	expect(items[1].status, -EIO);
	expect(items[2].status, 0);
}

struct many {
	struct dma_fence_wait_item items[3];
	uint32_t flags, first;
	int result;
};

static void wait_for_many(void *data)
{
	struct many *many = data;

	many->result = raw_wait_many(device, many->items, 3, many->flags, DMA_FENCE_WAIT_FOREVER,
				     &many->first);
}

Test(wait, any_that_sleeps_tells_the_index_too)
{
	struct many many = { .flags = 0 };
	struct thread thread;
	int i;

	for (i = 0; i < 3; i++)
		many.items[i].handle = new_fence(device);
	thread_start(&thread, wait_for_many, &many);
	eventually(waits, 1);
	expect(raw_signal(device, many.items[2].handle, 0), 0);
	thread_join(&thread);
	expect(many.result, 0);
	expect(many.first, 2);
	expect(many.items[2].status, 1);
	expect(many.items[0].status, 0);
}

Test(wait, all_ends_with_the_last)
{
	struct many many = { .flags = DMA_FENCE_WAIT_ALL };
	struct thread thread;
	int i;

	for (i = 0; i < 3; i++)
		many.items[i].handle = new_fence(device);
	thread_start(&thread, wait_for_many, &many);
	eventually(waits, 1);
	expect(raw_signal(device, many.items[1].handle, -EIO), 0);
	expect(raw_signal(device, many.items[2].handle, 0), 0);
	eventually(waits, 1);
	expect(raw_signal(device, many.items[0].handle, 0), 0);
	thread_join(&thread);
	expect(many.result, 0);
	expect(many.first, 1);
	expect(many.items[0].status, 1);
	expect(many.items[1].status, -EIO);
	expect(many.items[2].status, 1);
}

Test(wait, all_that_are_signaled_returns_at_once)
{
	struct dma_fence_wait_item items[2] = {
		{ .handle = new_signaled_fence(device, 0) },
		{ .handle = new_signaled_fence(device, -EIO) },
	};

	expect(raw_wait_many(device, items, 2, DMA_FENCE_WAIT_ALL, DMA_FENCE_WAIT_FOREVER, NULL),
	       0);
	expect(items[0].status, 1);
	expect(items[1].status, -EIO);
}

Test(wait, etime_writes_the_statuses)
{
	struct {
		struct dma_fence_wait head;
		struct dma_fence_wait_item items[2];
	} wait = {
		.head = { .count = 2, .flags = DMA_FENCE_WAIT_ALL, .deadline_ns = 0 },
		.items = { { .handle = new_fence(device) },
			   { .handle = new_signaled_fence(device, -EIO) } },
	};

	wait.items[0].status = 7;
	expect(raw_ioctl(device, DMA_FENCE_IOC_WAIT_INLINE(2), &wait), -ETIME);
	expect(wait.items[0].status, 0);
	expect(wait.items[1].status, -EIO);
	expect(wait.head.signaled, 1);
}

Test(wait, etime_after_sleep_writes_the_statuses)
{
	struct dma_fence_wait_item items[2] = {
		{ .handle = new_fence(device), .status = 7 },
		{ .handle = new_signaled_fence(device, 0) },
	};

	expect(raw_wait_many(device, items, 2, DMA_FENCE_WAIT_ALL, in_ms(20), NULL), -ETIME);
	expect(items[0].status, 0);
	expect(items[1].status, 1);
}

Test(wait, none_signaled_is_told_as_such)
{
	struct dma_fence_wait_item item = { .handle = new_fence(device) };
	uint32_t first = 0;

	expect(raw_wait_many(device, &item, 1, 0, 0, &first), -ETIME);
	expect(first, DMA_FENCE_WAIT_NONE);
}

Test(wait, same_handle_may_come_twice)
{
	uint32_t handle = new_fence(device);
	struct dma_fence_wait_item items[2] = { { .handle = handle }, { .handle = handle } };

	expect(raw_wait_many(device, items, 2, DMA_FENCE_WAIT_ALL, 0, NULL), -ETIME);
	expect(raw_signal(device, handle, 0), 0);
	expect(raw_wait_many(device, items, 2, DMA_FENCE_WAIT_ALL, 0, NULL), 0);
}

Test(wait, items_by_pointer_are_written)
{
	struct dma_fence_wait_item items[2] = {
		{ .handle = new_signaled_fence(device, 0) },
		{ .handle = new_signaled_fence(device, -EIO) },
	};
	struct dma_fence_wait wait = {
		.count = 2,
		.flags = DMA_FENCE_WAIT_ALL,
		.deadline_ns = DMA_FENCE_WAIT_FOREVER,
		.pointer = (uintptr_t)items,
	};

	expect(raw_ioctl(device, DMA_FENCE_IOC_WAIT, &wait), 0);
	expect(items[0].status, 1);
	expect(items[1].status, -EIO);
	expect(wait.signaled, 2);
}

Test(wait, items_by_pointer_are_written_on_etime)
{
	struct dma_fence_wait_item items[2] = {
		{ .handle = new_fence(device), .status = 7 },
		{ .handle = new_signaled_fence(device, -EIO) },
	};
	struct dma_fence_wait wait = {
		.count = 2,
		.flags = DMA_FENCE_WAIT_ALL,
		.deadline_ns = in_ms(10),
		.pointer = (uintptr_t)items,
	};

	expect(raw_ioctl(device, DMA_FENCE_IOC_WAIT, &wait), -ETIME);
	expect(items[0].status, 0);
	expect(items[1].status, -EIO);
}

/* What is longer than the head has nothing but zeros behind it, whatever the device keeps there. */
Test(wait, items_by_pointer_leave_the_rest_of_a_longer_request_zero)
{
	struct dma_fence_wait_item item = { .handle = new_fence(device) };
	struct {
		struct dma_fence_wait head;
		char rest[8192];
	} wait = {
		.head = {
			.count = 1,
			.deadline_ns = in_ms(10),
			.pointer = (uintptr_t)&item,
		},
	};
	unsigned long request = _IOC(_IOC_READ | _IOC_WRITE, DMA_FENCE_IOC_TYPE,
				     _IOC_NR(DMA_FENCE_IOC_WAIT), sizeof(wait));

	expect(raw_ioctl(device, request, &wait), -ETIME);
	expect(item.status, 0);
	for (size_t i = 0; i < sizeof(wait.rest); i++)
		expect(wait.rest[i], 0);
}

Test(wait, as_many_as_fit_are_waited_for_inline)
{
	static struct dma_fence_wait_item items[DMA_FENCE_WAIT_INLINE_MAX];
	uint32_t handle = new_signaled_fence(device, 0);
	size_t i;

	for (i = 0; i < DMA_FENCE_WAIT_INLINE_MAX; i++)
		items[i].handle = handle;
	expect(raw_wait_many(device, items, DMA_FENCE_WAIT_INLINE_MAX, DMA_FENCE_WAIT_ALL, 0, NULL),
	       0);
	expect(items[DMA_FENCE_WAIT_INLINE_MAX - 1].status, 1);
}

Test(wait, merged_fence_is_waited_for)
{
	uint32_t a = new_fence(device), b = new_fence(device);
	struct waiter waiter;

	waiter_start(&waiter, device, new_merge(device, a, b, 0), DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	expect(raw_signal(device, a, 0), 0);
	eventually(waits, 1);
	expect(raw_signal(device, b, 0), 0);
	waiter_join(&waiter);
	expect(waiter.result, 0);
}

Test(wait, fence_is_waited_for_through_another_open)
{
	uint32_t handle = new_fence(device);
	int sync_file = new_sync_file(device, handle), other = open_device();
	struct waiter waiter;

	waiter_start(&waiter, other, import(other, sync_file), DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	expect(raw_signal(device, handle, -EIO), 0);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, -EIO);
	must(close(sync_file));
	must(close(other));
}

Test(wait, handle_closed_during_the_wait_does_not_end_it)
{
	uint32_t fence = new_fence(device), other;
	struct waiter waiter;

	expect(raw_merge(device, &fence, 1, 0, &other), 0);
	waiter_start(&waiter, device, other, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	expect(raw_close(device, other), 0);
	expect(raw_signal(device, fence, 0), 0);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, 1);
}

Test(wait, fd_closed_during_the_wait_does_not_end_it)
{
	int copy = must(dup(device));
	uint32_t handle = new_fence(device);
	struct waiter waiter;

	waiter_start(&waiter, copy, handle, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	must(close(copy));
	expect(raw_signal(device, handle, 0), 0);
	waiter_join(&waiter);
	expect(waiter.result, 0);
}

/* A worker handles the signal of an array by pointer: it must not need the capacity of the waits.
 */
Test(wait, all_the_waits_there_may_be_leave_room_for_the_signal)
{
	struct dma_fence_caps caps = { 0 };
	uint32_t fence = new_fence(device);
	struct dma_fence_signal signal = { .count = 1, .pointer = (uintptr_t)&fence };
	struct waiter *waiters;

	expect(raw_ioctl(device, DMA_FENCE_IOC_GET_CAPS, &caps), 0);
	waiters = calloc(caps.max_waits, sizeof(*waiters));
	for (uint32_t i = 0; i < caps.max_waits; i++)
		waiter_start(&waiters[i], device, fence, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, caps.max_waits);
	expect(raw_wait(device, fence, DMA_FENCE_WAIT_FOREVER), -ENOSPC);
	expect(raw_ioctl(device, DMA_FENCE_IOC_SIGNAL, &signal), 0);
	for (uint32_t i = 0; i < caps.max_waits; i++)
		waiter_join(&waiters[i]);
	free(waiters);
}
