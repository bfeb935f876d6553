/* SPDX-License-Identifier: MIT */
/*
 * memory_watch.h - looks at the memory fences that somebody waits for, as long as somebody does.
 *
 * A thread for each user, so that one whose memory cannot be touched without waiting, or who has a
 * great many, slows down nobody else. It sleeps in futexes on the memory, and so sees a store that
 * is followed by a FUTEX_WAKE at once; a plain store it sees when it looks again, after
 * device->memory_poll_ns. Under device->lock.
 */
#ifndef DMA_FENCED_MEMORY_WATCH_H
#define DMA_FENCED_MEMORY_WATCH_H

#include "memory/memory_fence.h"

void memory_watches_init(struct device *device);
/* Before a memory fence of the account is made, so that none is without one. -ENOMEM. */
int memory_watch_start(struct device *device, struct account *account);
/* Somebody waits for it from now on. */
void memory_watch_add(struct memory_fence *fence);
/* It is signaled, or gone. */
void memory_watch_remove(struct memory_fence *fence);
/* Its account has lost a memory fence: the thread ends some time after the last one. */
void memory_watch_may_end(struct account *account);

/* Without the lock, when the device stops: waits for the threads, for a second. */
void memory_watches_stop(struct device *device);

#endif /* DMA_FENCED_MEMORY_WATCH_H */
