/* SPDX-License-Identifier: MIT */
/*
 * fence_slot.c - one fence, looked up without a lock.
 *
 * Who owns what: the slot owns a reference to its fence. What can race: get and exchange. An
 * exchange keeps the old reference until no look-up can be between loading the pointer and taking a
 * reference (readers.c), so a fence that was loaded is still valid. The pointer is loaded and
 * exchanged with sequential consistency, because the counts of readers.c require it. This also
 * orders the initialisation of a fence before its use.
 */
#include "fence_slot.h"
#include "readers_internal.h"

void dma_fence_slot_init(struct dma_fence_slot *slot)
{
	atomic_init(&slot->fence, NULL);
	dma_readers_init(&slot->readers);
}

void dma_fence_slot_fini(struct dma_fence_slot *slot)
{
	dma_fence_put(atomic_exchange(&slot->fence, NULL));
	dma_readers_fini(&slot->readers);
}

struct dma_fence *dma_fence_slot_get(struct dma_fence_slot *slot)
{
	uint32_t phase = dma_readers_enter(&slot->readers);
	struct dma_fence *fence = dma_fence_get(atomic_load(&slot->fence));

	dma_readers_leave(&slot->readers, phase);
	return fence;
}

struct dma_fence *dma_fence_slot_exchange(struct dma_fence_slot *slot, struct dma_fence *fence)
{
	struct dma_fence *old = atomic_exchange(&slot->fence, fence);

	if (old)
		dma_readers_wait(&slot->readers);
	return old;
}
