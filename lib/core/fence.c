/* SPDX-License-Identifier: MIT */
/*
 * fence.c - lifetime, signal and callbacks of a fence. Waiting is in wait.c, stubs are in stub.c.
 *
 * Who owns what: the implementation owns the memory and the lock; this file owns the fields. The
 * memory of a callback always belongs to its owner; its links belong to the fence while it is
 * listed. Every caller holds a reference during its call.
 *
 * What can race: signal, add and remove on one fence, from any threads. The lock protects the list
 * and the change from active to signaled; the state is read without it. Only the thread that sets
 * the signaled bit runs the callbacks. It removes them from the list one by one under the lock and
 * calls them without the lock. No callback can be added to the list any more then, but one that has
 * not been called yet can still be removed.
 */
#include <stdlib.h>
#include <utlist.h>

#include "fence_internal.h"

/*
 * Bit 0 of callback_waiters: a thread waits for the running callback. The other bits count the
 * wake-ups.
 */
#define CALLBACK_WAITERS_PRESENT 1u

/*
 * The run_callbacks() calls that are active in this thread, innermost first, on their stacks. They
 * tell a callback that removes itself from one that waits for a callback of another thread. Those
 * that hold their lock during callbacks are in a second list. Either list may have many thousand
 * entries if callbacks signal fences, so neither is searched without an indication that the entry
 * is in it.
 */
struct callback_run {
	const struct dma_fence *fence;
	const struct dma_fence_cb *callback;
	const struct callback_run *outer, *outer_held;
};

static _Thread_local const struct callback_run *callback_runs
	__attribute__((tls_model("initial-exec")));
static _Thread_local const struct callback_run *held_runs
	__attribute__((tls_model("initial-exec")));

static _Atomic uint64_t next_context = 1;

uint64_t dma_fence_context_alloc(unsigned int count)
{
	return atomic_fetch_add_explicit(&next_context, count, memory_order_relaxed);
}

int64_t dma_fence_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

bool fence_lock_is_kept(const pthread_mutex_t *lock)
{
	const struct callback_run *run;

	for (run = held_runs; run; run = run->outer_held) {
		if (run->fence->lock == lock)
			return true;
	}
	return false;
}

bool fence_lock(pthread_mutex_t *lock)
{
	/* If the trylock succeeds, no thread held the lock, so this one did not either. */
	if (held_runs && !pthread_mutex_trylock(lock))
		return true;
	if (fence_lock_is_kept(lock))
		return false;
	pthread_mutex_lock(lock);
	return true;
}

/*
 * The memory may have been a fence before, and threads that still have its address may call
 * dma_fence_get_unless_zero() at any moment. Without a reference they only access the count. So the
 * count is stored last, and atomically: the release makes the other fields visible to a thread that
 * then gets a reference. All accesses to the earlier fence have happened before, because its last
 * drop_reference() has acquired them.
 */
void fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops, pthread_mutex_t *lock,
		uint64_t context, uint64_t seqno, uint32_t flags)
{
	fence->lock = lock;
	fence->ops = ops;
	fence->callbacks = NULL;
	atomic_init(&fence->running, NULL);
	fence->context = context;
	fence->seqno = seqno;
	fence->timestamp = 0;
	atomic_init(&fence->flags, flags);
	atomic_init(&fence->error, 0);
	atomic_init(&fence->callback_waiters, 0);
	atomic_store_explicit(&fence->refcount, 1, memory_order_release);
}

void dma_fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops, pthread_mutex_t *lock,
		    uint64_t context, uint64_t seqno)
{
	fence_init(fence, ops, lock, context, seqno, 0);
}

struct dma_fence *dma_fence_get(struct dma_fence *fence)
{
	if (fence)
		atomic_fetch_add_explicit(&fence->refcount, 1, memory_order_relaxed);
	return fence;
}

/*
 * Races with the last put. A count of zero stays zero, and the call returns NULL, until the memory
 * is initialised as another fence. That fence is complete when a thread gets it: the acquire pairs
 * with the release in fence_init().
 */
