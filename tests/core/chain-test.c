/* SPDX-License-Identifier: MIT */
/*
 * chain-test.c - a timeline of points: seqnos and contexts, finding a point, when a link is
 * signaled, what is taken out, how it goes.
 */
#include "core-test.h"

TestSuite(chain, .timeout = TEST_TIMEOUT, .fini = expect_no_fence_left);

/* The fences stay the test's, the links too: a chain of links as they are made. */
struct timeline {
	unsigned int count;
	struct dma_fence **fences, **links;
};

/* A link after prev (borrowed) around fence (borrowed). */
static struct dma_fence *create_link(struct dma_fence *prev, struct dma_fence *fence,
				     uint64_t seqno)
{
	struct dma_fence_chain *chain = dma_fence_chain_alloc();

	cr_assert_not_null(chain);
	dma_fence_chain_init(chain, dma_fence_get(prev), dma_fence_get(fence), seqno);
	return dma_fence_chain_base(chain);
}

/* Link i has seqno (i + 1) * stride. */
static struct timeline create_timeline(unsigned int count, unsigned int stride)
{
	struct timeline timeline = {
		.count = count,
		.fences = calloc(count, sizeof(*timeline.fences)),
		.links = calloc(count, sizeof(*timeline.links)),
	};
	unsigned int i;

	cr_assert(timeline.fences && timeline.links);
	for (i = 0; i < count; i++) {
		timeline.fences[i] = fence_create();
		timeline.links[i] = create_link(i ? timeline.links[i - 1] : NULL,
						timeline.fences[i], (uint64_t)(i + 1) * stride);
	}
	return timeline;
}

static void put_timeline(struct timeline *timeline)
{
	unsigned int i;

	for (i = 0; i < timeline->count; i++) {
		dma_fence_put(timeline->fences[i]);
		dma_fence_put(timeline->links[i]);
	}
	free(timeline->fences);
	free(timeline->links);
}

static struct dma_fence *head_of(const struct timeline *timeline)
{
	return timeline->links[timeline->count - 1];
}

/* How many links are left: the head, and what is pending before it. */
static unsigned int count_links(struct dma_fence *head)
{
	struct dma_fence *link;
	unsigned int count = 0;

	dma_fence_chain_for_each(link, head) count++;
	return count;
}

/* ---- making links ---- */

Test(chain, is_known_as_one)
{
	struct dma_fence *fence = fence_create(), *link = create_link(NULL, fence, 5);

	cr_expect(dma_fence_is_chain(link));
	cr_expect(dma_fence_is_container(link));
	cr_expect_not(dma_fence_is_chain(fence));
	cr_expect_not(dma_fence_is_container(fence));
	cr_expect_null(to_dma_fence_chain(fence));
	cr_expect_null(to_dma_fence_chain(NULL));
	cr_expect_eq(dma_fence_chain_base(to_dma_fence_chain(link)), link);
	cr_expect_eq(dma_fence_chain_contained(link), fence);
	cr_expect_eq(dma_fence_chain_contained(fence), fence);
	dma_fence_put(link);
	dma_fence_put(fence);
}

Test(chain, memory_that_was_not_used_is_freed)
{
	dma_fence_chain_free(dma_fence_chain_alloc());
	dma_fence_chain_free(NULL);
}

static void count_freed(void *data)
{
	++*(unsigned int *)data;
}

Test(chain, tells_once_when_a_link_is_gone)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() }, *head;
	struct dma_fence_chain *chain = dma_fence_chain_alloc();
	unsigned int freed = 0;

	dma_fence_chain_set_freed(chain, count_freed, &freed);
	dma_fence_chain_init(chain, NULL, dma_fence_get(fences[0]), 1);
	head = create_link(dma_fence_chain_base(chain), fences[1], 2);
	dma_fence_put(dma_fence_chain_base(chain));
	dma_fence_signal(fences[0]);
	cr_expect_eq(freed, 0);
	/* Taken out of the chain by who walks over it. */
	cr_expect_eq(count_links(head), 1);
	cr_expect_eq(freed, 1);
	dma_fence_put(head);
	cr_expect_eq(freed, 1);
	dma_fence_put(fences[0]);
	dma_fence_put(fences[1]);
}

