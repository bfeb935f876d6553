/* SPDX-License-Identifier: MIT */
/*
 * mem_fence.h - a fence that is signaled when memory reaches a value.
 *
 * A plain store signals it, by a device or by another process; nobody has to call anything. Who can
 * poll memory asks mem_fence_location() where that is, and waits on it without this fence's help.
 * All others use it as any fence. A look finds out (the op signaled), and dma_fence_wait() polls
 * (the op wait); but a callback, and so a wait for any of several, needs somebody who looks after
 * the store. The implementation is told so by enable_signaling, as ever: it switches on an
 * interrupt, or takes the fence to those that it looks at now and then.
 *
 * The memory counts as having reached the value when the difference, as a signed number of the
 * memory's size, is not negative: right across a wrap-around, for values that lie less than half of
 * the range apart. The fence latches: it stays signaled when the memory goes on or back.
 *
 * Who owns what: the memory, and the buffer that it is in, are whoever's made the fence, and stay
 * until it is released. What can race: stores to the memory with looks at it. The look has acquire
 * order: who sees the fence signaled sees what was done before a store of release order.
 */
#ifndef DMA_FENCE_CORE_MEM_FENCE_H
#define DMA_FENCE_CORE_MEM_FENCE_H

#include "fence.h"

#pragma GCC visibility push(default)

struct dma_buf;

/* Where the memory is, and what is awaited there. */
struct mem_fence_location {
	struct dma_buf *buffer; /* NULL: the memory is in none */
	uint64_t offset;	/* in the buffer; 0 where there is none */
	const void *address;	/* in this process, aligned to size; NULL: only others can look */
	uint64_t value;		/* of which the low 32 bits count where size is 4 */
	uint32_t size;		/* 4 or 8 */
};

/* Embed it in your own structure; base comes first. The fields are this library's. */
struct mem_fence {
	struct dma_fence base;
	struct mem_fence_location location;
};

/*
 * Has the memory reached the value? Size is 4 or 8, the address aligned to it. For any memory, with
 * or without a fence: the only place where the comparison is made.
 */
bool mem_fence_reached(const void *address, uint32_t size, uint64_t value);
/* The comparison by itself, for who has read current by other means. */
bool mem_fence_value_reached(uint64_t current, uint32_t size, uint64_t value);

/* Are the size, and the alignment of offset and address, what they must be? */
bool mem_fence_location_is_valid(const struct mem_fence_location *location);

/*
 * Makes a memory fence of *fence; all but location as for dma_fence_init(). *location is copied.
 * The ops are the implementation's, with what it likes of the helpers below; one whose memory must
 * not be touched just so gives no address and has a signaled and a wait (or none) of its own.
 * -EINVAL: size or alignment.
 */
int mem_fence_init(struct mem_fence *fence, const struct dma_fence_ops *ops, pthread_mutex_t *lock,
		   uint64_t context, uint64_t seqno, const struct mem_fence_location *location);

/* NULL: fence is of another kind. */
struct mem_fence *to_mem_fence(struct dma_fence *fence);
/*
 * For a peer that waits on memory by itself. *location is filled in; the buffer in it is borrowed,
 * as long as the caller holds the fence. -EINVAL: fence is of another kind, and to be waited for
 * with a callback.
 */
int mem_fence_location(struct dma_fence *fence, struct mem_fence_location *location);

/* For struct dma_fence_ops: signaled, a look at the memory. */
bool mem_fence_signaled(struct dma_fence *fence);
/*
 * wait: looks at the memory, for a moment all the time, then in growing intervals of up to a
 * millisecond; a seqno write (seqno_write.h), or any other store that is followed by a futex wake,
 * ends it at once. Does not enable signaling.
 */
int64_t mem_fence_wait(struct dma_fence *fence, bool interruptible, int64_t timeout_ns);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_MEM_FENCE_H */
