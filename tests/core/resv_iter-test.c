/* SPDX-License-Identifier: MIT */
/* resv_iter-test.c - snapshots of a reservation, iteration, and the deadline hint to its fences. */
#include <sys/resource.h>

#include "resv-test.h"

TestSuite(resv_iter, .timeout = TEST_TIMEOUT, .init = create_resv, .fini = destroy_resv);

/* ---- snapshots ---- */

static void expect_list(const struct dma_resv_list *list, unsigned int count,
			struct dma_fence **fences, const enum dma_resv_usage *its_usages)
{
	enum dma_resv_usage usage;
	unsigned int i;

	cr_assert_not_null(list);
	cr_assert_eq(dma_resv_list_count(list), count);
	for (i = 0; i < count; i++) {
		cr_expect_eq(dma_resv_list_fence(list, i, &usage), fences[i]);
		cr_expect_eq(usage, its_usages[i]);
	}
}

Test(resv_iter, row_3_2_a_snapshot_has_all_usages_in_the_order_of_adding)
{
	struct dma_resv_list *list = dma_resv_snapshot(&resv);
	struct dma_fence *fences[USAGES];
	unsigned int i;

	expect_list(list, 0, NULL, NULL);
	dma_resv_list_put(list);
	for (i = 0; i < USAGES; i++) {
		fences[i] = fence_create();
		dma_resv_add_fence(&resv, fences[i], usages[i]);
	}
	list = dma_resv_snapshot(&resv);
	expect_list(list, USAGES, fences, usages);
	dma_resv_list_put(list);
	put_all(USAGES, fences);
}

Test(resv_iter, row_3_2_a_snapshot_can_be_referenced_and_outlives_all_changes)
{
	struct dma_fence *fences[] = { fence_create_at(1001, 1), fence_create_at(1002, 1) };
	struct dma_fence *later = fence_create_at(1001, 2);
	struct dma_resv_list *list, *again;

	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_KERNEL);
	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_WRITE);
	list = dma_resv_snapshot(&resv);
	again = dma_resv_list_get(list);
	cr_expect_eq(again, list);
	dma_resv_list_put(list);
	dma_resv_add_fence(&resv, later, DMA_RESV_USAGE_KERNEL);
	dma_resv_remove_fence(&resv, fences[1]);
	expect_list(again, 2, fences, usages);
	put_all(2, fences);
	cr_expect_eq(fences_alive(), 3, "the list has its own references");
	dma_resv_list_put(again);
	cr_expect_eq(fences_alive(), 1);
	dma_fence_put(later);
}

Test(resv_iter, row_3_2_a_snapshot_is_made_once_while_nothing_changes)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_resv_list *first, *second, *third;

	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_KERNEL);
	first = dma_resv_snapshot(&resv);
	second = dma_resv_snapshot(&resv);
	cr_expect_eq(first, second);
	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_WRITE);
	third = dma_resv_snapshot(&resv);
	cr_expect_neq(first, third);
	expect_list(first, 1, fences, usages);
	expect_list(third, 2, fences, usages);
	dma_resv_list_put(first);
	dma_resv_list_put(second);
	dma_resv_list_put(third);
	put_all(2, fences);
}

/* How long a snapshot that is kept holds on to what is gone: not at all. */
Test(resv_iter, what_is_taken_off_is_not_kept_for_the_sake_of_a_snapshot)
{
	struct dma_fence *fence = fence_create();

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_KERNEL);
	dma_resv_list_put(dma_resv_snapshot(&resv));
	dma_resv_remove_fence(&resv, fence);
	cr_expect_eq(fence->refcount, 1);
	dma_fence_put(fence);
}

Test(resv_iter, row_3_4_a_snapshot_has_nothing_that_is_staged)
{
	struct dma_fence *fence = fence_create();
	enum dma_resv_usage usage = DMA_RESV_USAGE_KERNEL;
	struct dma_resv_list *list;

	cr_assert_eq(dma_resv_lock(&resv, NULL), 0);
	dma_resv_add_fence(&resv, fence, usage);
	list = dma_resv_snapshot(&resv);
	expect_list(list, 0, NULL, NULL);
	dma_resv_list_put(list);
	dma_resv_commit(&resv);
	list = dma_resv_snapshot(&resv);
	expect_list(list, 1, &fence, &usage);
	dma_resv_list_put(list);
	dma_resv_unlock(&resv);
	dma_fence_put(fence);
}

