/* SPDX-License-Identifier: MIT */
/* callback-scenarios.c - signaling, adding and removing callbacks, and looking, on one or two
 * fences. */
#include "scenario.h"

static struct dma_fence *fence, *other;
static struct model_callback *callback, *second;
static pthread_mutex_t shared_lock;
static int results[MODEL_THREADS];
static bool in_time;
static _Atomic uint32_t gate;

static void setup(void)
{
	fence = model_fence_create(NULL);
	callback = model_callback_create();
}

static void setup_added(void)
{
	fence = model_fence_create(NULL);
	callback = model_callback_add(fence, NULL);
}

static void finish(void)
{
	dma_fence_put(fence);
	free(callback);
}

static void signal_fence(void)
{
	results[0] = dma_fence_signal(fence);
}

static void signal_locked(void)
{
	pthread_mutex_lock(fence->lock);
	results[0] = dma_fence_signal_locked(fence);
	pthread_mutex_unlock(fence->lock);
}

/* What sync_timeline_advance() does. */
static void mark_then_run(void)
{
	pthread_mutex_lock(fence->lock);
	results[0] = dma_fence_mark_signaled_locked(fence, dma_fence_now());
	pthread_mutex_unlock(fence->lock);
	if (!results[0])
		dma_fence_run_callbacks(fence);
}

static void signal_again(void)
{
	results[1] = dma_fence_signal(fence);
}

static void signal_other(void)
{
	results[1] = dma_fence_signal(other);
}

/* ---- adding ---- */

static void add(void)
{
	results[1] = dma_fence_add_callback(fence, &callback->base, model_called);
}

static void expect_called_if_added(void)
{
	MODEL_CHECK(!results[0]);
	MODEL_CHECK(results[1] ? results[1] == -ENOENT : true);
	MODEL_CHECK(callback->calls == !results[1]);
	finish();
}

static void setup_two(void)
{
	setup();
	second = model_callback_create();
}

static void add_second(void)
{
	results[2] = dma_fence_add_callback(fence, &second->base, model_called);
}

static void expect_enabled_once(void)
{
	MODEL_CHECK(((struct model_fence *)fence)->enable_calls <= 1);
	MODEL_CHECK(second->calls == !results[2]);
	free(second);
	expect_called_if_added();
}

static void setup_refusing(void)
{
	setup_two();
	((struct model_fence *)fence)->refuses = true;
}

/* Only the fence itself signals it, on request. */
static void expect_refused(void)
{
	MODEL_CHECK(results[1] == -ENOENT && results[2] == -ENOENT);
	MODEL_CHECK(((struct model_fence *)fence)->enable_calls == 1);
	MODEL_CHECK(dma_fence_get_status(fence) == 1);
	free(second);
	finish();
}

/* ---- removing ---- */

/* What is freed here must not be called or accessed any more. */
static void take_off(struct model_callback *one)
{
	if (dma_fence_remove_callback(fence, &one->base))
		MODEL_CHECK(!one->begun);
	else
		MODEL_CHECK(one->begun == 1 && one->calls == 1);
	free(one);
}

static void take_off_callback(void)
{
	take_off(callback);
}

static void take_off_second(void)
{
	take_off(second);
}

static void expect_signaled(void)
{
	MODEL_CHECK(!results[0]);
	MODEL_CHECK(dma_fence_get_status(fence) == 1);
	dma_fence_put(fence);
}

static void setup_two_added(void)
{
	setup_added();
	second = model_callback_add(fence, NULL);
}

static void expect_one_signal(void)
{
	MODEL_CHECK((!results[0] && results[1] == -EINVAL) ||
		    (!results[1] && results[0] == -EINVAL));
	MODEL_CHECK(callback->calls == 1);
	finish();
}

static void signal_again_and_take_off(void)
{
	signal_again();
	take_off_callback();
}

static void expect_one_signal_alone(void)
{
	MODEL_CHECK((!results[0]) + (!results[1]) == 1);
	dma_fence_put(fence);
}

/* ---- callbacks that do something ---- */

static void remove_itself(struct dma_fence *from, struct dma_fence_cb *self)
{
	model_called(from, self);
	in_time = dma_fence_remove_callback(from, self);
	MODEL_CHECK(!in_time);
}