Test(chain, takes_over_the_references_it_is_given)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_fence_chain *chain = dma_fence_chain_alloc();

	dma_fence_chain_init(chain, fences[0], fences[1], 1);
	cr_expect_eq(fences_alive(), 2);
	dma_fence_put(dma_fence_chain_base(chain));
	cr_expect_eq(fences_alive(), 0);
}

Test(chain, is_named_as_the_kernels_after_the_signal_too)
{
	struct timeline timeline = create_timeline(1, 1);

	cr_expect_str_eq(dma_fence_driver_name(timeline.links[0]), "dma_fence_chain");
	cr_expect_str_eq(dma_fence_timeline_name(timeline.links[0]), "unbound");
	dma_fence_signal(timeline.fences[0]);
	cr_expect(dma_fence_is_signaled(timeline.links[0]));
	cr_expect_str_eq(dma_fence_driver_name(timeline.links[0]), "dma_fence_chain");
	put_timeline(&timeline);
}

Test(chain, row_3_5_links_of_rising_seqnos_share_a_context)
{
	struct timeline timeline = create_timeline(3, 10);

	cr_expect_eq(timeline.links[1]->context, timeline.links[0]->context);
	cr_expect_eq(timeline.links[2]->context, timeline.links[0]->context);
	cr_expect_eq(timeline.links[2]->seqno, 30);
	cr_expect_eq(dma_fence_chain_prev_seqno(to_dma_fence_chain(timeline.links[0])), 0);
	cr_expect_eq(dma_fence_chain_prev_seqno(to_dma_fence_chain(timeline.links[2])), 20);
	put_timeline(&timeline);
}

Test(chain, a_seqno_that_does_not_rise_begins_a_context_and_does_not_go_back)
{
	static const uint64_t seqnos[] = { 4, 10 };
	struct timeline timeline = create_timeline(1, 10);
	struct dma_fence *fence = fence_create();
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct dma_fence *link = create_link(timeline.links[0], fence, seqnos[i]);

		cr_expect_neq(link->context, timeline.links[0]->context);
		cr_expect_eq(link->seqno, 10);
		cr_expect_eq(dma_fence_chain_prev_seqno(to_dma_fence_chain(link)), 0);
		dma_fence_put(link);
	}
	dma_fence_put(fence);
	put_timeline(&timeline);
}

Test(chain, after_a_fence_that_is_no_link_begins_a_context)
{
	struct dma_fence *before = fence_create_at(dma_fence_context_alloc(1), 9);
	struct dma_fence *fence = fence_create(), *link = create_link(before, fence, 3);

	cr_expect_neq(link->context, before->context);
	cr_expect_eq(link->seqno, 3);
	cr_expect_eq(dma_fence_chain_prev_seqno(to_dma_fence_chain(link)), 0);
	dma_fence_put(link);
	dma_fence_put(before);
	dma_fence_put(fence);
}

/* ---- finding a point ---- */

/* Has seqno to wait for expected (NULL: nothing)? */
static void expect_found(struct dma_fence *head, uint64_t seqno, struct dma_fence *expected)
{
	struct dma_fence *found = dma_fence_get(head);

	cr_expect_eq(dma_fence_chain_find_seqno(&found, seqno), 0);
	cr_expect_eq(found, expected, "point %llu", (unsigned long long)seqno);
	dma_fence_put(found);
}

static void expect_not_found(struct dma_fence *fence, uint64_t seqno)
{
	struct dma_fence *found = fence;

	cr_expect_eq(dma_fence_chain_find_seqno(&found, seqno), -EINVAL);
	cr_expect_eq(found, fence);
}

