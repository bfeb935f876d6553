/* SPDX-License-Identifier: MIT */
/*
 * fence.h - the fence: one-shot, reference counted, with callbacks; everything else is built on it.
 *
 * The words are the kernel's (Documentation/driver-api/dma-buf.rst, "DMA Fences"), so that code
 * moves between a driver and this library by search and replace. What differs: times are int64_t
 * nanoseconds of CLOCK_MONOTONIC, a lock is a pthread mutex, and dma_fence_signal() runs callbacks
 * *without* the fence's lock, so that a callback may add, remove and signal whatever it likes.
 *
 * Thread-safety: every function may be called from any thread, on the same fence, unless it says
 * otherwise. Errors are negative errno values.
 */
#ifndef DMA_FENCE_CORE_FENCE_H
#define DMA_FENCE_CORE_FENCE_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
#error "the core is C11; use libdmafence from C++"
#endif

#pragma GCC visibility push(default)

struct dma_fence;
struct dma_fence_cb;

/*
 * What an interruptible wait returns, negated, after a signal handler: to be turned into a restart
 * or into EINTR.
 */
#ifndef ERESTARTSYS
#define ERESTARTSYS 512
#endif

/* The errno values that a fence's error may have: -1 to -DMA_FENCE_MAX_ERRNO. */
#define DMA_FENCE_MAX_ERRNO 4095

/* A wait or timeout without end. */
#define DMA_FENCE_FOREVER INT64_MAX

/*
 * Called once, when the fence is signaled, by the thread that signals it. The callback is off the
 * fence by then: func may free cb, add it to another fence, and signal other fences. It must not
 * sleep: others wait behind it.
 */
typedef void (*dma_fence_func_t)(struct dma_fence *fence, struct dma_fence_cb *cb);

/*
 * A callback that is, or can be, added to one fence at a time. The caller owns the memory and keeps
 * it until func has been called or dma_fence_remove_callback() has returned.
 */
struct dma_fence_cb {
	struct dma_fence_cb *next, *prev; /* the fence's, while added; prev NULL while not */
	dma_fence_func_t func;
};

struct dma_fence_ops {
	/*
	 * Both mandatory. The strings live as long as the fence is not signaled; afterwards use
	 * dma_fence_driver_name() and dma_fence_timeline_name(), which know what is safe.
	 */
	const char *(*get_driver_name)(struct dma_fence *fence);
	const char *(*get_timeline_name)(struct dma_fence *fence);
	/*
	 * Optional: called with the lock held, at most once, when the first software waiter shows
	 * up. false: it is signaled already. A fence that shares its lock with nobody may drop it
	 * meanwhile.
	 */
	bool (*enable_signaling)(struct dma_fence *fence);
	/*
	 * Optional: a look at the hardware, so to say; true once the fence may be signaled. Called
	 * without the lock, by whoever looks, hence by several at once.
	 */
	bool (*signaled)(struct dma_fence *fence);
	/* Optional: default dma_fence_default_wait(). Returns as dma_fence_wait_timeout(). */
	int64_t (*wait)(struct dma_fence *fence, bool interruptible, int64_t timeout_ns);
	/* Optional: default dma_fence_free(). Called when the last reference goes. */
	void (*release)(struct dma_fence *fence);
	/*
	 * Optional: a waiter would like the fence to be signaled by then (CLOCK_MONOTONIC, ns).
	 * Called without the lock.
	 */
	void (*set_deadline)(struct dma_fence *fence, int64_t deadline_ns);
};

/* Bits of struct dma_fence.flags. From USER_BITS on they are the implementation's own. */
enum dma_fence_flag_bits {
	DMA_FENCE_FLAG_SIGNALED_BIT,
	DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT,
	/* Names live as long as the fence: told after the signal too. */
	DMA_FENCE_FLAG_NAMES_STAY_BIT,
	/* It is a struct mem_fence: see mem_fence.h. */
	DMA_FENCE_FLAG_MEMORY_BIT,
	/* Its seqno has 32 bits and wraps: see dma_fence_is_later(). Set before others know it. */
	DMA_FENCE_FLAG_SEQNO32_BIT,
	DMA_FENCE_FLAG_USER_BITS,
};

/*
 * Embed it in your own structure. The fields are this library's, read them through the functions
 * below.
 */
