/* SPDX-License-Identifier: MIT */
/*
 * attach.c - see attach.h.
 *
 * An ATTACH that blocks is queued at the buffer's lock like a RESV_LOCK, without a ticket: it holds
 * nothing meanwhile, so no ticket has to back off for it.
 */
#include <errno.h>
#include <stdlib.h>

#include "buffer/attach.h"
#include "buffer/attachment.h"
#include "buffer/ticket.h"
#include "container_of.h"

struct attach_wait {
	struct pending pending;
	struct lock_wait wait;
	struct buffer *buffer;	 /* a reference */
	struct dma_fence *fence; /* a reference */
	struct dma_fence_attach argument;
};

static struct attach_wait *to_attach_wait(struct pending *pending)
{
	return container_of(pending, struct attach_wait, pending);
}

static bool is_passive(const struct dma_fence_attach *argument)
{
	return argument->flags & DMA_FENCE_ATTACH_MEMORY_WAITERS;
}

/* The buffer is free, or this request has it locked. */
static int attach_now(struct open_file *file, const struct dma_fence_attach *argument,
		      struct buffer *buffer, struct dma_fence *fence)
{
	return buffer_attach(buffer, file->account, fence, argument->usage, is_passive(argument));
}

static void end(struct pending *pending, int result)
{
	lock_wait_cancel(&to_attach_wait(pending)->wait);
}

static void wait_free(struct pending *pending)
{
	struct attach_wait *this = to_attach_wait(pending);

	buffer_put(this->buffer);
	dma_fence_put(this->fence);
	free(this);
	lock_waits_resume();
}

static const struct pending_ops wait_ops = { .end = end, .free = wait_free, .is_wait = true };

/* It is locked for this request: always 0, without a ticket it need not back off. */
static void resume(struct lock_wait *wait, int result)
{
	struct attach_wait *this = container_of(wait, struct attach_wait, wait);

	result = attach_now(this->pending.request.file, &this->argument, this->buffer, this->fence);
	dma_resv_unlock(&this->buffer->resv);
	pending_complete(&this->pending, result);
}

static int attach_when_free(const struct request *request, const struct dma_fence_attach *argument,
			    struct buffer *buffer, struct dma_fence *fence)
{
	struct attach_wait *this = calloc(1, sizeof(*this));
	int ret;

	if (!this)
		return -ENOMEM;
	this->argument = *argument;
	this->pending.answer = &this->argument;
	ret = pending_start(&this->pending, &wait_ops, request,
			    sizeof(*this) + account_fence_cost(fence));
	if (ret) {
		free(this);
		return ret;
	}
	this->buffer = buffer_get(buffer);
	this->fence = dma_fence_get(fence);
	/* It is locked, so this is -EINPROGRESS. */
	lock_wait_begin(&this->wait, buffer, NULL, false, resume);
	return REQUEST_BLOCKED;
}

int attach_fence(const struct request *request, const struct dma_fence_attach *argument,
		 struct buffer *buffer, struct dma_fence *fence)
{
	struct ticket *ticket;
	int ret;

	if (argument->ticket) {
		ret = ticket_find(request->file, argument->ticket, &ticket);
		if (ret)
			return ret;
		if (!ticket_has_locked(ticket, buffer))
			return -EINVAL;
		return ticket_attach(ticket, buffer, fence, argument->usage, is_passive(argument));
	}
	if (dma_resv_is_locked(&buffer->resv) && !dma_fence_is_signaled(fence))
		return attach_when_free(request, argument, buffer, fence);
	return attach_now(request->file, argument, buffer, fence);
}
