/* SPDX-License-Identifier: MIT */
/*
 * fence.h - the fence: one-shot, reference counted, with callbacks. Everything else is built on it.
 *
 * The names are the kernel's (Documentation/driver-api/dma-buf.rst, "DMA Fences"), so code moves
 * between a driver and this library by search and replace. The differences: times are int64_t
 * nanoseconds of CLOCK_MONOTONIC, a lock is a pthread mutex, and dma_fence_signal() runs callbacks
 * *without* the fence's lock, so a callback may add, remove and signal anything.
 *
 * Thread-safety: any thread may call every function, also on the same fence, unless the comment of
 * the function says otherwise. Errors are negative errno values.
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
 * An interruptible wait returns -ERESTARTSYS after a signal handler has run. The caller restarts
 * the wait or returns EINTR.
 */
#ifndef ERESTARTSYS
#define ERESTARTSYS 512
#endif

/* The error of a fence is from -1 to -DMA_FENCE_MAX_ERRNO. */
#define DMA_FENCE_MAX_ERRNO 4095

/* A timeout that never expires. */
#define DMA_FENCE_FOREVER INT64_MAX

/*
 * Called once, by the thread that signals the fence. The callback has already been removed from the
 * fence: func may free cb, add it to another fence, and signal other fences. It must not sleep,
 * because others wait behind it.
 */
typedef void (*dma_fence_func_t)(struct dma_fence *fence, struct dma_fence_cb *cb);

/*
 * A callback, on at most one fence at a time. The caller owns the memory and keeps it until func
 * has been called or dma_fence_remove_callback() has returned.
 */
struct dma_fence_cb {
	struct dma_fence_cb *next, *prev; /* the fence's, while added; otherwise prev is NULL */
	dma_fence_func_t func;
};

struct dma_fence_ops {
	/*
	 * Both mandatory. The strings must be valid while the fence is active. Callers use
	 * dma_fence_driver_name() and dma_fence_timeline_name(), which are safe at any time.
	 */
	const char *(*get_driver_name)(struct dma_fence *fence);
	const char *(*get_timeline_name)(struct dma_fence *fence);
	/*
	 * Optional. Called with the lock held, at most once, for the first software waiter. Returns
	 * false if the fence is already complete. May drop the lock meanwhile if the fence shares
	 * it with no other fence.
	 */
	bool (*enable_signaling)(struct dma_fence *fence);
	/*
	 * Optional. Returns whether the fence is complete, for example by reading the hardware.
	 * Called without the lock by each poll, hence by several threads at once.
	 */
	bool (*signaled)(struct dma_fence *fence);
	/* Optional, default dma_fence_default_wait(). Returns as dma_fence_wait_timeout(). */
	int64_t (*wait)(struct dma_fence *fence, bool interruptible, int64_t timeout_ns);
	/* Optional, default dma_fence_free(). Called when the last reference is dropped. */
	void (*release)(struct dma_fence *fence);
	/*
	 * Optional. A waiter's hint that it wants the fence signaled by then (CLOCK_MONOTONIC, ns).
	 * Called without the lock.
	 */
	void (*set_deadline)(struct dma_fence *fence, int64_t deadline_ns);
};

/* Bits of struct dma_fence.flags. The bits from USER_BITS on belong to the implementation. */
enum dma_fence_flag_bits {
	DMA_FENCE_FLAG_SIGNALED_BIT,
	DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT,
	/* The names live as long as the fence and are returned after the signal too. */
	DMA_FENCE_FLAG_NAMES_STAY_BIT,
	/* The fence is a struct mem_fence: see mem_fence.h. */
	DMA_FENCE_FLAG_MEMORY_BIT,
	/*
	 * The seqno has 32 bits and wraps: see dma_fence_is_later(). Set before others know the
	 * fence.
	 */
	DMA_FENCE_FLAG_SEQNO32_BIT,
	/* The fence is an array or a chain. */
	DMA_FENCE_FLAG_CONTAINER_BIT,
	DMA_FENCE_FLAG_USER_BITS,
};

/*
 * Embed it in your own structure. The fields belong to the library; read them with the functions
 * below.
 */
