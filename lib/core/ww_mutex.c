/* SPDX-License-Identifier: MIT */
/*
 * ww_mutex.c - wait/die locks: the queue, and sleeping in it.
 *
 * Who owns what: lock and context belong to their callers. The links of a waiter belong to the lock
 * while queued is true. Only the thread that removes a waiter from the queue, under the internal
 * lock, notifies it, and does not access it afterwards. So each waiter is notified once, or
 * cancelled.
 *
 * Who may run at the same time: all functions. The state of a lock changes only under its internal
 * lock. No thread holds two of these internal locks at once, and none is held while func is called.
 * Two threads change a context's count of locks: its own, and one that passes a lock to its waiter.
 * So the count is atomic. The check for a deadlock reads the counts of queued contexts. A queued
 * context does not acquire locks elsewhere, so a count of 0 stays 0, and a context that holds no
 * locks cannot take part in a deadlock.
 *
 * Invariants, under the internal lock: A free lock has an empty queue. Contexts are queued by age.
 * A queued context that holds locks is older than the holder and than every context before it in
 * the queue, if those have contexts: this was so when it was queued, and if it changes the context
 * is notified and removed. The only new holder is the first in the queue, which is older than the
 * others anyway. So a context that waits while it holds locks waits only for younger ones, and
 * there is no cycle.
 *
 * Memory order: everything that the last holder did happens before the next holder has the lock,
 * through the internal lock and then through func: here a store with release to the word that the
 * sleeper reads with acquire. The reads without the lock guarantee less: see the header.
 */
#include <assert.h>
#include <utlist.h>

#include "internal.h"
#include "ww_mutex.h"

void ww_acquire_init(struct ww_acquire_ctx *ctx, struct ww_class *class)
{
	*ctx = (struct ww_acquire_ctx){
		.class = class,
		.stamp = atomic_fetch_add_explicit(&class->last_stamp, 1, memory_order_relaxed) + 1,
	};
}

void ww_acquire_done(struct ww_acquire_ctx *ctx)
{
	ctx->done = true;
}

static uint32_t locks_held(struct ww_acquire_ctx *ctx)
{
	return atomic_load_explicit(&ctx->acquired, memory_order_relaxed);
}

void ww_acquire_fini(struct ww_acquire_ctx *ctx)
{
	assert(!locks_held(ctx));
	ctx->class = NULL;
}

void ww_mutex_init(struct ww_mutex *lock, struct ww_class *class)
{
	*lock = (struct ww_mutex){ .class = class };
	pthread_mutex_init(&lock->lock, NULL);
}

void ww_mutex_destroy(struct ww_mutex *lock)
{
	assert(!ww_mutex_is_locked(lock));
	pthread_mutex_destroy(&lock->lock);
}

bool ww_mutex_is_locked(const struct ww_mutex *lock)
{
	return atomic_load_explicit(&lock->locked, memory_order_acquire);
}

struct ww_acquire_ctx *ww_mutex_locking_ctx(const struct ww_mutex *lock)
{
	return atomic_load_explicit(&lock->ctx, memory_order_acquire);
}

/*
 * The internal lock is held in all functions that end in _locked. The lock is free or is being
 * passed on.
 */
static void give_locked(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	if (ctx)
		atomic_fetch_add_explicit(&ctx->acquired, 1, memory_order_relaxed);
	atomic_store_explicit(&lock->ctx, ctx, memory_order_release);
	atomic_store_explicit(&lock->locked, 1, memory_order_release);
}

static void take_off_locked(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	DL_DELETE(lock->waiters, waiter);
	waiter->queued = false;
}

/* Does an older context hold the lock or wait for it? */
static bool meets_older_locked(struct ww_mutex *lock, const struct ww_acquire_ctx *ctx)
{
	const struct ww_acquire_ctx *holder = ww_mutex_locking_ctx(lock);
	const struct ww_waiter *waiter;

	if (holder && holder->stamp < ctx->stamp)
		return true;
	DL_FOREACH(lock->waiters, waiter) {
		if (waiter->ctx && waiter->ctx->stamp < ctx->stamp)
			return true;
	}
	return false;
}

/*
 * Queues before the first younger waiter, or at the end if there is none or the waiter has no
 * context.
 */
static void queue_locked(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	const struct ww_acquire_ctx *ctx = waiter->ctx;
	struct ww_waiter *behind = ctx ? lock->waiters : NULL;

	while (behind && (!behind->ctx || behind->ctx->stamp < ctx->stamp))
		behind = behind->next;
	if (behind)
		DL_PREPEND_ELEM(lock->waiters, behind, waiter);
	else
		DL_APPEND(lock->waiters, waiter);
	waiter->queued = true;
}

/*
 * Removes the waiters that are younger than a context which queues and that hold locks. Returns a
 * list of them.
 */
static struct ww_waiter *take_off_dying_locked(struct ww_mutex *lock,
					       const struct ww_acquire_ctx *ctx)
{
	struct ww_waiter *waiter, *next, *dying = NULL;

	DL_FOREACH_SAFE(lock->waiters, waiter, next) {
		if (!waiter->ctx || waiter->ctx->stamp <= ctx->stamp || !locks_held(waiter->ctx))
			continue;
		take_off_locked(lock, waiter);
		DL_APPEND(dying, waiter);
	}
	return dying;
}

static int check_context(const struct ww_mutex *lock, struct ww_acquire_ctx *ctx, bool slow)
{
	if (ctx->class != lock->class || ctx->done || (slow && locks_held(ctx)))
		return -EINVAL;
	return 0;
}

