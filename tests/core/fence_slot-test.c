/* SPDX-License-Identifier: MIT */
/* fence_slot-test.c - a fence that is looked up without a lock; the races are in tests/stress. */
#include "core-test.h"
#include "fence_slot.h"

static struct dma_fence_slot slot;

static void create_slot(void)
{
	dma_fence_slot_init(&slot);
}

static void destroy_slot(void)
{
	dma_fence_slot_fini(&slot);
	expect_no_fence_left();
}

TestSuite(fence_slot, .timeout = TEST_TIMEOUT, .init = create_slot, .fini = destroy_slot);

Test(fence_slot, is_born_empty)
{
	cr_expect_null(dma_fence_slot_get(&slot));
	cr_expect_null(dma_fence_slot_exchange(&slot, NULL));
}

Test(fence_slot, row_4_8_who_looks_up_has_a_reference_of_its_own)
{
	struct dma_fence *fence = fence_create(), *found;

	cr_expect_null(dma_fence_slot_exchange(&slot, fence));
	cr_expect_eq(fence->refcount, 1, "the reference went to the slot");
	found = dma_fence_slot_get(&slot);
	cr_expect_eq(found, fence);
	cr_expect_eq(fence->refcount, 2);
	dma_fence_put(dma_fence_slot_exchange(&slot, NULL));
	cr_expect_null(dma_fence_slot_get(&slot));
	cr_expect_eq(fences_alive(), 1);
	dma_fence_put(found);
}

Test(fence_slot, an_exchange_gives_back_what_was_there)
{
	struct dma_fence *first = fence_create(), *second = fence_create(), *old;

	dma_fence_slot_exchange(&slot, first);
	old = dma_fence_slot_exchange(&slot, second);
	cr_expect_eq(old, first);
	cr_expect_eq(first->refcount, 1);
	dma_fence_put(old);
}

Test(fence_slot, the_end_of_it_drops_what_is_there)
{
	dma_fence_slot_exchange(&slot, fence_create());
	cr_expect_eq(fences_alive(), 1);
}

struct reader {
	_Atomic bool found_nothing;
	_Atomic unsigned long found;
};

static void *look_up(void *argument)
{
	struct reader *reader = argument;
	struct dma_fence *fence;

	while ((fence = dma_fence_slot_get(&slot))) {
		cr_expect_eq(fence->context, 1);
		reader->found++;
		dma_fence_put(fence);
	}
	reader->found_nothing = true;
	return NULL;
}

Test(fence_slot, row_4_8_a_fence_can_be_looked_up_while_others_drop_it)
{
	enum { ROUNDS = 20000 };
	struct reader reader = { 0 };
	pthread_t thread;
	unsigned int i;

	dma_fence_slot_exchange(&slot, fence_create_at(1, 1));
	cr_assert_eq(pthread_create(&thread, NULL, look_up, &reader), 0);
	for (i = 2; i < ROUNDS || !reader.found; i++)
		dma_fence_put(dma_fence_slot_exchange(&slot, fence_create_at(1, i)));
	dma_fence_put(dma_fence_slot_exchange(&slot, NULL));
	pthread_join(thread, NULL);
	cr_expect(reader.found_nothing);
}