Test(resv_iter, row_3_2_a_snapshot_that_is_kept_is_had_without_the_lock)
{
	struct dma_fence *fence = fence_create();
	struct dma_resv_list *list;

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_KERNEL);
	dma_resv_list_put(dma_resv_snapshot(&resv));
	/* Would hang if it were taken here. */
	pthread_mutex_lock(&resv.lock);
	list = dma_resv_snapshot(&resv);
	pthread_mutex_unlock(&resv.lock);
	cr_expect_eq(dma_resv_list_count(list), 1);
	dma_resv_list_put(list);
	dma_fence_put(fence);
}

/* ---- iteration ---- */

Test(resv_iter, row_3_1_unlocked_iteration_for_each_usage)
{
	struct dma_fence *fences[USAGES], *fence;
	struct dma_resv_iter cursor;
	unsigned int i, count;

	for (i = 0; i < USAGES; i++) {
		fences[i] = fence_create();
		dma_resv_add_fence(&resv, fences[i], usages[i]);
	}
	for (i = 0; i < USAGES; i++) {
		count = 0;
		dma_resv_iter_begin(&cursor, &resv, usages[i]);
		dma_resv_for_each_fence_unlocked(&cursor, fence)
		{
			cr_expect_eq(dma_resv_iter_is_restarted(&cursor), !count);
			cr_assert_leq(count, i);
			cr_expect_eq(fence, fences[count]);
			cr_expect_eq(dma_resv_iter_usage(&cursor), usages[count++]);
		}
		dma_resv_iter_end(&cursor);
		cr_expect_eq(count, i + 1);
	}
	put_all(USAGES, fences);
}

Test(resv_iter, row_3_1_locked_iteration_for_each_usage)
{
	struct dma_fence *fences[USAGES], *fence;
	struct dma_resv_iter cursor;
	unsigned int i, count;

	cr_assert_eq(dma_resv_lock(&resv, NULL), 0);
	for (i = 0; i < USAGES; i++) {
		fences[i] = fence_create();
		dma_resv_add_fence(&resv, fences[i], usages[i]);
	}
	for (i = 0; i < USAGES; i++) {
		count = 0;
		dma_resv_for_each_fence(&cursor, &resv, usages[i], fence)
		{
			cr_assert_leq(count, i);
			cr_expect_eq(fence, fences[count]);
			cr_expect_eq(dma_resv_iter_usage(&cursor), usages[count++]);
		}
		cr_expect_eq(count, i + 1);
	}
	dma_resv_unlock(&resv);
	put_all(USAGES, fences);
}

Test(resv_iter, iteration_for_each_usage_alone)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	unsigned int i, j;

	for (i = 0; i < USAGES; i++) {
		struct dma_fence *alone = fence_create();

		dma_resv_add_fence(&resv, alone, usages[i]);
		for (j = 0; j < USAGES; j++) {
			dma_resv_iter_begin(&cursor, &resv, usages[j]);
			fence = dma_resv_iter_first_unlocked(&cursor);
			cr_expect_eq(fence, j >= i ? alone : NULL);
			cr_expect_null(dma_resv_iter_next_unlocked(&cursor));
			fence = dma_resv_iter_first(&cursor);
			cr_expect_eq(fence, j >= i ? alone : NULL);
			cr_expect_null(dma_resv_iter_next(&cursor));
			dma_resv_iter_end(&cursor);
		}
		dma_fence_signal(alone);
		dma_fence_put(alone);
	}
}

Test(resv_iter, over_nothing_ends_at_once)
{
	struct dma_resv_iter cursor;

	dma_resv_iter_begin(&cursor, &resv, DMA_RESV_USAGE_BOOKKEEP);
	cr_expect_null(dma_resv_iter_first_unlocked(&cursor));
	cr_expect_null(dma_resv_iter_first(&cursor));
	dma_resv_iter_end(&cursor);
}

