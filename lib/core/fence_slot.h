/* SPDX-License-Identifier: MIT */
/*
 * fence_slot.h - a slot holds one fence that is looked up without a lock while others replace or
 * drop it. The kernel's counterpart is a pointer under RCU with dma_fence_get_rcu_safe().
 *
 * Thread-safety: any threads may call get and exchange at once.
 */
#ifndef DMA_FENCE_CORE_FENCE_SLOT_H
#define DMA_FENCE_CORE_FENCE_SLOT_H

#include "fence.h"
#include "readers.h"

#pragma GCC visibility push(default)

/* The fields belong to the library. The caller owns the memory, from init to fini. */
struct dma_fence_slot {
	struct dma_fence *_Atomic fence; /* a reference, or NULL */
	struct dma_readers readers;
};

/* Initialises an empty slot. */
void dma_fence_slot_init(struct dma_fence_slot *slot);
/* Drops the fence in the slot. No other thread may use the slot. */
void dma_fence_slot_fini(struct dma_fence_slot *slot);
/*
 * Returns the fence in the slot with a reference for the caller, or NULL. Takes a fixed number of
 * steps, whatever other threads do.
 */
struct dma_fence *dma_fence_slot_get(struct dma_fence_slot *slot);
/*
 * Stores fence (NULL: empties the slot) and returns the old fence. Both references change their
 * owner. A look-up that begins after this call has begun returns the new fence, or the old one with
 * its own reference. The call waits for look-ups that began earlier, each of which takes a few
 * instructions.
 */
struct dma_fence *dma_fence_slot_exchange(struct dma_fence_slot *slot, struct dma_fence *fence);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_FENCE_SLOT_H */
