/* SPDX-License-Identifier: MIT */
/* event.c - see event.h. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fence/event.h"
#include "device/eventfd_signaler.h"

static void event_free(struct event *event)
{
	struct open_file *file = event->file;

	if (event->is_numbered)
		HASH_DEL(file->events, event);
	account_uncharge(file->account, sizeof(*event));
	if (event->fence) {
		account_uncharge(file->account, account_fence_cost(event->fence));
		dma_fence_put(event->fence);
	}
	if (event->eventfd >= 0) {
		file->account->fds--;
		close(event->eventfd);
	}
	file->device->stats.events--;
	free(event);
}

static void fire(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct event *event = (struct event *)callback;
	struct open_file *file = event->file;

	if (event->eventfd >= 0) {
		eventfd_signaler_add_one(file->device->eventfd_signaler, event->eventfd);
		event_free(event);
		return;
	}
	event->record.status = dma_fence_get_status(fence);
	event->record.timestamp_ns = dma_fence_timestamp(fence);
	event->fence = NULL;
	account_uncharge(file->account, account_fence_cost(fence));
	DL_APPEND(file->ready, event);
	dma_fence_put(fence);
	file_became_readable(file);
}

static uint32_t next_number(struct open_file *file)
{
	struct event *taken;

	do {
		if (++file->last_event == 0)
			file->last_event = 1;
		HASH_FIND_INT(file->events, &file->last_event, taken);
	} while (taken);
	return file->last_event;
}

int event_add(struct open_file *file, struct dma_fence *fence, int eventfd, uint64_t user_data,
	      uint32_t *number)
{
	struct account *account = file->account;
	struct event *event;

	if (dma_fence_is_signaled(fence))
		return -ENOENT;
	if (HASH_COUNT(file->events) >= MAX_EVENTS)
		return -ENOSPC;
	if (eventfd >= 0 && account->fds >= file->device->max_fds)
		return -ENOSPC;
	if (account_charge(account, sizeof(*event) + account_fence_cost(fence)))
		return -ENOMEM;
	event = calloc(1, sizeof(*event));
	if (!event)
		goto err_uncharge;
	event->file = file;
	event->eventfd = -1;
	event->record = (struct dma_fence_event){
		.type = DMA_FENCE_EVENT_SIGNALED,
		.event = next_number(file),
		.user_data = user_data,
		.context = fence->context,
		.seqno = fence->seqno,
	};
	HASH_ADD_INT(file->events, record.event, event);
	if (!event->hh.tbl)
		goto err_free;
	event->is_numbered = true;
	file->device->stats.events++;
	event->fence = dma_fence_get(fence);
	/* A container may turn out to be signaled only now that it looks at its members. */
	if (dma_fence_add_callback(fence, &event->callback, fire)) {
		event_free(event);
		return -ENOENT;
	}
	if (eventfd >= 0) {
		event->eventfd = eventfd;
		account->fds++;
	}
	*number = event->record.event;
	return 0;

err_free:
	free(event);
err_uncharge:
	account_uncharge(account, sizeof(*event) + account_fence_cost(fence));
	return -ENOMEM;
}

static void drop(struct event *event)
{
	if (event->fence)
		dma_fence_remove_callback(event->fence, &event->callback);
	else
		DL_DELETE(event->file->ready, event);
	event_free(event);
}

int event_cancel(struct open_file *file, uint32_t number, uint32_t *fired)
{
	struct event *event;

	HASH_FIND_INT(file->events, &number, event);
	if (!event)
		return -ENOENT;
	*fired = !event->fence;
	drop(event);
	return 0;
}

unsigned int events_take(struct open_file *file, struct dma_fence_event *records,
			 unsigned int count)
{
	unsigned int taken = 0;

	while (taken < count && file->ready) {
		struct event *event = file->ready;

		records[taken++] = event->record;
		drop(event);
	}
	return taken;
}

int event_prepare(struct open_file *file, struct event **owner,
		  const struct dma_fence_event *record)
{
	struct event *event;

	if (account_charge(file->account, sizeof(*event)))
		return -ENOMEM;
	event = calloc(1, sizeof(*event));
	if (!event) {
		account_uncharge(file->account, sizeof(*event));
		return -ENOMEM;
	}
	event->file = file;
	event->eventfd = -1;
	event->record = *record;
	event->prepared = owner;
	*owner = event;
	DL_APPEND(file->prepared, event);
	file->device->stats.events++;
	return 0;
}

/* It is its owner's no longer. */
static void take_from_owner(struct event *event)
{
	*event->prepared = NULL;
	event->prepared = NULL;
	DL_DELETE(event->file->prepared, event);
}

void event_deliver(struct event *event)
{
	struct open_file *file = event->file;

	take_from_owner(event);
	event->record.timestamp_ns = dma_fence_now();
	DL_APPEND(file->ready, event);
	file_became_readable(file);
}

void event_discard(struct event *event)
{
	take_from_owner(event);
	event_free(event);
}

void events_drop_all(struct open_file *file)
{
	struct event *event, *next;

	HASH_ITER(hh, file->events, event, next)
		drop(event);
	DL_FOREACH_SAFE(file->ready, event, next)
		drop(event);
	DL_FOREACH_SAFE(file->prepared, event, next)
		event_discard(event);
}