Test(resv_iter, leaves_out_what_is_signaled)
{
	struct dma_fence *fences[] = { fence_create(), fence_create(), fence_create() };
	struct dma_resv_iter cursor;
	unsigned int i;

	for (i = 0; i < 3; i++)
		dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ);
	dma_fence_signal(fences[1]);
	dma_resv_iter_begin(&cursor, &resv, DMA_RESV_USAGE_READ);
	cr_expect_eq(dma_resv_iter_first_unlocked(&cursor), fences[0]);
	cr_expect_eq(dma_resv_iter_next_unlocked(&cursor), fences[2]);
	cr_expect_eq(dma_resv_iter_first(&cursor), fences[0]);
	cr_expect_eq(dma_resv_iter_next(&cursor), fences[2]);
	cr_expect_null(dma_resv_iter_next(&cursor));
	dma_resv_iter_end(&cursor);
	put_all(3, fences);
}

Test(resv_iter, row_3_2_unlocked_iteration_goes_on_as_it_was_whatever_changes)
{
	struct dma_fence *fences[] = { fence_create_at(1001, 1), fence_create_at(1002, 1) };
	struct dma_fence *later = fence_create_at(1002, 2);
	struct dma_resv_iter cursor;

	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_READ);
	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_READ);
	dma_resv_iter_begin(&cursor, &resv, DMA_RESV_USAGE_READ);
	cr_expect_eq(dma_resv_iter_first_unlocked(&cursor), fences[0]);
	dma_resv_remove_fence(&resv, fences[0]);
	dma_resv_add_fence(&resv, later, DMA_RESV_USAGE_READ);
	cr_expect_eq(dma_resv_iter_next_unlocked(&cursor), fences[1]);
	cr_expect_null(dma_resv_iter_next_unlocked(&cursor));
	cr_expect_eq(dma_resv_iter_first_unlocked(&cursor), later, "it begins anew");
	cr_expect(dma_resv_iter_is_restarted(&cursor));
	dma_resv_iter_end(&cursor);
	put_all(2, fences);
	dma_fence_put(later);
}

Test(resv_iter, locked_iteration_goes_on_when_others_take_off_and_make_room)
{
	struct dma_fence *fences[] = { fence_create(), fence_create(), fence_create() };
	struct dma_resv_iter cursor;
	unsigned int i;

	cr_assert_eq(dma_resv_lock(&resv, NULL), 0);
	for (i = 0; i < 3; i++)
		dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ);
	dma_resv_iter_begin(&cursor, &resv, DMA_RESV_USAGE_READ);
	cr_expect_eq(dma_resv_iter_first(&cursor), fences[0]);
	dma_resv_remove_fence(&resv, fences[0]);
	cr_expect_eq(dma_resv_iter_next(&cursor), fences[1]);
	for (i = 0; i < 20; i++) {
		struct dma_fence *other = fence_create();

		dma_resv_add_fence_unlocked(&resv, other);
		dma_fence_put(other);
	}
	cr_expect_eq(dma_resv_iter_next(&cursor), fences[2]);
	cr_expect_null(dma_resv_iter_next(&cursor));
	dma_resv_iter_end(&cursor);
	dma_resv_unlock(&resv);
	put_all(3, fences);
}

Test(resv_iter, locked_iteration_shows_what_a_commit_will_leave)
{
	struct dma_fence *replaced = fence_create_at(1001, 1), *stays = fence_create_at(1002, 5);
	struct dma_fence *replaces = fence_create_at(1001, 2), *needless = fence_create_at(1002, 4);
	struct dma_fence *expected[] = { stays, replaces }, *fence;
	struct dma_resv_iter cursor;
	unsigned int count = 0;

	dma_resv_add_fence(&resv, replaced, DMA_RESV_USAGE_READ);
	dma_resv_add_fence(&resv, stays, DMA_RESV_USAGE_READ);
	cr_assert_eq(dma_resv_lock(&resv, NULL), 0);
	dma_resv_add_fence(&resv, replaces, DMA_RESV_USAGE_READ);
	dma_resv_add_fence(&resv, needless, DMA_RESV_USAGE_READ);
	dma_resv_add_fence(&resv, stays, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_for_each_fence(&cursor, &resv, DMA_RESV_USAGE_BOOKKEEP, fence)
	{
		cr_assert_lt(count, 2);
		cr_expect_eq(fence, expected[count++]);
	}
	cr_expect_eq(count, 2);
	dma_resv_unlock(&resv);
	expect_fences(DMA_RESV_USAGE_BOOKKEEP, 2, expected);
	put_all(2, expected);
	dma_fence_put(replaced);
	dma_fence_put(needless);
}

static void break_at(struct dma_fence *left_at)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_for_each_fence(&cursor, &resv, DMA_RESV_USAGE_READ, fence)
	{
		if (fence == left_at)
			break;
	}
	cr_expect_eq(fence, left_at);
	cr_expect_eq(dma_resv_iter_usage(&cursor), DMA_RESV_USAGE_READ);
}

