/* SPDX-License-Identifier: MIT */
/*
 * resv-test.c - reservations: usages, replacement, what counts as gone, waiting, and that there is
 * room. Locking and staging are in resv_lock-test.c, snapshots and iteration in resv_iter-test.c.
 */
#include "resv-test.h"

struct dma_resv resv;

void create_resv(void)
{
	dma_resv_init(&resv);
}

void destroy_resv(void)
{
	dma_resv_fini(&resv);
	expect_no_fence_left();
}

TestSuite(resv, .timeout = TEST_TIMEOUT, .init = create_resv, .fini = destroy_resv);

const enum dma_resv_usage usages[USAGES] = {
	DMA_RESV_USAGE_KERNEL,
	DMA_RESV_USAGE_WRITE,
	DMA_RESV_USAGE_READ,
	DMA_RESV_USAGE_BOOKKEEP,
};

void expect_fences(enum dma_resv_usage usage, unsigned int expected_count,
		   struct dma_fence **expected)
{
	struct dma_fence **fences;
	unsigned int count, i;

	cr_assert_eq(dma_resv_get_fences(&resv, usage, &count, &fences), 0);
	cr_expect_eq(count, expected_count, "usage %d: %u fences", usage, count);
	for (i = 0; i < count && i < expected_count; i++)
		cr_expect_eq(fences[i], expected[i], "usage %d: fence %u", usage, i);
	for (i = 0; i < count; i++)
		dma_fence_put(fences[i]);
	free(fences);
	cr_expect_eq(dma_resv_test_signaled(&resv, usage), !expected_count);
}

void expect_one(struct dma_fence *fence)
{
	expect_fences(DMA_RESV_USAGE_BOOKKEEP, 1, &fence);
}

void expect_empty(void)
{
	expect_fences(DMA_RESV_USAGE_BOOKKEEP, 0, NULL);
}

void put_all(unsigned int count, struct dma_fence **fences)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		dma_fence_put(fences[i]);
}

Test(resv, row_1_4_is_born_with_nothing_pending)
{
	struct dma_fence *singleton;
	unsigned int count = 7;

	expect_empty();
	cr_expect_null(dma_resv_get_latest(&resv, DMA_RESV_USAGE_BOOKKEEP));
	singleton = dma_resv_get_singleton(&resv, DMA_RESV_USAGE_BOOKKEEP, &count);
	cr_expect_eq(dma_fence_get_status(singleton), 1);
	cr_expect_eq(count, 0);
	cr_expect_gt(dma_resv_wait_timeout(&resv, DMA_RESV_USAGE_BOOKKEEP, false, NSEC_PER_SEC), 0);
	dma_fence_put(singleton);
}

Test(resv, row_3_1_a_usage_is_given_its_own_fences_and_those_before)
{
	struct dma_fence *fences[USAGES];
	unsigned int i;

	for (i = 0; i < USAGES; i++) {
		fences[i] = fence_create();
		cr_expect_eq(dma_resv_add_fence(&resv, fences[i], usages[i]), 0);
	}
	for (i = 0; i < USAGES; i++)
		expect_fences(usages[i], i + 1, fences);
	put_all(USAGES, fences);
}

Test(resv, each_usage_alone_is_seen_by_those_after_it)
{
	unsigned int i, j;

	for (i = 0; i < USAGES; i++) {
		struct dma_fence *fence = fence_create();

		cr_expect_eq(dma_resv_add_fence(&resv, fence, usages[i]), 0);
		for (j = 0; j < USAGES; j++)
			expect_fences(usages[j], j >= i, &fence);
		dma_fence_signal(fence);
		for (j = 0; j < USAGES; j++)
			expect_fences(usages[j], 0, NULL);
		dma_fence_put(fence);
	}
}

Test(resv, row_3_7_a_reader_waits_for_writers_and_a_writer_for_both)
{
	struct dma_fence *reader = fence_create();

	dma_resv_add_fence(&resv, reader, DMA_RESV_USAGE_READ);
	cr_expect(dma_resv_test_signaled(&resv, dma_resv_usage_rw(false)));
	cr_expect_not(dma_resv_test_signaled(&resv, dma_resv_usage_rw(true)));
	dma_fence_put(reader);
}