struct dma_fence {
	pthread_mutex_t *lock; /* borrowed from the caller of dma_fence_init() */
	const struct dma_fence_ops *ops;
	struct dma_fence_cb *callbacks; /* under lock: those that have not run yet, in order */
	struct dma_fence_cb *_Atomic
		running; /* the callback that is being called; compared, never dereferenced */
	uint64_t context;
	uint64_t seqno;
	int64_t timestamp; /* valid once the signaled bit is seen (acquire) */
	_Atomic uint32_t flags;
	_Atomic int error; /* set before the signaled bit */
	_Atomic uint32_t refcount;
	_Atomic uint32_t callback_waiters; /* futex for waits on running; see fence.c */
};

/*
 * Allocates count consecutive contexts that are unique in this process. Returns the first one.
 * Never fails, never returns 0.
 */
uint64_t dma_fence_context_alloc(unsigned int count);

/*
 * Initialises *fence as an active fence with one reference, which belongs to the caller. lock
 * belongs to the caller and outlives the fence; several fences may share it, as those of a timeline
 * do. ops outlive the fence too. If dma_fence_get_unless_zero() is called on this memory meanwhile,
 * the implementation sets its own fields before this call.
 */
void dma_fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops, pthread_mutex_t *lock,
		    uint64_t context, uint64_t seqno);

/*
 * dma_fence_get() returns fence; both accept NULL. The put that drops the last reference calls
 * ops->release in the caller's thread. If the fence is active and has callbacks then, it is first
 * signaled with -EDEADLK: this is a bug of the program, and its waiters must not hang.
 */
struct dma_fence *dma_fence_get(struct dma_fence *fence);
void dma_fence_put(struct dma_fence *fence);
/*
 * Returns a new reference, or NULL if the last one has been dropped. For a look-up that races with
 * the last put, in memory that stays valid. dma_fence_init() may have initialised another fence in
 * this memory meanwhile; the reference is to that fence then, so the caller compares its context
 * and seqno. Zeroed memory is a fence without a reference.
 */
struct dma_fence *dma_fence_get_unless_zero(struct dma_fence *fence);
/*
 * Calls free(fence). This is the default release; it fits a fence at the start of its allocation.
 */
void dma_fence_free(struct dma_fence *fence);

/*
 * Signals the fence and runs its callbacks in this thread. -EINVAL: the fence was already signaled.
 * The caller holds a reference throughout.
 */
int dma_fence_signal(struct dma_fence *fence);
/*
 * The same with the fence's lock held by the caller, also during the callbacks. The callbacks may
 * still call all functions here, also on fences that share the lock. Any other lock that they take
 * nests inside the fence's lock. That includes the locks of another fence's release, if a callback
 * (of a buffer or container, for example) drops the last reference to that fence.
 */
int dma_fence_signal_locked(struct dma_fence *fence);
/* The same with the given timestamp, for hardware that knows the time better. */
int dma_fence_signal_timestamp(struct dma_fence *fence, int64_t timestamp_ns);
int dma_fence_signal_timestamp_locked(struct dma_fence *fence, int64_t timestamp_ns);

/*
 * The two halves of a signal, for a caller that signals several fences of one lock in order
 * (sync_timeline_advance()). dma_fence_mark_signaled_locked(), with the lock held, makes the state
 * visible; -EINVAL: the fence was already signaled. dma_fence_run_callbacks(), without the lock,
 * runs the callbacks. Only the caller that marked the fence calls it, and it holds a reference in
 * between.
 */
int dma_fence_mark_signaled_locked(struct dma_fence *fence, int64_t timestamp_ns);
void dma_fence_run_callbacks(struct dma_fence *fence);

/*
 * Sets the error that the fence will be signaled with: -1 to -DMA_FENCE_MAX_ERRNO, any other value
 * is ignored. Only the signaler calls this, before the signal. The last error counts. After the
 * signal the call has no effect.
 */
void dma_fence_set_error(struct dma_fence *fence, int error);

/*
 * Polls the fence. Lock-free, unless ops->signaled reports completion for the first time: then the
 * poll signals the fence, and its callbacks run in this thread. They may drop all references except
 * the caller's own: to the fence, and to the object that contains it, a buffer or a container for
 * example. The same holds for dma_fence_get_status(), for waiting, and (through
 * ops->enable_signaling) for adding a callback. The _locked variants, here and below, do not call
 * ops->signaled.
 */
bool dma_fence_is_signaled(struct dma_fence *fence);
bool dma_fence_is_signaled_locked(struct dma_fence *fence);
/*
 * 0: active; 1: signaled; a negative errno: signaled with that error. The error is not visible
 * before the signal.
 */
