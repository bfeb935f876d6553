/* SPDX-License-Identifier: MIT */
/* slot-scenarios.c - looking a fence up without a lock while others replace and drop it. */
#include "fence_slot.h"
#include "scenario.h"

static struct dma_fence_slot slot;
static struct dma_fence *fresh[2];

static void setup(void)
{
	dma_fence_slot_init(&slot);
	MODEL_CHECK(!dma_fence_slot_exchange(&slot, model_fence_create(NULL)));
	fresh[0] = model_fence_create(NULL);
	fresh[1] = model_fence_create(NULL);
}

/* Fences that were not used by a thread are left in fresh. */
static void finish(void)
{
	dma_fence_slot_fini(&slot);
	dma_fence_put(fresh[0]);
	dma_fence_put(fresh[1]);
}

static void replace_by(int which)
{
	struct dma_fence *old = dma_fence_slot_exchange(&slot, fresh[which]);

	fresh[which] = NULL;
	dma_fence_put(old);
}

static void replace(void)
{
	replace_by(0);
}

static void replace_too(void)
{
	replace_by(1);
}

static void replace_twice(void)
{
	replace_by(0);
	replace_by(1);
}

static void drop(void)
{
	dma_fence_put(dma_fence_slot_exchange(&slot, NULL));
}

/* It is alive as long as the reference is held; there is one here at all times. */
static void look_up(void)
{
	struct dma_fence *fence = dma_fence_slot_get(&slot);

	MODEL_CHECK(fence);
	MODEL_CHECK(!dma_fence_is_signaled(fence));
	dma_fence_put(fence);
}

static void look_up_or_none(void)
{
	struct dma_fence *fence = dma_fence_slot_get(&slot);

	MODEL_CHECK(!fence || !dma_fence_is_signaled(fence));
	dma_fence_put(fence);
}

const struct model_scenario slot_scenarios[] = {
	{
		.name = "slot-replace",
		.rule = "a look-up gets the old or the new fence, alive",
		.setup = setup,
		.threads = { replace, look_up },
		.finish = finish,
	},
	{
		.name = "slot-drop",
		.rule = "or none, when it is dropped",
		.setup = setup,
		.threads = { drop, look_up_or_none, look_up_or_none },
		.finish = finish,
	},
	{
		.name = "slot-replace-twice",
		.rule = "so it does however slow it is",
		.setup = setup,
		.threads = { replace_twice, look_up },
		.finish = finish,
	},
	{
		.name = "slot-replace-replace",
		.rule = "so it does while two replace it",
		.setup = setup,
		.threads = { replace, replace_too, look_up },
		.finish = finish,
	},
	{ .name = NULL },
};
