/* SPDX-License-Identifier: MIT */
/*
 * attach.h - ATTACH, when the buffer is known: at once, under a ticket, or when the buffer is free.
 */
#ifndef DMA_FENCED_ATTACH_H
#define DMA_FENCED_ATTACH_H

#include "buffer/buffer.h"

/*
 * Under the lock. 0, a negative errno, or REQUEST_BLOCKED: a ticket has locked the buffer, and the
 * request is answered after that.
 */
int attach_fence(const struct request *request, const struct dma_fence_attach *argument,
		 struct buffer *buffer, struct dma_fence *fence);

#endif /* DMA_FENCED_ATTACH_H */
