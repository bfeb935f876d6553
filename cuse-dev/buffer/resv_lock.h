/* SPDX-License-Identifier: MIT */
/*
 * resv_lock.h - RESV_LOCK: a worker takes the fds, then the buffers behind them are locked one
 * after the other, and the request blocks where one of them is locked.
 */
#ifndef DMA_FENCED_RESV_LOCK_H
#define DMA_FENCED_RESV_LOCK_H

#include "file/pending.h"

/* Under the lock. The flags and what is behind the struct are checked. */
int resv_lock_request(const struct request *request, const struct dma_fence_resv_lock *argument);

#endif /* DMA_FENCED_RESV_LOCK_H */
