/* SPDX-License-Identifier: MIT */
/*
 * lock_wait.h - waiting for the lock of a buffer's reservation, without a thread that sleeps.
 *
 * The core calls a waiter from within any lock, unlock or queueing, and what the waiter then does
 * may call the next one. So the call only puts it on a list; code that has locked, unlocked or
 * queued anything calls lock_waits_resume() at the end, under the same device->lock, and all are
 * resumed one after the other, however many they are. Under device->lock.
 */
#ifndef DMA_FENCED_LOCK_WAIT_H
#define DMA_FENCED_LOCK_WAIT_H

#include "buffer/buffer.h"
#include "ww_mutex.h"

/* Embed it; the owner's. A reference to the buffer is the owner's as well, until it is over. */
struct lock_wait {
	struct ww_waiter waiter;
	struct buffer *buffer;	       /* borrowed */
	struct lock_wait *prev, *next; /* of those with a result */
	int result;
	bool pending; /* neither resumed nor cancelled */
	bool is_due;  /* it has a result */
	/* 0: the lock is acquired. -EDEADLK: it is not, back off. May free the structure. */
	void (*resume)(struct lock_wait *wait, int result);
};

/*
 * As ww_mutex_lock_async(). -EINPROGRESS: resume is called later, from lock_waits_resume(). context
 * may be NULL.
 */
int lock_wait_begin(struct lock_wait *wait, struct buffer *buffer, struct ww_acquire_ctx *context,
		    bool slow, void (*resume)(struct lock_wait *wait, int result));
/*
 * resume is not called any more; a lock that was acquired already is unlocked. Does nothing when it
 * is over.
 */
void lock_wait_cancel(struct lock_wait *wait);
/* Resumes all that have a result. */
void lock_waits_resume(void);

#endif /* DMA_FENCED_LOCK_WAIT_H */