/* As ww_mutex_lock_async(); returns the waiters that die for it in *dying. */
static int lock_or_queue_locked(struct ww_mutex *lock, struct ww_waiter *waiter,
				struct ww_waiter **dying)
{
	struct ww_acquire_ctx *ctx = waiter->ctx;

	if (!ww_mutex_is_locked(lock)) {
		give_locked(lock, ctx);
		return 0;
	}
	if (ctx && ww_mutex_locking_ctx(lock) == ctx)
		return -EALREADY;
	if (ctx && locks_held(ctx) && meets_older_locked(lock, ctx))
		return -EDEADLK;
	if (ctx)
		*dying = take_off_dying_locked(lock, ctx);
	queue_locked(lock, waiter);
	return -EINPROGRESS;
}

int ww_mutex_lock_async(struct ww_mutex *lock, struct ww_acquire_ctx *ctx, struct ww_waiter *waiter,
			ww_waiter_func_t func, bool slow)
{
	struct ww_waiter *next, *dying = NULL;
	int ret;

	if (ctx && check_context(lock, ctx, slow))
		return -EINVAL;
	*waiter = (struct ww_waiter){ .ctx = ctx, .mutex = lock, .func = func };

	pthread_mutex_lock(&lock->lock);
	ret = lock_or_queue_locked(lock, waiter, &dying);
	pthread_mutex_unlock(&lock->lock);

	/* waiter may be freed from here on, and so may each of these once it is notified. */
	for (; dying; dying = next) {
		next = dying->next;
		dying->func(dying, -EDEADLK);
	}
	return ret;
}

bool ww_mutex_lock_cancel(struct ww_waiter *waiter)
{
	struct ww_mutex *lock = waiter->mutex;
	bool queued;

	pthread_mutex_lock(&lock->lock);
	queued = waiter->queued;
	if (queued)
		take_off_locked(lock, waiter);
	pthread_mutex_unlock(&lock->lock);
	return queued;
}

bool ww_mutex_trylock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	bool taken;

	if (ctx && check_context(lock, ctx, false))
		return false;
	pthread_mutex_lock(&lock->lock);
	taken = !ww_mutex_is_locked(lock);
	if (taken)
		give_locked(lock, ctx);
	pthread_mutex_unlock(&lock->lock);
	return taken;
}

void ww_mutex_unlock(struct ww_mutex *lock)
{
	struct ww_acquire_ctx *ctx;
	struct ww_waiter *next;

	pthread_mutex_lock(&lock->lock);
	assert(ww_mutex_is_locked(lock));
	ctx = ww_mutex_locking_ctx(lock);
	if (ctx)
		atomic_fetch_sub_explicit(&ctx->acquired, 1, memory_order_relaxed);
	next = lock->waiters;
	if (next) {
		take_off_locked(lock, next);
		give_locked(lock, next->ctx);
	} else {
		atomic_store_explicit(&lock->ctx, NULL, memory_order_release);
		atomic_store_explicit(&lock->locked, 0, memory_order_release);
	}
	pthread_mutex_unlock(&lock->lock);
	/* The lock may already be destroyed: its new holder may do that. */
	if (next)
		next->func(next, 0);
}

/* The state that a sleeper reads. */
enum outcome {
	WAITING,
	LOCKED,
	DEAD,
};

/* A waiter on the stack of a thread that sleeps in a queue. */
struct sleeper {
	struct ww_waiter waiter;
	_Atomic uint32_t outcome;
};

static void wake_sleeper(struct ww_waiter *waiter, int result)
{
	struct sleeper *sleeper = container_of(waiter, struct sleeper, waiter);

	/* The sleeper may be gone after this store; the wake only uses the address. */
	atomic_store_explicit(&sleeper->outcome, result ? DEAD : LOCKED, memory_order_release);
	futex_wake_all(&sleeper->outcome);
}

/* Returns the outcome, or -ERESTARTSYS if the waiter was cancelled before it. */
static int await_outcome(struct sleeper *sleeper, bool interruptible)
{
	uint32_t outcome;

	while ((outcome = atomic_load_explicit(&sleeper->outcome, memory_order_acquire)) ==
	       WAITING) {
		int error = futex_wait(&sleeper->outcome, WAITING, INT64_MAX);

		if (error != -EINTR || !interruptible)
			continue;
		if (ww_mutex_lock_cancel(&sleeper->waiter))
			return -ERESTARTSYS;
		/*
		 * Too late to cancel: the notification is on its way, so there is nothing to
		 * interrupt.
		 */
		interruptible = false;
	}
	return outcome == LOCKED ? 0 : -EDEADLK;
}

static int lock_and_sleep(struct ww_mutex *lock, struct ww_acquire_ctx *ctx, bool slow,
			  bool interruptible)
{
	struct sleeper sleeper = { .outcome = WAITING };
	int ret = ww_mutex_lock_async(lock, ctx, &sleeper.waiter, wake_sleeper, slow);

	return ret == -EINPROGRESS ? await_outcome(&sleeper, interruptible) : ret;
}

int ww_mutex_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	return lock_and_sleep(lock, ctx, false, false);
}

int ww_mutex_lock_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	return lock_and_sleep(lock, ctx, false, true);
}

void ww_mutex_lock_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	int ret = lock_and_sleep(lock, ctx, true, false);

	assert(!ret);
	(void)ret;
}

int ww_mutex_lock_slow_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	return lock_and_sleep(lock, ctx, true, true);
}
