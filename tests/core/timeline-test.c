/* SPDX-License-Identifier: MIT */
/*
 * timeline-test.c - ordered fences of one context: making points, advancing, cancelling, releasing.
 */
#include "core-test.h"

static struct sync_timeline *timeline;

static void create_timeline(void)
{
	timeline = sync_timeline_create("engine", 0);
	cr_assert_not_null(timeline);
}

static void put_timeline(void)
{
	sync_timeline_put(timeline);
	expect_no_fence_left();
}

TestSuite(timeline, .timeout = TEST_TIMEOUT, .init = create_timeline, .fini = put_timeline);

static _Atomic int points_alive;

static void release_point(struct dma_fence *fence)
{
	sync_point_fini((struct sync_point *)fence);
	free(fence);
	points_alive--;
}

static const char *driver_name(struct dma_fence *fence)
{
	return "driver";
}

static const char *point_timeline_name(struct dma_fence *fence)
{
	return sync_timeline_name(((struct sync_point *)fence)->timeline);
}

static const struct dma_fence_ops point_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = point_timeline_name,
	.release = release_point,
};

/* NULL: refused with -EINVAL. */
static struct dma_fence *create_point(uint64_t seqno)
{
	struct sync_point *point = malloc(sizeof(*point));
	int error = sync_point_init(timeline, point, &point_ops, seqno);

	if (error) {
		cr_expect_eq(error, -EINVAL);
		free(point);
		return NULL;
	}
	points_alive++;
	return &point->base;
}

static void put_points(unsigned int count, struct dma_fence **points)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		dma_fence_put(points[i]);
	cr_expect_eq(points_alive, 0);
}

Test(timeline, is_born_with_its_name_and_value)
{
	struct sync_timeline *other = sync_timeline_create("other", 41);

	cr_expect_str_eq(sync_timeline_name(timeline), "engine");
	cr_expect_eq(sync_timeline_value(timeline), 0);
	cr_expect_eq(sync_timeline_value(other), 41);
	cr_expect_eq(sync_timeline_last_point(other), 41);
	cr_expect_neq(sync_timeline_context(timeline), sync_timeline_context(other));
	sync_timeline_put(other);
}

Test(timeline, name_is_cut_to_31_bytes)
{
	struct sync_timeline *other =
		sync_timeline_create("0123456789abcdef0123456789abcdefXYZ", 0);

	cr_expect_str_eq(sync_timeline_name(other), "0123456789abcdef0123456789abcde");
	sync_timeline_put(other);
}

Test(timeline, points_are_fences_of_its_context_in_order)
{
	struct dma_fence *points[] = { create_point(0), create_point(0), create_point(10) };

	cr_expect_eq(points[0]->context, sync_timeline_context(timeline));
	cr_expect_eq(points[2]->context, sync_timeline_context(timeline));
	cr_expect_eq(points[0]->seqno, 1);
	cr_expect_eq(points[1]->seqno, 2);
	cr_expect_eq(points[2]->seqno, 10);
	cr_expect_eq(sync_timeline_last_point(timeline), 10);
	cr_expect_str_eq(dma_fence_timeline_name(points[0]), "engine");
	put_points(3, points);
}

Test(timeline, point_that_is_not_later_than_the_last_is_EINVAL)
{
	struct dma_fence *point = create_point(5);

	cr_expect_null(create_point(5));
	cr_expect_null(create_point(4));
	cr_expect_eq(sync_timeline_last_point(timeline), 5);
	put_points(1, &point);
}

Test(timeline, has_no_point_after_the_largest_number)
{
	struct dma_fence *point = create_point(UINT64_MAX);

	cr_expect_null(create_point(0));
	put_points(1, &point);
}

Test(timeline, advance_signals_what_is_reached)
{
	struct dma_fence *points[] = { create_point(0), create_point(0), create_point(0) };
	unsigned int signaled = 7;

	cr_expect_eq(sync_timeline_advance(timeline, 1, 0, &signaled), 0);
	cr_expect_eq(signaled, 1);
	cr_expect_eq(sync_timeline_value(timeline), 1);
	cr_expect_eq(dma_fence_get_status(points[0]), 1);
	cr_expect_eq(dma_fence_get_status(points[1]), 0);
	cr_expect_eq(sync_timeline_advance(timeline, 3, 0, NULL), 0);
	cr_expect_eq(dma_fence_get_status(points[1]), 1);
	cr_expect_eq(dma_fence_get_status(points[2]), 1);
	put_points(3, points);
}