static void setup_removes_itself(void)
{
	fence = model_fence_create(NULL);
	callback = model_callback_add(fence, remove_itself);
}

static void free_itself(struct dma_fence *from, struct dma_fence_cb *self)
{
	model_called(from, self);
	free(self);
}

static void setup_frees_itself(void)
{
	fence = model_fence_create(NULL);
	callback = model_callback_add(fence, free_itself);
	second = model_callback_add(fence, NULL);
}

/* The first takes the second off, which is not this thread's, and is about to be called. */
static void remove_second(struct dma_fence *from, struct dma_fence_cb *self)
{
	model_called(from, self);
	take_off(second);
	second = NULL;
}

static void setup_removes_second(void)
{
	fence = model_fence_create(NULL);
	callback = model_callback_add(fence, remove_second);
	second = model_callback_add(fence, NULL);
}

/* Unless the first was taken off in time itself. */
static void expect_second_gone(void)
{
	if (second)
		take_off_second();
	expect_signaled();
}

/* Tries the fence that it is called for, and then another one. */
static void go_on_to_other(struct dma_fence *from, struct dma_fence_cb *self)
{
	MODEL_CHECK(dma_fence_get_status(from) == 1);
	MODEL_CHECK(dma_fence_add_callback(from, &second->base, model_called) == -ENOENT);
	results[2] = dma_fence_add_callback(other, self, model_called);
}

static void setup_goes_on(void)
{
	fence = model_fence_create(NULL);
	other = model_fence_create(NULL);
	callback = model_callback_add(fence, go_on_to_other);
	second = model_callback_create();
	results[2] = -EINVAL;
}

/* It is on the other by now, or was called there, or never left. */
static void remove_from_first(void)
{
	in_time = dma_fence_remove_callback(fence, &callback->base);
}

static void expect_gone_on(void)
{
	MODEL_CHECK(!second->calls);
	if (in_time)
		MODEL_CHECK(results[2] == -EINVAL && !callback->calls);
	else
		MODEL_CHECK(callback->calls == !results[2]);
	dma_fence_put(other);
	free(second);
	finish();
}

static void signal_its_other(struct dma_fence *from, struct dma_fence_cb *self)
{
	model_called(from, self);
	dma_fence_signal(from == fence ? other : fence);
}

static void setup_each_other(void)
{
	fence = model_fence_create(NULL);
	other = model_fence_create(NULL);
	callback = model_callback_add(fence, signal_its_other);
	second = model_callback_add(other, signal_its_other);
}

static void setup_each_other_sharing(void)
{
	pthread_mutex_init(&shared_lock, NULL);
	fence = model_fence_create(&shared_lock);
	other = model_fence_create(&shared_lock);
	callback = model_callback_add(fence, signal_its_other);
	second = model_callback_add(other, signal_its_other);
}

static void expect_both_called(void)
{
	MODEL_CHECK(callback->calls == 1 && second->calls == 1);
	dma_fence_put(other);
	free(second);
	finish();
}

/* The second runs until the first was removed: to remove the first must not take until then. */
static void await_gate(struct dma_fence *from, struct dma_fence_cb *self)
{
	model_await(&gate);
	model_called(from, self);
}

static void setup_gate(void)
{
	setup_added();
	second = model_callback_add(fence, await_gate);
	gate = 0;
}

static void take_off_and_open(void)
{
	take_off_callback();
	gate = 1;
}

/* ---- looking ---- */

static void fail_fence(void)
{
	dma_fence_set_error(fence, -EIO);
	results[0] = dma_fence_signal(fence);
}

static void look(void)
{
	if (dma_fence_is_signaled(fence)) {
		MODEL_CHECK(dma_fence_get_status(fence) == -EIO);
		MODEL_CHECK(dma_fence_timestamp(fence) == dma_fence_now());
	}
}

static void look_at_the_time_first(void)
{
	int64_t timestamp = dma_fence_timestamp(fence);
	int status = dma_fence_get_status(fence);

	MODEL_CHECK(!timestamp || timestamp == dma_fence_now());
	MODEL_CHECK(!timestamp || status == -EIO);
	MODEL_CHECK(!status || status == -EIO);
	MODEL_CHECK(!status || dma_fence_timestamp(fence));
}

