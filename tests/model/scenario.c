/* SPDX-License-Identifier: MIT */
/* scenario.c - fences and callbacks of the scenarios. */
#include "scenario.h"

static const char *name(struct dma_fence *fence)
{
	return "model";
}

static bool enable_signaling(struct dma_fence *fence)
{
	struct model_fence *model_fence = (struct model_fence *)fence;

	model_fence->enable_calls++;
	return !model_fence->refuses;
}

static void release(struct dma_fence *fence)
{
	struct model_fence *model_fence = (struct model_fence *)fence;

	MODEL_CHECK(!fence->callbacks);
	MODEL_CHECK(!fence->running);
	if (model_fence->released)
		++*model_fence->released;
	pthread_mutex_destroy(&model_fence->own_lock);
	free(model_fence);
}

static const struct dma_fence_ops model_ops = {
	.get_driver_name = name,
	.get_timeline_name = name,
	.enable_signaling = enable_signaling,
	.release = release,
};

struct dma_fence *model_fence_create(pthread_mutex_t *lock)
{
	struct model_fence *fence = calloc(1, sizeof(*fence));

	pthread_mutex_init(&fence->own_lock, NULL);
	dma_fence_init(&fence->base, &model_ops, lock ? lock : &fence->own_lock, 1, 1);
	return &fence->base;
}

struct dma_fence *model_fence_create_counted(int *released)
{
	struct dma_fence *fence = model_fence_create(NULL);

	*released = 0;
	((struct model_fence *)fence)->released = released;
	return fence;
}

struct model_callback *model_callback_create(void)
{
	return calloc(1, sizeof(struct model_callback));
}

struct model_callback *model_callback_add(struct dma_fence *fence, dma_fence_func_t func)
{
	struct model_callback *callback = model_callback_create();

	MODEL_CHECK(!dma_fence_add_callback(fence, &callback->base, func ? func : model_called));
	return callback;
}

void model_called(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct model_callback *model_callback = (struct model_callback *)callback;

	model_callback->begun++;
	model_callback->status = dma_fence_get_status(fence);
	MODEL_CHECK(model_callback->status);
	MODEL_CHECK(dma_fence_timestamp(fence));
	model_callback->calls++;
}