Test(timeline, advance_between_two_points_signals_the_first)
{
	struct dma_fence *points[] = { create_point(10), create_point(20) };
	unsigned int signaled;

	cr_expect_eq(sync_timeline_advance(timeline, 9, 0, &signaled), 0);
	cr_expect_eq(signaled, 0);
	cr_expect_eq(sync_timeline_advance(timeline, 19, 0, &signaled), 0);
	cr_expect_eq(signaled, 1);
	cr_expect_eq(dma_fence_get_status(points[1]), 0);
	put_points(2, points);
}

Test(timeline, a_jump_signals_in_order_with_one_timestamp)
{
	struct dma_fence *points[] = { create_point(0), create_point(0), create_point(0) };
	struct recorder recorders[3] = { 0 };
	int i;

	for (i = 2; i >= 0; i--)
		dma_fence_add_callback(points[i], &recorders[i].callback, record);
	sync_timeline_advance(timeline, 100, 0, NULL);
	for (i = 0; i < 3; i++) {
		cr_expect_eq(recorders[i].order, i + 1);
		cr_expect_eq(dma_fence_timestamp(points[i]), dma_fence_timestamp(points[0]));
	}
	put_points(3, points);
}

static struct dma_fence *last_of_the_jump;
static int status_of_last;

static void look_at_last(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	status_of_last = dma_fence_get_status(last_of_the_jump);
}

Test(timeline, a_jump_marks_all_before_the_first_callback_runs)
{
	struct dma_fence *points[] = { create_point(0), create_point(0) };
	struct dma_fence_cb looker;

	last_of_the_jump = points[1];
	dma_fence_add_callback(points[0], &looker, look_at_last);
	sync_timeline_advance(timeline, 2, 0, NULL);
	cr_expect_eq(status_of_last, 1);
	put_points(2, points);
}

Test(timeline, advance_gives_its_error_to_what_it_signals)
{
	struct dma_fence *points[] = { create_point(0), create_point(0) };

	sync_timeline_advance(timeline, 1, -EIO, NULL);
	sync_timeline_advance(timeline, 2, 0, NULL);
	cr_expect_eq(dma_fence_get_status(points[0]), -EIO);
	cr_expect_eq(dma_fence_get_status(points[1]), 1);
	put_points(2, points);
}

Test(timeline, does_not_go_back)
{
	unsigned int signaled = 7;

	cr_expect_eq(sync_timeline_advance(timeline, 5, 0, NULL), 0);
	cr_expect_eq(sync_timeline_advance(timeline, 4, 0, &signaled), -EINVAL);
	cr_expect_eq(signaled, 7);
	cr_expect_eq(sync_timeline_value(timeline), 5);
	cr_expect_eq(sync_timeline_advance(timeline, 5, 0, &signaled), 0, "to stay is allowed");
	cr_expect_eq(signaled, 0);
}

Test(timeline, a_point_that_is_reached_already_is_born_signaled)
{
	struct dma_fence *points[2];

	sync_timeline_advance(timeline, 5, 0, NULL);
	points[0] = create_point(0);
	cr_expect_eq(points[0]->seqno, 1, "the next after the last point, not after the value");
	cr_expect_eq(dma_fence_get_status(points[0]), 1);
	cr_expect_gt(dma_fence_timestamp(points[0]), 0);
	points[1] = create_point(6);
	cr_expect_eq(dma_fence_get_status(points[1]), 0);
	put_points(2, points);
}

Test(timeline, a_point_signaled_by_itself_is_not_counted_again)
{
	struct dma_fence *points[] = { create_point(0), create_point(0) };
	unsigned int signaled;

	dma_fence_signal(points[0]);
	cr_expect_eq(dma_fence_get_status(points[1]), 0);
	sync_timeline_advance(timeline, 2, -EIO, &signaled);
	cr_expect_eq(signaled, 1);
	cr_expect_eq(dma_fence_get_status(points[0]), 1);
	cr_expect_eq(dma_fence_get_status(points[1]), -EIO);
	put_points(2, points);
}

/* A callback that stays until it is released. */
struct held_up {
	struct dma_fence_cb callback;
	_Atomic bool entered, let_go;
};

static void hold_up(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct held_up *held_up = (struct held_up *)callback;

	held_up->entered = true;
	while (!held_up->let_go)
		sleep_ns(NSEC_PER_MSEC);
}

