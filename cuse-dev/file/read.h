/* SPDX-License-Identifier: MIT */
/* read.h - read() of the node: event records, or a wait for one. */
#ifndef DMA_FENCED_READ_H
#define DMA_FENCED_READ_H

#include "file/pending.h"

/* Takes the lock, and answers. flags: of the open file. */
void file_read(struct request *request, size_t size, int flags);

#endif /* DMA_FENCED_READ_H */
