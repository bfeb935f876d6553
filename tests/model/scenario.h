/* SPDX-License-Identifier: MIT */
/*
 * scenario.h - fences and callbacks of the scenarios. Their fields are plain on purpose: that the
 * code orders all accesses to them is part of what is checked.
 */
#ifndef MODEL_SCENARIO_H
#define MODEL_SCENARIO_H

#include "fence.h"
#include "model.h"

struct model_fence {
	struct dma_fence base;
	pthread_mutex_t own_lock;
	int enable_calls;
	bool refuses;  /* ops->enable_signaling says that it is signaled */
	int *released; /* counted there, may be NULL */
};

struct model_callback {
	struct dma_fence_cb base; /* first */
	int calls;
	int begun; /* calls, and those that have not returned yet */
	int status;
};

/* lock may be NULL: its own. */
struct dma_fence *model_fence_create(pthread_mutex_t *lock);
/* Counts its release. */
struct dma_fence *model_fence_create_counted(int *released);

struct model_callback *model_callback_create(void);
/* A new one, added with func; model_called if that is NULL. */
struct model_callback *model_callback_add(struct dma_fence *fence, dma_fence_func_t func);
/* What a callback does at least: counts, and looks at the fence. */
void model_called(struct dma_fence *fence, struct dma_fence_cb *callback);

#endif /* MODEL_SCENARIO_H */