Test(timeline, row_1_5_callbacks_of_a_point_signaled_by_itself_are_its_signalers)
{
	struct dma_fence *point = create_point(0);
	struct held_up first = { 0 };
	struct recorder second = { 0 };
	pthread_t thread;

	dma_fence_add_callback(point, &first.callback, hold_up);
	dma_fence_add_callback(point, &second.callback, record);
	thread = signal_later(point, 0);
	while (!first.entered)
		sleep_ns(NSEC_PER_MSEC);
	sync_timeline_advance(timeline, 1, 0, NULL);
	cr_expect_eq(second.calls, 0, "its turn is after the first");
	first.let_go = true;
	pthread_join(thread, NULL);
	cr_expect_eq(second.calls, 1);
	dma_fence_put(point);
}

Test(timeline, does_not_keep_its_points)
{
	struct dma_fence *points[] = { create_point(0), create_point(0), create_point(0) };
	unsigned int signaled;

	dma_fence_put(points[1]);
	cr_expect_eq(points_alive, 2);
	sync_timeline_advance(timeline, 3, 0, &signaled);
	cr_expect_eq(signaled, 2);
	dma_fence_put(points[0]);
	dma_fence_put(points[2]);
	cr_expect_eq(points_alive, 0);
}

Test(timeline, is_kept_by_its_points)
{
	struct sync_timeline *other = sync_timeline_create("other", 0);
	struct sync_point *point = malloc(sizeof(*point));

	cr_assert_eq(sync_point_init(other, point, &point_ops, 0), 0);
	points_alive++;
	sync_timeline_put(other);
	cr_expect_str_eq(dma_fence_timeline_name(&point->base), "other");
	dma_fence_put(&point->base);
}

static void put_point(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	dma_fence_put(fence);
}

Test(timeline, a_callback_may_drop_its_point)
{
	struct dma_fence *points[] = { create_point(0), create_point(0) };
	struct dma_fence_cb callbacks[2];

	dma_fence_add_callback(points[0], &callbacks[0], put_point);
	dma_fence_add_callback(points[1], &callbacks[1], put_point);
	sync_timeline_advance(timeline, 2, 0, NULL);
	cr_expect_eq(points_alive, 0);
}

static void advance_further(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	sync_timeline_advance(timeline, fence->seqno + 1, 0, NULL);
}

Test(timeline, a_callback_may_advance_it)
{
	struct dma_fence *points[] = { create_point(0), create_point(0) };
	struct dma_fence_cb callback;

	dma_fence_add_callback(points[0], &callback, advance_further);
	sync_timeline_advance(timeline, 1, 0, NULL);
	cr_expect_eq(sync_timeline_value(timeline), 2);
	cr_expect_eq(dma_fence_get_status(points[1]), 1);
	put_points(2, points);
}

Test(timeline, row_2_5_cancel_signals_what_is_later_and_does_not_move)
{
	struct dma_fence *points[] = { create_point(1), create_point(2), create_point(3) };
	struct recorder recorders[2] = { 0 };

	dma_fence_add_callback(points[2], &recorders[1].callback, record);
	dma_fence_add_callback(points[1], &recorders[0].callback, record);
	cr_expect_eq(sync_timeline_cancel(timeline, 1, -ECANCELED), 2);
	cr_expect_eq(dma_fence_get_status(points[0]), 0);
	cr_expect_eq(dma_fence_get_status(points[1]), -ECANCELED);
	cr_expect_eq(dma_fence_get_status(points[2]), -ECANCELED);
	cr_expect_lt(recorders[0].order, recorders[1].order, "in order");
	cr_expect_eq(sync_timeline_value(timeline), 0);
	cr_expect_eq(sync_timeline_advance(timeline, 3, 0, NULL), 0);
	cr_expect_eq(dma_fence_get_status(points[0]), 1);
	cr_expect_eq(dma_fence_get_status(points[1]), -ECANCELED);
	put_points(3, points);
}

Test(timeline, row_5_4_cancel_leaves_nothing_pending)
{
	struct dma_fence *points[] = { create_point(1), create_point(2) };

	cr_expect_eq(sync_timeline_cancel(timeline, 2, -ECANCELED), 0);
	cr_expect_eq(sync_timeline_cancel(timeline, 0, -ECANCELED), 2);
	cr_expect_eq(sync_timeline_cancel(timeline, 0, -ECANCELED), 0);
	put_points(2, points);
}

/* Quadratic time would exceed the limit by far. */
Test(timeline, takes_many_points_in_a_time_that_is_not_quadratic, .timeout = 60)
{
	enum { POINTS = 400000 };
	static struct dma_fence *points[POINTS];
	int i;

	for (i = 0; i < POINTS; i++)
		points[i] = create_point(0);
	for (i = 0; i < POINTS; i++)
		sync_timeline_advance(timeline, i + 1, 0, NULL);
	put_points(POINTS, points);
}
