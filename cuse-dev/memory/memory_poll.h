/* SPDX-License-Identifier: MIT */
/*
 * memory_poll.h - reads the memory that memory fences wait for, and signals what has been reached.
 * Under device->lock, except where noted.
 *
 * A plain store signals a memory fence, so the memory has to be read. Code that asks for the state
 * of a fence does so where an access cannot block; else a worker does, and the state is known a
 * little later. For those that have waiters there is memory_watch.h.
 */
#ifndef DMA_FENCED_MEMORY_POLL_H
#define DMA_FENCED_MEMORY_POLL_H

#include "memory/memory_fence.h"

/* Is the fence signaled now? Signals it, and others of its buffer, where the memory says so. */
bool memory_fence_poll(struct memory_fence *fence);

/* Could an access to the buffer's memory block? */
bool memory_poll_may_block(struct buffer *buffer);
/*
 * Polls all memory fences of a buffer, of which the caller has a reference, and signals what is
 * reached, in the order of creation. Returns how many that were. At once, where no access blocks;
 * or on a worker, called without the lock.
 */
uint32_t memory_poll_now(struct buffer *buffer);
uint32_t memory_poll_on_worker(struct buffer *buffer);

#endif /* DMA_FENCED_MEMORY_POLL_H */