Test(chain, point_0_is_whatever_there_is)
{
	struct timeline timeline = create_timeline(3, 1);
	struct dma_fence *nothing = NULL;

	expect_found(head_of(&timeline), 0, head_of(&timeline));
	expect_found(timeline.fences[0], 0, timeline.fences[0]);
	cr_expect_eq(dma_fence_chain_find_seqno(&nothing, 0), 0);
	put_timeline(&timeline);
}

Test(chain, row_3_5_each_point_is_found_from_itself_and_from_every_later_head)
{
	struct timeline timeline = create_timeline(8, 1);
	unsigned int i, j;

	for (i = 0; i < timeline.count; i++) {
		for (j = i; j < timeline.count; j++)
			expect_found(timeline.links[j], i + 1, timeline.links[i]);
	}
	put_timeline(&timeline);
}

Test(chain, row_3_5_a_point_beyond_the_head_is_EINVAL)
{
	struct timeline timeline = create_timeline(3, 1);

	expect_not_found(head_of(&timeline), 4);
	expect_not_found(head_of(&timeline), UINT64_MAX);
	expect_not_found(timeline.links[0], 2);
	put_timeline(&timeline);
}

Test(chain, a_fence_that_is_no_chain_has_no_points)
{
	struct dma_fence *fence = fence_create_at(1, 5);

	expect_not_found(fence, 1);
	expect_not_found(NULL, 1);
	dma_fence_put(fence);
}

Test(chain, row_3_5_a_point_in_a_gap_is_the_next_one_there_is)
{
	struct timeline timeline = create_timeline(4, 10);

	expect_found(head_of(&timeline), 1, timeline.links[0]);
	expect_found(head_of(&timeline), 10, timeline.links[0]);
	expect_found(head_of(&timeline), 11, timeline.links[1]);
	expect_found(head_of(&timeline), 39, timeline.links[3]);
	put_timeline(&timeline);
}

Test(chain, a_signaled_point_has_nothing_left_to_wait_for)
{
	struct timeline timeline = create_timeline(3, 1);

	dma_fence_signal(timeline.fences[0]);
	expect_found(head_of(&timeline), 1, NULL);
	expect_found(head_of(&timeline), 2, timeline.links[1]);
	put_timeline(&timeline);
}

Test(chain, a_point_signaled_out_of_order_waits_for_those_before_it)
{
	struct timeline timeline = create_timeline(4, 1);

	dma_fence_signal(timeline.fences[1]);
	dma_fence_signal(timeline.fences[2]);
	cr_expect_not(dma_fence_is_signaled(timeline.links[2]));
	expect_found(head_of(&timeline), 3, timeline.links[0]);
	expect_found(head_of(&timeline), 2, timeline.links[0]);
	expect_found(head_of(&timeline), 1, timeline.links[0]);
	expect_found(head_of(&timeline), 4, timeline.links[3]);
	put_timeline(&timeline);
}

Test(chain, a_point_added_out_of_order_covers_all_before_it)
{
	struct timeline timeline = create_timeline(2, 10);
	struct dma_fence *late = fence_create(), *head = create_link(head_of(&timeline), late, 15);

	expect_found(head, 10, head);
	expect_found(head, 15, head);
	expect_found(head, 20, head);
	expect_not_found(head, 21);
	dma_fence_put(head);
	dma_fence_put(late);
	put_timeline(&timeline);
}

/* ---- when a link is signaled ---- */

Test(chain, row_3_5_a_link_is_signaled_with_its_fence_and_all_before)
{
	struct timeline timeline = create_timeline(3, 1);

	dma_fence_signal(timeline.fences[2]);
	dma_fence_signal(timeline.fences[0]);
	cr_expect_eq(dma_fence_get_status(timeline.links[0]), 1);
	cr_expect_eq(dma_fence_get_status(timeline.links[1]), 0);
	cr_expect_eq(dma_fence_get_status(timeline.links[2]), 0);
	dma_fence_signal(timeline.fences[1]);
	cr_expect_eq(dma_fence_get_status(timeline.links[2]), 1);
	cr_expect_eq(dma_fence_get_status(timeline.links[1]), 1);
	put_timeline(&timeline);
}

