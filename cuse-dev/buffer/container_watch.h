/* SPDX-License-Identifier: MIT */
/*
 * leaf_watch.h - has a container look at itself when those of the fences that it is made of are
 * signaled that decide, though nobody waits for it.
 *
 * A container whose signaling is not enabled learns of its members from looks alone. Who has only
 * something to clean up does not enable it (dma_fence_add_passive_callback()), and would never be
 * called. Under device->lock.
 */
#ifndef DMA_FENCED_LEAF_WATCH_H
#define DMA_FENCED_LEAF_WATCH_H

#include "fence.h"

struct leaf_watch;

/* How much memory a watch of this fence takes; 0 for one that needs none. */
uint64_t leaf_watch_size(struct dma_fence *fence);
/*
 * The fence is borrowed, and outlives the watch. *watch is NULL where none is needed. May signal
 * the fence. -ENOMEM.
 */
int leaf_watch_create(struct dma_fence *fence, struct leaf_watch **watch);
/* NULL too; from a callback of the fence, too. */
void leaf_watch_free(struct leaf_watch *watch);

#endif /* DMA_FENCED_LEAF_WATCH_H */