static void expect_failed(void)
{
	MODEL_CHECK(dma_fence_get_status(fence) == -EIO);
	MODEL_CHECK(callback->calls == 1 && callback->status == -EIO);
	finish();
}

const struct model_scenario callback_scenarios[] = {
	{
		.name = "signal-add",
		.rule = "a callback is called once if it was added, and not if it was refused",
		.setup = setup,
		.threads = { signal_fence, add },
		.finish = expect_called_if_added,
	},
	{
		.name = "signal-add-add",
		.rule = "so are two, and signaling is enabled once",
		.setup = setup_two,
		.threads = { signal_fence, add, add_second },
		.finish = expect_enabled_once,
	},
	{
		.name = "enable-refuses",
		.rule = "a fence that is found signaled refuses both callbacks",
		.setup = setup_refusing,
		.threads = { add, add_second },
		.finish = expect_refused,
	},
	{
		.name = "signal-remove",
		.rule = "a callback's memory can be freed when it was removed",
		.setup = setup_added,
		.threads = { signal_fence, take_off_callback },
		.finish = expect_signaled,
	},
	{
		.name = "signal_locked-remove",
		.rule = "so it can when it is signaled under the lock",
		.setup = setup_added,
		.threads = { signal_locked, take_off_callback },
		.finish = expect_signaled,
	},
	{
		.name = "mark-run-remove",
		.rule = "so it can when it is marked first and the callbacks are run later",
		.setup = setup_two_added,
		.threads = { mark_then_run, take_off_callback, take_off_second },
		.finish = expect_signaled,
	},
	{
		.name = "signal-remove-remove",
		.rule = "so it can while another one runs and is removed",
		.setup = setup_two_added,
		.threads = { signal_fence, take_off_callback, take_off_second },
		.finish = expect_signaled,
	},
	{
		.name = "signal-remove-gate",
		.rule = "to remove one does not take until another has returned",
		.setup = setup_gate,
		.threads = { signal_fence, take_off_and_open, take_off_second },
		.finish = expect_signaled,
	},
	{
		.name = "signal-signal",
		.rule = "of two signals one counts, and runs the callback",
		.setup = setup_added,
		.threads = { signal_fence, signal_again },
		.finish = expect_one_signal,
	},
	{
		.name = "signal-signal-remove",
		.rule = "who has come too late with a signal can remove the callback",
		.setup = setup_added,
		.threads = { signal_fence, signal_again_and_take_off },
		.finish = expect_one_signal_alone,
	},
	{
		.name = "remove-itself",
		.rule = "a callback can remove itself while another thread does",
		.setup = setup_removes_itself,
		.threads = { signal_fence, take_off_callback },
		.finish = expect_signaled,
	},
	{
		.name = "free-itself",
		.rule = "a callback can free itself while the next is removed",
		.setup = setup_frees_itself,
		.threads = { signal_fence, take_off_second },
		.finish = expect_signaled,
	},
	{
		.name = "remove-next",
		.rule = "a callback can remove and free the next while it is removed",
		.setup = setup_removes_second,
		.threads = { signal_fence, take_off_callback },
		.finish = expect_second_gone,
	},
	{
		.name = "add-elsewhere",
		.rule = "a callback can go on to another fence while it is removed from its first",
		.setup = setup_goes_on,
		.threads = { signal_fence, signal_other, remove_from_first },
		.finish = expect_gone_on,
	},
	{
		.name = "signal-each-other",
		.rule = "callbacks can signal each other's fences",
		.setup = setup_each_other,
		.threads = { signal_fence, signal_other },
		.finish = expect_both_called,
	},
	{
		.name = "signal-each-other-locked",
		.rule = "so they can under a lock that the fences share",
		.setup = setup_each_other_sharing,
		.threads = { signal_locked, signal_other },
		.finish = expect_both_called,
	},
	{
		.name = "signal-look",
		.rule = "who sees the signal sees error and timestamp",
		.setup = setup_added,
		.threads = { fail_fence, look, look_at_the_time_first },
		.finish = expect_failed,
	},
	{ .name = NULL },
};
