/* SPDX-License-Identifier: MIT */
/*
 * fence_wait.h - WAIT: polls the fences, or blocks the request until they are signaled or the
 * deadline has passed.
 */
#ifndef DMA_FENCED_FENCE_WAIT_H
#define DMA_FENCED_FENCE_WAIT_H

#include "file/pending.h"

/*
 * Under the lock. items are head->count of them, whose handles are those of fences. 0 and -ETIME:
 * head and items are filled in. REQUEST_BLOCKED: the request is answered later, with head and the
 * items behind it; or, with head->pointer, the items are written to the caller's memory first.
 */
int wait_for_fences(const struct request *request, struct dma_fence_wait *head,
		    struct dma_fence_wait_item *items);

#endif /* DMA_FENCED_FENCE_WAIT_H */
