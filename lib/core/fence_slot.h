/* SPDX-License-Identifier: MIT */
/*
 * fence_slot.h - a place for one fence that is looked up without a lock while others replace or
 * drop it. In the kernel it would be a pointer under RCU and dma_fence_get_rcu_safe().
 *
 * Thread-safety: get and exchange may be called from any threads at once.
 */
#ifndef DMA_FENCE_CORE_FENCE_SLOT_H
#define DMA_FENCE_CORE_FENCE_SLOT_H

#include "fence.h"
#include "readers.h"

#pragma GCC visibility push(default)

/* The fields are this library's. The memory is the caller's, from init to fini. */
struct dma_fence_slot {
	struct dma_fence *_Atomic fence; /* with a reference, or NULL */
	struct dma_readers readers;
};

/* Empty. */
void dma_fence_slot_init(struct dma_fence_slot *slot);
/* Drops what is there. Nobody else uses it any more. */
void dma_fence_slot_fini(struct dma_fence_slot *slot);
/*
 * The fence that is there, with a reference of the caller's own, or NULL. Takes a fixed number of
 * steps, whatever others do.
 */
struct dma_fence *dma_fence_slot_get(struct dma_fence_slot *slot);
/*
 * Puts fence there, NULL to empty it, and returns the one that was; both references change hands.
 * Who gets after this has begun gets the new one, or the old one with a reference of its own. It
 * waits for look-ups that began before, which is a matter of a few instructions of each.
 */
struct dma_fence *dma_fence_slot_exchange(struct dma_fence_slot *slot, struct dma_fence *fence);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_FENCE_SLOT_H */
