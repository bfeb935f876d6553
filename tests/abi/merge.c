/* SPDX-License-Identifier: MIT */
/* merge.c - MERGE of all and of any. Raw ioctls. */
#include <string.h>
#include <unistd.h>

#include "fixture.h"

DEVICE_SUITE(merge);

static struct dma_fence_query query(uint32_t handle)
{
	struct dma_fence_query query;

	expect(raw_query(device, handle, &query), 0);
	return query;
}

Test(merge, row_3_5_all_is_signaled_with_the_last)
{
	uint32_t a = new_fence(device), b = new_fence(device), all = new_merge(device, a, b, 0);

	expect(raw_signal(device, b, 0), 0);
	expect(status_of(device, all), 0);
	expect(raw_signal(device, a, 0), 0);
	expect(status_of(device, all), 1);
}

Test(merge, row_3_5_any_is_signaled_with_the_first)
{
	uint32_t a = new_fence(device), b = new_fence(device);
	uint32_t any = new_merge(device, a, b, DMA_FENCE_MERGE_ANY);

	expect(status_of(device, any), 0);
	expect(raw_signal(device, b, 0), 0);
	expect(status_of(device, any), 1);
	expect(status_of(device, a), 0);
}

Test(merge, row_3_5_first_error_is_the_error_of_all)
{
	uint32_t a = new_fence(device), b = new_fence(device), all = new_merge(device, a, b, 0);

	expect(raw_signal(device, b, -EIO), 0);
	expect(raw_signal(device, a, -ENOSPC), 0);
	expect(status_of(device, all), -EIO);
}

Test(merge, error_of_the_first_is_the_error_of_any)
{
	uint32_t a = new_fence(device), b = new_fence(device);
	uint32_t any = new_merge(device, a, b, DMA_FENCE_MERGE_ANY);

	expect(raw_signal(device, b, -EIO), 0);
	expect(status_of(device, any), -EIO);
}

Test(merge, row_5_2_sources_stay_valid)
{
	uint32_t a = new_fence(device), b = new_fence(device), all = new_merge(device, a, b, 0);

	expect(raw_close(device, all), 0);
	expect(status_of(device, a), 0);
	expect(raw_signal(device, a, 0), 0);
	expect(raw_signal(device, b, 0), 0);
}

Test(merge, merge_outlives_the_handles_of_its_sources)
{
	uint32_t a = new_fence(device), b = new_fence(device), all = new_merge(device, a, b, 0);

	/* No handle can signal them any more. */
	expect(raw_close(device, a), 0);
	expect(raw_close(device, b), 0);
	expect(status_of(device, all), -ECANCELED);
}

Test(merge, row_5_2_signaled_ones_drop_out)
{
	uint32_t a = new_fence(device), b = new_signaled_fence(device, 0),
		 all = new_merge(device, a, b, 0);

	expect(query(all).member_count, 1);
	expect(query(all).context, query(a).context);
	expect(query(all).seqno, query(a).seqno);
}

Test(merge, row_5_2_nothing_pending_is_signaled)
{
	uint32_t a = new_signaled_fence(device, 0), b = new_signaled_fence(device, 0);
	uint32_t all = new_merge(device, a, b, 0);

	expect(status_of(device, all), 1);
	expect(query(all).timestamp_ns, query(b).timestamp_ns);
}

Test(merge, row_5_2_latest_of_a_context_stays)
{
	uint32_t line = new_timeline(device, 0), first = new_point(device, line);
	uint32_t second = new_point(device, line), all = new_merge(device, second, first, 0);

	expect(query(all).member_count, 1);
	expect(query(all).seqno, query(second).seqno);
	expect(raw_advance(device, line, 1), 0);
	expect(status_of(device, all), 0);
	expect(raw_advance(device, line, 2), 0);
	expect(status_of(device, all), 1);
}

Test(merge, earliest_of_a_context_stays_for_any)
{
	uint32_t line = new_timeline(device, 0), first = new_point(device, line);
	uint32_t any = new_merge(device, new_point(device, line), first, DMA_FENCE_MERGE_ANY);

	expect(query(any).seqno, query(first).seqno);
	expect(raw_advance(device, line, 1), 0);
	expect(status_of(device, any), 1);
}

Test(merge, one_signaled_member_makes_any_signaled)
{
	uint32_t a = new_fence(device), b = new_signaled_fence(device, -EIO);

	expect(status_of(device, new_merge(device, a, b, DMA_FENCE_MERGE_ANY)), -EIO);
}

