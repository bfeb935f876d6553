/* SPDX-License-Identifier: MIT */
/*
 * hw_fence.c - the base for fences of hardware.
 *
 * Who owns what: a fence holds a reference to its context, the context none to its fences. Pending
 * fences are listed under the lock in the order of their seqnos, which is the order of their
 * creation.
 *
 * What can race: any thread creates, polls, waits for, signals and releases fences while the ring
 * writes and several threads process. All of this changes the list under the lock. A fence that has
 * lost its last reference may wait for the lock in hw_fence_fini(), still listed. Its memory is
 * valid then, and dma_fence_get_unless_zero() tells it from the others.
 */
#include <stdlib.h>
#include <utlist.h>

#include "hw_fence.h"
#include "fence_internal.h"

static struct hw_fence *to_hw_fence(struct dma_fence *fence)
{
	return container_of(fence, struct hw_fence, base.base);
}

int hw_fence_context_init(struct hw_fence_context *context, const struct hw_fence_context_ops *ops,
			  const char *timeline_name, const struct mem_fence_location *seqno)
{
	if (!seqno->address || !mem_fence_location_is_valid(seqno))
		return -EINVAL;
	*context = (struct hw_fence_context){
		.ops = ops,
		.seqno = *seqno,
		.timeline_name = timeline_name,
		.context = dma_fence_context_alloc(1),
		.refcount = 1,
	};
	pthread_mutex_init(&context->lock, NULL);
	return 0;
}

struct hw_fence_context *hw_fence_context_get(struct hw_fence_context *context)
{
	atomic_fetch_add_explicit(&context->refcount, 1, memory_order_relaxed);
	return context;
}

