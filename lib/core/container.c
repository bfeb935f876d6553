/* SPDX-License-Identifier: MIT */
/*
 * container.c - the size of containers, and the work on them that must not recurse, so that the
 * stack does not depend on their depth.
 *
 * The size of an array is computed once, when it is created, because its members do not change. The
 * size of a chain is computed link by link in each call. What can race: links are removed
 * meanwhile, so the result is true only for the moment.
 */
#include <utlist.h>

#include "container_internal.h"
#include "fence_internal.h"

bool dma_fence_is_container(const struct dma_fence *fence)
{
	return atomic_load_explicit(&fence->flags, memory_order_relaxed) &
	       (1u << DMA_FENCE_FLAG_CONTAINER_BIT);
}

/* ---- work on one container that leads to the next ---- */

void container_do(struct container_work *work, void (*function)(struct container_work *work))
{
	/* The work of this thread. */
	static _Thread_local struct container_work *list __attribute__((tls_model("initial-exec")));
	static _Thread_local bool working __attribute__((tls_model("initial-exec")));

	work->function = function;
	DL_APPEND(list, work);
	if (working)
		return;
	working = true;
	while (list) {
		struct container_work *first = list;

		DL_DELETE(list, first);
		first->function(first);
	}
	working = false;
}

/* ---- what has an answer, and so recurses ---- */

/* How many nested calls for members are active in this thread. */
static _Thread_local unsigned int level __attribute__((tls_model("initial-exec")));

bool container_enter(void)
{
	if (level == DMA_FENCE_CONTAINER_LEVELS)
		return false;
	level++;
	return true;
}

void container_leave(void)
{
	level--;
}

bool container_member_is_signaled(struct dma_fence *member)
{
	bool signaled;

	if (fence_is_marked(member))
		return true;
	if (!dma_fence_is_container(member))
		return dma_fence_is_signaled(member);
	if (!container_enter()) {
		dma_fence_enable_sw_signaling(member);
		return fence_is_marked(member);
	}
	signaled = dma_fence_is_signaled(member);
	container_leave();
	return signaled;
}

void container_set_member_deadline(struct dma_fence *member, int64_t deadline_ns)
{
	if (!container_enter())
		return;
	dma_fence_set_deadline(member, deadline_ns);
	container_leave();
}

/* ---- size ---- */

static struct container_size container_size(struct dma_fence *fence)
{
	if (!dma_fence_is_container(fence))
		return (struct container_size){ .leaves = 1 };
	return container_of(fence->ops, const struct container_ops, base)->size(fence);
}

void container_size_add(struct container_size *size, struct dma_fence *member)
{
	struct container_size own = container_size(member);

	if (own.depth >= size->depth)
		size->depth = own.depth == UINT_MAX ? UINT_MAX : own.depth + 1;
	size->leaves =
		own.leaves > UINT64_MAX - size->leaves ? UINT64_MAX : size->leaves + own.leaves;
}

unsigned int dma_fence_depth(struct dma_fence *fence)
{
	return container_size(fence).depth;
}

uint64_t dma_fence_leaf_count(struct dma_fence *fence)
{
	return container_size(fence).leaves;
}
