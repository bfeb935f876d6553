/* SPDX-License-Identifier: MIT */
/* signal.c - SIGNAL: one and many, errors, all or nothing. Raw ioctls. */
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

DEVICE_SUITE(signal);

Test(signal, row_5_1_signaled_fence_has_status_1_and_a_timestamp)
{
	int64_t before = now_ns(), after;
	struct dma_fence_query query;
	uint32_t handle = new_fence(device);

	expect(raw_signal(device, handle, 0), 0);
	after = now_ns();
	expect(raw_query(device, handle, &query), 0);
	expect(query.status, 1);
	check(query.timestamp_ns >= before && query.timestamp_ns <= after);
}

Test(signal, row_5_1_error_is_the_status)
{
	uint32_t handle = new_fence(device);

	expect(raw_signal(device, handle, -EIO), 0);
	expect(status_of(device, handle), -EIO);
}

Test(signal, every_errno_is_taken)
{
	static const int32_t errors[] = { -1, -EIO, -ECANCELED, -512, -4095 };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		expect(status_of(device, new_signaled_fence(device, errors[i])), errors[i]);
}

Test(signal, error_out_of_range_is_einval)
{
	static const int32_t bad[] = { 1, EIO, -4096, INT32_MIN, INT32_MAX };
	uint32_t handle = new_fence(device);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(raw_signal(device, handle, bad[i]), -EINVAL);
	expect(status_of(device, handle), 0);
}

Test(signal, row_1_1_second_signal_is_einval)
{
	uint32_t handle = new_signaled_fence(device, 0);
	struct dma_fence_query first, second;

	expect(raw_query(device, handle, &first), 0);
	expect(raw_signal(device, handle, 0), -EINVAL);
	expect(raw_signal(device, handle, -EIO), -EINVAL);
	expect(raw_query(device, handle, &second), 0);
	expect(second.status, 1);
	expect(second.timestamp_ns, first.timestamp_ns);
}

Test(signal, many_are_signaled_with_one_request)
{
	uint32_t handles[100];
	int i;

	for (i = 0; i < 100; i++)
		handles[i] = new_fence(device);
	expect(raw_signal_many(device, handles, 100, -EIO), 0);
	for (i = 0; i < 100; i++)
		expect(status_of(device, handles[i]), -EIO);
}

Test(signal, as_many_as_fit_are_taken_inline)
{
	static uint32_t handles[DMA_FENCE_SIGNAL_INLINE_MAX];
	size_t i;

	for (i = 0; i < DMA_FENCE_SIGNAL_INLINE_MAX; i++)
		handles[i] = new_fence(device);
	expect(raw_signal_many(device, handles, DMA_FENCE_SIGNAL_INLINE_MAX, 0), 0);
	expect(status_of(device, handles[0]), 1);
	expect(status_of(device, handles[DMA_FENCE_SIGNAL_INLINE_MAX - 1]), 1);
}

Test(signal, array_by_pointer_is_taken)
{
	uint32_t handles[3] = { new_fence(device), new_fence(device), new_fence(device) };
	struct dma_fence_signal signal = { .count = 3, .pointer = (uintptr_t)handles };
	int i;

	expect(raw_ioctl(device, DMA_FENCE_IOC_SIGNAL, &signal), 0);
	for (i = 0; i < 3; i++)
		expect(status_of(device, handles[i]), 1);
}

Test(signal, one_unknown_handle_and_none_is_signaled)
{
	uint32_t handles[] = { new_fence(device), NO_SUCH_HANDLE, new_fence(device) };

	expect(raw_signal_many(device, handles, 3, 0), -ENOENT);
	expect(status_of(device, handles[0]), 0);
	expect(status_of(device, handles[2]), 0);
}

Test(signal, one_signaled_before_and_none_is_signaled)
{
	uint32_t handles[] = { new_fence(device), new_signaled_fence(device, 0) };

	expect(raw_signal_many(device, handles, 2, 0), -EINVAL);
	expect(status_of(device, handles[0]), 0);
}

