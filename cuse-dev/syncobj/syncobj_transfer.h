/* SPDX-License-Identifier: MIT */
/* syncobj_transfer.h - SYNCOBJ_TRANSFER: a fence of one syncobj into another. */
#ifndef DMA_FENCED_SYNCOBJ_TRANSFER_H
#define DMA_FENCED_SYNCOBJ_TRANSFER_H

#include "file/pending.h"

struct drm_syncobj_transfer;

/*
 * Under the lock. -EINVAL (also: nothing is submitted), -ENOENT, -ENOMEM, or
 * REQUEST_BLOCKED: until a fence is submitted, or -ETIME.
 */
int syncobj_transfer_request(const struct request *request,
			     const struct drm_syncobj_transfer *argument);

#endif /* DMA_FENCED_SYNCOBJ_TRANSFER_H */