Test(chain, waits_for_what_was_there_before_it)
{
	struct dma_fence *before = fence_create(), *fence = fence_create();
	struct dma_fence *link = create_link(before, fence, 1);
	struct recorder recorder = { 0 };

	cr_expect_eq(dma_fence_add_callback(link, &recorder.callback, record), 0);
	dma_fence_signal(fence);
	cr_expect_eq(recorder.calls, 0);
	cr_expect_not(dma_fence_is_signaled(link));
	dma_fence_signal(before);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(link);
	dma_fence_put(before);
	dma_fence_put(fence);
}

#define LINKS 64

/* Signals all in that order; is every link called back once all up to it are, and not before? */
static void expect_calls_in_order(const unsigned int order[LINKS])
{
	struct timeline timeline = create_timeline(LINKS, 1);
	struct recorder recorders[LINKS] = { 0 };
	bool signaled[LINKS] = { false };
	unsigned int i, j, done = 0;

	for (i = 0; i < LINKS; i++)
		cr_expect_eq(
			dma_fence_add_callback(timeline.links[i], &recorders[i].callback, record),
			0);
	for (i = 0; i < LINKS; i++) {
		dma_fence_signal(timeline.fences[order[i]]);
		signaled[order[i]] = true;
		while (done < LINKS && signaled[done])
			done++;
		for (j = 0; j < LINKS; j++)
			cr_expect_eq(recorders[j].calls, j < done, "link %u after %u", j, i);
	}
	put_timeline(&timeline);
}

Test(chain, signaled_forward_calls_back_link_by_link)
{
	unsigned int order[LINKS], i;

	for (i = 0; i < LINKS; i++)
		order[i] = i;
	expect_calls_in_order(order);
}

Test(chain, signaled_backward_calls_back_all_with_the_first)
{
	unsigned int order[LINKS], i;

	for (i = 0; i < LINKS; i++)
		order[i] = LINKS - 1 - i;
	expect_calls_in_order(order);
}

static void shuffle(unsigned int *order, unsigned int count)
{
	unsigned int i;

	srand(1);
	for (i = 0; i < count; i++)
		order[i] = i;
	for (i = count - 1; i > 0; i--) {
		unsigned int j = (unsigned int)rand() % (i + 1), was = order[i];

		order[i] = order[j];
		order[j] = was;
	}
}

Test(chain, signaled_at_random_calls_back_what_is_complete)
{
	unsigned int order[LINKS];

	shuffle(order, LINKS);
	expect_calls_in_order(order);
}

struct signaler {
	struct timeline *timeline;
	const unsigned int *order;
};

static void *signal_in_order(void *argument)
{
	struct signaler *signaler = argument;
	unsigned int i;

	for (i = 0; i < signaler->timeline->count; i++)
		dma_fence_signal(signaler->timeline->fences[signaler->order[i]]);
	return NULL;
}

/* Waits for the head, and looks at the others, while another thread signals in that order. */
static void expect_wait_to_end(const unsigned int order[LINKS])
{
	struct timeline timeline = create_timeline(LINKS, 1);
	struct signaler signaler = { .timeline = &timeline, .order = order };
	pthread_t thread;
	unsigned int i;

	cr_assert_eq(pthread_create(&thread, NULL, signal_in_order, &signaler), 0);
	cr_expect_gt(dma_fence_wait_timeout(head_of(&timeline), false, PATIENCE_NS), 0);
	for (i = 0; i < LINKS; i++)
		cr_expect(dma_fence_is_signaled(timeline.links[i]), "link %u", i);
	pthread_join(thread, NULL);
	put_timeline(&timeline);
}

