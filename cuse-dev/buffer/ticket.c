/* SPDX-License-Identifier: MIT */
/* ticket.c - see ticket.h. */
#include <errno.h>
#include <stdlib.h>

#include "buffer/attachment.h"
#include "buffer/ticket.h"
#include "container_of.h"

/* A fence that others do not see yet; once it is committed, an attachment as any other. */
struct staged_fence {
	struct attachment attachment;
	struct ticket *ticket;		  /* NULL: committed */
	struct staged_fence *prev, *next; /* of ticket->staged */
};

static void handle_closed(void *object);

static const struct handle_class ticket_handle_class = {
	.cost = handle_cost_of_one,
	.closed = handle_closed,
};

int ticket_create(struct open_file *file, struct ticket **created)
{
	const struct dma_fence_event lost = { .type = DMA_FENCE_EVENT_RESV_LOST };
	struct ticket *ticket;
	int ret = handle_reserve(&file->handles, &ticket_handle_class, NULL);

	if (ret)
		return ret;
	ticket = calloc(1, sizeof(*ticket));
	if (!ticket || record_create(&file->records, &ticket->lost_record, &lost)) {
		free(ticket);
		handle_unreserve(&file->handles, &ticket_handle_class, NULL);
		return -ENOMEM;
	}
	ticket->device = file->device;
	ticket->file = file;
	ww_acquire_init(&ticket->context, &reservation_ww_class);
	ticket->handle = handle_add(&file->handles, &ticket_handle_class, ticket);
	ticket->lost_record->event.event = ticket->handle;
	ticket->is_new = true;
	file->device->stats.tickets++;
	*created = ticket;
	return 0;
}

int ticket_get(struct open_file *file, uint32_t handle, struct ticket **ticket)
{
	void *object = NULL;
	int ret = handle_get(&file->handles, handle, &ticket_handle_class, &object);

	*ticket = object;
	return ret;
}

int ticket_find(struct open_file *file, uint32_t handle, struct ticket **ticket)
{
	int ret = ticket_get(file, handle, ticket);

	if (ret)
		return ret;
	if ((*ticket)->is_lost)
		return -ETIMEDOUT;
	return (*ticket)->waiter ? -EBUSY : 0;
}

void locked_buffer_free(struct locked_buffer *locked)
{
	buffer_put(locked->buffer);
	free(locked);
}

/* Takes the lock off the ticket, and unlocks the buffer for the next waiter. */
static void unlock(struct ticket *ticket, struct locked_buffer *locked)
{
	struct account *account = ticket->file->account;

	DL_DELETE(ticket->locks, locked);
	locked->ticket = NULL;
	locked->buffer->locked = NULL;
	account_give_back(account, ACCOUNT_ATTACHMENTS, 1);
	account_uncharge(account, sizeof(*locked));
	ticket->device->stats.locks--;
	if (!ticket->locks)
		timer_cancel(&ticket->hold);
	dma_resv_unlock(&locked->buffer->resv);
}

/* Others never see it on the buffers. */
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
		unlock(ticket, locked);
		locked_buffer_free(locked);
	}
}

void ticket_unlock(struct ticket *ticket, bool commit)
{
	drop_everything(ticket, commit);
	lock_waits_resume();
}

static void handle_closed(void *object)
{
	struct ticket *ticket = object;
	struct device *device = ticket->device;

	/* Its waiter would otherwise close it once more. */
	ticket->is_new = false;
	if (ticket->waiter)
		ticket->waiter->end(ticket->waiter, device->is_ending ? -ECONNABORTED : -ECANCELED);
	drop_everything(ticket, false);
	if (ticket->lost_record)
		record_discard(ticket->lost_record);
	ww_acquire_fini(&ticket->context);
	device->stats.tickets--;
	free(ticket);
	lock_waits_resume();
}

static void held_too_long(struct timer *timer)
{
	struct ticket *ticket = container_of(timer, struct ticket, hold);

	if (ticket->is_new) {
		/* It is closed with its first request. */
		ticket->waiter->end(ticket->waiter, -ETIMEDOUT);
	} else {
		ticket->is_lost = true;
		if (ticket->waiter)
			ticket->waiter->end(ticket->waiter, -ETIMEDOUT);
		drop_everything(ticket, false);
		if (ticket->lost_record)
			record_deliver(ticket->lost_record);
	}
	lock_waits_resume();
}

static int start_hold_timer(struct ticket *ticket)
{
	uint64_t hold_ns = ticket->device->resv_hold_ns;
	int64_t now = dma_fence_now();

	if (!hold_ns || hold_ns > (uint64_t)(INT64_MAX - now))
		return 0;
	return timer_set(&ticket->hold, now + (int64_t)hold_ns, held_too_long);
}

int ticket_add_lock(struct ticket *ticket, struct locked_buffer *locked)
{
	struct account *account = ticket->file->account;
	int ret;

	ret = account_take(account, ACCOUNT_ATTACHMENTS, 1);
	if (ret)
		goto err_unlock;
	ret = account_charge(account, sizeof(*locked));
	if (ret)
		goto err_give_back;
	ret = ticket->locks ? 0 : start_hold_timer(ticket);
	if (ret)
		goto err_uncharge;
	DL_APPEND(ticket->locks, locked);
	locked->ticket = ticket;
	locked->buffer->locked = locked;
	ticket->device->stats.locks++;
	return 0;

err_uncharge:
	account_uncharge(account, sizeof(*locked));
err_give_back:
	account_give_back(account, ACCOUNT_ATTACHMENTS, 1);
err_unlock:
	dma_resv_unlock(&locked->buffer->resv);
	return ret;
}

void ticket_take_back_lock(struct ticket *ticket, struct locked_buffer *locked)
{
	unlock(ticket, locked);
}

bool ticket_has_locked(const struct ticket *ticket, const struct buffer *buffer)
{
	return buffer->locked && buffer->locked->ticket == ticket;
}

static void staged_fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct staged_fence *staged =
		container_of(callback, struct staged_fence, attachment.callback);

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
