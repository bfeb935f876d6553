/* SPDX-License-Identifier: MIT */
/* dispatch.h - the way of a request to its row of a table, and back. */
#ifndef DMA_FENCED_DISPATCH_H
#define DMA_FENCED_DISPATCH_H

#include "file/pending.h"

/*
 * Answers the request, or has it block. size bytes came in. Called by the loop thread without the
 * lock.
 */
void ioctl_dispatch(struct request *request, const void *input, size_t size);

#endif /* DMA_FENCED_DISPATCH_H */