int dma_fence_get_status(struct dma_fence *fence);
int dma_fence_get_status_locked(struct dma_fence *fence);
/* The time of the signal, 0 while the fence is active. */
int64_t dma_fence_timestamp(struct dma_fence *fence);

/*
 * Adds a callback. -ENOENT: the fence is signaled, so cb was not added and func will not be called.
 * -EINVAL: func is NULL. The first callback calls ops->enable_signaling.
 */
int dma_fence_add_callback(struct dma_fence *fence, struct dma_fence_cb *cb, dma_fence_func_t func);
/*
 * The same for a caller that does not wait for the fence but only cleans up after its signal: it
 * does not enable signaling. The callback runs if the fence is signaled for another reason: its
 * signaler signals it anyway, a poll finds it complete, or another waiter has enabled signaling. If
 * none of this happens, the callback never runs. A container (an array, a chain) checks its members
 * only when it is polled or enabled. So a passive callback on a container without polls and waiters
 * does not run, even if all members are signaled. dma_fence_enable_sw_signaling() enables signaling
 * later.
 */
int dma_fence_add_passive_callback(struct dma_fence *fence, struct dma_fence_cb *cb,
				   dma_fence_func_t func);
/*
 * Removes a callback of either kind. true: removed; func was not called and will not be. false:
 * func was called, or cb was never added (and is all zero). func has returned by then, unless the
 * callback removes itself.
 */
bool dma_fence_remove_callback(struct dma_fence *fence, struct dma_fence_cb *cb);
/* Enables signaling, as the first callback does. */
void dma_fence_enable_sw_signaling(struct dma_fence *fence);

/*
 * Waits for at most timeout_ns (0: polls; DMA_FENCE_FOREVER: no timeout). Returns the remaining
 * time, at least 1, if the fence is signaled; 0 after the timeout; -ERESTARTSYS if interruptible
 * and a signal handler ran; -EINVAL if timeout_ns is negative.
 */
int64_t dma_fence_wait_timeout(struct dma_fence *fence, bool interruptible, int64_t timeout_ns);
int64_t dma_fence_default_wait(struct dma_fence *fence, bool interruptible, int64_t timeout_ns);
/* Without a timeout: 0 or -ERESTARTSYS. */
int dma_fence_wait(struct dma_fence *fence, bool interruptible);
/*
 * Waits for the first of count fences and stores its index in *index (may be NULL). Also -EINVAL:
 * count is 0; -ENOMEM.
 */
int64_t dma_fence_wait_any_timeout(struct dma_fence **fences, unsigned int count,
				   bool interruptible, int64_t timeout_ns, unsigned int *index);

/*
 * Calls ops->set_deadline if the fence is active: a hint. The implementation keeps the earliest
 * deadline.
 */
void dma_fence_set_deadline(struct dma_fence *fence, int64_t deadline_ns);

/*
 * Names that are safe at any time. After the signal they are "detached-driver" and
 * "signaled-timeline", unless the fence has DMA_FENCE_FLAG_NAMES_STAY_BIT.
 */
const char *dma_fence_driver_name(struct dma_fence *fence);
const char *dma_fence_timeline_name(struct dma_fence *fence);

/*
 * Is a later than b? Both are of one context. A seqno has 64 bits and does not wrap, unless the
 * fences have DMA_FENCE_FLAG_SEQNO32_BIT. For those, the sign of the 32-bit difference decides,
 * which is right for fences less than half of the range apart.
 */
static inline bool dma_fence_is_later(const struct dma_fence *a, const struct dma_fence *b)
{
	const uint32_t flags = atomic_load_explicit(&a->flags, memory_order_relaxed);

	if (flags & (1u << DMA_FENCE_FLAG_SEQNO32_BIT))
		return (int32_t)((uint32_t)a->seqno - (uint32_t)b->seqno) > 0;
	return a->seqno > b->seqno;
}

/*
 * A signaled fence named "stub", of context 0, with a reference for the caller.
 * dma_fence_get_stub() returns the common stub of the process and never fails;
 * dma_fence_allocate_private_stub() allocates one with the given timestamp (NULL: no memory).
 */
struct dma_fence *dma_fence_get_stub(void);
struct dma_fence *dma_fence_allocate_private_stub(int64_t timestamp_ns);

/* CLOCK_MONOTONIC now, in ns. */
int64_t dma_fence_now(void);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_FENCE_H */