Test(signal, same_handle_twice_and_none_is_signaled)
{
	uint32_t handle = new_fence(device), handles[] = { new_fence(device), handle, handle };

	expect(raw_signal_many(device, handles, 3, 0), -EINVAL);
	expect(status_of(device, handles[0]), 0);
	expect(status_of(device, handle), 0);
}

Test(signal, one_that_may_not_and_none_is_signaled)
{
	uint32_t a = new_fence(device), b = new_fence(device);
	uint32_t handles[] = { a, new_merge(device, a, b, 0) };

	expect(raw_signal_many(device, handles, 2, 0), -EPERM);
	expect(status_of(device, a), 0);
}

Test(signal, merged_handle_is_eperm)
{
	uint32_t merged = new_merge(device, new_fence(device), new_fence(device), 0);

	expect(raw_signal(device, merged, 0), -EPERM);
	expect(status_of(device, merged), 0);
}

Test(signal, merge_of_one_is_eperm_too)
{
	uint32_t fence = new_fence(device), merged;

	/* It is the fence itself, but not the handle that CREATE gave. */
	expect(raw_merge(device, &fence, 1, 0, &merged), 0);
	expect(raw_signal(device, merged, 0), -EPERM);
	expect(raw_signal(device, fence, 0), 0);
}

Test(signal, imported_handle_is_eperm)
{
	uint32_t fence = new_fence(device), imported;
	int sync_file = new_sync_file(device, fence);

	imported = import(device, sync_file);
	expect(raw_signal(device, imported, 0), -EPERM);
	expect(status_of(device, fence), 0);
	must(close(sync_file));
}

Test(signal, handle_from_a_buffer_is_eperm)
{
	uint32_t fence = new_fence(device), snapshot, count;
	int buffer = new_buffer(4096);

	expect(raw_attach(device, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE, 0, &snapshot, &count), 0);
	expect(raw_signal(device, snapshot, 0), -EPERM);
	expect(status_of(device, fence), 0);
	must(close(buffer));
}

Test(signal, timeline_handle_is_einval)
{
	expect(raw_signal(device, new_timeline(device, 0), 0), -EINVAL);
}

struct race {
	uint32_t handle;
	int succeeded;
};

static void signal_once(void *data)
{
	struct race *race = data;

	if (raw_signal(device, race->handle, 0) == 0)
		__atomic_add_fetch(&race->succeeded, 1, __ATOMIC_RELAXED);
}

Test(signal, only_one_of_several_threads_signals)
{
	struct thread threads[4];
	int round, i;

	for (round = 0; round < 50; round++) {
		struct race race = { .handle = new_fence(device) };

		for (i = 0; i < 4; i++)
			thread_start(&threads[i], signal_once, &race);
		for (i = 0; i < 4; i++)
			thread_join(&threads[i]);
		expect(race.succeeded, 1);
		expect(raw_close(device, race.handle), 0);
	}
}

/* ---- many at once, looked at by another ---- */

#define POINTS 200
#define ROUNDS 100

struct looker {
	struct thread thread;
	uint32_t first, last;
};

/* Both in one request, until they are signaled. */
static void look_at_both_ends(void *data)
{
	const struct looker *looker = data;
	struct dma_fence_wait_item items[2] = { { .handle = looker->first },
						{ .handle = looker->last } };

	do {
		int result = raw_wait_many(device, items, 2, DMA_FENCE_WAIT_ALL, 0, NULL);

		check(result == 0 || result == -ETIME);
		expect(items[0].status, items[1].status);
	} while (!items[0].status);
}

Test(signal, row_1_15_many_points_of_a_timeline_are_signaled_in_one_step)
{
	uint32_t points[POINTS], line, round, i;
	struct looker looker;

	for (round = 0; round < ROUNDS; round++) {
		line = new_timeline(device, 0);
		for (i = 0; i < POINTS; i++)
			points[i] = new_point(device, line);
		looker.first = points[0];
		looker.last = points[POINTS - 1];
		thread_start(&looker.thread, look_at_both_ends, &looker);
		expect(raw_signal_many(device, points, POINTS, 0), 0);
		thread_join(&looker.thread);
		for (i = 0; i < POINTS; i++)
			expect(raw_close(device, points[i]), 0);
		expect(raw_close(device, line), 0);
	}
}
