/* SPDX-License-Identifier: MIT */
/*
 * ww_mutex.h - locks of which many are taken together without deadlock: wait/die.
 *
 * The words and the rules are the kernel's (Documentation/locking/ww-mutex-design.rst). Who wants
 * several locks takes them under an acquire context, whose stamp, the ticket, says how old it is. A
 * context that holds locks waits for younger ones only: where it meets an older one, as holder or
 * in the queue, it gets -EDEADLK, and where an older one comes to a queue in which it waits, it is
 * told the same ("dies"). It then gives back all that it holds, takes the contended lock first with
 * ww_mutex_lock_slow(), and the others again; the stamp stays, so that sooner or later it is the
 * oldest. A context that holds nothing just waits, and so does who comes without a context.
 *
 * A lock that is given back goes to the first in its queue at once, nobody overtakes it in between.
 * In the queue contexts stand by age; who has none is queued at the end.
 *
 * All of it comes in two halves. The asynchronous one never sleeps: where it would, it puts a
 * waiter of the caller's in the queue, and calls it when the lock is had or is not to be had. The
 * blocking one is built on it.
 *
 * Thread-safety: a lock may be used by any threads at once; the holder is a context or whoever
 * locked it, not a thread. A context is used by one thread at a time, has one waiter in a queue at
 * most, and is not asked to lock anything while that is there; it may unlock meanwhile.
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

/* What an interruptible lock returns, negated, after a signal handler: see fence.h. */
#ifndef ERESTARTSYS
#define ERESTARTSYS 512
#endif

/* Where stamps come from. Locks that are taken under one context are of one class. */
struct ww_class {
	_Atomic uint64_t last_stamp;
};

#define DEFINE_WD_CLASS(name) struct ww_class name = { .last_stamp = 0 }

/* The fields are this library's. The memory is the caller's, from init to fini. */
struct ww_acquire_ctx {
	struct ww_class *class;
	uint64_t stamp;		   /* the ticket: the smaller, the older; of init, and never 0 */
	_Atomic uint32_t acquired; /* locks that it holds */
	bool done;		   /* of the thread that uses it */
};

struct ww_waiter;

/* The fields are this library's. */
struct ww_mutex {
	pthread_mutex_t lock; /* around all below; what is atomic is read without it too */
	struct ww_class *class;
	struct ww_acquire_ctx *_Atomic ctx; /* the holder's, if it has one */
	_Atomic uint32_t locked;
	struct ww_waiter *waiters; /* in the order in which they get the lock */
};

/*
 * Tells a waiter what has become of it, once: 0, the lock is its context's (or its own); -EDEADLK,
 * it is not, and the context has to back off. It is off the queue by then: func may free it or use
 * it again, and may lock and unlock whatever it likes. It runs in the thread that unlocks the lock
 * or queues at it, which holds nothing of this library's, and which it delays. Where func does so
 * itself it is called from within itself; who has many waiters had better queue the work.
 */
typedef void (*ww_waiter_func_t)(struct ww_waiter *waiter, int result);

/*
 * The caller's memory, kept until func is called or ww_mutex_lock_cancel() has returned true. The
 * fields are this library's.
 */
struct ww_waiter {
	struct ww_waiter *next, *prev; /* the mutex's, while queued */
	struct ww_acquire_ctx *ctx;    /* may be NULL */
	struct ww_mutex *mutex;	       /* where it waits or has waited */
	ww_waiter_func_t func;
	bool queued; /* under the mutex's internal lock */
};

/* A new ticket, younger than all there are. */
void ww_acquire_init(struct ww_acquire_ctx *ctx, struct ww_class *class);
/* No more locks will be taken: asking for one is -EINVAL from here on. Not needed. */
void ww_acquire_done(struct ww_acquire_ctx *ctx);
/* The end of it. It holds no lock any more, and waits for none: anything else aborts. */
void ww_acquire_fini(struct ww_acquire_ctx *ctx);

/* Free. class may be used for stamps at any time later. */
void ww_mutex_init(struct ww_mutex *lock, struct ww_class *class);
/* It is free, and nobody uses it any more. */
void ww_mutex_destroy(struct ww_mutex *lock);

/*
 * Locks it, for ctx where that is not NULL, and sleeps until it can. 0. With ctx also -EALREADY: it
 * has this lock already; -EDEADLK: back off; -EINVAL: it is done, or of another class. A lock that
 * is taken without ctx is not to be taken again by who holds it: that hangs.
 */
int ww_mutex_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
/* The same, and -ERESTARTSYS when a signal handler ran meanwhile: the lock is not had. */
int ww_mutex_lock_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
/*
 * After backing off: takes the lock that it was for, without -EDEADLK. ctx holds nothing and is not
 * done, otherwise the first aborts (it could not tell), and the second returns -EINVAL. The second
 * also returns -ERESTARTSYS.
 */
void ww_mutex_lock_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
int ww_mutex_lock_slow_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
/* Takes it if it is free. Without regard to age: who does not wait dies of nothing. */
bool ww_mutex_trylock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
/* Gives it back, to the first in the queue if there is one. Any thread, for the holder. */
void ww_mutex_unlock(struct ww_mutex *lock);

/*
 * Is it held, by whomever; and by which context (NULL: it is free, or held without one)? A look
 * without a lock, of use to the holder, and as a hint to others. The context may be gone any time:
 * compare it, do not follow it.
 */
bool ww_mutex_is_locked(const struct ww_mutex *lock);
struct ww_acquire_ctx *ww_mutex_locking_ctx(const struct ww_mutex *lock);

/*
 * The asynchronous half. 0: locked; -EALREADY, -EDEADLK, -EINVAL as ww_mutex_lock(), and
 * ww_mutex_lock_slow_interruptible() where slow. In all these cases func is not called and waiter
 * is the caller's again. -EINPROGRESS: waiter is queued, and func is called once, unless that is
 * cancelled in time; another thread may have called it before this returns. Waiters of others that
 * have to die are told before this returns.
 */
int ww_mutex_lock_async(struct ww_mutex *lock, struct ww_acquire_ctx *ctx, struct ww_waiter *waiter,
			ww_waiter_func_t func, bool slow);
/*
 * Takes a waiter off the queue that it was put in (and the lock still exists). true: in time, func
 * was not called and will not be. false: it was called, is being called, or is about to be, by
 * another thread.
 */
bool ww_mutex_lock_cancel(struct ww_waiter *waiter);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_WW_MUTEX_H */
