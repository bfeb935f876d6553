/* SPDX-License-Identifier: MIT */
/* record.c - see record.h. */
#include <errno.h>
#include <stdlib.h>

#include "container_of.h"
#include "file/record.h"

void record_add(struct record_queue *queue, struct record *record)
{
	device_assert_held(queue->device);
	record->queue = queue;
	DL_APPEND(queue->undelivered, record);
	queue->device->stats.events++;
}

void record_remove(struct record *record)
{
	struct record_queue *queue = record->queue;

	if (record->is_ready)
		DL_DELETE(queue->ready, record);
	else
		DL_DELETE(queue->undelivered, record);
	queue->device->stats.events--;
}

void record_deliver(struct record *record)
{
	struct record_queue *queue = record->queue;

	device_assert_held(queue->device);
	if (!record->event.timestamp_ns)
		record->event.timestamp_ns = dma_fence_now();
	DL_DELETE(queue->undelivered, record);
	DL_APPEND(queue->ready, record);
	record->is_ready = true;
	if (record->delivered)
		record->delivered(record);
	if (queue->listeners)
		queue->listeners->ready(queue->listeners);
	else
		queue->became_ready(queue);
}

unsigned int records_take(struct record_queue *queue, struct dma_fence_event *events,
			  unsigned int capacity)
{
	unsigned int taken = 0;

	while (taken < capacity && queue->ready) {
		events[taken++] = queue->ready->event;
		queue->ready->gone(queue->ready);
	}
	return taken;
}

bool records_are_idle(const struct record_queue *queue)
{
	return !queue->undelivered && !queue->ready;
}

void records_drop_all(struct record_queue *queue)
{
	while (queue->ready)
		queue->ready->gone(queue->ready);
	while (queue->undelivered)
		queue->undelivered->gone(queue->undelivered);
}

/* A record of the device's own. */
struct own_record {
	struct record record;
	struct record **owner;
};

static void take_off_owner(struct record *record)
{
	*container_of(record, struct own_record, record)->owner = NULL;
}

static void own_gone(struct record *record)
{
	struct own_record *own = container_of(record, struct own_record, record);

	if (!record->is_ready)
		take_off_owner(record);
	record_remove(record);
	account_uncharge(record->queue->account, sizeof(*own));
	free(own);
}

int record_create(struct record_queue *queue, struct record **owner,
		  const struct dma_fence_event *event)
{
	struct own_record *own;

	if (account_charge(queue->account, sizeof(*own)))
		return -ENOMEM;
	own = calloc(1, sizeof(*own));
	if (!own) {
		account_uncharge(queue->account, sizeof(*own));
		return -ENOMEM;
	}
	own->record.event = *event;
	own->record.delivered = take_off_owner;
	own->record.gone = own_gone;
	own->owner = owner;
	record_add(queue, &own->record);
	*owner = &own->record;
	return 0;
}

void record_discard(struct record *record)
{
	own_gone(record);
}
