/* SPDX-License-Identifier: MIT */
/* event.c - see event.h. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "container_of.h"
#include "device/eventfd_signaler.h"
#include "fence/event.h"

/* What an open file has of events. */
struct event_table {
	struct file_part part;
	struct event *events; /* hash by number */
	uint32_t last_number;
};

struct event {
	struct dma_fence_cb callback;
	struct record record;
	struct event_table *table;
	struct dma_fence *fence; /* a reference, until it is signaled; NULL: fired */
	int eventfd;		 /* owned; -1: a record */
	UT_hash_handle hh;	 /* by record.event.event */
};

static struct open_file *file_of(const struct event *event)
{
	return event->table->part.file;
}

static void event_free(struct event *event)
{
	struct account *account = file_of(event)->account;

	HASH_DEL(event->table->events, event);
	record_remove(&event->record);
	account_uncharge(account, sizeof(*event));
	if (event->fence) {
		account_uncharge(account, account_fence_cost(event->fence));
		dma_fence_put(event->fence);
	}
	if (event->eventfd >= 0) {
		account_give_back(account, ACCOUNT_FDS, 1);
		close(event->eventfd);
	}
	free(event);
}

static void drop(struct event *event)
{
	if (event->fence)
		dma_fence_remove_callback(event->fence, &event->callback);
	event_free(event);
}

static void record_gone(struct record *record)
{
	drop(container_of(record, struct event, record));
}

static void fire(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct event *event = container_of(callback, struct event, callback);

	if (event->eventfd >= 0) {
		eventfd_signaler_add_one(event->eventfd);
		event_free(event);
		return;
	}
	event->record.event.status = dma_fence_get_status(fence);
	event->record.event.timestamp_ns = dma_fence_timestamp(fence);
	event->fence = NULL;
	account_uncharge(file_of(event)->account, account_fence_cost(fence));
	record_deliver(&event->record);
	dma_fence_put(fence);
}

static struct event_table *to_table(const struct file_part *part)
{
	return container_of(part, struct event_table, part);
}

static void table_release(struct file_part *part)
{
	struct event_table *table = to_table(part);
	struct event *event, *next;

	HASH_ITER(hh, table->events, event, next)
		drop(event);
	file_part_free(part);
}

static bool table_is_idle(const struct file_part *part)
{
	return !to_table(part)->events;
}

static const struct file_part_ops table_ops = {
	.size = sizeof(struct event_table),
	.release = table_release,
	.listens = true,
	.is_idle = table_is_idle,
};

static struct event *find(struct event_table *table, uint32_t number)
{
	struct event *event;

	HASH_FIND(hh, table->events, &number, sizeof(number), event);
	return event;
}

static uint32_t next_number(struct event_table *table)
{
	do {
		if (++table->last_number == 0)
			table->last_number = 1;
	} while (find(table, table->last_number));
	return table->last_number;
}

/* In the table, and nothing else yet. -ENOMEM. */
static int event_create(struct event_table *table, struct dma_fence *fence, uint64_t user_data,
			struct event **created)
{
	struct event *event = calloc(1, sizeof(*event));

	if (!event)
		return -ENOMEM;
	event->table = table;
	event->eventfd = -1;
	event->record.gone = record_gone;
	event->record.event = (struct dma_fence_event){
		.type = DMA_FENCE_EVENT_SIGNALED,
		.event = next_number(table),
		.user_data = user_data,
		.context = fence->context,
		.seqno = fence->seqno,
	};
	HASH_ADD(hh, table->events, record.event.event, sizeof(event->record.event.event), event);
	if (!event->hh.tbl) {
		free(event);
		return -ENOMEM;
	}
	record_add(&table->part.file->records, &event->record);
	*created = event;
	return 0;
}

int event_add(struct open_file *file, struct dma_fence *fence, int eventfd, uint64_t user_data,
	      uint32_t *number)
{
	struct event_table *table;
	struct file_part *part;
	struct event *event;
	int ret;

	if (dma_fence_is_signaled(fence))
		return -ENOENT;
	part = file_part_get(file, &table_ops);
	if (!part)
		return -ENOMEM;
	table = to_table(part);
	if (HASH_COUNT(table->events) >= MAX_EVENTS)
		return -ENOSPC;
	if (eventfd >= 0 && account_take(file->account, ACCOUNT_FDS, 1))
		return -ENOSPC;
	ret = account_charge(file->account, sizeof(*event) + account_fence_cost(fence));
	if (ret)
		goto err_give_back;
	ret = event_create(table, fence, user_data, &event);
	if (ret)
		goto err_uncharge;
	event->fence = dma_fence_get(fence);
	/* A container may turn out to be signaled only now that it asks its members. */
	if (dma_fence_add_callback(fence, &event->callback, fire)) {
		event_free(event);
		ret = -ENOENT;
		goto err_give_back;
	}
	event->eventfd = eventfd;
	*number = event->record.event.event;
	return 0;

err_uncharge:
	account_uncharge(file->account, sizeof(*event) + account_fence_cost(fence));
err_give_back:
	if (eventfd >= 0)
		account_give_back(file->account, ACCOUNT_FDS, 1);
	return ret;
}

int event_cancel(struct open_file *file, uint32_t number, uint32_t *fired)
{
	struct file_part *part = file_part_find(file, &table_ops);
	struct event *event = part ? find(to_table(part), number) : NULL;

	if (!event)
		return -ENOENT;
	*fired = !event->fence;
	drop(event);
	return 0;
}
