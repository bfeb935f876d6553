/* SPDX-License-Identifier: MIT */
/*
 * event.h - EVENT_ADD and EVENT_CANCEL: what is delivered when a fence is signaled, as a record to
 * read() or 1 to an eventfd.
 *
 * An event belongs to its open file from EVENT_ADD until it is delivered: read, written to the
 * eventfd, or cancelled. Under device->lock.
 */
#ifndef DMA_FENCED_EVENT_H
#define DMA_FENCED_EVENT_H

#include "file/file.h"

/* eventfd (or -1) is taken over on success. -ENOENT: signaled already. -ENOSPC, -ENOMEM. */
int event_add(struct open_file *file, struct dma_fence *fence, int eventfd, uint64_t user_data,
	      uint32_t *number);
/* -ENOENT: unknown, or delivered. */
int event_cancel(struct open_file *file, uint32_t number, uint32_t *fired);

#endif /* DMA_FENCED_EVENT_H */