struct dma_fence *dma_fence_get_unless_zero(struct dma_fence *fence)
{
	uint32_t count = atomic_load_explicit(&fence->refcount, memory_order_relaxed);

	do {
		if (!count)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(
		&fence->refcount, &count, count + 1, memory_order_acquire, memory_order_relaxed));
	return fence;
}

void dma_fence_free(struct dma_fence *fence)
{
	free(fence);
}

/*
 * Was it the last reference? Then everything that other holders did to the fence has happened
 * before.
 */
static bool drop_reference(struct dma_fence *fence)
{
	return atomic_fetch_sub_explicit(&fence->refcount, 1, memory_order_acq_rel) == 1;
}

/*
 * Calls the listed callbacks. Called with the lock, which is kept throughout or dropped around each
 * call.
 */
static void run_callbacks(struct dma_fence *fence, bool keep_lock)
{
	struct callback_run run = {
		.fence = fence,
		.outer = callback_runs,
		.outer_held = held_runs,
	};
	struct dma_fence_cb *callback;

	callback_runs = &run;
	if (keep_lock)
		held_runs = &run;
	while ((callback = fence->callbacks)) {
		DL_DELETE(fence->callbacks, callback);
		callback->prev = callback->next = NULL;
		run.callback = callback;
		if (keep_lock) {
			callback->func(fence, callback);
			continue;
		}

		/*
		 * Removed from the list and stored in running within one critical section, for
		 * threads that check under the lock. Release: a thread that waits for the previous
		 * callback may see this store instead of the NULL after it.
		 */
		atomic_store_explicit(&fence->running, callback, memory_order_release);
		pthread_mutex_unlock(fence->lock);
		callback->func(fence, callback);
		/*
		 * Published without the lock, so that a thread that holds the lock can wait for it.
		 * A waiter sets the bit and then loads running; here the order is reversed, and all
		 * four are sequentially consistent: so at least one side sees the other.
		 */
		atomic_store(&fence->running, NULL);
		if (atomic_load(&fence->callback_waiters) & CALLBACK_WAITERS_PRESENT) {
			/*
			 * Clears the bit and increments the count, so that no waiter sleeps until
			 * the next callback's end.
			 */
			atomic_fetch_add(&fence->callback_waiters, CALLBACK_WAITERS_PRESENT);
			futex_wake_all(&fence->callback_waiters);
		}
		pthread_mutex_lock(fence->lock);
	}
	callback_runs = run.outer;
	held_runs = run.outer_held;
}

int dma_fence_mark_signaled_locked(struct dma_fence *fence, int64_t timestamp_ns)
{
	if (fence_is_marked(fence))
		return -EINVAL;
	fence->timestamp = timestamp_ns;
	/* Publishes timestamp and error: pairs with fence_is_marked(). */
	atomic_fetch_or_explicit(&fence->flags, 1u << DMA_FENCE_FLAG_SIGNALED_BIT,
				 memory_order_release);
	return 0;
}

void dma_fence_run_callbacks(struct dma_fence *fence)
{
	bool taken = fence_lock(fence->lock);

	run_callbacks(fence, !taken);
	fence_unlock(fence->lock, taken);
}

/* Lock held. */
static int mark_and_run(struct dma_fence *fence, int64_t timestamp_ns, bool keep_lock)
{
	int error = dma_fence_mark_signaled_locked(fence, timestamp_ns);

	if (!error && fence->callbacks)
		run_callbacks(fence, keep_lock);
	return error;
}

int dma_fence_signal(struct dma_fence *fence)
{
	bool taken = fence_lock(fence->lock);
	/*
	 * The time is read under the lock, so fences that share it have timestamps in the order of
	 * their signals.
	 */
	int error = mark_and_run(fence, dma_fence_now(), !taken);

	fence_unlock(fence->lock, taken);
	return error;
}

int dma_fence_signal_locked(struct dma_fence *fence)
{
	return mark_and_run(fence, dma_fence_now(), true);
}

