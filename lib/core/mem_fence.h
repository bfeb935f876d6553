/* SPDX-License-Identifier: MIT */
/*
 * mem_fence.h - a fence that is signaled when memory reaches a value.
 *
 * A device or another process signals it with a plain store and need not call any function. A peer
 * that can poll memory gets the location from mem_fence_location() and waits without the help of
 * this library. All others use the fence as any other fence. A poll reads the memory (the op
 * signaled), and dma_fence_wait() polls (the op wait). But a callback, and so a wait for any of
 * several fences, needs code that polls after the store. As for every fence, enable_signaling
 * notifies the implementation; it enables an interrupt, or adds the fence to those that it polls
 * from time to time.
 *
 * The memory has reached the value if the difference, as a signed number of the memory's size, is
 * not negative. This is right across a wrap-around, for values less than half of the range apart.
 * The fence latches: it stays signaled when the memory changes again.
 *
 * Who owns what: the memory and its buffer belong to the code that initialised the fence, and stay
 * valid until the fence is released. What can race: stores to the memory with polls. A poll has
 * acquire order: a thread that sees the fence signaled sees everything that was done before a store
 * with release order.
 */
#ifndef DMA_FENCE_CORE_MEM_FENCE_H
#define DMA_FENCE_CORE_MEM_FENCE_H

#include "fence.h"

#pragma GCC visibility push(default)

struct dma_buf;

/* The location of the memory, and the value to wait for. */
struct mem_fence_location {
	struct dma_buf *buffer; /* NULL: the memory is not in a buffer */
	uint64_t offset;	/* in the buffer; 0 without a buffer */
	const void *address; /* in this process, aligned to size; NULL: only others can read it */
	uint64_t value;	     /* only the low 32 bits count if size is 4 */
	uint32_t size;	     /* 4 or 8 */
};

/* Embed it in your own structure; base comes first. The fields belong to the library. */
struct mem_fence {
	struct dma_fence base;
	struct mem_fence_location location;
};

/*
 * Has the memory reached the value? size is 4 or 8, and address is aligned to it. For any memory,
 * with or without a fence. This is the only implementation of the comparison.
 */
bool mem_fence_reached(const void *address, uint32_t size, uint64_t value);
/* The comparison alone, for a caller that has read current by other means. */
bool mem_fence_value_reached(uint64_t current, uint32_t size, uint64_t value);

/* Are the size and the alignment of offset and address valid? */
bool mem_fence_location_is_valid(const struct mem_fence_location *location);

/*
 * Initialises *fence as a memory fence; the arguments other than location are those of
 * dma_fence_init(). *location is copied. The implementation provides the ops and may use the
 * helpers below. An implementation whose memory must not be read directly gives no address and has
 * its own signaled and wait (or no wait). -EINVAL: size or alignment.
 */
int mem_fence_init(struct mem_fence *fence, const struct dma_fence_ops *ops, pthread_mutex_t *lock,
		   uint64_t context, uint64_t seqno, const struct mem_fence_location *location);

/* NULL: fence is not a memory fence. */
struct mem_fence *to_mem_fence(struct dma_fence *fence);
/*
 * For a peer that waits on memory itself. Fills in *location. The buffer in it is borrowed as long
 * as the caller holds a reference to the fence. -EINVAL: fence is not a memory fence; wait for it
 * with a callback.
 */
int mem_fence_location(struct dma_fence *fence, struct mem_fence_location *location);

/* The op signaled: reads the memory. */
bool mem_fence_signaled(struct dma_fence *fence);
/*
 * The op wait: polls the memory, first without a pause, then in intervals that grow up to a
 * millisecond. A seqno write (seqno_write.h), or any other store that is followed by a futex wake,
 * ends it at once. Does not enable signaling.
 */
int64_t mem_fence_wait(struct dma_fence *fence, bool interruptible, int64_t timeout_ns);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_MEM_FENCE_H */
