/* SPDX-License-Identifier: MIT */
/*
 * device.h - the device: its lock, its configuration, its counters, and the wake-ups that wait for
 * the lock to be dropped.
 *
 * One lock, device->lock, guards everything that a request can see or change. It is held for the
 * time of a state change, and never while a caller's memory or fd is touched. The threads that take
 * it:
 *
 *   FUSE loop thread   reads requests and applies them in the order of arrival (transport/loop.c)
 *   timer thread       fires timeouts and deadlines (device/timer.c)
 *   workers            access fds and memory of callers, then apply the result (caller/worker.c)
 *   watch threads      poll memory that fences wait for (memory/memory_watch.c)
 *
 * All calls into the core are made under it, so callbacks of fences run under it as well. A signal
 * also answers the requests that are pending for it under the lock: a write to /dev/fuse does not
 * block.
 */
#ifndef DMA_FENCED_DEVICE_H
#define DMA_FENCED_DEVICE_H

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "dma_fence.h"

struct fuse_session;
struct fuse_pollhandle;

/* The limits of one request; those of a user are in account.h. GET_CAPS returns both. */
enum {
	MAX_COUNT = 1 << 16,
	/* Containers within containers, of the two kinds in turn. */
	MAX_DEPTH = 8,
};

/* Where the device answers: filled in by the transport. */
struct device_identity {
	bool character;	       /* CUSE: a device; FUSE: a filesystem */
	uint32_t major, minor; /* of the device, or of the filesystem */
};

struct device {
	pthread_mutex_t lock;
	pthread_t holder; /* of the lock; valid while is_held */
	bool is_held;
	/*
	 * Written by the FUSE loop thread, with the lock, so that this thread may read it without.
	 * is_ending: all fences are signaled; what is left is to poll, ask and close fence fds and
	 * to read records. stopping: that is over too, and the threads end.
	 */
	bool is_ending, stopping;
	/*
	 * The lock of all fences that have a context of their own. They are only signaled under
	 * device->lock, so it is never contended; sharing it saves 40 bytes a fence.
	 */
	pthread_mutex_t fence_lock;
	struct fuse_session *session;
	bool session_is_busy; /* at the end: a thread still answers */
	uint32_t transport;   /* DMA_FENCE_TRANSPORT_* */
	struct device_identity identity;
	uint64_t fence_timeout_ns; /* 0: never */
	uint64_t resv_hold_ns;	   /* how long a ticket may hold locks; 0: for ever */
	uint64_t memory_poll_ns;   /* between polls of the memory fences that are waited for */

	/* Taken by device_unlock_and_notify(). */
	struct fuse_pollhandle **due;
	unsigned int due_count, due_capacity;
	pthread_cond_t *due_condition;
	unsigned int due_wakeups; /* of due_condition */

	struct dma_fence_stats stats;
};

void device_init(struct device *device);
void device_fini(struct device *device);

static inline void device_lock(struct device *device)
{
	pthread_mutex_lock(&device->lock);
	device->holder = pthread_self();
	device->is_held = true;
}

static inline void device_unlock(struct device *device)
{
	device->is_held = false;
	pthread_mutex_unlock(&device->lock);
}

/* The rule "under the lock", as a check: the calling thread holds device->lock. */
static inline void device_assert_held(const struct device *device)
{
	assert(device->is_held && pthread_equal(device->holder, pthread_self()));
}

/* For conditions that device_wait() takes: they count CLOCK_MONOTONIC. */
void device_condition_init(pthread_cond_t *condition);
/* Waits with the lock dropped. until NULL: without end. 0 or ETIMEDOUT. */
int device_wait(struct device *device, pthread_cond_t *condition, const struct timespec *until);
/* As device_wait(), for a number of seconds from now in *until. */
void device_seconds_from_now(struct timespec *until, int seconds);

/* Queues a poll handle for device_unlock_and_notify(); takes it over. Under the lock. */
void device_notify_later(struct device *device, struct fuse_pollhandle *handle);
/*
 * Queues one wake-up of a thread that waits for condition, so that it does not run into the lock.
 * All callers pass the same condition. Under the lock.
 */
void device_wake_later(struct device *device, pthread_cond_t *condition);
/*
 * Drops the lock, then notifies pollers and wakes threads: outside the lock, and outside of the
 * request that caused it.
 */
void device_unlock_and_notify(struct device *device);
/* The same for the FUSE loop thread, which notifies after it has replied. Without the lock. */
void device_notify(struct device *device);

#endif /* DMA_FENCED_DEVICE_H */
