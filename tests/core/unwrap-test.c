/* SPDX-License-Identifier: MIT */
/*
 * unwrap-test.c - the members of fences: arrays, chains, chains of arrays; and merging those.
 */
#include "core-test.h"

TestSuite(unwrap, .timeout = TEST_TIMEOUT, .fini = expect_no_fence_left);

/* Of fences that stay the caller's. */
static struct dma_fence *create_array(struct dma_fence *a, struct dma_fence *b, bool any)
{
	struct dma_fence *members[] = { dma_fence_get(a), dma_fence_get(b) };
	struct dma_fence_array *array =
		dma_fence_array_create(2, members, dma_fence_context_alloc(1), 1, any);

	cr_assert_not_null(array);
	return dma_fence_array_base(array);
}

/* A chain of the two, which stay the caller's. */
static struct dma_fence *create_chain(struct dma_fence *first, struct dma_fence *second)
{
	struct dma_fence *fences[] = { first, second }, *head = NULL;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct dma_fence_chain *chain = dma_fence_chain_alloc();

		cr_assert_not_null(chain);
		dma_fence_chain_init(chain, head, dma_fence_get(fences[i]), i + 1);
		head = dma_fence_chain_base(chain);
	}
	return head;
}

static void put_all(unsigned int count, struct dma_fence **fences)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		dma_fence_put(fences[i]);
}

/* Is it made of these, in this order? */
static void expect_parts(struct dma_fence *head, unsigned int count, struct dma_fence **expected)
{
	struct dma_fence_unwrap cursor;
	struct dma_fence *fence;
	unsigned int i = 0;

	cr_expect_eq(dma_fence_member_count(head), count);
	dma_fence_unwrap_for_each(fence, &cursor, head)
	{
		cr_assert_lt(i, count);
		cr_expect_eq(fence, expected[i], "part %u", i);
		i++;
	}
	cr_expect_eq(i, count);
	cr_expect_null(dma_fence_unwrap_next(&cursor), "the end stays the end");
	dma_fence_unwrap_end(&cursor);
}

Test(unwrap, of_a_plain_fence_is_that_fence)
{
	struct dma_fence *fence = fence_create();

	expect_parts(fence, 1, &fence);
	dma_fence_put(fence);
}

Test(unwrap, of_nothing_is_nothing)
{
	struct dma_fence_unwrap cursor;

	cr_expect_null(dma_fence_unwrap_first(NULL, &cursor));
	cr_expect_null(dma_fence_unwrap_next(&cursor));
	dma_fence_unwrap_end(&cursor);
}

Test(unwrap, of_an_array_is_its_members)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_fence *all = create_array(fences[0], fences[1], false);
	struct dma_fence *any = create_array(fences[0], fences[1], true);

	dma_fence_signal(fences[0]);
	expect_parts(all, 2, fences);
	expect_parts(any, 2, fences);
	dma_fence_put(all);
	dma_fence_put(any);
	put_all(2, fences);
}

Test(unwrap, of_a_chain_is_its_fences_from_the_head_back)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_fence *backward[] = { fences[1], fences[0] };
	struct dma_fence *chain = create_chain(fences[0], fences[1]);

	expect_parts(chain, 2, backward);
	dma_fence_signal(fences[1]);
	expect_parts(chain, 2, backward);
	dma_fence_signal(fences[0]);
	expect_parts(chain, 1, backward);
	dma_fence_put(chain);
	put_all(2, fences);
}

Test(unwrap, of_a_chain_of_arrays_is_their_members)
{
	struct dma_fence *fences[] = {
		fence_create(),
		fence_create(),
		fence_create(),
		fence_create(),
	};
	struct dma_fence *first = create_array(fences[2], fences[3], false);
	struct dma_fence *second = create_array(fences[0], fences[1], true);
	struct dma_fence *chain = create_chain(first, second);

	expect_parts(chain, 4, fences);
	dma_fence_put(chain);
	dma_fence_put(first);
	dma_fence_put(second);
	put_all(4, fences);
}

Test(unwrap, of_all_leaves_an_array_of_any_in_one_piece)
{
	struct dma_fence *fences[] = { fence_create(), fence_create(), fence_create() };
	struct dma_fence *all = create_array(fences[0], fences[1], false);
	struct dma_fence *any = create_array(fences[1], fences[2], true);
	struct dma_fence *chain = create_chain(all, any);
	struct dma_fence_unwrap cursor;

	cr_expect_eq(dma_fence_unwrap_first_of_all(chain, &cursor), any);
	cr_expect_eq(dma_fence_unwrap_next(&cursor), fences[0]);
	cr_expect_eq(dma_fence_unwrap_next(&cursor), fences[1]);
	cr_expect_null(dma_fence_unwrap_next(&cursor));
	dma_fence_put(chain);
	dma_fence_put(all);
	dma_fence_put(any);
	put_all(3, fences);
}

Test(unwrap, left_early_keeps_nothing)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_fence *chain = create_chain(fences[0], fences[1]);
	struct dma_fence_unwrap cursor;

	dma_fence_unwrap_first(chain, &cursor);
	cr_expect_eq(chain->refcount, 2);
	dma_fence_unwrap_end(&cursor);
	cr_expect_eq(chain->refcount, 1);
	cr_expect_null(dma_fence_unwrap_next(&cursor));
	dma_fence_put(chain);
	put_all(2, fences);
}