Test(chain, can_be_waited_for_whatever_the_order_of_signals)
{
	unsigned int order[LINKS], i;

	for (i = 0; i < LINKS; i++)
		order[i] = i;
	expect_wait_to_end(order);
	for (i = 0; i < LINKS; i++)
		order[i] = LINKS - 1 - i;
	expect_wait_to_end(order);
	shuffle(order, LINKS);
	expect_wait_to_end(order);
}

Test(chain, asks_all_its_fences_with_the_first_waiter_and_not_before)
{
	struct dma_fence *first = test_fence_create(&asking_ops, NULL, 1, 1);
	struct dma_fence *second = test_fence_create(&asking_ops, NULL, 2, 1);
	struct dma_fence *link = create_link(NULL, first, 1), *head = create_link(link, second, 2);
	struct recorder recorder = { 0 };

	cr_expect_not(dma_fence_is_signaled(head));
	cr_expect_eq(to_test_fence(second)->enable_calls, 0);
	dma_fence_add_callback(head, &recorder.callback, record);
	cr_expect_eq(to_test_fence(second)->enable_calls, 1);
	cr_expect_eq(to_test_fence(first)->enable_calls, 1);
	dma_fence_signal(second);
	cr_expect_eq(recorder.calls, 0);
	dma_fence_signal(first);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(head);
	dma_fence_put(link);
	dma_fence_put(first);
	dma_fence_put(second);
}

static void *signal_locked(void *argument)
{
	struct dma_fence *fence = argument;

	pthread_mutex_lock(fence->lock);
	dma_fence_signal_locked(fence);
	pthread_mutex_unlock(fence->lock);
	return NULL;
}

/* The thread has the lock of one fence: were it to take that of the other, it would wait for us. */
Test(chain, does_not_take_a_fences_lock_inside_of_anothers)
{
	struct timeline timeline = create_timeline(2, 1);
	struct recorder recorder = { 0 };
	pthread_t thread;

	dma_fence_add_callback(head_of(&timeline), &recorder.callback, record);
	pthread_mutex_lock(timeline.fences[0]->lock);
	cr_assert_eq(pthread_create(&thread, NULL, signal_locked, timeline.fences[1]), 0);
	pthread_join(thread, NULL);
	pthread_mutex_unlock(timeline.fences[0]->lock);
	cr_expect_eq(recorder.calls, 0);
	pthread_mutex_lock(timeline.fences[1]->lock);
	cr_assert_eq(pthread_create(&thread, NULL, signal_locked, timeline.fences[0]), 0);
	pthread_join(thread, NULL);
	cr_expect_eq(recorder.calls, 1);
	pthread_mutex_unlock(timeline.fences[1]->lock);
	put_timeline(&timeline);
}

Test(chain, goes_on_past_a_fence_that_says_so_while_it_is_being_enabled)
{
	struct dma_fence *first = fence_create();
	struct dma_fence *second = test_fence_create(&asking_ops, NULL, 2, 1);
	struct dma_fence *link = create_link(NULL, first, 1), *head = create_link(link, second, 2);
	struct recorder recorder = { 0 }, late = { 0 };

	to_test_fence(second)->refuses_to_enable = true;
	cr_expect_eq(dma_fence_add_callback(head, &recorder.callback, record), 0);
	cr_expect_not_null(first->callbacks);
	dma_fence_signal(first);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(dma_fence_add_callback(head, &late.callback, record), -ENOENT);
	dma_fence_put(head);
	dma_fence_put(link);
	dma_fence_put(first);
	dma_fence_put(second);
}

Test(chain, that_is_done_refuses_the_first_callback)
{
	struct timeline timeline = create_timeline(2, 1);
	struct recorder recorder = { 0 };

	dma_fence_signal_timestamp(timeline.fences[0], 20);
	dma_fence_signal_timestamp(timeline.fences[1], 10);
	cr_expect_eq(dma_fence_add_callback(head_of(&timeline), &recorder.callback, record),
		     -ENOENT);
	cr_expect_eq(dma_fence_timestamp(head_of(&timeline)), 20);
	cr_expect_eq(recorder.calls, 0);
	put_timeline(&timeline);
}

