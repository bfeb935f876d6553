/* SPDX-License-Identifier: MIT */
/* lifetime-scenarios.c - references: the last put against signals, look-ups and callbacks. */
#include "scenario.h"

static struct dma_fence *fence;
static struct model_callback *callback;
static int released;
static pthread_mutex_t table_lock;
static struct dma_fence *table; /* of one; under table_lock, holds no reference */
static struct dma_fence *kept[MODEL_THREADS];

static void setup(void)
{
	fence = model_fence_create_counted(&released);
	callback = NULL;
}

/* A reference for each of two threads. */
static void setup_shared(void)
{
	setup();
	dma_fence_get(fence);
}

static void setup_shared_with_callback(void)
{
	setup_shared();
	callback = model_callback_add(fence, NULL);
}

static void put(void)
{
	dma_fence_put(fence);
}

static void signal_and_put(void)
{
	MODEL_CHECK(!dma_fence_signal(fence));
	dma_fence_put(fence);
}

static void get_and_put(void)
{
	dma_fence_put(dma_fence_get(fence));
	dma_fence_put(fence);
}

static void expect_released(void)
{
	MODEL_CHECK(released == 1);
}

static void expect_called(void)
{
	MODEL_CHECK(callback->calls == 1 && callback->status == 1);
	free(callback);
	expect_released();
}

/* Whether the last reference goes before the signal or not. */
static void look_and_put(void)
{
	dma_fence_is_signaled(fence);
	dma_fence_put(fence);
}

/* ---- look-up, as by a table of the pending ones ---- */

static void unlist_and_free(struct dma_fence *last)
{
	MODEL_CHECK(last == fence);
	pthread_mutex_lock(&table_lock);
	table = NULL;
	pthread_mutex_unlock(&table_lock);
	released++;
	dma_fence_free(last);
}

static const struct dma_fence_ops listed_ops = { .release = unlist_and_free };

static pthread_mutex_t fence_lock;

static void setup_listed(void)
{
	pthread_mutex_init(&table_lock, NULL);
	pthread_mutex_init(&fence_lock, NULL);
	fence = malloc(sizeof(*fence));
	dma_fence_init(fence, &listed_ops, &fence_lock, 1, 1);
	table = fence;
	released = 0;
	callback = NULL;
	kept[1] = kept[2] = NULL;
}

static void setup_listed_with_callback(void)
{
	setup_listed();
	callback = model_callback_add(fence, NULL);
}

static struct dma_fence *look_up(void)
{
	struct dma_fence *found;

	pthread_mutex_lock(&table_lock);
	found = table ? dma_fence_get_unless_zero(table) : NULL;
	pthread_mutex_unlock(&table_lock);
	return found;
}

/* What is found is alive, until it is put. */
static void look_up_and_signal(void)
{
	struct dma_fence *found = look_up();

	if (!found)
		return;
	dma_fence_signal(found);
	MODEL_CHECK(dma_fence_is_signaled(found));
	dma_fence_put(found);
}

static void look_up_and_put(void)
{
	dma_fence_put(look_up());
}

static void look_up_and_keep(void)
{
	kept[1] = look_up();
}

static void put_what_was_kept(void)
{
	MODEL_CHECK(!released == !!kept[1]);
	dma_fence_put(kept[1]);
	expect_released();
}

/* ---- look-up without a lock, in memory that is used again ---- */

static void recycle(struct dma_fence *last);

static const struct dma_fence_ops recycled_ops = { .release = recycle };

/* The second fence in that memory is the last. */
static void recycle(struct dma_fence *last)
{
	if (last->seqno == 1)
		dma_fence_init(last, &recycled_ops, &fence_lock, 2, 2);
	else
		released++;
}

static void setup_recycled(void)
{
	pthread_mutex_init(&fence_lock, NULL);
	fence = malloc(sizeof(*fence));
	dma_fence_init(fence, &recycled_ops, &fence_lock, 1, 1);
	released = 0;
}

