/* SPDX-License-Identifier: MIT */
/*
 * record.h - event records of an open file: what read() of the node returns, and what makes poll()
 * say POLLIN. Under device->lock.
 *
 * A record is allocated beforehand by its owner, so that nothing can fail when it is delivered. It
 * is the owner's until then, and the queue's after that, until it is read.
 */
#ifndef DMA_FENCED_RECORD_H
#define DMA_FENCED_RECORD_H

#include "device/account.h"
#include "hash.h"

/* Embed it; zeroed at first, event and gone filled in. */
struct record {
	struct dma_fence_event event;
	struct record_queue *queue;
	struct record *prev, *next; /* of the undelivered ones, or of the ready ones */
	bool is_ready;		    /* delivered, not read */
	/* It is the queue's from now on. May be NULL. */
	void (*delivered)(struct record *record);
	/* It was read, or the queue ends: takes it off its owner, record_remove()s and frees it. */
	void (*gone)(struct record *record);
};

/* A read() that blocks. */
struct record_listener {
	struct record_listener *prev, *next; /* of the queue's */
	/* A record is ready. */
	void (*ready)(struct record_listener *listener);
};

/* A part of struct open_file. */
struct record_queue {
	struct device *device;
	struct account *account;
	struct record *undelivered, *ready; /* utlist */
	struct record_listener *listeners;  /* utlist, the first is the next to be served */
	/* A record is ready, and there is no listener. */
	void (*became_ready)(struct record_queue *queue);
};

void record_add(struct record_queue *queue, struct record *record);
/* Whatever state it is in; the memory stays the caller's. */
void record_remove(struct record *record);
/* read() returns it from now on. Stamped with the time where it has none. */
void record_deliver(struct record *record);

/*
 * A record of the device's own: *owner is the record until it is delivered or discarded, or the
 * queue ends, and NULL then. -ENOMEM.
 */
int record_create(struct record_queue *queue, struct record **owner,
		  const struct dma_fence_event *event);
/* Not delivered yet. */
void record_discard(struct record *record);

/* Takes at most capacity events that are ready; returns how many. */
unsigned int records_take(struct record_queue *queue, struct dma_fence_event *events,
			  unsigned int capacity);
bool records_are_idle(const struct record_queue *queue);
/* The open file is released. */
void records_drop_all(struct record_queue *queue);

#endif /* DMA_FENCED_RECORD_H */