Test(chain, has_the_latest_time_whoever_looks_and_whatever_was_taken_out)
{
	struct timeline looked_at = create_timeline(4, 1), waited_for = create_timeline(4, 1);
	static const int64_t times[] = { 10, 40, 20, 30 };
	struct recorder recorder = { 0 };
	unsigned int i;

	dma_fence_add_callback(head_of(&waited_for), &recorder.callback, record);
	for (i = 0; i < 4; i++) {
		dma_fence_signal_timestamp(looked_at.fences[i], times[i]);
		dma_fence_signal_timestamp(waited_for.fences[i], times[i]);
		count_links(head_of(&looked_at));
	}
	cr_expect(dma_fence_is_signaled(head_of(&looked_at)));
	cr_expect_eq(dma_fence_timestamp(head_of(&looked_at)), 40);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(dma_fence_timestamp(head_of(&waited_for)), 40);
	put_timeline(&looked_at);
	put_timeline(&waited_for);
}

Test(chain, has_no_error_of_its_own)
{
	struct timeline timeline = create_timeline(2, 1);

	dma_fence_set_error(timeline.fences[0], -EIO);
	dma_fence_signal(timeline.fences[0]);
	dma_fence_set_error(timeline.fences[1], -EIO);
	dma_fence_signal(timeline.fences[1]);
	cr_expect_eq(dma_fence_get_status(head_of(&timeline)), 1);
	cr_expect_eq(dma_fence_get_status(dma_fence_chain_contained(head_of(&timeline))), -EIO);
	put_timeline(&timeline);
}

Test(chain, row_5_3_forwards_deadlines_to_the_fences_of_all_its_links)
{
	struct dma_fence *fences[3], *links[3] = { NULL };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		fences[i] = test_fence_create(&asking_ops, NULL, i + 1, 1);
		links[i] = create_link(i ? links[i - 1] : NULL, fences[i], i + 1);
	}
	dma_fence_set_deadline(links[1], 1000);
	cr_expect_eq(to_test_fence(fences[0])->deadline_ns, 1000);
	cr_expect_eq(to_test_fence(fences[1])->deadline_ns, 1000);
	cr_expect_eq(to_test_fence(fences[2])->deadline_ns, 0, "it is a later point");
	for (i = 0; i < 3; i++) {
		dma_fence_put(links[i]);
		dma_fence_put(fences[i]);
	}
}

/* ---- what is taken out, and how it goes ---- */

Test(chain, row_3_5_walking_takes_out_what_is_signaled_but_the_head)
{
	struct timeline timeline = create_timeline(5, 1);

	cr_expect_eq(count_links(head_of(&timeline)), 5);
	dma_fence_signal(timeline.fences[1]);
	dma_fence_signal(timeline.fences[2]);
	cr_expect_eq(count_links(head_of(&timeline)), 3);
	cr_expect_eq(timeline.links[2]->refcount, 1, "nothing holds it any more");
	cr_expect_gt(timeline.links[3]->refcount, 1);
	dma_fence_signal(timeline.fences[4]);
	cr_expect_eq(count_links(head_of(&timeline)), 3, "the head stays");
	dma_fence_signal(timeline.fences[0]);
	dma_fence_signal(timeline.fences[3]);
	cr_expect_eq(count_links(head_of(&timeline)), 1);
	put_timeline(&timeline);
}

Test(chain, walking_ends_with_what_was_there_before_it)
{
	struct dma_fence *before = fence_create(), *fence = fence_create();
	struct dma_fence *link = create_link(before, fence, 1), *last;

	cr_expect_eq(count_links(link), 2);
	last = dma_fence_chain_walk(dma_fence_get(link));
	cr_expect_eq(last, before);
	cr_expect_null(dma_fence_chain_walk(last));
	dma_fence_signal(before);
	cr_expect_null(dma_fence_chain_walk(dma_fence_get(link)));
	cr_expect_eq(before->refcount, 1);
	dma_fence_put(link);
	dma_fence_put(before);
	dma_fence_put(fence);
}