void hw_fence_context_put(struct hw_fence_context *context)
{
	if (atomic_fetch_sub_explicit(&context->refcount, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_destroy(&context->lock);
	if (context->ops->release)
		context->ops->release(context);
}

uint64_t hw_fence_init(struct hw_fence *fence, struct hw_fence_context *context,
		       const struct dma_fence_ops *ops)
{
	bool taken = fence_lock(&context->lock);
	uint64_t seqno = ++context->seqno.value;

	fence->context = hw_fence_context_get(context);
	fence->waited_for = false;
	/* The location is that of the context, so it is valid. */
	mem_fence_init(&fence->base, ops ? ops : &hw_fence_ops, &context->lock, context->context,
		       seqno, &context->seqno);
	DL_APPEND(context->pending, fence);
	fence_unlock(&context->lock, taken);
	return seqno;
}

/* Counts a fence that has got a software waiter. Lock held. */
static void begin_to_wait(struct hw_fence *fence)
{
	struct hw_fence_context *context = fence->context;

	fence->waited_for = true;
	if (!context->waited_for++ && context->ops->enable_interrupt)
		context->ops->enable_interrupt(context);
}

/* Subtracts fences with a software waiter. Lock held. */
static void end_waiting(struct hw_fence_context *context, unsigned int count)
{
	if (!count)
		return;
	context->waited_for -= count;
	if (!context->waited_for && context->ops->disable_interrupt)
		context->ops->disable_interrupt(context);
}

/* Unlists a pending fence. Returns 1 if it had a software waiter, else 0. Lock held. */
static unsigned int unlist(struct hw_fence *fence)
{
	unsigned int waited_for = fence->waited_for;

	DL_DELETE(fence->context->pending, fence);
	fence->next = fence->prev = NULL;
	fence->waited_for = false;
	return waited_for;
}

void hw_fence_fini(struct hw_fence *fence)
{
	struct hw_fence_context *context = fence->context;
	bool taken = fence_lock(&context->lock);

	if (fence->prev)
		end_waiting(context, unlist(fence));
	fence_unlock(&context->lock, taken);
	hw_fence_context_put(context);
}

/*
 * Unlists the pending fences up to the first that the memory has not reached, or all of them; marks
 * them, and moves them to *marked, with a reference each. A fence that a caller has signaled
 * directly is only unlisted. Lock held. Returns how many it marked.
 */
static unsigned int mark_fences(struct hw_fence_context *context, bool all, int error,
				struct hw_fence **marked)
{
	uint64_t current = memory_load(context->seqno.address, context->seqno.size);
	unsigned int count = 0, waited_for = 0;
	int64_t now = 0;
	struct hw_fence *fence;

	while ((fence = context->pending)) {
		struct dma_fence *base = &fence->base.base;

		if (!all && !fence_is_marked(base) &&
		    !mem_fence_value_reached(current, context->seqno.size, base->seqno))
			break;
		waited_for += unlist(fence);
		if (fence_is_marked(base) || !dma_fence_get_unless_zero(base))
			continue;
		if (!count++)
			now = dma_fence_now();
		dma_fence_set_error(base, error);
		dma_fence_mark_signaled_locked(base, now);
		DL_APPEND(*marked, fence);
	}
	end_waiting(context, waited_for);
	return count;
}

/*
 * Runs the callbacks and drops the references, without the lock. The list belongs to this thread.
 */
static void finish_fences(struct hw_fence *marked)
{
	struct hw_fence *fence, *next;

	DL_FOREACH_SAFE(marked, fence, next) {
		fence->next = fence->prev = NULL;
		dma_fence_run_callbacks(&fence->base.base);
		dma_fence_put(&fence->base.base);
	}
}

static unsigned int signal_fences(struct hw_fence_context *context, bool all, int error)
{
	struct hw_fence *marked = NULL;
	unsigned int count;
	bool taken;

	taken = fence_lock(&context->lock);
	count = mark_fences(context, all, error, &marked);
	fence_unlock(&context->lock, taken);
	finish_fences(marked);
	return count;
}

unsigned int hw_fence_context_process(struct hw_fence_context *context)
{
	return signal_fences(context, false, 0);
}

unsigned int hw_fence_context_cancel(struct hw_fence_context *context, int error)
{
	return signal_fences(context, true, error);
}

bool hw_fence_signaled(struct dma_fence *fence)
{
	if (!mem_fence_signaled(fence))
		return false;
	hw_fence_context_process(to_hw_fence(fence)->context);
	return true;
}

/*
 * The ring may write the seqno between a poll and the enabling of the interrupt, and then raises no
 * interrupt. So the decisive poll comes after the enabling.
 *
 * If the fence is reached, the fences before it must be signaled first: they are marked first, and
 * their callbacks run first. The lock is dropped for these callbacks, as in signal_fences(), unless
 * a callback further up the stack relies on it. Other threads keep the order too meanwhile: every
 * fence that they find reached is either marked already or comes later.
 */
bool hw_fence_enable_signaling(struct dma_fence *fence)
{
	struct hw_fence *hw_fence = to_hw_fence(fence), *marked = NULL;
	struct hw_fence_context *context = hw_fence->context;
	bool kept;

	if (!mem_fence_signaled(fence)) {
		begin_to_wait(hw_fence);
		if (!mem_fence_signaled(fence))
			return true;
	}
	mark_fences(context, false, 0, &marked);
	kept = fence_lock_is_kept(&context->lock);
	fence_unlock(&context->lock, !kept);
	finish_fences(marked);
	if (!kept)
		pthread_mutex_lock(&context->lock);
	return false;
}

const char *hw_fence_driver_name(struct dma_fence *fence)
{
	return to_hw_fence(fence)->context->ops->driver_name;
}

const char *hw_fence_timeline_name(struct dma_fence *fence)
{
	return to_hw_fence(fence)->context->timeline_name;
}

void hw_fence_release(struct dma_fence *fence)
{
	struct hw_fence *hw_fence = to_hw_fence(fence);

	hw_fence_fini(hw_fence);
	free(hw_fence);
}

const struct dma_fence_ops hw_fence_ops = {
	.get_driver_name = hw_fence_driver_name,
	.get_timeline_name = hw_fence_timeline_name,
	.enable_signaling = hw_fence_enable_signaling,
	.signaled = hw_fence_signaled,
	.release = hw_fence_release,
};
