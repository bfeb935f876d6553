/* SPDX-License-Identifier: MIT */
/* merge-test.c - several fences into one: what drops out, what stays, in which order. */
#include "core-test.h"

TestSuite(merge, .timeout = TEST_TIMEOUT, .fini = expect_no_fence_left);

static void put_all(unsigned int count, struct dma_fence **fences)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		dma_fence_put(fences[i]);
}

/* Is it an array of that kind with these members, in this order? */
static void expect_members(struct dma_fence *merged, bool any, unsigned int count,
			   struct dma_fence **expected)
{
	unsigned int i;

	cr_assert_not_null(merged);
	cr_assert(dma_fence_is_array(merged));
	cr_expect_eq(dma_fence_array_signals_on_any(to_dma_fence_array(merged)), any);
	cr_assert_eq(dma_fence_member_count(merged), count);
	for (i = 0; i < count; i++)
		cr_expect_eq(dma_fence_array_member(to_dma_fence_array(merged), i), expected[i],
			     "member %u", i);
}

Test(merge, passes_over_what_is_null)
{
	struct dma_fence *fence = fence_create(), *merged;

	merged = dma_fence_unwrap_merge(NULL, fence, NULL);
	cr_expect_eq(merged, fence);
	dma_fence_put(merged);
	merged = dma_fence_merge_any(2, (struct dma_fence *[]){ NULL, fence });
	cr_expect_eq(merged, fence);
	dma_fence_put(merged);
	dma_fence_put(fence);

	cr_expect_null(to_dma_fence_array(NULL));
	cr_expect_null(to_dma_fence_chain(NULL));
	cr_expect_null(dma_fence_chain_contained(NULL));
	cr_expect_null(dma_fence_chain_walk(NULL));
}

Test(merge, of_nothing_is_a_signaled_stub)
{
	struct dma_fence *all = dma_fence_merge_all(0, NULL), *any = dma_fence_merge_any(0, NULL);

	cr_expect_eq(dma_fence_get_status(all), 1);
	cr_expect_eq(dma_fence_get_status(any), 1);
	cr_expect_str_eq(dma_fence_driver_name(all), "stub");
	dma_fence_put(all);
	dma_fence_put(any);
}

Test(merge, of_one_is_that_fence)
{
	struct dma_fence *fence = fence_create();
	struct dma_fence *all = dma_fence_merge_all(1, &fence);
	struct dma_fence *any = dma_fence_merge_any(1, &fence);

	cr_expect_eq(all, fence);
	cr_expect_eq(any, fence);
	cr_expect_eq(fence->refcount, 3, "each result is a reference of its own");
	dma_fence_put(all);
	dma_fence_put(any);
	dma_fence_put(fence);
}

Test(merge, of_the_same_fence_twice_is_that_fence)
{
	struct dma_fence *fence = fence_create(), *twice[] = { fence, fence };
	struct dma_fence *merged = dma_fence_merge_all(2, twice);

	cr_expect_eq(merged, fence);
	dma_fence_put(merged);
	dma_fence_put(fence);
}

Test(merge, row_5_2_sorts_by_context)
{
	struct dma_fence *fences[] = {
		fence_create_at(3, 1),
		fence_create_at(1, 9),
		fence_create_at(2, 5),
	};
	struct dma_fence *sorted[] = { fences[1], fences[2], fences[0] };
	struct dma_fence *all = dma_fence_merge_all(3, fences);
	struct dma_fence *any = dma_fence_merge_any(3, fences);

	expect_members(all, false, 3, sorted);
	expect_members(any, true, 3, sorted);
	dma_fence_put(all);
	dma_fence_put(any);
	put_all(3, fences);
}

Test(merge, has_a_context_of_its_own)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_fence *first = dma_fence_merge_all(2, fences);
	struct dma_fence *second = dma_fence_merge_all(2, fences);

	cr_expect_neq(first->context, second->context);
	cr_expect_neq(first->context, fences[0]->context);
	dma_fence_put(first);
	dma_fence_put(second);
	put_all(2, fences);
}