Test(unwrap, part_stays_while_others_take_its_link_out)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_fence *chain = create_chain(fences[0], fences[1]), *part;
	struct dma_fence_unwrap cursor;

	dma_fence_unwrap_first(chain, &cursor);
	part = dma_fence_unwrap_next(&cursor);
	cr_expect_eq(part, fences[0]);
	dma_fence_put(fences[0]);
	dma_fence_signal(part);
	cr_expect_null(dma_fence_chain_walk(dma_fence_get(chain)));
	cr_expect_eq(fences_alive(), 2);
	cr_expect_null(dma_fence_unwrap_next(&cursor));
	cr_expect_eq(fences_alive(), 1);
	dma_fence_put(chain);
	dma_fence_put(fences[1]);
}

/* ---- merging ---- */

Test(unwrap, row_5_2_merge_takes_chains_and_arrays_apart_in_the_order_of_contexts)
{
	struct dma_fence *fences[] = {
		fence_create_at(1, 1), fence_create_at(2, 1), fence_create_at(3, 1),
		fence_create_at(4, 1), fence_create_at(5, 1),
	};
	struct dma_fence *array = create_array(fences[4], fences[1], false);
	struct dma_fence *chain = create_chain(array, fences[2]);
	struct dma_fence *other = create_array(fences[3], fences[0], false);
	struct dma_fence *merged = dma_fence_unwrap_merge(chain, other);

	cr_expect(dma_fence_is_array(merged));
	expect_parts(merged, 5, fences);
	cr_expect_eq(dma_fence_depth(merged), 1, "flattened");
	dma_fence_put(merged);
	dma_fence_put(array);
	dma_fence_put(chain);
	dma_fence_put(other);
	put_all(5, fences);
}

Test(unwrap, row_5_2_merge_drops_duplicates_and_keeps_the_latest_of_a_context)
{
	struct dma_fence *fences[] = {
		fence_create_at(1, 2),
		fence_create_at(2, 2),
		fence_create_at(1, 1),
	};
	struct dma_fence *chain = create_chain(fences[1], fences[0]);
	struct dma_fence *array = create_array(fences[0], fences[2], false);
	struct dma_fence *merged = dma_fence_unwrap_merge(fences[1], chain, array, chain);

	expect_parts(merged, 2, fences);
	dma_fence_put(merged);
	dma_fence_put(chain);
	dma_fence_put(array);
	put_all(3, fences);
}

Test(unwrap, row_5_2_merge_drops_what_is_signaled_in_a_chain)
{
	struct dma_fence *fences[] = { fence_create(), fence_create(), fence_create() };
	struct dma_fence *chain = create_chain(fences[0], fences[1]), *merged;

	dma_fence_signal(fences[1]);
	merged = dma_fence_unwrap_merge(chain);
	cr_expect_eq(merged, fences[0], "the only one that is pending");
	dma_fence_put(merged);
	merged = dma_fence_unwrap_merge(chain, fences[2]);
	cr_expect_eq(dma_fence_member_count(merged), 2);
	dma_fence_put(merged);
	dma_fence_put(chain);
	put_all(3, fences);
}

Test(unwrap, row_5_2_merge_of_signaled_chains_is_a_stub_with_the_latest_time)
{
	struct dma_fence *fences[] = {
		fence_create_signaled(30, 0),
		fence_create_signaled(10, 0),
		fence_create_signaled(20, -EIO),
	};
	struct dma_fence *chain = create_chain(fences[0], fences[1]);
	struct dma_fence *merged = dma_fence_unwrap_merge(chain, fences[2]);

	cr_expect_str_eq(dma_fence_driver_name(merged), "stub");
	cr_expect_eq(dma_fence_get_status(merged), 1);
	cr_expect_eq(dma_fence_timestamp(merged), 30);
	dma_fence_put(merged);
	dma_fence_put(chain);
	put_all(3, fences);
}

Test(unwrap, merge_of_any_leaves_a_chain_in_one_piece)
{
	struct dma_fence *fences[] = { fence_create(), fence_create(), fence_create() };
	struct dma_fence *chain = create_chain(fences[0], fences[1]);
	struct dma_fence *both[] = { chain, fences[2] };
	struct dma_fence *merged = dma_fence_merge_any(2, both);

	cr_expect_eq(dma_fence_member_count(merged), 2);
	cr_expect_eq(dma_fence_depth(merged), 2);
	dma_fence_signal(fences[0]);
	cr_expect_not(dma_fence_is_signaled(merged));
	dma_fence_signal(fences[1]);
	cr_expect(dma_fence_is_signaled(merged), "the chain is signaled");
	dma_fence_put(merged);
	dma_fence_put(chain);
	put_all(3, fences);
}

Test(unwrap, merge_keeps_what_a_chain_loses_meanwhile)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_fence *chain = create_chain(fences[0], fences[1]);
	struct dma_fence *merged = dma_fence_unwrap_merge(chain);

	dma_fence_put(chain);
	put_all(2, fences);
	cr_expect_eq(fences_alive(), 2);
	dma_fence_put(merged);
}
