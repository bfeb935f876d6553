/* SPDX-License-Identifier: MIT */
/* readers_internal.h - the functions on readers. */
#ifndef DMA_FENCE_CORE_READERS_INTERNAL_H
#define DMA_FENCE_CORE_READERS_INTERNAL_H

#include "readers.h"

/*
 * Enclose a look-up, which only loads a pointer and takes a reference to its object. leave gets
 * what enter has returned. A thread that has replaced the pointer waits, and may then drop the old
 * reference.
 */
void dma_readers_init(struct dma_readers *readers);
void dma_readers_fini(struct dma_readers *readers);
uint32_t dma_readers_enter(struct dma_readers *readers);
void dma_readers_leave(struct dma_readers *readers, uint32_t phase);
void dma_readers_wait(struct dma_readers *readers);

#endif /* DMA_FENCE_CORE_READERS_INTERNAL_H */