Test(merge, row_3_5_merges_are_flattened)
{
	uint32_t a = new_fence(device), b = new_fence(device), c = new_fence(device);
	uint32_t all = new_merge(device, new_merge(device, a, b, 0), new_merge(device, b, c, 0), 0);

	expect(query(all).member_count, 3);
}

Test(merge, any_within_all_keeps_its_meaning)
{
	uint32_t a = new_fence(device), b = new_fence(device), c = new_fence(device);
	uint32_t all = new_merge(device, new_merge(device, a, b, DMA_FENCE_MERGE_ANY), c, 0);

	expect(raw_signal(device, c, 0), 0);
	expect(status_of(device, all), 0);
	expect(raw_signal(device, a, 0), 0);
	expect(status_of(device, all), 1);
}

Test(merge, fence_merged_with_itself_is_itself)
{
	uint32_t a = new_fence(device), all = new_merge(device, a, a, 0);

	expect(query(all).member_count, 1);
	expect(query(all).context, query(a).context);
}

Test(merge, as_many_as_fit_are_merged_inline)
{
	static uint32_t handles[DMA_FENCE_MERGE_INLINE_MAX];
	uint32_t merged;
	size_t i;

	for (i = 0; i < DMA_FENCE_MERGE_INLINE_MAX; i++)
		handles[i] = new_fence(device);
	expect(raw_merge(device, handles, DMA_FENCE_MERGE_INLINE_MAX, 0, &merged), 0);
	expect(query(merged).member_count, DMA_FENCE_MERGE_INLINE_MAX);
	expect(raw_signal_many(device, handles, DMA_FENCE_MERGE_INLINE_MAX, 0), 0);
	expect(status_of(device, merged), 1);
}

Test(merge, array_by_pointer_is_taken)
{
	uint32_t handles[3] = { new_fence(device), new_fence(device), new_fence(device) };
	struct dma_fence_merge merge = { .count = 3, .pointer = (uintptr_t)handles };

	expect(raw_ioctl(device, DMA_FENCE_IOC_MERGE, &merge), 0);
	expect(query(merge.handle).member_count, 3);
}

Test(merge, one_unknown_handle_and_there_is_no_merge)
{
	uint32_t handles[] = { new_fence(device), NO_SUCH_HANDLE }, merged;

	expect(raw_merge(device, handles, 2, 0, &merged), -ENOENT);
	eventually(handles, 1);
}

Test(merge, timeline_handle_is_einval)
{
	uint32_t handles[] = { new_fence(device), new_timeline(device, 0) }, merged;

	expect(raw_merge(device, handles, 2, 0, &merged), -EINVAL);
	eventually(handles, 2);
}

Test(merge, merge_is_signaled_and_dated_at_the_first_look)
{
	uint32_t a = new_fence(device), b = new_fence(device);
	uint32_t merged = new_merge(device, a, b, 0);
	struct dma_fence_query told;

	expect(raw_signal(device, a, 0), 0);
	expect(raw_signal(device, b, 0), 0);
	told = query(merged);
	expect(told.status, 1);
	expect(told.timestamp_ns, query(b).timestamp_ns);
}

Test(merge, one_array_named_over_and_over_is_e2big)
{
	uint32_t handles[DMA_FENCE_MERGE_INLINE_MAX], again[DMA_FENCE_MERGE_INLINE_MAX], merged;

	for (uint32_t i = 0; i < 300; i++)
		handles[i] = new_fence(device);
	expect(raw_merge(device, handles, 300, DMA_FENCE_MERGE_ANY, &merged), 0);
	for (uint32_t i = 0; i < 300; i++)
		again[i] = merged;
	expect(raw_merge(device, again, 300, 0, &merged), -E2BIG);
	device_goes_on();
}

/* The two kinds do not flatten each other; a poll of such a pile takes twice as long a level. */
Test(merge, pile_of_merges_of_both_kinds_is_e2big)
{
	uint32_t a = new_fence(device), b = new_fence(device), more;
	int ret = 0;

	for (int level = 0; level < 64 && !ret; level++) {
		uint32_t handles[] = { a, b, new_fence(device) };

		ret = raw_merge(device, handles, 3, level % 2 ? DMA_FENCE_MERGE_ANY : 0, &more);
		if (!ret)
			ret = raw_merge(device, handles, 2, level % 2 ? DMA_FENCE_MERGE_ANY : 0,
					&b);
		a = more;
	}
	expect(ret, -E2BIG);
	device_goes_on();
}
