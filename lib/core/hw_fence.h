/* SPDX-License-Identifier: MIT */
/*
 * hw_fence.h - the base for fences of hardware: a ring that writes the seqno of each completed job
 * to memory, and may raise an interrupt. A driver provides the location of the memory and the
 * functions that enable and disable the interrupt.
 *
 * The driver embeds a struct hw_fence_context in its ring. For each job it initialises a fence with
 * hw_fence_init(), and makes the ring write the fence's seqno to the memory when the job is done,
 * in the order of the seqnos. When the ring has raised an interrupt, the driver only calls
 * hw_fence_context_process().
 *
 * As long as a context has no software waiters, the driver need not call anything: a poll reads the
 * memory, and a peer that can poll memory gets the location from mem_fence_location() (each of
 * these fences is a memory fence) and waits without the CPU. All others add a callback, as to any
 * fence. The first callback enables the interrupt. When no fence with a software waiter is left,
 * the interrupt is disabled.
 *
 * All fences of a context share its lock. A fence holds a reference to its context, the context
 * none to its fences.
 */
#ifndef DMA_FENCE_CORE_HW_FENCE_H
#define DMA_FENCE_CORE_HW_FENCE_H

#include "mem_fence.h"

#pragma GCC visibility push(default)

struct hw_fence;
struct hw_fence_context;

struct hw_fence_context_ops {
	const char *driver_name; /* must be valid as long as the context */
	/*
	 * Optional. Called alternately, enable_interrupt first, with the lock held: they must
	 * neither wait for hw_fence_context_process() to return nor call a function here. Each
	 * write to the memory after enable_interrupt has returned must raise an interrupt. Without
	 * these functions the driver calls hw_fence_context_process() unconditionally.
	 */
	void (*enable_interrupt)(struct hw_fence_context *context);
	void (*disable_interrupt)(struct hw_fence_context *context);
	/*
	 * Optional. Called when the last reference has been dropped, so no fence is left. The
	 * context and the memory that it reads must stay valid until then.
	 */
	void (*release)(struct hw_fence_context *context);
};

/* Embed it in your own structure. The fields are this library's. */
struct hw_fence_context {
	pthread_mutex_t lock; /* the fences' too */
	const struct hw_fence_context_ops *ops;
	struct mem_fence_location seqno; /* value: the last seqno of a fence; under lock */
	const char *timeline_name;
	uint64_t context;
	struct hw_fence *pending; /* under lock, in order */
	unsigned int waited_for;  /* under lock: how many of these have a software waiter */
	_Atomic uint32_t refcount;
};

/* Embed it in your own structure; base comes first. The fields are this library's. */
struct hw_fence {
	struct mem_fence base;
	struct hw_fence_context *context;
	struct hw_fence *next, *prev; /* the context's, under its lock, while pending */
	bool waited_for;	      /* under lock */
};

/*
 * Initialises *context, with a new fence context and one reference for the caller. seqno is the
 * location that the ring writes to; its value is that of the last job before the first fence. It is
 * copied. timeline_name is not copied and must be valid as long as the context. -EINVAL: no
 * address, size or alignment.
 */
int hw_fence_context_init(struct hw_fence_context *context, const struct hw_fence_context_ops *ops,
			  const char *timeline_name, const struct mem_fence_location *seqno);
struct hw_fence_context *hw_fence_context_get(struct hw_fence_context *context);
/* The put that drops the last reference calls ops->release. */
void hw_fence_context_put(struct hw_fence_context *context);

/*
 * Initialises *fence with one reference for the caller. Returns the seqno that the ring must write
 * for it, which is the one after the last. The driver must submit the jobs in this order. ops NULL:
 * hw_fence_ops.
 */
uint64_t hw_fence_init(struct hw_fence *fence, struct hw_fence_context *context,
		       const struct dma_fence_ops *ops);
/* For the op release: removes the fence from its context and drops its reference to the context. */
void hw_fence_fini(struct hw_fence *fence);

/*
 * Called on an interrupt: signals all fences that the memory has reached, in order, with one
 * timestamp. All are marked before the first callback runs. Returns how many this call signaled.
 */
unsigned int hw_fence_context_process(struct hw_fence_context *context);
/*
 * Signals all pending fences, in order and with error, whatever the memory contains: for a ring
 * that hangs or is removed. Returns how many.
 */
unsigned int hw_fence_context_cancel(struct hw_fence_context *context, int error);

/*
 * For the driver's own struct dma_fence_ops. Both functions read the memory. If it has reached the
 * fence, they signal all fences that it has reached, so that every observer sees them signaled in
 * order. enable_signaling drops the lock for the callbacks, unless dma_fence_signal_locked() holds
 * it.
 */
bool hw_fence_signaled(struct dma_fence *fence);
bool hw_fence_enable_signaling(struct dma_fence *fence);
const char *hw_fence_driver_name(struct dma_fence *fence);
const char *hw_fence_timeline_name(struct dma_fence *fence);
/* hw_fence_fini() and free(), for a fence at the start of its allocation. */
void hw_fence_release(struct dma_fence *fence);
/* All of the functions above. */
extern const struct dma_fence_ops hw_fence_ops;

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_HW_FENCE_H */