Test(resv, an_unknown_usage_is_EINVAL)
{
	struct dma_fence *fence = fence_create();

	cr_expect_eq(dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_BOOKKEEP + 1), -EINVAL);
	cr_expect_eq(dma_resv_add_fence(&resv, fence, -1), -EINVAL);
	expect_empty();
	dma_fence_put(fence);
}

Test(resv, row_1_2_keeps_a_fence_until_it_is_signaled)
{
	struct dma_fence *fence = fence_create();

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_WRITE);
	dma_fence_put(fence);
	cr_expect_eq(fences_alive(), 1);
	expect_one(fence);
	dma_fence_signal(fence);
	expect_empty();
}

Test(resv, does_not_take_what_is_signaled)
{
	struct dma_fence *fence = fence_create_signaled(1, 0);

	cr_expect_eq(dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_WRITE), 0);
	cr_expect_eq(fence->refcount, 1);
	expect_empty();
	dma_fence_put(fence);
}

static bool gone_in_callback;

static void look_at_resv(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	gone_in_callback = dma_resv_test_signaled(&resv, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_remove_fence(&resv, fence);
}

Test(resv, row_1_16_a_fence_is_gone_before_its_callbacks_run)
{
	struct dma_fence *fence = fence_create();
	struct dma_fence_cb looker;

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_WRITE);
	dma_fence_add_callback(fence, &looker, look_at_resv);
	dma_fence_signal(fence);
	cr_expect(gone_in_callback);
	cr_expect_eq(fence->refcount, 1, "and can be taken off by them");
	dma_fence_put(fence);
}

Test(resv, sees_an_array_that_nobody_waits_for_as_gone)
{
	struct dma_fence *members[] = { fence_create(), fence_create() };
	struct dma_fence *array = dma_fence_merge_all(2, members);

	dma_resv_add_fence(&resv, array, DMA_RESV_USAGE_WRITE);
	dma_fence_signal(members[0]);
	expect_one(array);
	dma_fence_signal(members[1]);
	expect_empty();
	cr_expect_null(dma_resv_get_latest(&resv, DMA_RESV_USAGE_BOOKKEEP));
	dma_fence_put(array);
	put_all(2, members);
}

Test(resv, drops_signaled_fences_when_others_are_added)
{
	enum { FENCES = 1000 };
	struct dma_fence *fence;
	int i;

	for (i = 0; i < FENCES; i++) {
		fence = fence_create();
		dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
		dma_fence_signal(fence);
		dma_fence_put(fence);
		cr_expect_leq(fences_alive(), 2);
	}
}

Test(resv, drops_signaled_fences_that_are_not_first_in_line)
{
	enum { FENCES = 1000 };
	struct dma_fence *first = fence_create(), *fence;
	int i;

	dma_resv_add_fence(&resv, first, DMA_RESV_USAGE_READ);
	for (i = 0; i < FENCES; i++) {
		fence = fence_create();
		dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
		dma_fence_signal(fence);
		dma_fence_put(fence);
		cr_expect_leq(fences_alive(), 5);
	}
	expect_one(first);
	dma_fence_put(first);
}

/* ---- replacement ---- */

Test(resv, row_3_3_a_later_fence_of_the_same_context_and_usage_replaces_the_earlier)
{
	struct dma_fence *earlier = fence_create_at(1, 1), *later = fence_create_at(1, 2);
	unsigned int i;

	for (i = 0; i < USAGES; i++) {
		dma_resv_add_fence(&resv, earlier, usages[i]);
		dma_resv_add_fence(&resv, later, usages[i]);
		expect_one(later);
		cr_expect_eq(earlier->refcount, 1);
		dma_resv_remove_fence(&resv, later);
	}
	dma_fence_put(earlier);
	dma_fence_put(later);
}

