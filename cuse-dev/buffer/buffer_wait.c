/* SPDX-License-Identifier: MIT */
/* buffer_wait.c - see buffer_wait.h. */
#include <errno.h>
#include <stdlib.h>

#include "buffer/buffer_wait.h"
#include "container_of.h"

struct buffer_wait {
	struct pending pending;
	struct dma_fence_cb callback;
	struct dma_fence *fence; /* a reference */
	struct dma_fence_buffer_wait answer;
};

static struct buffer_wait *to_wait(struct pending *pending)
{
	return container_of(pending, struct buffer_wait, pending);
}

/* 0 while it is active, or where it has not failed. */
static int error_of(struct dma_fence *fence)
{
	int status = dma_fence_get_status(fence);

	return status < 0 ? status : 0;
}

static void end(struct pending *pending, int result)
{
	struct buffer_wait *wait = to_wait(pending);

	dma_fence_remove_callback(wait->fence, &wait->callback);
	wait->answer.error = error_of(wait->fence);
}

static void wait_free(struct pending *pending)
{
	struct buffer_wait *wait = to_wait(pending);

	dma_fence_put(wait->fence);
	free(wait);
}

static const struct pending_ops wait_ops = { .end = end, .free = wait_free, .is_wait = true };

static void is_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	pending_complete(&container_of(callback, struct buffer_wait, callback)->pending, 0);
}

static int block(const struct request *request, struct dma_fence *fence,
		 const struct dma_fence_buffer_wait *argument)
{
	struct buffer_wait *wait = calloc(1, sizeof(*wait));
	int ret;

	if (!wait)
		return -ENOMEM;
	wait->answer = *argument;
	wait->pending.answer = &wait->answer;
	ret = pending_start(&wait->pending, &wait_ops, request,
			    sizeof(*wait) + account_fence_cost(fence));
	if (ret) {
		free(wait);
		return ret;
	}
	wait->fence = dma_fence_get(fence);
	/* A container may find itself signaled only when its callback is added. */
	if (dma_fence_add_callback(fence, &wait->callback, is_signaled))
		pending_complete(&wait->pending, 0);
	else if (pending_set_deadline(&wait->pending, argument->deadline_ns))
		pending_complete(&wait->pending, -ENOMEM);
	return REQUEST_BLOCKED;
}

int buffer_wait_for_fence(const struct request *request, struct dma_fence *pending,
			  struct dma_fence_buffer_wait *wait)
{
	if (dma_fence_is_signaled(pending)) {
		wait->error = error_of(pending);
		return 0;
	}
	if (deadline_has_passed(wait->deadline_ns))
		return -ETIME;
	return block(request, pending, wait);
}