Test(merge, row_5_2_of_all_keeps_the_latest_of_a_context)
{
	struct dma_fence *fences[] = {
		fence_create_at(1, 2), fence_create_at(2, 7), fence_create_at(1, 3),
		fence_create_at(1, 1), fence_create_at(2, 6),
	};
	struct dma_fence *latest[] = { fences[2], fences[1] };
	struct dma_fence *merged = dma_fence_merge_all(5, fences);

	expect_members(merged, false, 2, latest);
	dma_fence_put(merged);
	put_all(5, fences);
}

Test(merge, of_any_keeps_the_earliest_of_a_context)
{
	struct dma_fence *fences[] = {
		fence_create_at(1, 2), fence_create_at(2, 7), fence_create_at(1, 3),
		fence_create_at(1, 1), fence_create_at(2, 6),
	};
	struct dma_fence *earliest[] = { fences[3], fences[4] };
	struct dma_fence *merged = dma_fence_merge_any(5, fences);

	expect_members(merged, true, 2, earliest);
	dma_fence_put(merged);
	put_all(5, fences);
}

Test(merge, row_5_2_of_all_drops_what_is_signaled)
{
	struct dma_fence *fences[] = {
		fence_create_at(1, 1),
		fence_create_signaled(5, -EIO),
		fence_create_at(2, 1),
	};
	struct dma_fence *pending[] = { fences[0], fences[2] };
	struct dma_fence *merged = dma_fence_merge_all(3, fences);

	expect_members(merged, false, 2, pending);
	dma_fence_put(merged);
	put_all(3, fences);
}

Test(merge, row_5_2_of_all_with_one_pending_is_that_fence)
{
	struct dma_fence *fences[] = { fence_create_signaled(5, 0), fence_create() };
	struct dma_fence *merged = dma_fence_merge_all(2, fences);

	cr_expect_eq(merged, fences[1]);
	dma_fence_put(merged);
	put_all(2, fences);
}

Test(merge, row_5_2_of_all_with_nothing_pending_is_a_stub_with_the_latest_time_and_no_error)
{
	struct dma_fence *fences[] = {
		fence_create_signaled(10, -EIO),
		fence_create_signaled(30, -EIO),
		fence_create_signaled(20, 0),
	};
	struct dma_fence *merged = dma_fence_merge_all(3, fences);

	cr_expect_eq(dma_fence_get_status(merged), 1);
	cr_expect_eq(dma_fence_timestamp(merged), 30);
	cr_expect_str_eq(dma_fence_driver_name(merged), "stub");
	dma_fence_put(merged);
	put_all(3, fences);
}

Test(merge, of_any_with_a_signaled_member_is_that_member)
{
	struct dma_fence *fences[] = {
		fence_create(),
		fence_create_signaled(30, 0),
		fence_create_signaled(20, -EIO),
	};
	struct dma_fence *merged = dma_fence_merge_any(2, fences);

	cr_expect_eq(merged, fences[1]);
	dma_fence_put(merged);
	merged = dma_fence_merge_any(3, fences);
	cr_expect_eq(merged, fences[2], "of two the one that was first");
	cr_expect_eq(dma_fence_get_status(merged), -EIO);
	dma_fence_put(merged);
	put_all(3, fences);
}

Test(merge, asks_a_fence_that_does_not_know_yet_that_it_is_signaled)
{
	struct dma_fence *done = test_fence_create(&asking_ops, NULL, 1, 1);
	struct dma_fence *fences[] = { done, fence_create() };
	struct dma_fence *merged;

	to_test_fence(done)->done = true;
	merged = dma_fence_merge_all(2, fences);
	cr_expect_eq(merged, fences[1]);
	dma_fence_put(merged);
	put_all(2, fences);
}

Test(merge, row_3_5_of_all_takes_arrays_of_all_apart)
{
	struct dma_fence *fences[] = {
		fence_create_at(1, 1),
		fence_create_at(2, 1),
		fence_create_at(3, 1),
		fence_create_at(2, 2),
	};
	struct dma_fence *inner = dma_fence_merge_all(3, fences);
	struct dma_fence *outer[] = { fences[3], inner };
	struct dma_fence *expected[] = { fences[0], fences[3], fences[2] };
	struct dma_fence *merged = dma_fence_merge_all(2, outer);

	expect_members(merged, false, 3, expected);
	dma_fence_put(merged);
	dma_fence_put(inner);
	put_all(4, fences);
}

