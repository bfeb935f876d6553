/* SPDX-License-Identifier: MIT */
/* ticket.c - see ticket.h. */
#include <errno.h>
#include <stdlib.h>

#include "buffer/attachment.h"
#include "fence/event.h"
#include "buffer/resv_lock.h"
#include "buffer/ticket.h"

/* A fence that others do not see yet; once it is committed, an attachment as any other. */
struct staged_fence {
	struct attachment attachment;
	struct ticket *ticket;		  /* NULL: committed */
	struct staged_fence *prev, *next; /* of ticket->staged */
};

int ticket_create(struct open_file *file, struct ticket **created)
{
	struct ticket *ticket;
	int ret = file_handle_reserve(file, NULL);

	if (ret)
		return ret;
	ret = -ENOMEM;
	ticket = calloc(1, sizeof(*ticket));
	if (!ticket)
		goto err_uncharge;
	if (event_prepare(file, &ticket->lost_event,
			  &(struct dma_fence_event){ .type = DMA_FENCE_EVENT_RESV_LOST }))
		goto err_free;
	ticket->device = file->device;
	ticket->file = file;
	ww_acquire_init(&ticket->context, &reservation_ww_class);
	ticket->handle = file_handle_add_ticket(file, ticket);
	ticket->lost_event->record.event = ticket->handle;
	ticket->is_new = true;
	file->device->stats.tickets++;
	*created = ticket;
	return 0;

err_free:
	free(ticket);
err_uncharge:
	account_uncharge(file->account, account_fence_cost(NULL));
	return ret;
}

int ticket_check(const struct ticket *ticket)
{
	if (ticket->is_lost)
		return -ETIMEDOUT;
	return ticket->request ? -EBUSY : 0;
}

int ticket_find(struct open_file *file, uint32_t handle, struct ticket **ticket)
{
	int ret = file_ticket(file, handle, ticket);

	return ret ? ret : ticket_check(*ticket);
}

void locked_buffer_free(struct locked_buffer *locked)
{
	buffer_put(locked->buffer);
	free(locked);
}

/* Takes the lock off the ticket, and gives it to whoever is next. */
static void let_go(struct ticket *ticket, struct locked_buffer *locked)
{
	struct account *account = ticket->file->account;

	DL_DELETE(ticket->locks, locked);
	locked->ticket = NULL;
	locked->buffer->locked = NULL;
	account->attachments--;
	account_uncharge(account, sizeof(*locked));
	ticket->device->stats.locks--;
	if (!ticket->locks)
		timer_cancel(ticket->device, &ticket->hold);
	dma_resv_unlock(&locked->buffer->resv);
}

/* It never comes to be known by others, though its signal may be waited for elsewhere. */
static void discard_staged(struct ticket *ticket)
{
	struct staged_fence *staged, *next;
	struct locked_buffer *locked;

	DL_FOREACH(ticket->locks, locked)
		dma_resv_discard(&locked->buffer->resv);
	DL_FOREACH_SAFE(ticket->staged, staged, next) {
		DL_DELETE(ticket->staged, staged);
		dma_fence_remove_callback(staged->attachment.fence, &staged->attachment.callback);
		attachment_free(&staged->attachment);
	}
}

static void forget_staged(struct ticket *ticket)
{
	struct staged_fence *staged, *next;

	DL_FOREACH_SAFE(ticket->staged, staged, next) {
		DL_DELETE(ticket->staged, staged);
		staged->ticket = NULL;
	}
}

void ticket_commit(struct ticket *ticket)
{
	struct locked_buffer *locked;

	DL_FOREACH(ticket->locks, locked)
		dma_resv_commit(&locked->buffer->resv);
	forget_staged(ticket);
}

static void drop_everything(struct ticket *ticket, bool commit)
{
	struct locked_buffer *locked, *next;

	if (commit)
		ticket_commit(ticket);
	else
		discard_staged(ticket);
	DL_FOREACH_SAFE(ticket->locks, locked, next) {
		let_go(ticket, locked);
		locked_buffer_free(locked);
	}
}

