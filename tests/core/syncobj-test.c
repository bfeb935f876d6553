/* SPDX-License-Identifier: MIT */
/* syncobj-test.c - syncobjs: their fences, points, their progress, and notifications. */
#include "core-test.h"
#include "syncobj.h"

static struct syncobj *syncobj;

static void create_syncobj(void)
{
	syncobj = syncobj_create(NULL);
	cr_assert_not_null(syncobj);
}

static void put_syncobj(void)
{
	syncobj_put(syncobj);
	expect_no_fence_left();
}

TestSuite(syncobj, .timeout = TEST_TIMEOUT, .init = create_syncobj, .fini = put_syncobj);

/* Puts a new fence in as a point; a reference of the caller's. */
static struct dma_fence *add_point(uint64_t point)
{
	struct dma_fence *fence = fence_create();

	syncobj_add_point(syncobj, dma_fence_chain_alloc(), fence, point);
	return fence;
}

static void signal_and_put(struct dma_fence *fence)
{
	cr_expect_eq(dma_fence_signal(fence), 0);
	dma_fence_put(fence);
}

/* -EINVAL, or the status of what has to be waited for. */
static int status_at(uint64_t point)
{
	struct dma_fence *fence;
	int status = syncobj_find_fence(syncobj, point, &fence);

	if (!status) {
		status = dma_fence_get_status(fence);
		dma_fence_put(fence);
	}
	return status;
}

Test(syncobj, holds_nothing_until_something_is_put_in)
{
	struct dma_fence *fence = fence_create();

	cr_expect_null(syncobj_fence_get(syncobj));
	cr_expect_eq(status_at(0), -EINVAL);
	syncobj_replace_fence(syncobj, fence);
	cr_expect_eq(status_at(0), 0);
	signal_and_put(fence);
	cr_expect_eq(status_at(0), 1);
	syncobj_replace_fence(syncobj, NULL);
	cr_expect_eq(status_at(0), -EINVAL);
}

Test(syncobj, binary_one_has_no_points)
{
	struct dma_fence *stub = dma_fence_get_stub();

	syncobj_replace_fence(syncobj, stub);
	dma_fence_put(stub);
	cr_expect_eq(status_at(0), 1);
	cr_expect_eq(status_at(1), -EINVAL);
	cr_expect_eq(syncobj_query(syncobj, false), 0);
	cr_expect_eq(syncobj_query(syncobj, true), 0);
}

Test(syncobj, points_tell_how_far_it_has_come)
{
	struct dma_fence *three = add_point(3), *seven = add_point(7);

	cr_expect_eq(syncobj_query(syncobj, false), 0);
	cr_expect_eq(syncobj_query(syncobj, true), 7);
	cr_expect_eq(status_at(3), 0);
	signal_and_put(three);
	cr_expect_eq(syncobj_query(syncobj, false), 3);
	cr_expect_eq(status_at(3), 1);
	cr_expect_eq(status_at(2), 1);
	cr_expect_eq(status_at(5), 0);
	cr_expect_eq(status_at(8), -EINVAL);
	signal_and_put(seven);
	cr_expect_eq(syncobj_query(syncobj, false), 7);
	cr_expect_eq(status_at(5), 1);
}

Test(syncobj, later_point_is_not_reached_before_an_earlier_one)
{
	struct dma_fence *three = add_point(3), *seven = add_point(7);

	signal_and_put(seven);
	cr_expect_eq(syncobj_query(syncobj, false), 0);
	cr_expect_eq(status_at(7), 0);
	signal_and_put(three);
	cr_expect_eq(syncobj_query(syncobj, false), 7);
}

Test(syncobj, earlier_point_does_not_take_it_back)
{
	signal_and_put(add_point(7));
	signal_and_put(add_point(5));
	cr_expect_eq(syncobj_query(syncobj, false), 7);
	cr_expect_eq(syncobj_query(syncobj, true), 7);
	signal_and_put(add_point(8));
	cr_expect_eq(syncobj_query(syncobj, false), 8);
}

