/* SPDX-License-Identifier: MIT */
/*
 * resv_query-test.c - what the questions to a reservation may end, and what they cost: polling a
 * fence may signal it, and the signal may drop the last reference to the reservation's owner.
 */
#include <sys/mman.h>

#include "resv-test.h"

TestSuite(resv_query, .timeout = 10, .fini = expect_no_fence_left);

/* ---- a reservation whose owner goes while its fences are polled ---- */

/*
 * The owner is kept by nothing but the callback of one fence. What touches it after that is killed,
 * with a sanitizer or without.
 */
struct owner {
	struct dma_resv resv;
	struct dma_fence_cb callback;
	struct dma_fence *fences[USAGES]; /* in the order of adding */
};

static bool owner_is_gone;

static void end_owner(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct owner *owner = (struct owner *)((char *)callback - offsetof(struct owner, callback));

	dma_resv_remove_fence(&owner->resv, fence);
	dma_resv_fini(&owner->resv);
	cr_assert_eq(mprotect(owner, sizeof(*owner), PROT_NONE), 0);
	owner_is_gone = true;
}

/* All its fences are there to be written, are polled, and have happened; the callback is on one. */
static struct owner *create_owner(unsigned int ends_with)
{
	struct owner *owner = mmap(NULL, sizeof(*owner), PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	cr_assert_neq(owner, MAP_FAILED);
	dma_resv_init(&owner->resv);
	for (i = 0; i < USAGES; i++) {
		struct dma_fence *fence = test_fence_create(&asking_ops, NULL, 1001 + i, 1);

		cr_assert_eq(dma_resv_add_fence(&owner->resv, fence, DMA_RESV_USAGE_WRITE), 0);
		if (i == ends_with)
			dma_fence_add_callback(fence, &owner->callback, end_owner);
		to_test_fence(fence)->done = true;
		owner->fences[i] = fence;
		dma_fence_put(fence);
	}
	return owner;
}

/* Whichever fence it is, of those that are signaled, that the owner goes with. */
static void expect_owner_may_go(void (*question)(struct dma_resv *resv))
{
	unsigned int i;

	for (i = 0; i < USAGES; i++) {
		struct owner *owner = create_owner(i);

		owner_is_gone = false;
		question(&owner->resv);
		cr_expect(owner_is_gone);
		cr_expect_eq(fences_alive(), 0);
		munmap(owner, sizeof(*owner));
	}
}

static void test_signaled(struct dma_resv *its_resv)
{
	cr_expect(dma_resv_test_signaled(its_resv, DMA_RESV_USAGE_READ));
}

Test(resv_query, test_signaled_touches_nothing_of_a_reservation_that_ends_with_a_polled_fence)
{
	expect_owner_may_go(test_signaled);
}

static void get_latest(struct dma_resv *its_resv)
{
	cr_expect_null(dma_resv_get_latest(its_resv, DMA_RESV_USAGE_READ));
}

Test(resv_query, get_latest_touches_nothing_of_a_reservation_that_ends_with_a_polled_fence)
{
	expect_owner_may_go(get_latest);
}

static void get_fences(struct dma_resv *its_resv)
{
	struct dma_fence **fences;
	unsigned int count;

	cr_expect_eq(dma_resv_get_fences(its_resv, DMA_RESV_USAGE_READ, &count, &fences), 0);
	cr_expect_eq(count, 0);
	free(fences);
}

Test(resv_query, get_fences_touches_nothing_of_a_reservation_that_ends_with_a_polled_fence)
{
	expect_owner_may_go(get_fences);
}

static void get_singleton(struct dma_resv *its_resv)
{
	struct dma_fence *fence = dma_resv_get_singleton(its_resv, DMA_RESV_USAGE_READ, NULL);

	cr_expect_eq(dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
}

Test(resv_query, get_singleton_touches_nothing_of_a_reservation_that_ends_with_a_polled_fence)
{
	expect_owner_may_go(get_singleton);
}

Test(resv_query, the_latest_is_found_though_the_reservation_ends_with_a_later_one)
{
	struct owner *owner = create_owner(USAGES - 1);
	struct dma_fence *pending = owner->fences[0], *latest;

	to_test_fence(pending)->done = false;
	latest = dma_resv_get_latest(&owner->resv, DMA_RESV_USAGE_READ);
	cr_expect(owner_is_gone);
	cr_expect_eq(latest, pending);
	cr_expect_eq(fences_alive(), 1, "the caller's reference keeps it");
	dma_fence_put(latest);
	munmap(owner, sizeof(*owner));
}

/* ---- a reservation that ends with fences in it ---- */

static int status_at_the_end;

static void take_off(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	status_at_the_end = dma_fence_get_status(fence);
	dma_resv_remove_fence(&resv, fence);
	cr_expect(dma_resv_test_signaled(&resv, DMA_RESV_USAGE_BOOKKEEP));
}

Test(resv_query, a_fence_that_goes_with_its_reservation_is_off_it_before_its_callbacks_run)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_fence_cb callbacks[2];
	unsigned int i;

	dma_resv_init(&resv);
	for (i = 0; i < 2; i++) {
		dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ);
		dma_fence_add_callback(fences[i], &callbacks[i], take_off);
		dma_fence_put(fences[i]);
	}
	dma_resv_fini(&resv);
	cr_expect_eq(status_at_the_end, -EDEADLK);
	cr_expect_eq(fences_alive(), 0, "each is released once");
}
