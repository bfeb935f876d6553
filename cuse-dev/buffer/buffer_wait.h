/* SPDX-License-Identifier: MIT */
/*
 * buffer_wait.h - BUFFER_WAIT: blocks the request until what was pending on a buffer is signaled,
 * or the deadline has passed.
 */
#ifndef DMA_FENCED_BUFFER_WAIT_H
#define DMA_FENCED_BUFFER_WAIT_H

#include "file/pending.h"

/*
 * Under the lock. pending is the snapshot of the buffer, one fence for all, borrowed; wait->count
 * is filled in. 0 and -ETIME: wait is the answer. REQUEST_BLOCKED: the request is answered later.
 * -ENOSPC, -ENOMEM.
 */
int buffer_wait_for_fence(const struct request *request, struct dma_fence *pending,
			  struct dma_fence_buffer_wait *wait);

#endif /* DMA_FENCED_BUFFER_WAIT_H */