Test(chain, is_as_large_as_what_is_pending_in_it)
{
	struct timeline timeline = create_timeline(4, 1);
	struct dma_fence *members[] = { fence_create(), fence_create() };
	struct dma_fence *array = dma_fence_merge_all(2, members);
	struct dma_fence *head = create_link(head_of(&timeline), array, 9);

	cr_expect_eq(dma_fence_depth(head_of(&timeline)), 1);
	cr_expect_eq(dma_fence_leaf_count(head_of(&timeline)), 4);
	cr_expect_eq(dma_fence_depth(head), 2);
	cr_expect_eq(dma_fence_leaf_count(head), 6);
	dma_fence_signal(timeline.fences[0]);
	cr_expect_eq(dma_fence_leaf_count(head), 5);
	dma_fence_put(head);
	dma_fence_put(array);
	dma_fence_put(members[0]);
	dma_fence_put(members[1]);
	put_timeline(&timeline);
}

Test(chain, goes_with_its_last_reference_not_with_its_fences)
{
	struct timeline timeline = create_timeline(2, 1);
	struct recorder recorder = { 0 };
	unsigned int i;

	dma_fence_add_callback(head_of(&timeline), &recorder.callback, record);
	cr_expect(dma_fence_remove_callback(head_of(&timeline), &recorder.callback));
	cr_expect_not_null(timeline.fences[1]->callbacks);
	for (i = 0; i < 2; i++) {
		dma_fence_put(timeline.links[1 - i]);
		timeline.links[1 - i] = NULL;
	}
	cr_expect_null(timeline.fences[1]->callbacks);
	cr_expect_eq(timeline.fences[1]->refcount, 1);
	cr_expect_eq(timeline.fences[0]->refcount, 1);
	put_timeline(&timeline);
}

Test(chain, row_5_4_left_with_a_waiter_is_signaled_with_EDEADLK)
{
	struct dma_fence *fence = fence_create(), *link = create_link(NULL, fence, 1);
	struct recorder recorder = { 0 };

	dma_fence_add_callback(link, &recorder.callback, record);
	dma_fence_put(link);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(recorder.status, -EDEADLK);
	cr_expect_null(fence->callbacks);
	dma_fence_put(fence);
}

static void put_link(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	dma_fence_put(fence);
}

Test(chain, may_lose_its_last_reference_in_its_own_callback)
{
	struct timeline timeline = create_timeline(2, 1);
	struct dma_fence_cb callback;

	dma_fence_add_callback(timeline.links[1], &callback, put_link);
	dma_fence_signal(timeline.fences[1]);
	dma_fence_signal(timeline.fences[0]);
	timeline.links[1] = NULL;
	cr_expect_eq(timeline.fences[1]->refcount, 1);
	put_timeline(&timeline);
}

Test(chain, may_lose_its_last_reference_in_its_own_callback_with_a_fences_lock_held)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct dma_fence *fences[] = {
		test_fence_create(&plain_ops, &lock, 1, 1),
		test_fence_create(&plain_ops, &lock, 2, 1),
	};
	struct dma_fence *link = create_link(NULL, fences[0], 1);
	struct dma_fence *head = create_link(link, fences[1], 2);
	struct dma_fence_cb callback;

	dma_fence_put(link);
	dma_fence_add_callback(head, &callback, put_link);
	pthread_mutex_lock(&lock);
	dma_fence_signal_locked(fences[1]);
	dma_fence_signal_locked(fences[0]);
	pthread_mutex_unlock(&lock);
	cr_expect_eq(fences[0]->refcount, 1);
	cr_expect_eq(fences[1]->refcount, 1);
	dma_fence_put(fences[0]);
	dma_fence_put(fences[1]);
}

