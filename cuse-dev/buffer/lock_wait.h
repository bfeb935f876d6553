/* SPDX-License-Identifier: MIT */
/*
 * lock_wait.h - waiting for the lock of a buffer's reservation, without a thread that sleeps.
 *
 * The core tells a waiter from within whatever unlocks or queues, and what the waiter then does
 * may tell the next one. So here it is only put on a list, device->lock_results; whoever has
 * locked, unlocked or queued anything calls lock_waits_go_on() at the end, under the same
 * device->lock, and all go on one after the other, however many they are. Under device->lock.
 */
#ifndef DMA_FENCED_LOCK_WAIT_H
#define DMA_FENCED_LOCK_WAIT_H

#include "buffer/buffer.h"
#include "ww_mutex.h"

/* Embed it; the owner's. A reference to the buffer is the owner's as well, until it is over. */
struct lock_wait {
	struct ww_waiter waiter;
	struct buffer *buffer;	       /* borrowed */
	struct lock_wait *prev, *next; /* of device->lock_results */
	int result;
	bool pending; /* neither told nor cancelled */
	bool is_due;  /* on device->lock_results */
	/* 0: the lock is had. -EDEADLK: it is not, back off. May free the structure. */
	void (*go_on)(struct lock_wait *wait, int result);
};

/*
 * As ww_mutex_lock_async(). -EINPROGRESS: go_on is called later, from lock_waits_go_on(). context
 * may be NULL.
 */
int lock_wait_begin(struct lock_wait *wait, struct buffer *buffer, struct ww_acquire_ctx *context,
		    bool slow, void (*go_on)(struct lock_wait *wait, int result));
/* go_on is not called any more; a lock that was had already is given back. Nothing when it is over.
 */
void lock_wait_cancel(struct lock_wait *wait);
/* Lets all go on that have been told. */
void lock_waits_go_on(struct device *device);

#endif /* DMA_FENCED_LOCK_WAIT_H */