/* The first or the second, all of it, and the same until it is put. */
static void look_up_recycled(void)
{
	struct dma_fence *found = dma_fence_get_unless_zero(fence);
	uint64_t seqno;

	if (!found)
		return;
	seqno = found->seqno;
	MODEL_CHECK(found->context == seqno);
	MODEL_CHECK(!dma_fence_is_signaled(found));
	MODEL_CHECK(found->seqno == seqno);
	dma_fence_put(found);
}

static void put_recycled(void)
{
	MODEL_CHECK(!released && fence->seqno == 2);
	dma_fence_put(fence);
	expect_released();
	free(fence);
}

/* Called with the error of a forgotten fence, or signaled in time by the thread that found it. */
static void expect_abandoned(void)
{
	MODEL_CHECK(callback->calls == 1);
	MODEL_CHECK(callback->status == -EDEADLK);
	free(callback);
	expect_released();
}

static void expect_signaled_or_abandoned(void)
{
	MODEL_CHECK(callback->calls == 1);
	MODEL_CHECK(callback->status == -EDEADLK || callback->status == 1);
	free(callback);
	expect_released();
}

/* ---- abandoned fences whose callbacks do something ---- */

/* Lends the reference on, beyond the callback. */
static void keep_reference(struct dma_fence *from, struct dma_fence_cb *self)
{
	model_called(from, self);
	kept[0] = dma_fence_get(from);
}

static void setup_keeping(void)
{
	setup_shared();
	kept[0] = NULL;
	callback = model_callback_add(fence, keep_reference);
}

static void expect_kept(void)
{
	MODEL_CHECK(!released && kept[0]);
	MODEL_CHECK(dma_fence_get_status(kept[0]) == -EDEADLK);
	dma_fence_put(kept[0]);
	expect_abandoned();
}

const struct model_scenario lifetime_scenarios[] = {
	{
		.name = "put-put",
		.rule = "references can be dropped at once, and the last releases",
		.setup = setup_shared,
		.threads = { get_and_put, get_and_put },
		.finish = expect_released,
	},
	{
		.name = "put-signal",
		.rule = "a fence that is signaled lives until its signaler has put it",
		.setup = setup_shared,
		.threads = { signal_and_put, put },
		.finish = expect_released,
	},
	{
		.name = "put-signal-callback",
		.rule = "and its callbacks have run by then",
		.setup = setup_shared_with_callback,
		.threads = { signal_and_put, look_and_put },
		.finish = expect_called,
	},
	{
		.name = "put-look-up",
		.rule = "a look-up finds a fence that stays alive, or none",
		.setup = setup_listed,
		.threads = { put, look_up_and_signal, look_up_and_put },
		.finish = expect_released,
	},
	{
		.name = "put-look-up-keep",
		.rule = "a fence that was found is not released",
		.setup = setup_listed,
		.threads = { put, look_up_and_keep },
		.finish = put_what_was_kept,
	},
	{
		.name = "put-init-look-up",
		.rule = "a look-up finds a fence that is complete, though its memory is used again",
		.setup = setup_recycled,
		.threads = { put, look_up_recycled, look_up_recycled },
		.finish = put_recycled,
	},
	{
		.name = "abandon",
		.rule = "callbacks of a fence that all have left are called with an error",
		.setup = setup_shared_with_callback,
		.threads = { put, put },
		.finish = expect_abandoned,
	},
	{
		.name = "abandon-look-up",
		.rule = "a look-up meanwhile finds a fence that is released once",
		.setup = setup_listed_with_callback,
		.threads = { put, look_up_and_put, look_up_and_put },
		.finish = expect_abandoned,
	},
	{
		.name = "abandon-signal",
		.rule = "one that was found meanwhile can be signaled",
		.setup = setup_listed_with_callback,
		.threads = { put, look_up_and_signal },
		.finish = expect_signaled_or_abandoned,
	},
	{
		.name = "abandon-keep",
		.rule = "a callback of a fence that all have left can keep it alive",
		.setup = setup_keeping,
		.threads = { put, put },
		.finish = expect_kept,
	},
	{ .name = NULL },
};