struct dma_fence {
	pthread_mutex_t *lock; /* borrowed from whoever called dma_fence_init() */
	const struct dma_fence_ops *ops;
	struct dma_fence_cb *callbacks;	      /* under lock: those that have not run, in order */
	struct dma_fence_cb *_Atomic running; /* what is being called; compared, never followed */
	uint64_t context;
	uint64_t seqno;
	int64_t timestamp; /* valid once the signaled bit is seen (acquire) */
	_Atomic uint32_t flags;
	_Atomic int error; /* set before the signaled bit */
	_Atomic uint32_t refcount;
	_Atomic uint32_t callback_waiters; /* futex of those who wait for running; see fence.c */
};

/* count contexts that nobody else has; returns the first. Never fails, never 0. */
uint64_t dma_fence_context_alloc(unsigned int count);

/*
 * Makes a fence of *fence, active, with one reference, which is the caller's. lock is the caller's
 * and outlives the fence; several fences may share it (a timeline's do). ops outlive the fence too.
 * In memory that dma_fence_get_unless_zero() is called on meanwhile, the implementation's own
 * fields are set before this.
 */
void dma_fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops, pthread_mutex_t *lock,
		    uint64_t context, uint64_t seqno);

/*
 * References. dma_fence_get() returns fence; both take NULL. The last put calls ops->release, in
 * the caller's thread; an active fence that still has callbacks then is signaled with -EDEADLK
 * first, as a program error that shall not hang anybody.
 */
struct dma_fence *dma_fence_get(struct dma_fence *fence);
void dma_fence_put(struct dma_fence *fence);
/*
 * A reference, unless the last one has gone already: NULL. For look-ups that race with the last put
 * in memory that stays valid, and may be made another fence by dma_fence_init() meanwhile: then the
 * reference is one to that fence, so the caller compares its context and seqno. All zero bytes are
 * a fence without a reference.
 */
struct dma_fence *dma_fence_get_unless_zero(struct dma_fence *fence);
/* free(fence): the default release, for a fence at the start of its allocation. */
void dma_fence_free(struct dma_fence *fence);

/*
 * Signals the fence and runs its callbacks in this thread. -EINVAL when it was signaled before. The
 * caller keeps a reference throughout.
 */
int dma_fence_signal(struct dma_fence *fence);
/*
 * The same with the fence's lock held by the caller, and held throughout the callbacks. Those may
 * call all functions here even so, on fences that share the lock too; what they lock besides is
 * locked inside of it. So is what the release of another fence locks, whose last reference a
 * callback, of a buffer or container for example, drops.
 */
int dma_fence_signal_locked(struct dma_fence *fence);
/* The same with the timestamp given, for hardware that knows better. */
int dma_fence_signal_timestamp(struct dma_fence *fence, int64_t timestamp_ns);
int dma_fence_signal_timestamp_locked(struct dma_fence *fence, int64_t timestamp_ns);

/*
 * The two halves of a signal, for who signals several fences of one lock in order
 * (sync_timeline_advance()): mark with the lock held, makes the state visible; run without it.
 * Who has marked it runs the callbacks, nobody else, and keeps a reference in between. mark returns
 * -EINVAL when the fence was signaled before.
 */
int dma_fence_mark_signaled_locked(struct dma_fence *fence, int64_t timestamp_ns);
void dma_fence_run_callbacks(struct dma_fence *fence);

/*
 * The error that the fence will be signaled with: -1 to -DMA_FENCE_MAX_ERRNO, anything else is
 * ignored. Only before the signal, so by who signals it; the last one set counts. Afterwards it has
 * no effect.
 */
void dma_fence_set_error(struct dma_fence *fence, int error);

/*
 * Polls the fence. Lock-free unless ops->signaled says so for the first time: then the fence is
 * signaled on the spot, and its callbacks run in this thread. They may drop all references but the
 * caller's own: to the fence, and to what it is found in, a buffer or a container for example. The
 * same holds for dma_fence_get_status(), for waiting, and, by way of ops->enable_signaling, for
 * adding a callback. The _locked variants, here and below, do not ask ops->signaled.
 */
