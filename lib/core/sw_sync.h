/* SPDX-License-Identifier: MIT */
/*
 * sw_sync.h - the timeline of the sw_sync ABI: a 32-bit counter that user space increases, and
 * fences for its values.
 *
 * It differs from timeline.h as that ABI requires: values wrap and are compared by the sign of
 * their difference; fences are created for any value, in any order; while a fence for a value is
 * pending, a second create for this value returns the same fence; and when the timeline is
 * destroyed, its pending fences are signaled with -ENOENT.
 */
#ifndef DMA_FENCE_CORE_SW_SYNC_H
#define DMA_FENCE_CORE_SW_SYNC_H

#include "fence.h"

#pragma GCC visibility push(default)

struct sw_sync_timeline;

/*
 * Creates a timeline with the value 0 and one owner. At most 31 bytes of name are copied. NULL: no
 * memory.
 */
struct sw_sync_timeline *sw_sync_timeline_create(const char *name);
/*
 * Signals the pending fences with -ENOENT, in order. This is the owner's last call. The fences may
 * live longer and keep what they need.
 */
void sw_sync_timeline_destroy(struct sw_sync_timeline *timeline);

/*
 * Returns a fence that is signaled when the timeline reaches value, or that is already signaled if
 * it has. The caller gets a reference, to an existing fence if one is pending for the value. NULL:
 * no memory.
 */
struct dma_fence *sw_sync_fence_create(struct sw_sync_timeline *timeline, uint32_t value);

/*
 * Increases the value by any amount and signals, in order, the fences that it reaches. Returns
 * their number.
 */
unsigned int sw_sync_timeline_inc(struct sw_sync_timeline *timeline, uint32_t by);

/*
 * The earliest deadline that a waiter has set (CLOCK_MONOTONIC, ns). -ENOENT: none. -EINVAL: the
 * fence is of another kind.
 */
int sw_sync_fence_get_deadline(struct dma_fence *fence, int64_t *deadline_ns);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_SW_SYNC_H */
