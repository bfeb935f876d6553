/* SPDX-License-Identifier: MIT */
/*
 * sw_sync.h - the timeline of the sw_sync ABI: a counter of 32 bits that user space moves, and
 * fences for values of it.
 *
 * It differs from timeline.h in what that ABI promises: values wrap, and are compared by the sign
 * of their difference; fences are made for any value, in any order; two that wait for the same one
 * are the same fence; and when the timeline is destroyed, those that are pending end with -ENOENT.
 */
#ifndef DMA_FENCE_CORE_SW_SYNC_H
#define DMA_FENCE_CORE_SW_SYNC_H

#include "fence.h"

#pragma GCC visibility push(default)

struct sw_sync_timeline;

/* name is copied, at most 31 bytes of it; the value is 0. For one owner. NULL: no memory. */
struct sw_sync_timeline *sw_sync_timeline_create(const char *name);
/*
 * Nobody will move it any more: what is pending is signaled with -ENOENT, in order. The owner's
 * last call; the fences, which keep what they need of it, may live longer.
 */
void sw_sync_timeline_destroy(struct sw_sync_timeline *timeline);

/*
 * A fence that is signaled when the timeline has reached value: at once where it has. A reference
 * of the caller's own, to a fence that there was already where one is pending for the value. NULL:
 * no memory.
 */
struct dma_fence *sw_sync_fence_create(struct sw_sync_timeline *timeline, uint32_t value);

/*
 * Moves the timeline on, by any amount, and signals in order what it reaches. Returns how many
 * fences that were.
 */
unsigned int sw_sync_timeline_inc(struct sw_sync_timeline *timeline, uint32_t by);

/*
 * The earliest deadline that waiters have hinted at (CLOCK_MONOTONIC, ns). -ENOENT: none has.
 * -EINVAL: the fence is of another kind.
 */
int sw_sync_fence_get_deadline(struct dma_fence *fence, int64_t *deadline_ns);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_SW_SYNC_H */
