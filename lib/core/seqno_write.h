/* SPDX-License-Identifier: MIT */
/*
 * seqno_write.h - when a fence is signaled, store a sequence number in memory and wake who waits
 * there. So a fence that came from anywhere becomes a value that a ring's wait instruction polls.
 *
 * The life of one: seqno_write_alloc() first, where there is still a way back; the attaching cannot
 * fail for want of memory then. Once it is attached it belongs to the fence, and frees itself after
 * the write. One that was never attached is freed by hand, with seqno_write_free().
 *
 * In a buffer: the write keeps it, and puts the fence into its reservation meanwhile, as
 * DMA_RESV_USAGE_BOOKKEEP: so the memory does not go away, and nobody else has to wait for it. The
 * exporter maps it for the CPU, and is told before and after the store (dma_buf.h). Elsewhere: the
 * memory is the caller's system memory, and stays mapped and writable until the write.
 *
 * The store has release order, so who sees the value sees what the signaler did before. It happens
 * in the signaler's thread, whether the fence failed or not. In I/O memory (iosys_map.h) it is one
 * access, by the exporter's accessor where there is one, and nobody is woken: who waits there
 * polls.
 */
#ifndef DMA_FENCE_CORE_SEQNO_WRITE_H
#define DMA_FENCE_CORE_SEQNO_WRITE_H

#include <stddef.h>

#include "fence.h"

#pragma GCC visibility push(default)

struct dma_buf;
struct seqno_write;

/* NULL: no memory. */
struct seqno_write *seqno_write_alloc(void);
/* For one that is not attached; takes NULL. */
void seqno_write_free(struct seqno_write *seqno_write);

/*
 * Attaches to a fence, which the caller keeps a reference to: value, of size 4 or 8, at address. An
 * already signaled one: the write has happened when this returns. -EINVAL: size or alignment; the
 * seqno_write is still the caller's.
 */
int seqno_write_attach(struct seqno_write *seqno_write, struct dma_fence *fence, void *address,
		       uint32_t size, uint64_t value);
/*
 * The same, at that offset in a buffer, which the caller has a reference to. -EINVAL: size or
 * alignment, out of the buffer, a buffer that has no address for the CPU, or one of I/O memory
 * without an accessor and size larger than a word of the CPU; -ENOMEM; or the exporter's error.
 * What the exporter says to begin_cpu_access later is of no consequence.
 */
int seqno_write_attach_buffer(struct seqno_write *seqno_write, struct dma_fence *fence,
			      struct dma_buf *buffer, uint64_t offset, uint32_t size,
			      uint64_t value);

/*
 * The store and the wake (a shared futex on the low 32 bits) by themselves, in system memory.
 * address is aligned to size.
 */
void seqno_write_perform(void *address, uint32_t size, uint64_t value);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_SEQNO_WRITE_H */