/* ---- long ones, in a thread whose stack is small ---- */

#define LONG 1000000

/* A head after count links around one fence, all the test's but through it gone. */
static struct dma_fence *create_long(struct dma_fence *fence, unsigned int count)
{
	struct dma_fence *head = NULL;
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct dma_fence *link = create_link(head, fence, i + 1);

		dma_fence_put(head);
		head = link;
	}
	return head;
}

static void run_with_small_stack(void *(*function)(void *argument), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	cr_assert_eq(pthread_attr_setstacksize(&attributes, 64 * 1024), 0);
	cr_assert_eq(pthread_create(&thread, &attributes, function, argument), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
}

static void *put_it(void *fence)
{
	dma_fence_put(fence);
	return NULL;
}

Test(chain, of_a_million_links_is_released_without_recursion)
{
	struct dma_fence *fence = fence_create();

	run_with_small_stack(put_it, create_long(fence, LONG));
	cr_expect_eq(fence->refcount, 1);
	dma_fence_put(fence);
}

static void *enable_it(void *fence)
{
	dma_fence_enable_sw_signaling(fence);
	return NULL;
}

static void *signal_it(void *fence)
{
	dma_fence_signal(fence);
	return NULL;
}

Test(chain, of_a_million_links_is_signaled_without_recursion)
{
	struct dma_fence *fence = fence_create(), *head = create_long(fence, LONG);
	struct recorder recorder = { 0 };

	run_with_small_stack(enable_it, head);
	dma_fence_add_callback(head, &recorder.callback, record);
	run_with_small_stack(signal_it, fence);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(fence->refcount, 2, "only the head is left of it");
	dma_fence_put(head);
	dma_fence_put(fence);
}

struct waited_for {
	struct timeline timeline;
	struct recorder *recorders;
};

static void *wait_and_signal(void *argument)
{
	struct waited_for *waited_for = argument;
	struct timeline *timeline = &waited_for->timeline;
	unsigned int i;

	for (i = 0; i < timeline->count; i++)
		dma_fence_add_callback(timeline->links[i], &waited_for->recorders[i].callback,
				       record);
	for (i = timeline->count; i > 0; i--)
		dma_fence_signal(timeline->fences[i - 1]);
	return NULL;
}

/*
 * Every link has a waiter, and all are signaled at once. Quadratic time would exceed the limit by
 * far.
 */
Test(chain, links_that_are_all_waited_for_cost_no_stack_and_no_quadratic_time, .timeout = 60)
{
	struct waited_for waited_for = { .timeline = create_timeline(400000, 1) };
	unsigned int i;

	waited_for.recorders = calloc(waited_for.timeline.count, sizeof(*waited_for.recorders));
	cr_assert_not_null(waited_for.recorders);
	run_with_small_stack(wait_and_signal, &waited_for);
	for (i = 0; i < waited_for.timeline.count; i++)
		cr_assert_eq(waited_for.recorders[i].calls, 1);
	free(waited_for.recorders);
	put_timeline(&waited_for.timeline);
}

Test(chain, of_a_hundred_thousand_links_is_enabled_and_left_without_recursion)
{
	struct timeline timeline = create_timeline(100000, 1);
	struct dma_fence *head = head_of(&timeline);
	unsigned int i;

	for (i = 0; i < timeline.count - 1; i++) {
		dma_fence_put(timeline.links[i]);
		timeline.links[i] = NULL;
	}
	run_with_small_stack(enable_it, head);
	for (i = 0; i < timeline.count; i++)
		cr_assert_not_null(timeline.fences[i]->callbacks);
	timeline.links[timeline.count - 1] = NULL;
	run_with_small_stack(put_it, head);
	for (i = 0; i < timeline.count; i++)
		cr_assert_null(timeline.fences[i]->callbacks);
	put_timeline(&timeline);
}
