/* SPDX-License-Identifier: MIT */
/*
 * wait.h - WAIT: looks, or parks the request until the fences are signaled or the deadline has
 * come.
 */
#ifndef DMA_FENCED_WAIT_H
#define DMA_FENCED_WAIT_H

#include "file/pending.h"

/*
 * Under the lock. items are head->count of them. 0 and -ETIME: head and items are filled in.
 * REQUEST_PARKED: fuse is answered later, with size bytes of head and the items behind it; or, with
 * head->pointer, the items are written to the memory of thread first.
 */
int wait_for_fences(struct open_file *file, fuse_req_t fuse, pid_t thread,
		    struct dma_fence_wait *head, struct dma_fence_wait_item *items, size_t size);

#endif /* DMA_FENCED_WAIT_H */
