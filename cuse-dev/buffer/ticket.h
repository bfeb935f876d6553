/* SPDX-License-Identifier: MIT */
/*
 * ticket.h - the tickets of RESV_LOCK: an acquire context of the core, the buffers that are locked
 * under it, the fences that are staged on them, and the time that it may hold all that.
 *
 * Who owns what: a ticket belongs to its handle, hence to its open file; it owns its locks, each of
 * which owns a reference to its buffer, and the staged fences, each of which does, too. A RESV_LOCK
 * that blocks (resv_lock.c) is a pending request, which the ticket knows as its waiter; there is at
 * most one at a time, and all else that is asked of the ticket meanwhile fails (EBUSY).
 *
 * What can happen at the same time, always under device->lock, so one comes first:
 *
 * - The holder dies, closes the ticket, or is too slow (the timer): locks and staged fences are
 *   dropped, a RESV_LOCK of the ticket that blocks is answered first, then the next waiters resume.
 * - A waiter dies, is interrupted or runs out of time: it leaves the queue, and gives back what it
 *   had locked; the ticket stays as it was before.
 * - A staged fence is signaled: it leaves the ticket's list and its buffer.
 * - A buffer has no other reference: its locks keep it.
 *
 * Waiters resume - requests are answered, tickets acquire locks - in lock_waits_resume() alone. It
 * is called last by what ends a ticket or gives back all its locks; and by the caller of what gives
 * back one.
 */
#ifndef DMA_FENCED_TICKET_H
#define DMA_FENCED_TICKET_H

#include "buffer/lock_wait.h"

struct staged_fence;
struct ticket;

/* A buffer that is locked, or, in a RESV_LOCK, is to be. */
struct locked_buffer {
	struct buffer *buffer;		   /* a reference */
	struct ticket *ticket;		   /* whose lock it is; NULL: not locked yet */
	struct locked_buffer *prev, *next; /* of ticket->locks */
};

/* A RESV_LOCK that blocks. Embed it. */
struct ticket_waiter {
	/* Completes it: gives back what it has locked, and answers. A new ticket is closed by that.
	 */
	void (*end)(struct ticket_waiter *waiter, int result);
};

struct ticket {
	struct device *device;
	struct open_file *file; /* whose handle it is */
	uint32_t handle;
	struct ww_acquire_ctx context; /* its age, and what it has locked */
	struct locked_buffer *locks;   /* utlist */
	struct staged_fence *staged;   /* utlist */
	struct timer hold;	       /* since it has had a lock */
	struct record *lost_record;    /* allocated beforehand; NULL: delivered */
	struct ticket_waiter *waiter;  /* NULL: none */
	bool is_new;  /* its handle was not returned yet: the first RESV_LOCK runs */
	bool is_lost; /* it was too slow */
};

/* With a handle in the file. -EMFILE, -ENOMEM. */
int ticket_create(struct open_file *file, struct ticket **ticket);
/* The ticket behind a handle. -ENOENT, -EINVAL: it is no ticket. */
int ticket_get(struct open_file *file, uint32_t handle, struct ticket **ticket);
/* One that can be used now, too: -ETIMEDOUT: it is lost; -EBUSY: a RESV_LOCK of it blocks. */
int ticket_find(struct open_file *file, uint32_t handle, struct ticket **ticket);

/*
 * The core has locked this buffer for the ticket, and the lock becomes its own; on an error it is
 * unlocked again. -ENOSPC: its user has too many. -ENOMEM.
 */
int ticket_add_lock(struct ticket *ticket, struct locked_buffer *locked);
/* Unlocks this one, on which nothing is staged; the caller owns it again. */
void ticket_take_back_lock(struct ticket *ticket, struct locked_buffer *locked);
/* Drops one that is not locked. */
void locked_buffer_free(struct locked_buffer *locked);

/* Has it locked the buffer? */
bool ticket_has_locked(const struct ticket *ticket, const struct buffer *buffer);
/* As buffer_attach(), but others see it later. It has locked the buffer. */
int ticket_attach(struct ticket *ticket, struct buffer *buffer, struct dma_fence *fence,
		  enum dma_resv_usage usage, bool passive);
/* What is staged becomes visible, on all its buffers together. */
void ticket_commit(struct ticket *ticket);
/* Gives back all locks, and what is staged becomes visible, or is dropped. */
void ticket_unlock(struct ticket *ticket, bool commit);

#endif /* DMA_FENCED_TICKET_H */
