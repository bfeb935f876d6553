/* SPDX-License-Identifier: MIT */
/*
 * ww_mutex.h - mutexes of which a caller locks several without deadlock: wait/die.
 *
 * The names and the rules are the kernel's (Documentation/locking/ww-mutex-design.rst). A caller
 * that needs several locks takes them under an acquire context, whose stamp (the ticket) is its
 * age. A context that holds locks waits only for younger contexts: it gets -EDEADLK if an older one
 * holds the lock or is in its queue, and also if an older one enters the queue while it waits
 * ("dies"). It then backs off: it unlocks all its locks, locks the contended one first with
 * ww_mutex_lock_slow(), and then locks the others again. It keeps its stamp, so it eventually
 * becomes the oldest. A context that holds no locks waits for older contexts too, and so does a
 * caller without a context.
 *
 * An unlocked lock passes directly to the first waiter in its queue, so no other caller can take it
 * in between. Contexts are queued by age; a waiter without a context is queued at the end.
 *
 * There are two sets of functions. The asynchronous functions never sleep: instead they queue a
 * waiter of the caller and call it when it has acquired the lock or must back off. The blocking
 * functions are built on them.
 *
 * Thread-safety: any threads may use a lock at once. A lock belongs to a context, or to the caller
 * that locked it without one, not to a thread. One thread at a time uses a context. A context has
 * at most one waiter in a queue. While that waiter is queued, the context locks nothing else, but
 * it may unlock.
 */
#ifndef DMA_FENCE_CORE_WW_MUTEX_H
#define DMA_FENCE_CORE_WW_MUTEX_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
#error "the core is C11; use libdmafence from C++"
#endif

#pragma GCC visibility push(default)

/* An interruptible lock returns -ERESTARTSYS after a signal handler has run: see fence.h. */
#ifndef ERESTARTSYS
#define ERESTARTSYS 512
#endif

/* The source of stamps. All locks that are taken under one context are of one class. */
struct ww_class {
	_Atomic uint64_t last_stamp;
};

#define DEFINE_WD_CLASS(name) struct ww_class name = { .last_stamp = 0 }

/* The fields belong to the library. The caller owns the memory, from init to fini. */
struct ww_acquire_ctx {
	struct ww_class *class;
	uint64_t stamp;		   /* the ticket: a smaller one is older; never 0 */
	_Atomic uint32_t acquired; /* number of locks that it holds */
	bool done;		   /* accessed only by the thread that uses the context */
};

struct ww_waiter;

/* The fields are this library's. */
struct ww_mutex {
	pthread_mutex_t
		lock; /* protects all fields below; the atomic ones are also read without it */
	struct ww_class *class;
	struct ww_acquire_ctx *_Atomic ctx; /* the holder's, or NULL */
	_Atomic uint32_t locked;
	struct ww_waiter *waiters; /* in the order in which they acquire the lock */
};

/*
 * Notifies a waiter once. 0: its context (or the waiter itself, without a context) has acquired the
 * lock. -EDEADLK: it has not, and the context must back off. The waiter has already been removed
 * from the queue: func may free or reuse it, and may lock and unlock. func runs in the thread that
 * unlocks the lock or queues for it, and delays this thread. That thread holds no lock of this
 * library. If func itself unlocks or queues, func may be called recursively; a caller with many
 * waiters should defer that work to a queue.
 */
typedef void (*ww_waiter_func_t)(struct ww_waiter *waiter, int result);

/*
 * The caller owns the memory and keeps it until func is called or ww_mutex_lock_cancel() has
 * returned true. The fields belong to the library.
 */
struct ww_waiter {
	struct ww_waiter *next, *prev; /* owned by the mutex while queued */
	struct ww_acquire_ctx *ctx;    /* may be NULL */
	struct ww_mutex *mutex;	       /* the mutex that it waits or has waited for */
	ww_waiter_func_t func;
	bool queued; /* under the mutex's internal lock */
};

/* Gives ctx a new ticket, younger than all existing ones. */
void ww_acquire_init(struct ww_acquire_ctx *ctx, struct ww_class *class);
/* Declares that ctx takes no more locks; a later attempt returns -EINVAL. Optional. */
void ww_acquire_done(struct ww_acquire_ctx *ctx);
/* Ends ctx. It must not hold or wait for locks; otherwise this aborts. */
void ww_acquire_fini(struct ww_acquire_ctx *ctx);

/* Initialises a free lock. class may be used for stamps at any later time. */
void ww_mutex_init(struct ww_mutex *lock, struct ww_class *class);
/* The lock must be free, and no other thread may use it. */
void ww_mutex_destroy(struct ww_mutex *lock);

/*
 * Locks lock, for ctx unless that is NULL, and sleeps until it can. Returns 0. With ctx also
 * -EALREADY: ctx already holds this lock; -EDEADLK: ctx must back off; -EINVAL: ctx is done or of
 * another class. A caller that locks without ctx must not lock the same lock again: that hangs.
 */
int ww_mutex_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
/* The same. Also -ERESTARTSYS if a signal handler ran; the caller does not have the lock then. */
int ww_mutex_lock_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
/*
 * After a back-off: locks the contended lock, without -EDEADLK. ctx must not hold locks and must
 * not be done. Otherwise ww_mutex_lock_slow() aborts, since it returns nothing, and
 * ww_mutex_lock_slow_interruptible() returns -EINVAL. The latter also returns -ERESTARTSYS.
 */
void ww_mutex_lock_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
int ww_mutex_lock_slow_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
/* Takes the lock if it is free, regardless of age: a call that does not wait cannot deadlock. */
bool ww_mutex_trylock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
/*
 * Unlocks, and passes the lock to the first waiter in the queue if there is one. Any thread may
 * call this on behalf of the holder.
 */
void ww_mutex_unlock(struct ww_mutex *lock);

/*
 * Is the lock held, and by which context (NULL: it is free, or held without a context)? Both read
 * without a lock. The results are reliable for the holder and hints for all others. The context may
 * be gone at any time: compare it, do not dereference it.
 */
bool ww_mutex_is_locked(const struct ww_mutex *lock);
struct ww_acquire_ctx *ww_mutex_locking_ctx(const struct ww_mutex *lock);

/*
 * The asynchronous functions. 0: locked; -EALREADY, -EDEADLK, -EINVAL: as ww_mutex_lock(), or as
 * ww_mutex_lock_slow_interruptible() if slow. In all these cases func is not called, and waiter
 * belongs to the caller again. -EINPROGRESS: waiter is queued, and func is called once, unless it
 * is cancelled before; another thread may call it before this returns. Waiters of other contexts
 * that must die are notified before this returns.
 */
int ww_mutex_lock_async(struct ww_mutex *lock, struct ww_acquire_ctx *ctx, struct ww_waiter *waiter,
			ww_waiter_func_t func, bool slow);
/*
 * Removes a waiter from its queue. The lock must still exist. true: removed; func was not called
 * and will not be. false: another thread has called func, is calling it, or is about to.
 */
bool ww_mutex_lock_cancel(struct ww_waiter *waiter);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_WW_MUTEX_H */
