/* SPDX-License-Identifier: MIT */
/* event.c - callbacks as records to read, or as a write to an eventfd. */
#include <limits.h>
#include <unistd.h>

#include "request.h"

static int event_add(int device, struct dma_fence_event_add *add, uint32_t *event)
{
	if (request(device, DMA_FENCE_IOC_EVENT_ADD, add) < 0)
		return -1;
	*event = add->event;
	return 0;
}

API int dma_fence_device_event_add(int device, uint32_t handle, uint64_t user_data, uint32_t *event)
{
	struct dma_fence_event_add add = { .handle = handle,
					   .eventfd = -1,
					   .user_data = user_data };

	return event_add(device, &add, event);
}

API int dma_fence_device_eventfd_add(int device, uint32_t handle, int eventfd, uint32_t *event)
{
	struct dma_fence_event_add add = { .handle = handle, .eventfd = eventfd };

	/* -1 asks for a record, which is the other function. */
	if (eventfd < 0)
		return fail(EBADF);
	return event_add(device, &add, event);
}

API int dma_fence_device_event_cancel(int device, uint32_t event, uint32_t *fired)
{
	struct dma_fence_event_cancel cancel = { .event = event };

	if (request(device, DMA_FENCE_IOC_EVENT_CANCEL, &cancel) < 0)
		return -1;
	if (fired)
		*fired = cancel.fired;
	return 0;
}

API int dma_fence_device_read_events(int device, struct dma_fence_event *events, size_t capacity)
{
	ssize_t size;

	/* read(2) of nothing never reaches the device, and of too much is undefined. */
	if (capacity == 0)
		return fail(EINVAL);
	if (capacity > INT_MAX / sizeof(*events))
		capacity = INT_MAX / sizeof(*events);
	size = read(device, events, capacity * sizeof(*events));
	return size < 0 ? -1 : (int)(size / sizeof(*events));
}
