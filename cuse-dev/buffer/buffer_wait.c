/* SPDX-License-Identifier: MIT */
/*
 * buffer_wait.c - see buffer_wait.h.
 *
 * A parked wait owns a reference to the snapshot, a callback on it, and a timer. Whatever ends it -
 * the callback, the timer, an interrupt - does so under device->lock and takes the others off
 * first, so only one of them ever does. wait.c does the same for fences that the caller has handles
 * of.
 */
#include <errno.h>
#include <stdlib.h>

#include "buffer/buffer_wait.h"
#include "file/file.h"
#include "device/timer.h"

struct buffer_wait {
	struct parked parked;
	struct dma_fence_cb callback;
	struct timer timer;
	struct dma_fence *pending; /* a reference */
	uint64_t charge;
	size_t size; /* of the answer */
	struct dma_fence_buffer_wait answer;
};

static struct buffer_wait *of_callback(struct dma_fence_cb *callback)
{
	return (struct buffer_wait *)((char *)callback - offsetof(struct buffer_wait, callback));
}

static struct buffer_wait *of_timer(struct timer *timer)
{
	return (struct buffer_wait *)((char *)timer - offsetof(struct buffer_wait, timer));
}

/* 0 while it is active, or where it has not failed. */
static int error_of(struct dma_fence *fence)
{
	int status = dma_fence_get_status(fence);

	return status < 0 ? status : 0;
}

/* Takes it off everything that could end it. */
static void detach(struct buffer_wait *wait)
{
	timer_cancel(wait->parked.file->device, &wait->timer);
	dma_fence_remove_callback(wait->pending, &wait->callback);
	account_uncharge(wait->parked.file->account, wait->charge);
}

static void wait_free(struct buffer_wait *wait)
{
	dma_fence_put(wait->pending);
	free(wait);
}

static void interrupted(struct parked *parked)
{
	struct buffer_wait *wait = (struct buffer_wait *)parked;

	detach(wait);
	wait_free(wait);
}

static void finish(struct buffer_wait *wait, int result)
{
	fuse_req_t fuse = wait->parked.fuse;

	detach(wait);
	wait->answer.error = error_of(wait->pending);
	unpark(&wait->parked);
	request_reply(fuse, result, &wait->answer, wait->size);
	wait_free(wait);
}

static void is_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	finish(of_callback(callback), 0);
}

static void deadline_is_over(struct timer *timer)
{
	finish(of_timer(timer), -ETIME);
}

static int park_wait(struct open_file *file, fuse_req_t fuse, struct dma_fence *pending,
		     const struct dma_fence_buffer_wait *argument, size_t size)
{
	uint64_t charge = sizeof(struct buffer_wait) + account_fence_cost(pending);
	struct buffer_wait *wait;
	int ret = -ENOMEM;

	if (account_charge(file->account, charge))
		return -ENOMEM;
	wait = calloc(1, sizeof(*wait));
	if (!wait)
		goto err_uncharge;
	wait->charge = charge;
	wait->size = size;
	wait->answer = *argument;
	wait->parked.is_wait = true;
	ret = park(&wait->parked, fuse, file, interrupted);
	if (ret)
		goto err_free;
	wait->pending = dma_fence_get(pending);
	/* A container may find itself signaled only when it is asked to tell. */
	if (dma_fence_add_callback(pending, &wait->callback, is_signaled))
		finish(wait, 0);
	else if (argument->deadline_ns != DMA_FENCE_WAIT_FOREVER &&
		 timer_set(file->device, &wait->timer, argument->deadline_ns, deadline_is_over))
		finish(wait, -ENOMEM);
	return REQUEST_PARKED;

err_free:
	free(wait);
err_uncharge:
	account_uncharge(file->account, charge);
	return ret;
}

int buffer_wait_for_fence(struct open_file *file, fuse_req_t fuse, struct dma_fence *pending,
			  struct dma_fence_buffer_wait *wait, size_t size)
{
	if (dma_fence_is_signaled(pending)) {
		wait->error = error_of(pending);
		return 0;
	}
	if (wait->deadline_ns <= 0 ||
	    (wait->deadline_ns != DMA_FENCE_WAIT_FOREVER && wait->deadline_ns <= dma_fence_now()))
		return -ETIME;
	return park_wait(file, fuse, pending, wait, size);
}
