/* SPDX-License-Identifier: MIT */
/*
 * memory_write.h - SEQNO_WRITE: a value that is stored in a buffer when a fence is signaled.
 */
#ifndef DMA_FENCED_MEMORY_WRITE_H
#define DMA_FENCED_MEMORY_WRITE_H

#include "file/pending.h"

/* The request, under the lock: it goes to a worker. */
int memory_write_request(const struct request *request,
			 const struct dma_fence_seqno_write *argument);

#endif /* DMA_FENCED_MEMORY_WRITE_H */