Test(syncobj, earlier_point_begins_anew_while_it_is_pending)
{
	struct dma_fence *five;

	signal_and_put(add_point(7));
	five = add_point(5);
	cr_expect_eq(syncobj_query(syncobj, false), 0);
	cr_expect_eq(syncobj_query(syncobj, true), 7);
	cr_expect_eq(status_at(7), 0);
	signal_and_put(five);
	cr_expect_eq(syncobj_query(syncobj, false), 7);
}

/* A callback that puts another fence in, once. */
struct putter {
	struct syncobj_cb callback;
	struct dma_fence *fence;
	int calls;
};

static void put_in_once(struct syncobj *told, struct syncobj_cb *callback)
{
	struct putter *putter = (struct putter *)callback;
	struct dma_fence *fence = putter->fence;

	putter->calls++;
	putter->fence = NULL;
	if (fence)
		syncobj_replace_fence(told, fence);
}

Test(syncobj, callback_may_put_something_in)
{
	struct dma_fence *first = fence_create(), *second = fence_create(), *held;
	struct putter putters[2] = { 0 };
	int i;

	putters[0].fence = second;
	for (i = 0; i < 2; i++)
		syncobj_add_callback(syncobj, &putters[i].callback, put_in_once);
	syncobj_replace_fence(syncobj, first);
	held = syncobj_fence_get(syncobj);
	cr_expect_eq(held, second);
	dma_fence_put(held);
	cr_expect_eq(putters[0].calls, 2);
	cr_expect_eq(putters[1].calls, 1, "of the second, which is what is there");
	for (i = 0; i < 2; i++)
		syncobj_remove_callback(syncobj, &putters[i].callback);
	signal_and_put(first);
	signal_and_put(second);
}

Test(syncobj, signaled_points_are_not_kept)
{
	int i;

	for (i = 1; i <= 1000; i++)
		signal_and_put(add_point(i));
	/* The head, and the one that was pending when it was added. */
	cr_expect_leq(fences_alive(), 2);
	cr_expect_eq(syncobj_query(syncobj, false), 1000);
}

struct teller {
	struct syncobj_cb callback;
	int calls;
	struct teller *removes;
};

static void tell(struct syncobj *told, struct syncobj_cb *callback)
{
	struct teller *teller = (struct teller *)callback;

	teller->calls++;
	if (teller->removes)
		syncobj_remove_callback(told, &teller->removes->callback);
}

Test(syncobj, whoever_waits_for_a_fence_is_told_of_each)
{
	struct teller teller = { 0 };
	struct dma_fence *fence = fence_create();

	syncobj_add_callback(syncobj, &teller.callback, tell);
	cr_expect_eq(teller.calls, 0);
	syncobj_replace_fence(syncobj, fence);
	cr_expect_eq(teller.calls, 1);
	syncobj_replace_fence(syncobj, NULL);
	cr_expect_eq(teller.calls, 1);
	signal_and_put(add_point(1));
	cr_expect_eq(teller.calls, 2);
	syncobj_remove_callback(syncobj, &teller.callback);
	syncobj_replace_fence(syncobj, fence);
	cr_expect_eq(teller.calls, 2);
	signal_and_put(fence);
}

Test(syncobj, callback_may_remove_itself_and_others)
{
	struct teller tellers[4] = { 0 };
	struct dma_fence *fence = fence_create();
	int i;

	for (i = 0; i < 4; i++)
		syncobj_add_callback(syncobj, &tellers[i].callback, tell);
	tellers[0].removes = &tellers[1];
	tellers[2].removes = &tellers[2];
	tellers[3].removes = &tellers[0];
	syncobj_replace_fence(syncobj, fence);
	cr_expect_eq(tellers[0].calls, 1);
	cr_expect_eq(tellers[1].calls, 0);
	cr_expect_eq(tellers[2].calls, 1);
	cr_expect_eq(tellers[3].calls, 1);
	syncobj_replace_fence(syncobj, NULL);
	syncobj_replace_fence(syncobj, fence);
	cr_expect_eq(tellers[0].calls, 1);
	cr_expect_eq(tellers[2].calls, 1);
	cr_expect_eq(tellers[3].calls, 2);
	syncobj_remove_callback(syncobj, &tellers[3].callback);
	signal_and_put(fence);
}
