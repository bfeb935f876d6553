/* SPDX-License-Identifier: MIT */
/*
 * event.h - EVENT_ADD and EVENT_CANCEL: what is delivered when a fence is signaled, as a record to
 * read() or 1 to an eventfd; and records that the device delivers of its own accord.
 *
 * An event is its open file's from EVENT_ADD until it is delivered: read, written to the eventfd,
 * or cancelled. A record of the device's own is made beforehand, so that nothing can fail when it
 * is due. Under device->lock.
 */
#ifndef DMA_FENCED_EVENT_H
#define DMA_FENCED_EVENT_H

#include "file/file.h"

struct event {
	struct dma_fence_cb callback;
	struct open_file *file;
	struct dma_fence *fence;   /* a reference, until it is signaled; NULL: fired, or none */
	struct event *prev, *next; /* of file->ready, or of file->prepared */
	struct event **prepared;   /* where its owner keeps it until it is due; NULL: it is */
	int eventfd;		   /* owned; -1: a record */
	struct dma_fence_event record;
	bool is_numbered;  /* it came from EVENT_ADD, and can be cancelled */
	UT_hash_handle hh; /* of file->events, by record.event, where it is numbered */
};

/* eventfd (or -1) is taken over on success. -ENOENT: signaled already. -ENOSPC, -ENOMEM. */
int event_add(struct open_file *file, struct dma_fence *fence, int eventfd, uint64_t user_data,
	      uint32_t *number);
/* -ENOENT: unknown, or delivered. */
int event_cancel(struct open_file *file, uint32_t number, uint32_t *fired);

/*
 * A record of the device's own: *owner is the event until it is delivered or discarded, or its open
 * file is closed, and NULL then. -ENOMEM.
 */
int event_prepare(struct open_file *file, struct event **owner,
		  const struct dma_fence_event *record);
/* It is due: stamped with the time, and to be read from now on. */
void event_deliver(struct event *event);
void event_discard(struct event *event);

/* Takes at most count records that are ready; returns how many. */
unsigned int events_take(struct open_file *file, struct dma_fence_event *records,
			 unsigned int count);
void events_drop_all(struct open_file *file);

#endif /* DMA_FENCED_EVENT_H */
