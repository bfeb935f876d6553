/* SPDX-License-Identifier: MIT */
/* fence_internal.h - what the files of the core use of fence.c beyond fence.h. */
#ifndef DMA_FENCE_CORE_FENCE_INTERNAL_H
#define DMA_FENCE_CORE_FENCE_INTERNAL_H

#include "fence.h"
#include "internal.h"

/*
 * Is the signaled bit set? Calls no op and takes no lock. The acquire pairs with the release in
 * dma_fence_mark_signaled_locked(): a thread that sees the bit sees the error and the timestamp
 * too.
 */
static inline bool fence_is_marked(const struct dma_fence *fence)
{
	return atomic_load_explicit(&fence->flags, memory_order_acquire) &
	       (1u << DMA_FENCE_FLAG_SIGNALED_BIT);
}

/* dma_fence_init() with the initial flags, as masks. */
void fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops, pthread_mutex_t *lock,
		uint64_t context, uint64_t seqno, uint32_t flags);

/*
 * Locks the lock of fences, unless a dma_fence_signal_locked() further up this thread's stack holds
 * it. Returns true if this call took it; fence_unlock() then releases it.
 */
bool fence_lock(pthread_mutex_t *lock);
/*
 * Does a dma_fence_signal_locked() further up this thread's stack hold the lock? Its caller relies
 * on that, so ops->enable_signaling must not drop it.
 */
bool fence_lock_is_kept(const pthread_mutex_t *lock);
static inline void fence_unlock(pthread_mutex_t *lock, bool taken)
{
	if (taken)
		pthread_mutex_unlock(lock);
}

/* The deadline of a timeout that begins now. */
static inline int64_t deadline_after(int64_t timeout_ns)
{
	int64_t now = dma_fence_now();

	return timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
}

/* The result of a successful wait. */
static inline int64_t time_left(int64_t deadline_ns)
{
	int64_t left;

	if (deadline_ns == INT64_MAX)
		return DMA_FENCE_FOREVER;
	left = deadline_ns - dma_fence_now();
	return left > 1 ? left : 1;
}

#endif /* DMA_FENCE_CORE_FENCE_INTERNAL_H */
