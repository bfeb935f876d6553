/* SPDX-License-Identifier: MIT */
/* container_internal.h - what arrays and chains use of container.c beyond container.h. */
#ifndef DMA_FENCE_CORE_CONTAINER_INTERNAL_H
#define DMA_FENCE_CORE_CONTAINER_INTERNAL_H

#include "container.h"

/* The size of a container, in the terms of container.h. */
struct container_size {
	unsigned int depth;
	uint64_t leaves;
};

/* The ops of an array or a chain: a fence that has DMA_FENCE_FLAG_CONTAINER_BIT. */
struct container_ops {
	struct dma_fence_ops base;
	struct container_size (*size)(struct dma_fence *fence);
};

/* Adds one member. */
void container_size_add(struct container_size *size, struct dma_fence *member);

/*
 * Work on a container that an event of another container causes (of its member, or of a container
 * that it is a member of): enabling, signaling or freeing it. Embedded in the container, which has
 * at most one work at a time. container_do() removes the work from the list and calls function: at
 * once, or, if such work runs further up this thread's stack, after that work, in the order of the
 * calls. So function runs with no more locks than its container_do() was called with, and nothing
 * recurses along nested containers.
 */
struct container_work {
	void (*function)(struct container_work *work);
	struct container_work *next, *prev;
};

void container_do(struct container_work *work, void (*function)(struct container_work *work));

/*
 * Enclose calls for the members of a container. enter returns false, and there is no leave, if
 * DMA_FENCE_CONTAINER_LEVELS of them are nested in this thread.
 */
bool container_enter(void);
void container_leave(void);
/*
 * Is this member of a container signaled? The member may be a container. Must be called without a
 * lock. Polls it down to DMA_FENCE_CONTAINER_LEVELS levels; below that, enables signaling instead.
 */
bool container_member_is_signaled(struct dma_fence *member);
/* Passes the deadline down as many levels. */
void container_set_member_deadline(struct dma_fence *member, int64_t deadline_ns);

#endif /* DMA_FENCE_CORE_CONTAINER_INTERNAL_H */