void ticket_unlock(struct ticket *ticket, bool commit)
{
	drop_everything(ticket, commit);
	lock_waits_go_on(ticket->device);
}

void ticket_handle_closed(struct ticket *ticket)
{
	struct device *device = ticket->device;

	/* What waits for it would otherwise close it once more. */
	ticket->is_new = false;
	if (ticket->request)
		lock_request_end(ticket->request, device->is_ending ? -ECONNABORTED : -ECANCELED);
	drop_everything(ticket, false);
	if (ticket->lost_event)
		event_discard(ticket->lost_event);
	ww_acquire_fini(&ticket->context);
	device->stats.tickets--;
	free(ticket);
	lock_waits_go_on(device);
}

/* Who holds others up is not asked whether it would have gone on. */
static void held_too_long(struct timer *timer)
{
	struct ticket *ticket = (struct ticket *)((char *)timer - offsetof(struct ticket, hold));
	struct device *device = ticket->device;

	if (ticket->is_new) {
		/* It goes with its first request. */
		lock_request_end(ticket->request, -ETIMEDOUT);
	} else {
		ticket->is_lost = true;
		if (ticket->request)
			lock_request_end(ticket->request, -ETIMEDOUT);
		drop_everything(ticket, false);
		if (ticket->lost_event)
			event_deliver(ticket->lost_event);
	}
	lock_waits_go_on(device);
}

static int start_hold_timer(struct ticket *ticket)
{
	uint64_t hold_ns = ticket->device->resv_hold_ns;
	int64_t now = dma_fence_now();

	if (!hold_ns || hold_ns > (uint64_t)(INT64_MAX - now))
		return 0;
	return timer_set(ticket->device, &ticket->hold, now + (int64_t)hold_ns, held_too_long);
}

int ticket_add_lock(struct ticket *ticket, struct locked_buffer *locked)
{
	struct account *account = ticket->file->account;
	int ret;

	ret = account->attachments >= MAX_ATTACHMENTS ? -ENOSPC : 0;
	if (!ret)
		ret = account_charge(account, sizeof(*locked));
	if (ret)
		goto err_unlock;
	ret = ticket->locks ? 0 : start_hold_timer(ticket);
	if (ret)
		goto err_uncharge;
	account->attachments++;
	DL_APPEND(ticket->locks, locked);
	locked->ticket = ticket;
	locked->buffer->locked = locked;
	ticket->device->stats.locks++;
	return 0;

err_uncharge:
	account_uncharge(account, sizeof(*locked));
err_unlock:
	dma_resv_unlock(&locked->buffer->resv);
	return ret;
}

void ticket_take_back_lock(struct ticket *ticket, struct locked_buffer *locked)
{
	let_go(ticket, locked);
}

bool ticket_has_locked(const struct ticket *ticket, const struct buffer *buffer)
{
	return buffer->locked && buffer->locked->ticket == ticket;
}

static void staged_fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct staged_fence *staged = (struct staged_fence *)callback;

	if (staged->ticket)
		DL_DELETE(staged->ticket->staged, staged);
	attachment_detach(&staged->attachment);
	attachment_free(&staged->attachment);
}

int ticket_attach(struct ticket *ticket, struct buffer *buffer, struct dma_fence *fence,
		  enum dma_resv_usage usage, bool passive)
{
	struct staged_fence *staged;
	int ret;

	if (dma_fence_is_signaled(fence))
		return 0;
	staged = calloc(1, sizeof(*staged));
	if (!staged)
		return -ENOMEM;
	ret = attachment_add(&staged->attachment, buffer, ticket->file->account, fence, usage,
			     passive ? ATTACHMENT_PASSIVE : 0, staged_fence_signaled);
	if (ret) {
		free(staged);
		return ret == -ENOENT ? 0 : ret;
	}
	staged->ticket = ticket;
	DL_APPEND(ticket->staged, staged);
	return 0;
}
