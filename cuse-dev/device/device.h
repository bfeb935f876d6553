/* SPDX-License-Identifier: MIT */
/*
 * device.h - what the parts of the daemon share: the device, its limits and its counters.
 *
 * One lock, device->lock, guards everything that a request can see or change; it is held for the
 * time of a state change and never while a caller's memory or fd is touched. Who takes it:
 *
 *   reader   reads requests and applies them in the order of their arrival (loop.c)
 *   timer    signals what has run out of time and ends waits (timer.c)
 *   lanes    borrow fds and memory of callers, then apply the result (lane.c)
 *   watches  look at memory that fences are waited for in (memory_watch.c)
 *
 * All calls into the core are made under it, so callbacks of fences run under it as well.
 * A signal answers the requests that were parked for it under the lock, too: a write to /dev/fuse
 * does not wait for anybody.
 */
#ifndef DMA_FENCED_DEVICE_H
#define DMA_FENCED_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dma_fence.h"
#include "fence.h"
#include "hash.h"
#include "heap.h"

struct fuse_session;
struct fuse_pollhandle;
struct open_file;
struct parked;
struct lanes;
struct eventfd_signaler;
struct export;
struct buffer;
struct identify;
struct lock_wait;
struct memory_fence;
struct memory_watch;

/* What GET_CAPS tells, and what the limits are for: no client can exhaust the daemon. */
enum {
	MAX_HANDLES = 1 << 17,
	MAX_WAITS = 1024,
	MAX_EVENTS = 4096,
	MAX_EXPORTS = 1024,
	MAX_ATTACHMENTS = 1 << 16,
	MAX_COUNT = 1 << 16,
	MAX_MEMORY_FENCES = 4096,
	/* Containers within containers, of the two kinds by turns. */
	MAX_DEPTH = 8,
};
#define MAX_BYTES (512ull << 20)

/*
 * What the open files of one user cost together: things that outlive an open file are limited by
 * this.
 */
struct account {
	uid_t uid;
	unsigned int users;	  /* open files, attachments, jobs and whatever else points here */
	unsigned int attachments; /* and locks; of merged fences what they are made of */
	unsigned int fds;	  /* buffers pinned, eventfds kept */
	unsigned int windows;	  /* of buffers, mapped */
	unsigned int memory_fences; /* active */
	struct memory_watch *watch; /* of those; NULL: none is needed */
	unsigned int lanes;	    /* at work for them */
	uint64_t bytes;
	UT_hash_handle hh;
};

/* Where the device answers: filled in by the transport. */
struct device_identity {
	bool character;	       /* CUSE: a device; FUSE: a filesystem */
	uint32_t major, minor; /* of the device, or of the filesystem */
};

struct device {
	pthread_mutex_t lock;
	/*
	 * The lock of all fences that have a context of their own. They are only signaled under
	 * device->lock, so it is never contended; sharing it saves 40 bytes a fence.
	 */
	pthread_mutex_t fence_lock;
	struct fuse_session *session;
	uint32_t transport; /* DMA_FENCE_TRANSPORT_* */
	struct device_identity identity;
	uint64_t fence_timeout_ns; /* 0: never */
	uint64_t resv_hold_ns;	   /* how long a ticket may hold locks; 0: for ever */
	uint64_t memory_poll_ns;   /* between looks at the memory fences that are waited for */
	unsigned int max_fds;	   /* of one account */
	/*
	 * Written by the FUSE loop thread, with the lock, so that this thread may read it without.
	 * is_ending: all fences are signaled; what is left is to poll, ask and close fence fds and
	 * to read records. stopping: that is over too, and the threads end.
	 */
	bool is_ending, stopping;

	struct open_file *files;	    /* utlist */
	struct account *accounts;	    /* hash by uid */
	struct parked *parked;		    /* hash by request */
	struct export *exports;		    /* hash by token */
	struct buffer *buffers;		    /* hash by device and inode */
	struct memory_fence *memory_fences; /* utlist: active */
	bool memory_is_signaling;	    /* memory_look.c */
	unsigned int memory_watches;	    /* threads: memory_watch.c */
	pthread_cond_t watch_ended;
	struct identify *identifying; /* utlist: lanes that ask what a fd is */

	struct lock_wait
		*lock_results;	 /* utlist: have been told, and have not gone on (lock_wait.c) */
	bool lock_waits_at_work; /* they do now */

	/* timer.c */
	struct heap timers;
	int64_t timer_wakes_at; /* when the timer thread looks again */
	pthread_cond_t timer_changed;
	pthread_t timer_thread;

	struct lanes *lanes;
	unsigned int lanes_due; /* idle ones to be woken up once the lock is free */
	bool session_is_busy;	/* at the end: somebody still answers */
	struct eventfd_signaler *eventfd_signaler; /* NULL: the system has none to give */

	/* Poll handles that are due: taken off by device_unlock_and_notify(). */
	struct fuse_pollhandle **due;
	unsigned int due_count, due_capacity;

	struct dma_fence_stats stats;
};

int device_init(struct device *device, uint64_t fence_timeout_ns, uint64_t resv_hold_ns);
/*
 * Signals all that is active, answers all requests that wait, and notifies the pollers. From here
 * on there is no new work. Called by the FUSE loop thread, which may serve requests afterwards.
 */
void device_end_work(struct device *device);
/* Has every client learned how its fences ended? No fence fd is open, no record unread. */
bool device_is_drained(struct device *device);
/* Ends the rest. No request comes in any more. */
void device_stop(struct device *device);
/* After device_stop(), when the session is gone. */
void device_fini(struct device *device);

static inline void device_lock(struct device *device)
{
	pthread_mutex_lock(&device->lock);
}

static inline void device_unlock(struct device *device)
{
	pthread_mutex_unlock(&device->lock);
}

/* Puts a poll handle on the list of those to be notified; takes it over. Under the lock. */
void device_poll_is_due(struct device *device, struct fuse_pollhandle *handle);
/*
 * Notifies those that are due, lanes too: outside the lock, and of the request that made them due.
 */
void device_notify(struct device *device);
/* For threads other than the reader, which notifies after it has replied. */
void device_unlock_and_notify(struct device *device);

/* The account of a user, with one more user. NULL: no memory. */
struct account *account_get(struct device *device, uid_t uid);
void account_put(struct device *device, struct account *account);
/* -ENOMEM past MAX_BYTES. */
int account_charge(struct account *account, uint64_t bytes);
void account_uncharge(struct account *account, uint64_t bytes);
/* What a reference to this fence is charged with. */
uint64_t account_fence_cost(struct dma_fence *fence);

#endif /* DMA_FENCED_DEVICE_H */