Test(resv, an_earlier_fence_of_the_same_context_changes_nothing)
{
	struct dma_fence *earlier = fence_create_at(1, 1), *later = fence_create_at(1, 2);

	dma_resv_add_fence(&resv, later, DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, earlier, DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, earlier, DMA_RESV_USAGE_READ);
	expect_one(later);
	dma_fence_put(earlier);
	dma_fence_put(later);
}

Test(resv, other_contexts_are_left_alone)
{
	struct dma_fence *fences[] = { fence_create_at(1, 1), fence_create_at(2, 2) };

	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_WRITE);
	expect_fences(DMA_RESV_USAGE_WRITE, 2, fences);
	put_all(2, fences);
}

Test(resv, row_3_1_the_usage_of_a_fence_is_raised)
{
	struct dma_fence *fence = fence_create();

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_WRITE);
	cr_expect_eq(fence->refcount, 2);
	expect_fences(DMA_RESV_USAGE_WRITE, 1, &fence);
	expect_one(fence);
	dma_fence_put(fence);
}

Test(resv, row_3_1_the_usage_of_a_fence_is_never_lowered)
{
	struct dma_fence *fence = fence_create();

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
	expect_fences(DMA_RESV_USAGE_WRITE, 1, &fence);
	expect_one(fence);
	dma_fence_put(fence);
}

Test(resv, the_same_fence_again_is_there_once)
{
	struct dma_fence *fence = fence_create();

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
	cr_expect_eq(fence->refcount, 2);
	expect_one(fence);
	dma_fence_put(fence);
}

Test(resv, a_later_reader_does_not_replace_the_writer_of_its_context)
{
	struct dma_fence *fences[] = { fence_create_at(1, 1), fence_create_at(1, 2) };

	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_READ);
	expect_fences(DMA_RESV_USAGE_WRITE, 1, fences);
	expect_fences(DMA_RESV_USAGE_READ, 2, fences);
	put_all(2, fences);
}

Test(resv, a_later_writer_replaces_all_of_its_context_that_are_there_for_less)
{
	struct dma_fence *fences[] = {
		fence_create_at(1, 1),
		fence_create_at(1, 2),
		fence_create_at(1, 3),
		fence_create_at(1, 4),
	};
	struct dma_fence *left[] = { fences[0], fences[3] };

	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_KERNEL);
	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_READ);
	dma_resv_add_fence(&resv, fences[2], DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_add_fence(&resv, fences[3], DMA_RESV_USAGE_WRITE);
	expect_fences(DMA_RESV_USAGE_BOOKKEEP, 2, left);
	put_all(4, fences);
}

Test(resv, an_earlier_writer_is_added_beside_a_later_reader)
{
	struct dma_fence *reader = fence_create_at(1, 2), *writer = fence_create_at(1, 1);
	struct dma_fence *both[] = { reader, writer };

	dma_resv_add_fence(&resv, reader, DMA_RESV_USAGE_READ);
	dma_resv_add_fence(&resv, writer, DMA_RESV_USAGE_WRITE);
	expect_fences(DMA_RESV_USAGE_WRITE, 1, &writer);
	expect_fences(DMA_RESV_USAGE_READ, 2, both);
	put_all(2, both);
}

Test(resv, what_replaces_is_the_last_added)
{
	struct dma_fence *fences[] = {
		fence_create_at(1, 1),
		fence_create_at(2, 1),
		fence_create_at(1, 2),
	};

	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, fences[2], DMA_RESV_USAGE_WRITE);
	expect_fences(DMA_RESV_USAGE_WRITE, 2, &fences[1]);
	put_all(3, fences);
}

Test(resv, remove_takes_off_that_very_fence)
{
	struct dma_fence *fences[] = {
		fence_create_at(1, 1),
		fence_create_at(1, 2),
		fence_create_at(2, 1),
	};
	struct dma_fence *left[] = { fences[0], fences[2] };

	dma_resv_remove_fence(&resv, fences[0]);
	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_READ);
	dma_resv_add_fence(&resv, fences[2], DMA_RESV_USAGE_READ);
	dma_resv_remove_fence(&resv, fences[1]);
	expect_fences(DMA_RESV_USAGE_BOOKKEEP, 2, left);
	cr_expect_eq(fences[1]->refcount, 1);
	dma_resv_remove_fence(&resv, fences[1]);
	expect_fences(DMA_RESV_USAGE_BOOKKEEP, 2, left);
	put_all(3, fences);
}

