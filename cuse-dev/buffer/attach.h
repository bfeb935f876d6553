/* SPDX-License-Identifier: MIT */
/* attach.h - ATTACH, once the buffer is there: at once, under a ticket, or when the buffer is free.
 */
#ifndef DMA_FENCED_ATTACH_H
#define DMA_FENCED_ATTACH_H

#include "buffer/buffer.h"

/*
 * In the apply of the lane job that has borrowed the buffer. 0, a negative errno, or
 * REQUEST_PARKED: somebody has locked the buffer, and the request is answered after that.
 */
int attach_apply(struct lane_job *job, const struct dma_fence_attach *argument,
		 struct buffer *buffer, struct dma_fence *fence);

#endif /* DMA_FENCED_ATTACH_H */
