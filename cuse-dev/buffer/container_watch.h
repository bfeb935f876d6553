/* SPDX-License-Identifier: MIT */
/*
 * container_watch.h - finds a container signaled when the fences inside it that decide are, though
 * nothing waits for it.
 *
 * A container whose signaling is not enabled learns of its members only when its state is asked
 * for. A callback that only cleans up does not enable it (dma_fence_add_passive_callback()), and
 * would never be called. Under device->lock.
 */
#ifndef DMA_FENCED_CONTAINER_WATCH_H
#define DMA_FENCED_CONTAINER_WATCH_H

#include "fence.h"

struct container_watch;

/* The memory that a watch of this fence takes, in bytes; 0: it needs none. */
uint64_t container_watch_size(struct dma_fence *fence);
/*
 * The fence is borrowed, and outlives the watch. *watch is NULL where none is needed. May signal
 * the fence. -ENOMEM.
 */
int container_watch_create(struct dma_fence *fence, struct container_watch **watch);
/* watch may be NULL. May be called from a callback of the fence. */
void container_watch_free(struct container_watch *watch);

#endif /* DMA_FENCED_CONTAINER_WATCH_H */
