/* SPDX-License-Identifier: MIT */
/*
 * seqno_write.h - when a fence is signaled, store a value in memory and wake who waits there.
 *
 * The memory is the caller's: it stays mapped and writable until done has been called or
 * seqno_write_cancel() has returned true. The store has release order, so who sees the value sees
 * what the signaler did before.
 */
#ifndef DMA_FENCE_CORE_SEQNO_WRITE_H
#define DMA_FENCE_CORE_SEQNO_WRITE_H

#include <stddef.h>

#include "fence.h"

#pragma GCC visibility push(default)

struct seqno_write {
	struct dma_fence_cb callback;
	void *address; /* aligned to size */
	uint64_t value;
	uint32_t size; /* 4 or 8 */
	/* Optional: called after the write, in the signaler's thread; may free the seqno_write. */
	void (*done)(struct seqno_write *seqno_write);
};

/* The store and the wake (a shared futex on the low 32 bits) by themselves. */
void seqno_write_perform(void *address, uint32_t size, uint64_t value);

/*
 * Attaches to a fence, which the caller keeps a reference to. An already signaled one: the write
 * has happened and done been called when this returns. -EINVAL: size or alignment.
 */
int seqno_write_attach(struct seqno_write *seqno_write, struct dma_fence *fence);
/* true: taken off in time, nothing was and will be written. */
bool seqno_write_cancel(struct seqno_write *seqno_write, struct dma_fence *fence);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_SEQNO_WRITE_H */