/* ---- asking ---- */

Test(resv, row_1_4_the_latest_is_the_last_added_that_is_pending)
{
	struct dma_fence *fences[] = { fence_create(), fence_create(), fence_create() };
	struct dma_fence *latest;

	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, fences[2], DMA_RESV_USAGE_READ);
	latest = dma_resv_get_latest(&resv, DMA_RESV_USAGE_READ);
	cr_expect_eq(latest, fences[2]);
	dma_fence_put(latest);
	latest = dma_resv_get_latest(&resv, DMA_RESV_USAGE_WRITE);
	cr_expect_eq(latest, fences[1]);
	dma_fence_put(latest);
	dma_fence_signal(fences[1]);
	latest = dma_resv_get_latest(&resv, DMA_RESV_USAGE_WRITE);
	cr_expect_eq(latest, fences[0]);
	dma_fence_put(latest);
	put_all(3, fences);
}

Test(resv, row_1_4_the_singleton_is_one_fence_for_all_that_is_pending)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_fence *singleton;
	unsigned int count;

	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_WRITE);
	singleton = dma_resv_get_singleton(&resv, DMA_RESV_USAGE_READ, &count);
	cr_expect_eq(count, 1);
	cr_expect_eq(singleton, fences[0]);
	dma_fence_put(singleton);

	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_READ);
	singleton = dma_resv_get_singleton(&resv, DMA_RESV_USAGE_READ, &count);
	cr_expect_eq(count, 2);
	cr_expect_eq(dma_fence_member_count(singleton), 2);
	dma_fence_signal(fences[0]);
	cr_expect_eq(dma_fence_get_status(singleton), 0);
	dma_fence_signal(fences[1]);
	cr_expect_eq(dma_fence_get_status(singleton), 1);
	dma_fence_put(singleton);
	put_all(2, fences);
}

Test(resv, row_3_2_a_snapshot_stays_as_it_was)
{
	struct dma_fence *before = fence_create_at(1, 1), *after = fence_create_at(1, 2);
	struct dma_fence **snapshot, *singleton;
	unsigned int count;

	dma_resv_add_fence(&resv, before, DMA_RESV_USAGE_WRITE);
	cr_expect_eq(dma_resv_get_fences(&resv, DMA_RESV_USAGE_WRITE, &count, &snapshot), 0);
	singleton = dma_resv_get_singleton(&resv, DMA_RESV_USAGE_WRITE, NULL);
	dma_resv_add_fence(&resv, after, DMA_RESV_USAGE_WRITE);
	cr_expect_eq(count, 1);
	cr_expect_eq(snapshot[0], before);
	cr_expect_eq(singleton, before);
	cr_expect_eq(before->refcount, 3);
	put_all(count, snapshot);
	free(snapshot);
	dma_fence_put(singleton);
	dma_fence_put(before);
	dma_fence_put(after);
}

/* ---- waiting ---- */

Test(resv, wait_with_timeout_0_looks)
{
	struct dma_fence *fence = fence_create();

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
	cr_expect_eq(dma_resv_wait_timeout(&resv, DMA_RESV_USAGE_READ, false, 0), 0);
	cr_expect_eq(dma_resv_wait_timeout(&resv, DMA_RESV_USAGE_WRITE, false, 0), 1);
	cr_expect_eq(dma_resv_wait_timeout(&resv, DMA_RESV_USAGE_READ, false, -1), -EINVAL);
	dma_fence_put(fence);
}

