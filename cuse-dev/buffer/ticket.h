/* SPDX-License-Identifier: MIT */
/*
 * ticket.h - the tickets of RESV_LOCK: an acquire context of the core, the buffers that are locked
 * under it, the fences that are staged on them, and the time that it may hold all that.
 *
 * Who owns what: a ticket is its handle's, hence its open file's; it owns its locks, each of which
 * owns a reference to its buffer, and the staged fences, each of which does, too. A RESV_LOCK that
 * waits (resv_lock.c) belongs to the table of parked requests, and the ticket knows it; there is at
 * most one at a time, and nothing else is done with the ticket meanwhile (EBUSY).
 *
 * What can happen at the same time, always under device->lock, so one comes first:
 *
 * - The holder dies, closes the ticket, or is too slow (the timer): locks and staged fences go, a
 *   RESV_LOCK of the ticket that waits is answered first, and then the next waiters go on.
 * - A waiter dies, is interrupted or runs out of time: it leaves the queue, and gives back what it
 *   had taken; the ticket stays as it was before.
 * - A staged fence is signaled: it leaves the ticket's list and its buffer.
 * - A buffer has nothing else that needs it: its locks keep it.
 *
 * What becomes of others when locks go - requests are answered, tickets get locks - happens in
 * lock_waits_go_on() alone. It is called last by what ends a ticket or gives back all its locks;
 * and by the caller of what gives back one.
 */
#ifndef DMA_FENCED_TICKET_H
#define DMA_FENCED_TICKET_H

#include "file/file.h"
#include "buffer/lock_wait.h"
#include "device/timer.h"

struct lock_request;
struct staged_fence;
struct ticket;

/* A buffer that is locked, or, in a RESV_LOCK, is to be. */
struct locked_buffer {
	struct buffer *buffer;		   /* a reference */
	struct ticket *ticket;		   /* whose lock it is; NULL: not locked yet */
	struct locked_buffer *prev, *next; /* of ticket->locks */
};

struct ticket {
	struct device *device;
	struct open_file *file; /* whose handle it is */
	uint32_t handle;
	struct ww_acquire_ctx context; /* its age, and what it has locked */
	struct locked_buffer *locks;   /* utlist */
	struct staged_fence *staged;   /* utlist */
	struct timer hold;	       /* since it has had a lock */
	struct event *lost_event;      /* made beforehand; NULL: delivered */
	struct lock_request *request;  /* a RESV_LOCK that waits, or NULL */
	bool is_new;		       /* nobody knows its handle: the first RESV_LOCK is at work */
	bool is_lost;		       /* it was too slow */
};

/* With a handle in the file. -EMFILE, -ENOMEM. */
int ticket_create(struct open_file *file, struct ticket **ticket);
/* Its handle is gone: gives back everything, and frees it. */
void ticket_handle_closed(struct ticket *ticket);

/*
 * May something be done with it now? 0, -ETIMEDOUT: it is lost; -EBUSY: a RESV_LOCK of it waits.
 */
int ticket_check(const struct ticket *ticket);
/* The ticket behind a handle, checked so. Also -ENOENT, -EINVAL. */
int ticket_find(struct open_file *file, uint32_t handle, struct ticket **ticket);

/*
 * The core has locked this buffer for the ticket, and the lock becomes its own; on an error it is
 * unlocked again. -ENOSPC: its user has too many. -ENOMEM.
 */
int ticket_add_lock(struct ticket *ticket, struct locked_buffer *locked);
/* Unlocks this one, on which nothing is staged, and lets the caller have it back. */
void ticket_take_back_lock(struct ticket *ticket, struct locked_buffer *locked);
/* Drops one that is not locked. */
void locked_buffer_free(struct locked_buffer *locked);

/* Does it have the buffer locked? */
bool ticket_has_locked(const struct ticket *ticket, const struct buffer *buffer);
/* As buffer_attach(), but that others see it later. It has locked the buffer. */
int ticket_attach(struct ticket *ticket, struct buffer *buffer, struct dma_fence *fence,
		  enum dma_resv_usage usage, bool passive);
/* What is staged becomes visible, on all its buffers together. */
void ticket_commit(struct ticket *ticket);
/* Gives back all locks: with what is staged, or as if that had never been. */
void ticket_unlock(struct ticket *ticket, bool commit);

#endif /* DMA_FENCED_TICKET_H */