static void go_from(struct dma_fence *left_at)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_for_each_fence(&cursor, &resv, DMA_RESV_USAGE_READ, fence)
	{
		if (fence == left_at)
			goto out;
	}
	cr_assert(false, "the loop has gone past the fence");
out:
	return;
}

static struct dma_fence *return_at(struct dma_fence *left_at)
{
	struct dma_resv_iter outer, inner;
	struct dma_fence *fence, *other;

	dma_resv_for_each_fence(&outer, &resv, DMA_RESV_USAGE_READ, fence)
	{
		dma_resv_for_each_fence(&inner, &resv, DMA_RESV_USAGE_READ, other)
		{
			if (fence == left_at && other == left_at)
				return dma_fence_get(fence);
		}
	}
	return NULL;
}

Test(resv_iter, a_locked_loop_that_is_left_by_break_goto_or_return_keeps_nothing)
{
	struct dma_fence *fences[] = { fence_create(), fence_create(), fence_create() };
	unsigned int i;

	cr_assert_eq(dma_resv_lock(&resv, NULL), 0);
	for (i = 0; i < 3; i++)
		dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ);
	for (i = 0; i < 3; i++) {
		struct dma_fence *left_at;

		break_at(fences[i]);
		go_from(fences[i]);
		left_at = return_at(fences[i]);
		cr_expect_eq(left_at, fences[i]);
		dma_fence_put(left_at);
	}
	for (i = 0; i < 3; i++)
		cr_expect_eq(fences[i]->refcount, 2, "the test's and the reservation's");
	dma_resv_unlock(&resv);
	put_all(3, fences);
}

Test(resv_iter, a_cursor_keeps_its_fence_and_may_be_left_at_any_time)
{
	struct dma_fence *fence = fence_create();
	struct dma_resv_iter cursor;

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
	dma_resv_iter_begin(&cursor, &resv, DMA_RESV_USAGE_READ);
	cr_expect_eq(dma_resv_iter_first(&cursor), fence);
	dma_resv_remove_fence(&resv, fence);
	dma_fence_put(fence);
	cr_expect_eq(fences_alive(), 1);
	cr_expect_eq(dma_fence_get_status(cursor.fence), 0);
	dma_resv_iter_end(&cursor);
	dma_resv_iter_end(&cursor);
}

/* ---- without memory ---- */

#if !defined(__SANITIZE_ADDRESS__)
static struct rlimit limit;

/* Existing memory can be used, but no large block is available any more. */
static void run_out_of_memory(void)
{
	struct rlimit none;

	cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
	none = (struct rlimit){ .rlim_cur = 1, .rlim_max = limit.rlim_max };
	cr_assert_eq(setrlimit(RLIMIT_AS, &none), 0);
}

static void have_memory_again(void)
{
	cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

Test(resv_iter, goes_on_where_there_is_no_memory_for_a_snapshot)
{
	enum { FENCES = 100000, LEFT_OUT = 50000 };
	static struct dma_fence *fences[FENCES];
	bool in_order = true, is_first = true, none;
	struct dma_fence *fence, *later = fence_create();
	struct dma_resv_iter cursor;
	unsigned int i, count = 0;
	int error;

	for (i = 0; i < FENCES; i++) {
		fences[i] = fence_create();
		dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ);
	}
	run_out_of_memory();
	none = !dma_resv_snapshot(&resv);
	error = dma_resv_copy_fences(&resv, &resv);
	dma_resv_iter_begin(&cursor, &resv, DMA_RESV_USAGE_READ);
	dma_resv_for_each_fence_unlocked(&cursor, fence)
	{
		in_order = in_order && fence == fences[count + (count >= LEFT_OUT)];
		if (is_first) {
			dma_resv_remove_fence(&resv, fences[0]);
			dma_resv_remove_fence(&resv, fences[LEFT_OUT]);
			dma_resv_add_fence(&resv, later, DMA_RESV_USAGE_READ);
		}
		is_first = false;
		count++;
	}
	dma_resv_iter_end(&cursor);
	have_memory_again();
	cr_expect(none);
	cr_expect_eq(error, -ENOMEM);
	cr_expect(in_order);
	cr_expect_eq(count, FENCES - 1, "but for the one that was taken off");
	put_all(FENCES, fences);
	dma_fence_put(later);
}

