/* SPDX-License-Identifier: MIT */
/*
 * hw_fence.h - the base for fences of hardware: a ring that writes the seqno of what it has done to
 * memory, and maybe raises an interrupt. A driver says where the memory is, and how the interrupt
 * is switched; the rest is here.
 *
 * The driver embeds a struct hw_fence_context in its ring. For each job it makes a fence with
 * hw_fence_init(), and has the ring write the fence's seqno to the memory when the job is done, in
 * the order of the seqnos. Where the ring has raised an interrupt the driver calls
 * hw_fence_context_process(): never more than that.
 *
 * While nobody waits in software, nothing is to be called at all: a look reads the memory, and a
 * peer that can poll asks mem_fence_location() (each of these fences is a memory fence) and waits
 * by itself, without the CPU. Everybody else adds a callback, as to any fence: for the first of
 * these the interrupt is switched on, and off once no fence is left that somebody has waited for.
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
	const char *driver_name; /* lives as long as the context */
	/*
	 * Optional, in turns, the first of them first; called with the lock held, so that they must
	 * neither wait for hw_fence_context_process() to return nor call anything here. What is
	 * written to the memory after enable has returned must raise an interrupt. Without them
	 * the driver calls hw_fence_context_process() anyway.
	 */
	void (*enable_interrupt)(struct hw_fence_context *context);
	void (*disable_interrupt)(struct hw_fence_context *context);
	/*
	 * Optional: the last reference has gone, and with it the last fence. The context, and the
	 * memory that it looks at, may go now, and not before.
	 */
	void (*release)(struct hw_fence_context *context);
};

/* Embed it in your own structure. The fields are this library's. */
struct hw_fence_context {
	pthread_mutex_t lock; /* the fences' too */
	const struct hw_fence_context_ops *ops;
	struct mem_fence_location seqno; /* value: under lock, the last that was given */
	const char *timeline_name;
	uint64_t context;
	struct hw_fence *pending; /* under lock, in order */
	unsigned int waited_for;  /* under lock: of these, those with a software waiter */
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
 * Makes a context of *context, with a context number of its own and one reference, which is the
 * caller's. seqno says where the ring writes to, with the value from which it starts: that of the
 * last job before the first fence. It is copied; timeline_name is not, and lives as long as the
 * context. -EINVAL: no address, size or alignment.
 */
int hw_fence_context_init(struct hw_fence_context *context, const struct hw_fence_context_ops *ops,
			  const char *timeline_name, const struct mem_fence_location *seqno);
struct hw_fence_context *hw_fence_context_get(struct hw_fence_context *context);
/* The last put calls ops->release. */
void hw_fence_context_put(struct hw_fence_context *context);

/*
 * Makes a fence of *fence, with one reference, which is the caller's, and returns the seqno that
 * the ring is to write for it: the one after the last. Submission must be in that order, which the
 * driver sees to. ops NULL: hw_fence_ops.
 */
uint64_t hw_fence_init(struct hw_fence *fence, struct hw_fence_context *context,
		       const struct dma_fence_ops *ops);
/* For the ops' release: takes the fence off its context, and drops its reference to that. */
void hw_fence_fini(struct hw_fence *fence);

/*
 * "The interrupt": signals all fences that the memory has reached, in order, with one timestamp.
 * All are marked before the first callback is called. Returns how many became signaled by this.
 */
unsigned int hw_fence_context_process(struct hw_fence_context *context);
/*
 * Signals all pending fences, in order and with that error, whatever the memory says: the ring
 * hangs or goes. Returns how many.
 */
unsigned int hw_fence_context_cancel(struct hw_fence_context *context, int error);

/*
 * For struct dma_fence_ops of one's own. Both read the memory; where it has reached the fence, all
 * fences that it has reached are signaled, so that the order holds for who looks or waits, too.
 * enable_signaling drops the lock for their callbacks, unless dma_fence_signal_locked() holds it.
 */
bool hw_fence_signaled(struct dma_fence *fence);
bool hw_fence_enable_signaling(struct dma_fence *fence);
const char *hw_fence_driver_name(struct dma_fence *fence);
const char *hw_fence_timeline_name(struct dma_fence *fence);
/* hw_fence_fini() and free(), for a fence at the start of its allocation. */
void hw_fence_release(struct dma_fence *fence);
/* All of these. */
extern const struct dma_fence_ops hw_fence_ops;

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_HW_FENCE_H */
