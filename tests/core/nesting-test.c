/* SPDX-License-Identifier: MIT */
/*
 * nesting-test.c - containers in containers, up to 100,000 deep, in threads with little stack:
 * made, polled, waited for, signaled and released, with every kind of member.
 */
#include <limits.h>

#include "core-test.h"

/* Of the threads that the nests are made and used in: a hundredth of what recursion would take. */
#define STACK_SIZE (128 * 1024)

/* The container of the nest, how often it contains itself, and the fence in its middle. */
struct kind {
	const char *name;
	struct dma_fence *(*enclose)(struct dma_fence *inner);
	unsigned int depth;
};

static const struct kind *kind;
static struct dma_fence *leaf, *nest;

static void expect_only_the_leaf(void)
{
	dma_fence_put(leaf);
	expect_no_fence_left();
}

static struct dma_fence *array_of(struct dma_fence *member, bool any)
{
	struct dma_fence_array *array = dma_fence_array_create(1, &member, 1, 1, any);

	cr_assert_not_null(array);
	return dma_fence_array_base(array);
}

static struct dma_fence *chain_of(struct dma_fence *prev, struct dma_fence *fence)
{
	struct dma_fence_chain *chain = dma_fence_chain_alloc();

	cr_assert_not_null(chain);
	dma_fence_chain_init(chain, prev, fence, 1);
	return dma_fence_chain_base(chain);
}

static struct dma_fence *in_array(struct dma_fence *inner)
{
	return array_of(inner, false);
}

static struct dma_fence *in_any_array(struct dma_fence *inner)
{
	return array_of(inner, true);
}

static struct dma_fence *in_link(struct dma_fence *inner)
{
	return chain_of(NULL, inner);
}

static struct dma_fence *in_array_in_link(struct dma_fence *inner)
{
	return chain_of(NULL, array_of(inner, false));
}

static struct dma_fence *in_link_in_array(struct dma_fence *inner)
{
	return array_of(chain_of(NULL, inner), true);
}

static struct dma_fence *before_link_in_array(struct dma_fence *inner)
{
	return array_of(chain_of(inner, dma_fence_get_stub()), false);
}

static struct dma_fence *in_array_before_link(struct dma_fence *inner)
{
	return chain_of(array_of(inner, false), dma_fence_get_stub());
}

static const struct kind kinds[] = {
	{ "arrays", in_array, 100000 },
	{ "any arrays", in_any_array, 20000 },
	{ "links", in_link, 20000 },
	{ "arrays in links", in_array_in_link, 20000 },
	{ "links in any arrays", in_link_in_array, 20000 },
	{ "arrays of links that come after", before_link_in_array, 20000 },
	{ "links after arrays", in_array_before_link, 20000 },
};

static void *make_nest(void *unused)
{
	unsigned int i;

	nest = dma_fence_get(leaf);
	for (i = 0; i < kind->depth; i++)
		nest = kind->enclose(nest);
	return NULL;
}

static void run(void *(*function)(void *unused))
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	cr_assert_eq(pthread_create(&thread, &attributes, function, NULL), 0);
	pthread_attr_destroy(&attributes);
	pthread_join(thread, NULL);
}

/* Has each kind of nest made, and given to the test. */
static void with_each_nest(void *(*test)(void *unused))
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		kind = &kinds[i];
		leaf = test_fence_create(&asking_ops, NULL, 1, 1);
		run(make_nest);
		run(test);
		cr_expect_eq(leaf->refcount, 1, "%s", kind->name);
		cr_expect_null(leaf->callbacks, "%s", kind->name);
		expect_only_the_leaf();
	}
}

TestSuite(nesting, .timeout = 60);

static void *release(void *unused)
{
	dma_fence_put(nest);
	return NULL;
}

Test(nesting, goes_however_deep_with_its_last_reference)
{
	with_each_nest(release);
}

static void *wait_and_signal(void *unused)
{
	struct recorder recorder = { 0 };

	cr_expect_eq(dma_fence_add_callback(nest, &recorder.callback, record), 0);
	cr_expect_eq(to_test_fence(leaf)->enable_calls, 1);
	cr_expect_eq(recorder.calls, 0);
	cr_expect_eq(dma_fence_signal_timestamp(leaf, 10), 0);
	cr_expect_eq(recorder.calls, 1);
	cr_expect(dma_fence_is_signaled(nest));
	dma_fence_put(nest);
	return NULL;
}

Test(nesting, is_enabled_and_signaled_however_deep)
{
	with_each_nest(wait_and_signal);
}

static void *wait_and_leave(void *unused)
{
	struct recorder recorder = { 0 };

	cr_expect_eq(dma_fence_add_callback(nest, &recorder.callback, record), 0);
	dma_fence_put(nest);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(recorder.status, -EDEADLK);
	return NULL;
}

Test(nesting, is_left_with_a_waiter_however_deep)
{
	with_each_nest(wait_and_leave);
}

static void *wait_too_late(void *unused)
{
	struct recorder recorder = { 0 };

	cr_expect_eq(dma_fence_signal(leaf), 0);
	cr_expect_eq(dma_fence_add_callback(nest, &recorder.callback, record), -ENOENT);
	cr_expect(dma_fence_is_signaled_locked(nest));
	dma_fence_put(nest);
	return NULL;
}

Test(nesting, refuses_a_callback_after_the_signal_however_deep)
{
	with_each_nest(wait_too_late);
}

static void *poll(void *unused)
{
	cr_expect_not(dma_fence_is_signaled(nest));
	dma_fence_set_deadline(nest, 1000);
	cr_expect_not(dma_fence_is_signaled(nest));
	to_test_fence(leaf)->done = true;
	dma_fence_is_signaled(leaf);
	cr_expect(dma_fence_is_signaled(nest));
	cr_expect_gt(dma_fence_timestamp(nest), 0);
	dma_fence_put(nest);
	return NULL;
}

Test(nesting, is_polled_however_deep)
{
	with_each_nest(poll);
}

static void *poll_late(void *unused)
{
	cr_expect_eq(dma_fence_signal(leaf), 0);
	cr_expect(dma_fence_is_signaled(nest));
	dma_fence_put(nest);
	return NULL;
}

Test(nesting, is_found_signaled_however_deep)
{
	with_each_nest(poll_late);
}

static void *measure(void *unused)
{
	unsigned int depth = dma_fence_depth(nest);

	cr_expect(depth >= kind->depth || depth == UINT_MAX, "%u", depth);
	cr_expect_geq(dma_fence_leaf_count(nest), 1);
	dma_fence_put(nest);
	return NULL;
}

Test(nesting, is_measured_however_deep)
{
	with_each_nest(measure);
}