Test(resv, wait_is_for_all_of_the_usage)
{
	struct dma_fence *fences[] = { fence_create(), fence_create(), fence_create() };
	pthread_t threads[2];
	int64_t left;

	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_READ);
	dma_resv_add_fence(&resv, fences[2], DMA_RESV_USAGE_BOOKKEEP);
	threads[0] = signal_later(fences[0], 20 * NSEC_PER_MSEC);
	threads[1] = signal_later(fences[1], 10 * NSEC_PER_MSEC);
	left = dma_resv_wait_timeout(&resv, DMA_RESV_USAGE_READ, false, PATIENCE_NS);
	cr_expect_gt(left, 0);
	cr_expect(dma_fence_is_signaled(fences[0]));
	cr_expect(dma_fence_is_signaled(fences[1]));
	cr_expect_not(dma_fence_is_signaled(fences[2]));
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	put_all(3, fences);
}

Test(resv, wait_that_runs_out_returns_0)
{
	struct dma_fence *fence = fence_create();

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
	cr_expect_eq(dma_resv_wait_timeout(&resv, DMA_RESV_USAGE_READ, false, NSEC_PER_MSEC), 0);
	dma_fence_put(fence);
}

/* ---- room ---- */

/* Adds a pending fence. How many had to move to a larger array for it? */
static unsigned int moved_by_adding(struct dma_fence *fence)
{
	const struct dma_resv_entry *entries = resv.entries;
	unsigned int there = resv.count;

	cr_assert_eq(dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ), 0);
	return resv.entries == entries ? 0 : there;
}

Test(resv, row_3_3_adding_moves_a_fence_less_than_twice_on_average)
{
	enum { FENCES = 100000 };
	unsigned int i, moved = 0;

	for (i = 0; i < FENCES; i++) {
		struct dma_fence *fence = fence_create();

		moved += moved_by_adding(fence);
		dma_fence_put(fence);
		cr_assert_lt(moved, 2 * (i + 1));
	}
}

/* Signaled fences behind one that is pending stay until there is no room. */
Test(resv, row_3_3_an_array_that_is_full_but_for_one_is_not_replaced_for_each_fence)
{
	enum { PENDING = 4095, SIGNALED = 4 * PENDING };
	unsigned int i, moved = 0;

	for (i = 0; i < PENDING + SIGNALED; i++) {
		struct dma_fence *fence = fence_create();

		moved += moved_by_adding(fence);
		if (i >= PENDING)
			dma_fence_signal(fence);
		dma_fence_put(fence);
		cr_assert_lt(moved, 2 * (i + 1));
	}
}

Test(resv, row_3_3_reserved_room_is_there)
{
	struct dma_resv_entry *entries;
	struct dma_fence *fences[100];
	int i;

	for (i = 0; i < 50; i++) {
		fences[i] = fence_create();
		dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ);
	}
	cr_expect_eq(dma_resv_reserve_fences(&resv, 50), 0);
	entries = resv.entries;
	for (; i < 100; i++) {
		fences[i] = fence_create();
		dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ);
	}
	cr_expect_eq(resv.entries, entries, "adding allocated");
	expect_fences(DMA_RESV_USAGE_READ, 100, fences);
	put_all(100, fences);
}

Test(resv, room_for_more_than_there_can_be_is_ENOMEM)
{
	struct dma_fence *fence = fence_create();

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
	cr_expect_eq(dma_resv_reserve_fences(&resv, UINT32_MAX), -ENOMEM);
	expect_one(fence);
	dma_fence_put(fence);
}

Test(resv, many_contexts_are_kept_in_order_through_replacements)
{
	enum { CONTEXTS = 1000, ROUNDS = 5 };
	static struct dma_fence *last[CONTEXTS];
	unsigned int i, round;

	for (round = 1; round <= ROUNDS; round++) {
		for (i = 0; i < CONTEXTS; i++) {
			dma_fence_put(last[i]);
			last[i] = fence_create_at(i + 1, round);
			dma_resv_add_fence(&resv, last[i], DMA_RESV_USAGE_READ);
		}
		cr_expect_eq(fences_alive(), CONTEXTS);
	}
	expect_fences(DMA_RESV_USAGE_READ, CONTEXTS, last);
	put_all(CONTEXTS, last);
}
