/* SPDX-License-Identifier: MIT */
/*
 * event.h - EVENT_ADD and EVENT_CANCEL: what is delivered when a fence is signaled, as a record to
 * read() or 1 to an eventfd.
 *
 * An event is its open file's from EVENT_ADD until it is delivered: read, written to the eventfd,
 * or cancelled. Under device->lock.
 */
#ifndef DMA_FENCED_EVENT_H
#define DMA_FENCED_EVENT_H

#include "file.h"

struct event {
	struct dma_fence_cb callback;
	struct open_file *file;
	struct dma_fence *fence;   /* a reference, until it is signaled; NULL: fired */
	struct event *prev, *next; /* of file->ready */
	int eventfd;		   /* owned; -1: a record */
	struct dma_fence_event record;
	UT_hash_handle hh; /* of file->events, by record.event */
};

/* eventfd (or -1) is taken over on success. -ENOENT: signaled already. -ENOSPC, -ENOMEM. */
int event_add(struct open_file *file, struct dma_fence *fence, int eventfd, uint64_t user_data,
	      uint32_t *number);
/* -ENOENT: unknown, or delivered. */
int event_cancel(struct open_file *file, uint32_t number, uint32_t *fired);
/* Takes at most count records that are ready; returns how many. */
unsigned int events_take(struct open_file *file, struct dma_fence_event *records,
			 unsigned int count);
void events_drop_all(struct open_file *file);

#endif /* DMA_FENCED_EVENT_H */
