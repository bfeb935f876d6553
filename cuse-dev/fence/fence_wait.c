/* SPDX-License-Identifier: MIT */
/*
 * wait.c - see wait.h.
 *
 * A parked wait owns a reference and a callback for each fence, and a timer. Whatever ends it - a
 * callback, the timer, an interrupt - does so under device->lock and takes all the others off
 * before it lets go, so only one of them ever does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "caller/caller_array.h"
#include "file/file.h"
#include "device/timer.h"
#include "fence/fence_wait.h"

struct wait;

struct wait_fence {
	struct dma_fence_cb callback;
	struct wait *wait;
	struct dma_fence *fence; /* a reference */
	bool pending;		 /* the callback is added */
};

struct wait {
	struct parked parked;
	struct timer timer;
	pid_t thread;
	unsigned int missing; /* signals until it is over */
	size_t size;	      /* of what the request carries back */
	uint64_t charge;
	struct dma_fence_wait head;
	struct dma_fence_wait_item *items; /* behind fences[], in the same allocation */
	struct wait_fence fences[];
};

/* How each stands, how many are signaled, and which was so first. */
static void look(struct dma_fence_wait *head, struct dma_fence_wait_item *items,
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

static void look_start(struct dma_fence_wait *head)
{
	head->signaled = 0;
	head->first = DMA_FENCE_WAIT_NONE;
}

static bool is_over(const struct dma_fence_wait *head)
{
	return head->signaled >= (head->flags & DMA_FENCE_WAIT_ALL ? head->count : 1);
}

static void wait_free(struct wait *wait)
{
	for (unsigned int i = 0; i < wait->head.count; i++)
		dma_fence_put(wait->fences[i].fence);
	free(wait);
}

/* Takes it off everything that could end it. */
static void detach(struct wait *wait)
{
	struct device *device = wait->parked.file->device;

	timer_cancel(device, &wait->timer);
	for (unsigned int i = 0; i < wait->head.count; i++) {
		if (wait->fences[i].pending)
			dma_fence_remove_callback(wait->fences[i].fence, &wait->fences[i].callback);
	}
	account_uncharge(wait->parked.file->account, wait->charge);
}

static void interrupted(struct parked *parked)
{
	struct wait *wait = (struct wait *)parked;

	detach(wait);
	wait_free(wait);
}

static void finish(struct wait *wait, int result)
{
	struct open_file *file = wait->parked.file;
	fuse_req_t fuse = wait->parked.fuse;
	int64_t earliest = 0;

	detach(wait);
	look_start(&wait->head);
	for (unsigned int i = 0; i < wait->head.count; i++)
		look(&wait->head, wait->items, wait->fences[i].fence, i, &earliest);
	/* At the end of the device the request may hold the last reference. */
	file_get(file);
	unpark(&wait->parked);
	if (wait->head.pointer) {
		/* A longer request is zero behind the head, and stays so. */
		caller_memory_write_and_reply(file, fuse, wait->thread, wait->head.pointer,
					      wait->items,
					      wait->head.count * sizeof(wait->items[0]),
					      &wait->head, sizeof(wait->head), result);
	} else {
		/* head and items lie apart, the request carries them together. */
		char argument[DMA_FENCE_INLINE_MAX + 1];

		memcpy(argument, &wait->head, sizeof(wait->head));
		memcpy(argument + sizeof(wait->head), wait->items, wait->size - sizeof(wait->head));
		request_reply(fuse, result, argument, wait->size);
	}
	wait_free(wait);
	file_put(file);
}

static void one_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct wait_fence *entry = (struct wait_fence *)callback;

	entry->pending = false;
	if (--entry->wait->missing == 0)
		finish(entry->wait, 0);
}

static void deadline_is_over(struct timer *timer)
{
	finish((struct wait *)((char *)timer - offsetof(struct wait, timer)), -ETIME);
}

/* Everything is checked: makes a parked wait of it. */
static int park_wait(struct open_file *file, fuse_req_t fuse, pid_t thread,
		     const struct dma_fence_wait *head, const struct dma_fence_wait_item *items,
		     size_t size)
{
	/*
	 * What the request carries may end behind the items, and be longer than head and items
	 * together.
	 */
	size_t behind = head->pointer ? 0 : size - sizeof(*head);
	size_t items_size = head->count * sizeof(*items);
	size_t room = behind > items_size ? behind : items_size;
	size_t fences_size = head->count * sizeof(struct wait_fence);
	uint64_t charge = sizeof(struct wait) + fences_size + room;
	bool all = head->flags & DMA_FENCE_WAIT_ALL;
	struct wait *wait;
	unsigned int signaled;
	int ret;

	if (account_charge(file->account, charge))
		return -ENOMEM;
	wait = calloc(1, sizeof(*wait) + fences_size + room);
	if (!wait) {
		account_uncharge(file->account, charge);
		return -ENOMEM;
	}
	wait->head = *head;
	wait->thread = thread;
	wait->size = size;
	wait->charge = charge;
	wait->items = (struct dma_fence_wait_item *)&wait->fences[head->count];
	memcpy(wait->items, items, items_size);
	wait->parked.is_wait = true;
	ret = park(&wait->parked, fuse, file, interrupted);
	if (ret) {
		wait->head.count = 0;
		account_uncharge(file->account, charge);
		wait_free(wait);
		return ret;
	}
	/* So high that no callback finds it zero before all are added. */
	wait->missing = UINT32_MAX;
	for (unsigned int i = 0; i < head->count; i++) {
		struct wait_fence *entry = &wait->fences[i];

		file_fence(file, items[i].handle, &entry->fence);
		dma_fence_get(entry->fence);
		entry->wait = wait;
		entry->pending = true;
		if (dma_fence_add_callback(entry->fence, &entry->callback, one_signaled)) {
			entry->pending = false;
			wait->missing--;
		}
	}
	/* A container may find itself signaled only when it is asked to tell. */
	signaled = UINT32_MAX - wait->missing;
	wait->missing = (all ? head->count : 1) - (signaled && !all ? 1 : signaled);
	if (!wait->missing)
		finish(wait, 0);
	else if (head->deadline_ns != DMA_FENCE_WAIT_FOREVER &&
		 timer_set(file->device, &wait->timer, head->deadline_ns, deadline_is_over))
		finish(wait, -ENOMEM);
	return REQUEST_PARKED;
}

int wait_for_fences(struct open_file *file, fuse_req_t fuse, pid_t thread,
		    struct dma_fence_wait *head, struct dma_fence_wait_item *items, size_t size)
{
	int64_t earliest = 0;

	for (unsigned int i = 0; i < head->count; i++) {
		struct dma_fence *fence;
		int ret = file_fence(file, items[i].handle, &fence);

		if (ret)
			return ret;
	}
	look_start(head);
	for (unsigned int i = 0; i < head->count; i++) {
		struct dma_fence *fence;

		file_fence(file, items[i].handle, &fence);
		look(head, items, fence, i, &earliest);
	}
	if (is_over(head))
		return 0;
	if (head->deadline_ns <= 0 ||
	    (head->deadline_ns != DMA_FENCE_WAIT_FOREVER && head->deadline_ns <= dma_fence_now()))
		return -ETIME;
	return park_wait(file, fuse, thread, head, items, size);
}
