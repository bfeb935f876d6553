/* SPDX-License-Identifier: MIT */
/*
 * memory_fence.c - see memory_fence.h.
 *
 * A fence keeps its buffer, and a window of it, until it is signaled: memory_fence_signal() takes
 * it off everything first, and all is done in one step under the lock. So a fence that has a buffer
 * is active, and can be polled.
 */
#include <errno.h>
#include <stdlib.h>

#include "memory/memory_fence.h"

static struct memory_fence *active; /* utlist */

static const void *futex_word(const struct memory_fence *fence)
{
	const struct mem_fence_location *location = memory_fence_location(fence);
	const char *address = window_address(fence->window, location->offset);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	address += location->size - sizeof(uint32_t);
#endif
	return address;
}

void memory_fence_activate(struct memory_fence *fence, struct account *account,
			   struct mapped_place *mapped)
{
	device_assert_held(fence->device);
	fence->buffer = mapped->buffer;
	fence->window = mapped->window;
	mapped->buffer = NULL;
	mapped->window = NULL;
	fence->key = fence->buffer->key;
	fence->account = account_get(account);
	fence->watched.fence = &fence->base.base;
	fence->watched.futex_word = futex_word(fence);
	DL_APPEND(fence->buffer->memory_fences, fence);
	DL_APPEND2(active, fence, active_prev, active_next);
}

/* Off all lists, and without its buffer. */
static void detach(struct memory_fence *fence)
{
	struct account *account = fence->account;
	struct window *window = fence->window;
	struct buffer *buffer = fence->buffer;

	if (!buffer)
		return;
	timer_cancel(&fence->timer);
	memory_watch_remove(&fence->watched);
	if (fence->is_reached)
		DL_DELETE(buffer->reached_fences, fence);
	else
		DL_DELETE(buffer->memory_fences, fence);
	DL_DELETE2(active, fence, active_prev, active_next);
	fence->window = NULL;
	fence->buffer = NULL;
	fence->account = NULL;
	window_put(window);
	buffer_put(buffer);
	account_give_back(account, ACCOUNT_MEMORY_FENCES, 1);
	memory_watch_may_end(account);
	account_put(account);
}

void memory_fence_signal(struct memory_fence *fence, int error)
{
	/* Callbacks may drop the last other reference. */
	dma_fence_get(&fence->base.base);
	dma_fence_set_error(&fence->base.base, error);
	detach(fence);
	fence->device->stats.signaled++;
	dma_fence_signal(&fence->base.base);
	dma_fence_put(&fence->base.base);
}

void memory_fence_release(struct memory_fence *fence)
{
	detach(fence);
	fence->device->stats.mem_fences--;
	free(fence);
}

void memory_fences_cancel_all(void)
{
	while (active)
		memory_fence_signal(active, -ECANCELED);
}
