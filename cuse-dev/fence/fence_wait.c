/* SPDX-License-Identifier: MIT */
/* fence_wait.c - see fence_wait.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "caller/caller_array.h"
#include "container_of.h"
#include "fence/fence_wait.h"

struct wait;

struct wait_fence {
	struct dma_fence_cb callback;
	struct wait *wait;
	struct dma_fence *fence; /* a reference */
	bool pending;		 /* the callback is added */
};

struct wait {
	struct pending pending;
	unsigned int count;
	unsigned int remaining; /* signals until it is over */
	struct dma_fence_wait_item *items;
	/* What the request carries: head and items; with head->pointer the items lie behind it. */
	struct dma_fence_wait *head;
	struct wait_fence fences[];
};

static struct wait *to_wait(struct pending *pending)
{
	return container_of(pending, struct wait, pending);
}

/* The state of one fence, how many are signaled, and which was so first. */
static void poll_fence(struct dma_fence_wait *head, struct dma_fence_wait_item *items,
		       struct dma_fence *fence, unsigned int index, int64_t *earliest)
{
	items[index].status = dma_fence_get_status(fence);
	if (!items[index].status)
		return;
	head->signaled++;
	if (head->first == DMA_FENCE_WAIT_NONE || dma_fence_timestamp(fence) < *earliest) {
		*earliest = dma_fence_timestamp(fence);
		head->first = index;
	}
}

static void poll_start(struct dma_fence_wait *head)
{
	head->signaled = 0;
	head->first = DMA_FENCE_WAIT_NONE;
}

static bool is_over(const struct dma_fence_wait *head)
{
	return head->signaled >= (head->flags & DMA_FENCE_WAIT_ALL ? head->count : 1);
}

static void end(struct pending *pending, int result)
{
	struct wait *wait = to_wait(pending);
	int64_t earliest = 0;

	for (unsigned int i = 0; i < wait->count; i++) {
		if (wait->fences[i].pending)
			dma_fence_remove_callback(wait->fences[i].fence, &wait->fences[i].callback);
	}
	poll_start(wait->head);
	for (unsigned int i = 0; i < wait->count; i++)
		poll_fence(wait->head, wait->items, wait->fences[i].fence, i, &earliest);
}

static void reply(struct pending *pending, int result)
{
	struct wait *wait = to_wait(pending);

	if (wait->head->pointer && (!result || result == -ETIME))
		caller_array_write_and_reply(&pending->request, wait->head->pointer, wait->items,
					     wait->count * sizeof(wait->items[0]), wait->head,
					     result);
	else
		request_reply(&pending->request, result, wait->head);
}

static void wait_free(struct pending *pending)
{
	struct wait *wait = to_wait(pending);

	for (unsigned int i = 0; i < wait->count; i++)
		dma_fence_put(wait->fences[i].fence);
	free(wait);
}

static const struct pending_ops wait_ops = {
	.end = end,
	.reply = reply,
	.free = wait_free,
	.is_wait = true,
};

static void one_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct wait_fence *entry = container_of(callback, struct wait_fence, callback);

	entry->pending = false;
	if (--entry->wait->remaining == 0)
		pending_complete(&entry->wait->pending, 0);
}

/* With a copy of what the request carries, and of the items where they are not in it. */
static struct wait *wait_create(const struct request *request, const struct dma_fence_wait *head,
				const struct dma_fence_wait_item *items, size_t *size)
{
	size_t carried = request->reply_size > sizeof(*head) ? request->reply_size : sizeof(*head);
	size_t items_size = head->count * sizeof(*items);
	size_t fences_size = head->count * sizeof(struct wait_fence);
	struct wait *wait;

	carried = (carried + sizeof(*items) - 1) / sizeof(*items) * sizeof(*items);
	*size = sizeof(*wait) + fences_size + carried + (head->pointer ? items_size : 0);
	wait = calloc(1, *size);
	if (!wait)
		return NULL;
	wait->head = (struct dma_fence_wait *)&wait->fences[head->count];
	*wait->head = *head;
	wait->items =
		head->pointer ? (void *)((char *)wait->head + carried) : (void *)(wait->head + 1);
	memcpy(wait->items, items, items_size);
	return wait;
}

/* It is pending: gives it what may complete it. */
static void start(struct wait *wait)
{
	struct handle_table *handles = &wait->pending.request.file->handles;
	bool all = wait->head->flags & DMA_FENCE_WAIT_ALL;
	unsigned int signaled;

	/* Biased so that no callback sees zero before every callback has been added. */
	wait->remaining = UINT32_MAX;
	wait->count = wait->head->count;
	for (unsigned int i = 0; i < wait->count; i++) {
		struct wait_fence *entry = &wait->fences[i];

		handle_get_fence(handles, wait->items[i].handle, &entry->fence);
		dma_fence_get(entry->fence);
		entry->wait = wait;
		entry->pending = true;
		if (dma_fence_add_callback(entry->fence, &entry->callback, one_signaled)) {
			entry->pending = false;
			wait->remaining--;
		}
	}
	/* A container may find itself signaled only when its callback is added. */
	signaled = UINT32_MAX - wait->remaining;
	wait->remaining = (all ? wait->count : 1) - (signaled && !all ? 1 : signaled);
	if (!wait->remaining)
		pending_complete(&wait->pending, 0);
	else if (pending_set_deadline(&wait->pending, wait->head->deadline_ns))
		pending_complete(&wait->pending, -ENOMEM);
}

static int block(const struct request *request, const struct dma_fence_wait *head,
		 const struct dma_fence_wait_item *items)
{
	size_t size;
	struct wait *wait = wait_create(request, head, items, &size);
	int ret;

	if (!wait)
		return -ENOMEM;
	ret = pending_start(&wait->pending, &wait_ops, request, size);
	if (ret) {
		free(wait);
		return ret;
	}
	start(wait);
	return REQUEST_BLOCKED;
}

int wait_for_fences(const struct request *request, struct dma_fence_wait *head,
		    struct dma_fence_wait_item *items)
{
	int64_t earliest = 0;

	poll_start(head);
	for (unsigned int i = 0; i < head->count; i++) {
		struct dma_fence *fence;
		int ret = handle_get_fence(&request->file->handles, items[i].handle, &fence);

		if (ret)
			return ret;
		poll_fence(head, items, fence, i, &earliest);
	}
	if (is_over(head))
		return 0;
	if (deadline_has_passed(head->deadline_ns))
		return -ETIME;
	return block(request, head, items);
}
