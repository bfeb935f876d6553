/* SPDX-License-Identifier: MIT */
/*
 * memory_watch.h - polls the memory fences that have waiters, as long as they have.
 *
 * There is a thread for each user, so that one whose memory blocks an access, or that has a great
 * many fences, slows down no other user. It sleeps in futexes on the memory, so it sees a store
 * that is followed by a FUTEX_WAKE at once; a plain store it sees at the next poll, after
 * device->memory_poll_ns. Under device->lock.
 */
#ifndef DMA_FENCED_MEMORY_WATCH_H
#define DMA_FENCED_MEMORY_WATCH_H

#include "device/account.h"

struct memory_watch;

/* A fence that may be watched. Embed it. */
struct watched_fence {
	struct dma_fence *fence;	   /* borrowed; its state is asked for at each poll */
	const void *futex_word;		   /* 32 bits of the memory */
	uint32_t seen;			   /* what the last poll has found there */
	bool seen_is_recent;		   /* it has found something */
	struct memory_watch *watch;	   /* NULL: it is not watched */
	struct watched_fence *prev, *next; /* of the watch's */
};

/* Before a memory fence of the account is created, so that each has a thread. -ENOMEM. */
int memory_watch_start(struct device *device, struct account *account);
/* It has a waiter from now on; not while the device stops. */
void memory_watch_add(struct account *account, struct watched_fence *fence);
/* It is signaled or released. Does nothing where it is not watched. */
void memory_watch_remove(struct watched_fence *fence);
/* The account has lost a memory fence: the thread ends some time after the last one. */
void memory_watch_may_end(struct account *account);

void memory_watches_init(void);
/*
 * Without the lock, when the device stops: waits for the threads, for a second. false: some hang,
 * and will use the device when they wake up.
 */
bool memory_watches_stop(struct device *device);

#endif /* DMA_FENCED_MEMORY_WATCH_H */