int dma_fence_signal_timestamp(struct dma_fence *fence, int64_t timestamp_ns)
{
	bool taken = fence_lock(fence->lock);
	int error = mark_and_run(fence, timestamp_ns, !taken);

	fence_unlock(fence->lock, taken);
	return error;
}

int dma_fence_signal_timestamp_locked(struct dma_fence *fence, int64_t timestamp_ns)
{
	return mark_and_run(fence, timestamp_ns, true);
}

void dma_fence_set_error(struct dma_fence *fence, int error)
{
	if (error < 0 && error >= -DMA_FENCE_MAX_ERRNO && !fence_is_marked(fence))
		atomic_store_explicit(&fence->error, error, memory_order_relaxed);
}

/*
 * The last reference has been dropped, and the fence still has callbacks. Only a look-up with
 * dma_fence_get_unless_zero() can reach the fence now. The callbacks may take and drop references,
 * so the count is set to 1 for them. This happens under the lock, so a look-up with the lock finds
 * the fence signaled, or does not find it. Returns whether that reference is the last one again
 * after the callbacks.
 */
static bool abandon(struct dma_fence *fence)
{
	bool taken = fence_lock(fence->lock);

	atomic_store_explicit(&fence->refcount, 1, memory_order_release);
	dma_fence_set_error(fence, -EDEADLK);
	mark_and_run(fence, dma_fence_now(), !taken);
	fence_unlock(fence->lock, taken);
	return drop_reference(fence);
}

void dma_fence_put(struct dma_fence *fence)
{
	if (!fence || !drop_reference(fence))
		return;
	/*
	 * The list is read without the lock: only holders of a reference change it, and there are
	 * none.
	 */
	if (!fence_is_marked(fence) && fence->callbacks && !abandon(fence))
		return;
	if (fence->ops->release)
		fence->ops->release(fence);
	else
		dma_fence_free(fence);
}

bool dma_fence_is_signaled_locked(struct dma_fence *fence)
{
	return fence_is_marked(fence);
}

bool dma_fence_is_signaled(struct dma_fence *fence)
{
	if (fence_is_marked(fence))
		return true;
	if (!fence->ops->signaled || !fence->ops->signaled(fence))
		return false;
	/* Another thread may have signaled it first. */
	dma_fence_signal(fence);
	return true;
}

static int status_of(const struct dma_fence *fence, bool signaled)
{
	int error;

	if (!signaled)
		return 0;
	error = atomic_load_explicit(&fence->error, memory_order_relaxed);
	return error ? error : 1;
}

int dma_fence_get_status(struct dma_fence *fence)
{
	return status_of(fence, dma_fence_is_signaled(fence));
}

int dma_fence_get_status_locked(struct dma_fence *fence)
{
	return status_of(fence, dma_fence_is_signaled_locked(fence));
}

int64_t dma_fence_timestamp(struct dma_fence *fence)
{
	return fence_is_marked(fence) ? fence->timestamp : 0;
}

/*
 * Lock held; the implementation may drop it meanwhile, and other threads may then add callbacks.
 * Returns whether the fence is active afterwards.
 */
static bool enable_signaling_locked(struct dma_fence *fence, bool keep_lock)
{
	const uint32_t enabled = 1u << DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT;

	if (fence_is_marked(fence))
		return false;
	if (atomic_fetch_or_explicit(&fence->flags, enabled, memory_order_relaxed) & enabled)
		return true;
	if (fence->ops->enable_signaling && !fence->ops->enable_signaling(fence))
		mark_and_run(fence, dma_fence_now(), keep_lock);
	return !fence_is_marked(fence);
}

void dma_fence_enable_sw_signaling(struct dma_fence *fence)
{
	bool taken;

	if (fence_is_marked(fence))
		return;
	taken = fence_lock(fence->lock);
	enable_signaling_locked(fence, !taken);
	fence_unlock(fence->lock, taken);
}