Test(resv_iter, locked_iteration_goes_on_where_there_is_no_memory_for_a_list)
{
	enum { VISIBLE = 50000, STAGED = 50000, REPLACED = 1000 };
	static struct dma_fence *fences[VISIBLE + STAGED];
	bool in_order = true, without_list = true;
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	unsigned int i, count = 0;

	for (i = 0; i < VISIBLE + STAGED; i++) {
		fences[i] = fence_create_at(1 + i % (VISIBLE + STAGED - REPLACED), 1 + i);
		if (i == VISIBLE)
			cr_assert_eq(dma_resv_lock(&resv, NULL), 0);
		dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ);
	}
	run_out_of_memory();
	dma_resv_for_each_fence(&cursor, &resv, DMA_RESV_USAGE_READ, fence)
	{
		without_list = without_list && !cursor.list;
		in_order = in_order && fence == fences[REPLACED + count];
		dma_resv_remove_fence(&resv, fence);
		count++;
	}
	have_memory_again();
	dma_resv_unlock(&resv);
	cr_expect(without_list);
	cr_expect(in_order);
	cr_expect_eq(count, VISIBLE + STAGED - REPLACED, "but for those that the staged replace");
	put_all(VISIBLE + STAGED, fences);
}

Test(resv_iter, row_3_3_adding_after_reserving_cannot_fail)
{
	enum { FENCES = 20000 };
	static struct dma_fence *fences[FENCES];
	struct dma_resv other;
	unsigned int i, errors = 0;
	int refused;

	dma_resv_init(&other);
	for (i = 0; i < FENCES; i++)
		fences[i] = fence_create();
	cr_assert_eq(dma_resv_lock(&resv, NULL), 0);
	cr_assert_eq(dma_resv_reserve_fences(&resv, FENCES), 0);
	run_out_of_memory();
	for (i = 0; i < FENCES; i++)
		errors += dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ) != 0;
	refused = dma_resv_reserve_fences(&other, FENCES);
	have_memory_again();
	dma_resv_unlock(&resv);
	cr_expect_eq(errors, 0);
	cr_expect_eq(refused, -ENOMEM);
	expect_fences(DMA_RESV_USAGE_READ, FENCES, fences);
	put_all(FENCES, fences);
	dma_resv_fini(&other);
}
#endif

/* ---- kinds of fences, and deadlines ---- */

Test(resv_iter, row_2_4_fences_of_every_kind_stand_side_by_side)
{
	struct dma_fence *members[] = { fence_create(), fence_create() };
	struct dma_fence *asking = test_fence_create(&asking_ops, NULL, 7, 1);
	struct dma_fence *array = dma_fence_merge_all(2, members);
	struct dma_fence *fences[] = { asking, array };

	dma_resv_add_fence(&resv, asking, DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, array, DMA_RESV_USAGE_WRITE);
	expect_fences(DMA_RESV_USAGE_WRITE, 2, fences);
	to_test_fence(asking)->done = true;
	expect_one(array);
	dma_fence_signal(members[0]);
	expect_one(array);
	dma_fence_signal(members[1]);
	expect_empty();
	put_all(2, fences);
	put_all(2, members);
}

Test(resv_iter, row_5_3_a_deadline_is_passed_on_to_what_is_pending_for_the_usage)
{
	struct dma_fence *fences[USAGES];
	unsigned int i;

	for (i = 0; i < USAGES; i++) {
		fences[i] = test_fence_create(&asking_ops, NULL, 100 + i, 1);
		dma_resv_add_fence(&resv, fences[i], usages[i]);
	}
	dma_fence_signal(fences[0]);
	dma_resv_set_deadline(&resv, DMA_RESV_USAGE_READ, 5000);
	dma_resv_set_deadline(&resv, DMA_RESV_USAGE_READ, 7000);
	cr_expect_eq(to_test_fence(fences[0])->deadline_ns, 0, "signaled");
	cr_expect_eq(to_test_fence(fences[1])->deadline_ns, 5000);
	cr_expect_eq(to_test_fence(fences[2])->deadline_ns, 5000);
	cr_expect_eq(to_test_fence(fences[3])->deadline_ns, 0, "bookkeep");
	put_all(USAGES, fences);
}
