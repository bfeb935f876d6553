/* SPDX-License-Identifier: MIT */
/*
 * resv_lock.h - RESV_LOCK: borrows the fds on a lane, locks the buffers behind them one after the
 * other, and parks the request where it has to wait for one.
 */
#ifndef DMA_FENCED_RESV_LOCK_H
#define DMA_FENCED_RESV_LOCK_H

#include "file/pending.h"

struct lock_request;

/* Under the lock. The flags are checked; what is behind the struct, too. */
int resv_lock_request(struct request *request, const struct dma_fence_resv_lock *argument);
/*
 * Ends one that waits, with an error: gives back what it has locked, and answers. The caller calls
 * lock_waits_go_on(). A ticket that nobody knows yet is gone afterwards. Under the lock.
 */
void lock_request_end(struct lock_request *request, int result);

#endif /* DMA_FENCED_RESV_LOCK_H */