/* Adds a callback; a passive one does not enable signaling. */
static int add_callback(struct dma_fence *fence, struct dma_fence_cb *cb, dma_fence_func_t func,
			bool passive)
{
	int error = -ENOENT;
	bool taken;

	if (!func)
		return -EINVAL;
	cb->next = cb->prev = NULL;
	cb->func = func;
	/* The bit is never cleared, so this needs no lock. */
	if (fence_is_marked(fence))
		return -ENOENT;

	taken = fence_lock(fence->lock);
	if (passive ? !fence_is_marked(fence) : enable_signaling_locked(fence, !taken)) {
		DL_APPEND(fence->callbacks, cb);
		error = 0;
	}
	fence_unlock(fence->lock, taken);
	return error;
}

int dma_fence_add_callback(struct dma_fence *fence, struct dma_fence_cb *cb, dma_fence_func_t func)
{
	return add_callback(fence, cb, func, false);
}

int dma_fence_add_passive_callback(struct dma_fence *fence, struct dma_fence_cb *cb,
				   dma_fence_func_t func)
{
	return add_callback(fence, cb, func, true);
}

/*
 * Lock held. Once the fence is signaled, cb may have been called, freed, or added to another fence.
 * So the list is searched for cb, and cb is not dereferenced.
 */
static bool is_listed(const struct dma_fence *fence, const struct dma_fence_cb *cb)
{
	const struct dma_fence_cb *listed;

	if (!fence_is_marked(fence))
		return cb->prev;
	DL_FOREACH(fence->callbacks, listed) {
		if (listed == cb)
			return true;
	}
	return false;
}

/*
 * Does this thread run cb further up its stack, without the lock? A callback that runs with the
 * lock need not be waited for: it is not listed any more, and running does not name it.
 */
static bool runs_here(const struct dma_fence *fence, const struct dma_fence_cb *cb)
{
	const struct callback_run *run = callback_runs;

	/* If this thread runs cb, it has stored it itself. */
	if (atomic_load_explicit(&fence->running, memory_order_relaxed) != cb)
		return false;
	for (; run; run = run->outer) {
		if (run->fence == fence && run->callback == cb)
			return true;
	}
	return false;
}

bool dma_fence_remove_callback(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	bool listed, taken;
	uint32_t seen;

	if (runs_here(fence, cb))
		return false;

	taken = fence_lock(fence->lock);
	listed = is_listed(fence, cb);
	if (listed) {
		DL_DELETE(fence->callbacks, cb);
		cb->prev = cb->next = NULL;
	}
	fence_unlock(fence->lock, taken);
	if (listed)
		return true;

	/*
	 * cb was removed from the list under the lock: if it is running, running is already set.
	 * The other half is in run_callbacks().
	 */
	while (atomic_load(&fence->running) == cb) {
		seen = atomic_fetch_or(&fence->callback_waiters, CALLBACK_WAITERS_PRESENT);
		seen |= CALLBACK_WAITERS_PRESENT;
		if (atomic_load(&fence->running) == cb)
			futex_wait(&fence->callback_waiters, seen, DMA_FENCE_FOREVER);
	}
	return false;
}

void dma_fence_set_deadline(struct dma_fence *fence, int64_t deadline_ns)
{
	if (fence->ops->set_deadline && !dma_fence_is_signaled(fence))
		fence->ops->set_deadline(fence, deadline_ns);
}

/* The strings may become invalid with the signal. */
static bool names_are_gone(const struct dma_fence *fence)
{
	const uint32_t flags = atomic_load_explicit(&fence->flags, memory_order_acquire);

	return (flags & (1u << DMA_FENCE_FLAG_SIGNALED_BIT)) &&
	       !(flags & (1u << DMA_FENCE_FLAG_NAMES_STAY_BIT));
}

const char *dma_fence_driver_name(struct dma_fence *fence)
{
	return names_are_gone(fence) ? "detached-driver" : fence->ops->get_driver_name(fence);
}

const char *dma_fence_timeline_name(struct dma_fence *fence)
{
	return names_are_gone(fence) ? "signaled-timeline" : fence->ops->get_timeline_name(fence);
}
