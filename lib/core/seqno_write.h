/* SPDX-License-Identifier: MIT */
/*
 * seqno_write.h - when a fence is signaled, store a sequence number in memory and wake the waiters
 * there. So any fence becomes a value that the wait instruction of a ring can poll.
 *
 * Lifetime: call seqno_write_alloc() before the point of no return; attaching then cannot fail for
 * lack of memory. After it is attached, a write belongs to the fence and frees itself after the
 * store. seqno_write_free() frees one that was never attached.
 *
 * In a buffer: the write holds a reference to the buffer, and the reservation contains the fence as
 * DMA_RESV_USAGE_BOOKKEEP until the store. So the memory stays valid, and only code that frees or
 * moves it waits. The exporter maps the memory for the CPU and is called before and after the store
 * (dma_buf.h). Without a buffer: the memory is system memory of the caller, and stays mapped and
 * writable until the store.
 *
 * The store has release order: a thread that sees the value sees what the signaler did before. The
 * signaler's thread does the store, whether the fence failed or not. In I/O memory (iosys_map.h)
 * the store is a single access, through the exporter's accessor if there is one, and no futex is
 * woken: waiters there must poll.
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
/* Frees one that is not attached; accepts NULL. */
void seqno_write_free(struct seqno_write *seqno_write);

/*
 * Attaches the write to a fence, to which the caller holds a reference: value, of size 4 or 8, at
 * address. If the fence is already signaled, the store is done before this returns. -EINVAL: size
 * or alignment; the seqno_write still belongs to the caller.
 */
int seqno_write_attach(struct seqno_write *seqno_write, struct dma_fence *fence, void *address,
		       uint32_t size, uint64_t value);
/*
 * The same, at offset in a buffer, to which the caller holds a reference. -EINVAL: size or
 * alignment, outside the buffer, a buffer without an address for the CPU, or I/O memory without an
 * accessor if size is larger than a word of the CPU; -ENOMEM; or the exporter's error. The later
 * result of begin_cpu_access is ignored.
 */
int seqno_write_attach_buffer(struct seqno_write *seqno_write, struct dma_fence *fence,
			      struct dma_buf *buffer, uint64_t offset, uint32_t size,
			      uint64_t value);

/*
 * The store and the wake (a shared futex on the low 32 bits) without a fence, in system memory.
 * address is aligned to size.
 */
void seqno_write_perform(void *address, uint32_t size, uint64_t value);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_SEQNO_WRITE_H */
