/* SPDX-License-Identifier: MIT */
/* wait-scenarios.c - sleeping until a fence is signaled, with what can end the sleep early. */
#include "scenario.h"

#define TIMEOUT 1000

static struct dma_fence *fence, *other;
static int64_t results[MODEL_THREADS];
static unsigned int which;

static void setup(void)
{
	fence = model_fence_create(NULL);
	other = model_fence_create(NULL);
}

static void finish(void)
{
	dma_fence_put(fence);
	dma_fence_put(other);
}

static void signal_fence(void)
{
	MODEL_CHECK(!dma_fence_signal(fence));
}

static void signal_other(void)
{
	MODEL_CHECK(!dma_fence_signal(other));
}

#define STACK_WORDS 128

static __attribute__((noinline)) void overwrite(volatile uint64_t *words)
{
	unsigned int i;

	for (i = 0; i < STACK_WORDS; i++)
		words[i] = 0;
}

/*
 * Overwrites the stack of the wait: no thread may return to it. Not inlined, so as to
 * have its words in that place; the other not, so as not to have these writes left out.
 */
static __attribute__((noinline)) void reuse_stack(void)
{
	volatile uint64_t words[STACK_WORDS];

	overwrite(words);
}

static void wait_forever(void)
{
	MODEL_CHECK(!dma_fence_wait(fence, false));
	MODEL_CHECK(dma_fence_is_signaled(fence));
	reuse_stack();
}

static void wait_in_time(void)
{
	results[1] = dma_fence_wait_timeout(fence, false, TIMEOUT);
	MODEL_CHECK(results[1] >= 0 && results[1] <= TIMEOUT);
	MODEL_CHECK(!results[1] || dma_fence_is_signaled(fence));
	reuse_stack();
}

static void wait_interruptibly(void)
{
	int error;

	model_may_wake(EINTR);
	error = dma_fence_wait(fence, true);
	MODEL_CHECK(!error || error == -ERESTARTSYS);
	MODEL_CHECK(error || dma_fence_is_signaled(fence));
	reuse_stack();
}

static void wait_uninterruptibly(void)
{
	model_may_wake(EINTR);
	wait_forever();
}

static void wait_woken_for_nothing(void)
{
	model_may_wake(0);
	wait_forever();
}

static void wait_for_any(void)
{
	struct dma_fence *fences[] = { fence, other };

	which = 2;
	results[2] = dma_fence_wait_any_timeout(fences, 2, false, DMA_FENCE_FOREVER, &which);
	MODEL_CHECK(results[2] > 0);
	MODEL_CHECK(which < 2 && dma_fence_is_signaled(fences[which]));
	reuse_stack();
}

static void wait_for_any_in_time(void)
{
	struct dma_fence *fences[] = { fence, other };

	which = 2;
	results[2] = dma_fence_wait_any_timeout(fences, 2, false, TIMEOUT, &which);
	MODEL_CHECK(results[2] >= 0);
	MODEL_CHECK(results[2] ? which < 2 && dma_fence_is_signaled(fences[which]) : which == 2);
	reuse_stack();
}

const struct model_scenario wait_scenarios[] = {
	{
		.name = "wait-signal",
		.rule = "a wait ends with the signal",
		.setup = setup,
		.threads = { signal_fence, wait_forever },
		.finish = finish,
	},
	{
		.name = "wait-wait-signal",
		.rule = "so do two",
		.setup = setup,
		.threads = { signal_fence, wait_forever, wait_forever },
		.finish = finish,
	},
	{
		.name = "wait-timeout-signal",
		.rule = "a wait that times out leaves nothing behind, and tells a signal in time",
		.setup = setup,
		.threads = { signal_fence, wait_in_time },
		.finish = finish,
	},
	{
		.name = "wait-interrupted-signal",
		.rule = "so does one that is interrupted",
		.setup = setup,
		.threads = { signal_fence, wait_interruptibly },
		.finish = finish,
	},
	{
		.name = "wait-not-interruptible",
		.rule = "one that is not interruptible goes on after an interruption",
		.setup = setup,
		.threads = { signal_fence, wait_uninterruptibly },
		.finish = finish,
	},
	{
		.name = "wait-woken-for-nothing",
		.rule = "a wait goes on when it is woken for nothing",
		.setup = setup,
		.threads = { signal_fence, wait_woken_for_nothing },
		.finish = finish,
	},
	{
		.name = "wait-timeout-wait",
		.rule = "one wait that times out does not end another",
		.setup = setup,
		.threads = { signal_fence, wait_in_time, wait_forever },
		.finish = finish,
	},
	{
		.name = "wait-any",
		.rule = "a wait for any ends with the first signal, and names a signaled fence",
		.setup = setup,
		.threads = { signal_fence, signal_other, wait_for_any },
		.finish = finish,
	},
	{
		.name = "wait-any-timeout",
		.rule = "one that times out leaves nothing behind on either",
		.setup = setup,
		.threads = { signal_fence, wait_for_any_in_time, signal_other },
		.finish = finish,
	},
	{ .name = NULL },
};