Test(merge, of_any_takes_arrays_of_any_apart)
{
	struct dma_fence *fences[] = {
		fence_create_at(1, 1),
		fence_create_at(2, 2),
		fence_create_at(2, 1),
	};
	struct dma_fence *inner = dma_fence_merge_any(2, fences);
	struct dma_fence *outer[] = { fences[2], inner };
	struct dma_fence *expected[] = { fences[0], fences[2] };
	struct dma_fence *merged = dma_fence_merge_any(2, outer);

	expect_members(merged, true, 2, expected);
	dma_fence_put(merged);
	dma_fence_put(inner);
	put_all(3, fences);
}

Test(merge, leaves_an_array_of_the_other_kind_in_one_piece)
{
	struct dma_fence *fences[] = { fence_create(), fence_create(), fence_create() };
	struct dma_fence *any = dma_fence_merge_any(2, fences);
	struct dma_fence *all = dma_fence_merge_all(2, fences);
	struct dma_fence *with_any[] = { any, fences[2] }, *with_all[] = { all, fences[2] };
	struct dma_fence *merged_all = dma_fence_merge_all(2, with_any);
	struct dma_fence *merged_any = dma_fence_merge_any(2, with_all);
	struct dma_fence *expected_all[] = { fences[2], any };
	struct dma_fence *expected_any[] = { fences[2], all };

	expect_members(merged_all, false, 2, expected_all);
	expect_members(merged_any, true, 2, expected_any);
	dma_fence_signal(fences[0]);
	cr_expect_not(dma_fence_is_signaled(merged_all));
	cr_expect_not(dma_fence_is_signaled(merged_any));
	dma_fence_signal(fences[2]);
	cr_expect(dma_fence_is_signaled(merged_all));
	cr_expect(dma_fence_is_signaled(merged_any));
	dma_fence_put(merged_all);
	dma_fence_put(merged_any);
	dma_fence_put(any);
	dma_fence_put(all);
	put_all(3, fences);
}

Test(merge, looks_into_an_array_for_what_is_signaled)
{
	struct dma_fence *fences[] = { fence_create(), fence_create(), fence_create() };
	struct dma_fence *all = dma_fence_merge_all(2, fences);
	struct dma_fence *any = dma_fence_merge_any(2, fences);
	struct dma_fence *with_all[] = { all, fences[2] }, *with_any[] = { any, fences[2] };
	struct dma_fence *expected[] = { fences[1], fences[2] };
	struct dma_fence *merged;

	dma_fence_signal(fences[0]);
	merged = dma_fence_merge_all(2, with_all);
	expect_members(merged, false, 2, expected);
	dma_fence_put(merged);
	merged = dma_fence_merge_any(2, with_any);
	cr_expect_eq(merged, any, "it is signaled as a whole");
	dma_fence_put(merged);
	dma_fence_put(all);
	dma_fence_put(any);
	put_all(3, fences);
}

Test(merge, row_5_2_leaves_its_sources_as_they_were)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_fence *merged = dma_fence_merge_all(2, fences);

	cr_expect_eq(dma_fence_get_status(fences[0]), 0);
	dma_fence_put(merged);
	cr_expect_eq(fences[0]->refcount, 1);
	cr_expect_eq(fences[1]->refcount, 1);
	put_all(2, fences);
}

Test(merge, of_10000_fences_over_100_contexts_has_100_members)
{
	enum { FENCES = 10000, CONTEXTS = 100 };
	static struct dma_fence *fences[FENCES];
	struct dma_fence *merged;
	int i;

	for (i = 0; i < FENCES; i++)
		fences[i] = fence_create_at(1 + i * 37 % CONTEXTS, 1 + i);
	merged = dma_fence_merge_all(FENCES, fences);
	cr_assert_eq(dma_fence_member_count(merged), CONTEXTS);
	for (i = 0; i < CONTEXTS; i++)
		cr_expect_gt(dma_fence_array_member(to_dma_fence_array(merged), i)->seqno,
			     FENCES - CONTEXTS, "the latest of context %d", i + 1);
	dma_fence_put(merged);
	put_all(FENCES, fences);
}
