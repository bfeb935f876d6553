/* SPDX-License-Identifier: MIT */
/* query.c - QUERY and its pages of members, SET_DEADLINE. Raw ioctls. */
#include <string.h>
#include <unistd.h>

#include "fixture.h"

DEVICE_SUITE(query);

#define MEMBERS 10

struct query_page {
	struct dma_fence_query head;
	struct dma_fence_member members[MEMBERS];
};

static int query_page(uint32_t handle, uint32_t first, uint32_t capacity, struct query_page *page)
{
	memset(page, 0x55, sizeof(*page));
	page->head = (struct dma_fence_query){
		.handle = handle,
		.member_first = first,
		.member_capacity = capacity,
	};
	return raw_ioctl(device, DMA_FENCE_IOC_QUERY_INLINE(capacity), page);
}

/* A merge of so many fences, each of a context of its own. */
static uint32_t merge_of(uint32_t handles[MEMBERS])
{
	uint32_t merged;
	int i;

	for (i = 0; i < MEMBERS; i++)
		handles[i] = new_fence(device);
	expect(raw_merge(device, handles, MEMBERS, 0, &merged), 0);
	return merged;
}

static void expect_member(const struct dma_fence_member *member, uint32_t handle)
{
	struct dma_fence_query query;

	expect(raw_query(device, handle, &query), 0);
	expect(member->context, query.context);
	expect(member->seqno, query.seqno);
	expect(member->status, query.status);
	expect(member->timestamp_ns, query.timestamp_ns);
	expect(member->reserved, 0);
}

Test(query, fence_is_its_own_only_member)
{
	uint32_t handle = new_fence(device);
	struct query_page page;

	expect(query_page(handle, 0, 1, &page), 0);
	expect(page.head.member_count, 1);
	expect_member(&page.members[0], handle);
}

Test(query, members_of_a_merge_are_told)
{
	uint32_t handles[MEMBERS], merged = merge_of(handles);
	struct query_page page;
	int i;

	expect(query_page(merged, 0, MEMBERS, &page), 0);
	expect(page.head.member_count, MEMBERS);
	/* They come sorted by context, and contexts are given out in order. */
	for (i = 0; i < MEMBERS; i++)
		expect_member(&page.members[i], handles[i]);
}

Test(query, count_is_told_without_room)
{
	uint32_t handles[MEMBERS];
	struct query_page page;

	expect(query_page(merge_of(handles), 0, 0, &page), 0);
	expect(page.head.member_count, MEMBERS);
}

Test(query, members_come_in_pages)
{
	uint32_t handles[MEMBERS], merged = merge_of(handles);
	struct query_page page;
	int i;

	for (i = 0; i < MEMBERS; i += 3) {
		int j, left = MEMBERS - i < 3 ? MEMBERS - i : 3;

		expect(query_page(merged, i, 3, &page), 0);
		expect(page.head.member_count, MEMBERS);
		for (j = 0; j < left; j++)
			expect_member(&page.members[j], handles[i + j]);
	}
}

Test(query, members_have_a_status_of_their_own)
{
	uint32_t handles[MEMBERS], merged = merge_of(handles);
	struct query_page page;

	expect(raw_signal(device, handles[3], -EIO), 0);
	expect(query_page(merged, 0, MEMBERS, &page), 0);
	expect(page.head.status, 0);
	expect(page.members[2].status, 0);
	expect(page.members[3].status, -EIO);
	check(page.members[3].timestamp_ns > 0);
}

Test(query, more_room_than_the_request_carries_is_einval)
{
	struct query_page page = {
		.head = { .handle = new_fence(device), .member_capacity = MEMBERS + 1 },
	};

	expect(raw_ioctl(device, DMA_FENCE_IOC_QUERY_INLINE(MEMBERS), &page), -EINVAL);
	page.head.member_capacity = ~0u;
	expect(raw_ioctl(device, DMA_FENCE_IOC_QUERY_INLINE(MEMBERS), &page), -EINVAL);
}

Test(query, first_member_past_the_end_gives_none)
{
	uint32_t handle = new_fence(device);
	struct query_page page;

	expect(query_page(handle, 5, 2, &page), 0);
	expect(page.head.member_count, 1);
	expect(query_page(handle, ~0u, 2, &page), 0);
	expect(page.head.member_count, 1);
}

Test(query, timeline_handle_is_einval)
{
	struct dma_fence_query query;

	expect(raw_query(device, new_timeline(device, 0), &query), -EINVAL);
}

Test(query, row_5_3_earliest_deadline_stays)
{
	uint32_t handle = new_fence(device);
	struct dma_fence_query query;
	int64_t soon = in_ms(1000);

	expect(raw_query(device, handle, &query), 0);
	expect(query.deadline_ns, 0);
	expect(raw_set_deadline(device, handle, soon + NSEC_PER_SEC), 0);
	expect(raw_query(device, handle, &query), 0);
	expect(query.deadline_ns, soon + NSEC_PER_SEC);
	expect(raw_set_deadline(device, handle, soon), 0);
	expect(raw_set_deadline(device, handle, soon + 5), 0);
	expect(raw_query(device, handle, &query), 0);
	expect(query.deadline_ns, soon);
}

Test(query, row_5_3_deadline_of_a_merge_is_one_of_its_members)
{
	uint32_t a = new_fence(device), b = new_fence(device);
	struct dma_fence_query query;
	int64_t soon = in_ms(1000);

	expect(raw_set_deadline(device, new_merge(device, a, b, 0), soon), 0);
	expect(raw_query(device, a, &query), 0);
	expect(query.deadline_ns, soon);
	expect(raw_query(device, b, &query), 0);
	expect(query.deadline_ns, soon);
}

Test(query, deadline_of_a_signaled_fence_is_taken_and_forgotten)
{
	expect(raw_set_deadline(device, new_signaled_fence(device, 0), in_ms(1000)), 0);
}

Test(query, strange_deadlines_do_no_harm)
{
	static const int64_t deadlines[] = { INT64_MAX, 1, -1, INT64_MIN };
	uint32_t handle = new_fence(device);
	size_t i;

	for (i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++)
		expect(raw_set_deadline(device, handle, deadlines[i]), 0);
	expect(status_of(device, handle), 0);
}