bool dma_fence_is_signaled(struct dma_fence *fence);
bool dma_fence_is_signaled_locked(struct dma_fence *fence);
/* 0 active, 1 signaled, negative errno. The error is not to be seen before the signal. */
int dma_fence_get_status(struct dma_fence *fence);
int dma_fence_get_status_locked(struct dma_fence *fence);
/* When it was signaled, 0 while it is active. */
int64_t dma_fence_timestamp(struct dma_fence *fence);

/*
 * Adds a callback. -ENOENT: the fence is signaled, func will not be called (and cb is not added).
 * -EINVAL: no func. The first one calls ops->enable_signaling.
 */
int dma_fence_add_callback(struct dma_fence *fence, struct dma_fence_cb *cb, dma_fence_func_t func);
/*
 * The same for who does not wait for the fence, and only has something to clean up when it is
 * signaled: signaling is not enabled for its sake. So it is called when the fence is signaled for
 * another reason: by its signaler, who does so anyway, by a look that finds it signaled, or because
 * somebody else has enabled it; and where nothing of that happens, never. A container (an array, a
 * chain) learns of its members only from a look or once it is enabled: a passive callback on one
 * that nobody looks at or waits for is not called, though all its members are signaled.
 * dma_fence_enable_sw_signaling() makes up one's mind later.
 */
int dma_fence_add_passive_callback(struct dma_fence *fence, struct dma_fence_cb *cb,
				   dma_fence_func_t func);
/*
 * Takes it off again, of either kind. true: in time, func was not called and will not be. false: it
 * was called, or cb was never added (and is all zero); func has returned by then, unless it is this
 * very callback that asks.
 */
bool dma_fence_remove_callback(struct dma_fence *fence, struct dma_fence_cb *cb);
/* What the first callback does, without a callback. */
void dma_fence_enable_sw_signaling(struct dma_fence *fence);

/*
 * Waits, at most timeout_ns (0: look; DMA_FENCE_FOREVER). Returns the time left, at least 1, when
 * the fence is signaled; 0 when the time ran out; -ERESTARTSYS when interruptible and a signal
 * handler ran; -EINVAL: timeout_ns is negative.
 */
int64_t dma_fence_wait_timeout(struct dma_fence *fence, bool interruptible, int64_t timeout_ns);
int64_t dma_fence_default_wait(struct dma_fence *fence, bool interruptible, int64_t timeout_ns);
/* Without a timeout: 0 or -ERESTARTSYS. */
int dma_fence_wait(struct dma_fence *fence, bool interruptible);
/* For the first of count; *index (may be NULL) tells which. Also -EINVAL: count is 0; -ENOMEM. */
int64_t dma_fence_wait_any_timeout(struct dma_fence **fences, unsigned int count,
				   bool interruptible, int64_t timeout_ns, unsigned int *index);

/* A hint to ops->set_deadline, if the fence is active. The implementation keeps the earliest. */
void dma_fence_set_deadline(struct dma_fence *fence, int64_t deadline_ns);

/*
 * Names that are safe at any time: after the signal "detached-driver" and "signaled-timeline",
 * unless the fence's own stay.
 */
const char *dma_fence_driver_name(struct dma_fence *fence);
const char *dma_fence_timeline_name(struct dma_fence *fence);

/*
 * Is a later than b? Both of one context. A seqno has 64 bits and does not wrap, unless the context
 * is one of DMA_FENCE_FLAG_SEQNO32_BIT: of those the sign of the 32-bit difference counts, right
 * for fences that lie less than half of the range apart.
 */
static inline bool dma_fence_is_later(const struct dma_fence *a, const struct dma_fence *b)
{
	const uint32_t flags = atomic_load_explicit(&a->flags, memory_order_relaxed);

	if (flags & (1u << DMA_FENCE_FLAG_SEQNO32_BIT))
		return (int32_t)((uint32_t)a->seqno - (uint32_t)b->seqno) > 0;
	return a->seqno > b->seqno;
}

/*
 * A fence that is signaled already, named "stub", of context 0; a reference of the caller's own.
 * The first is the same for all and always there; the second has the timestamp given. NULL: no
 * memory.
 */
struct dma_fence *dma_fence_get_stub(void);
struct dma_fence *dma_fence_allocate_private_stub(int64_t timestamp_ns);

/* CLOCK_MONOTONIC now, in ns. */
int64_t dma_fence_now(void);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_FENCE_H */
