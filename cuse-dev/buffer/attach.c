/* SPDX-License-Identifier: MIT */
/*
 * attach.c - see attach.h.
 *
 * An ATTACH that waits is queued at the buffer's lock like a RESV_LOCK, without a ticket: it holds
 * nothing meanwhile, so nobody has to back off for it. It owns references to buffer and fence. What
 * ends it - the lock, or an interrupt - frees it, under device->lock.
 */
#include <errno.h>
#include <stdlib.h>

#include "buffer/attach.h"
#include "buffer/ticket.h"

struct attach_wait {
	struct parked parked;
	struct lock_wait wait;
	struct buffer *buffer;	 /* a reference */
	struct dma_fence *fence; /* a reference */
	uint64_t charge;
	size_t answer_size;
	struct dma_fence_attach argument;
};

/* The buffer is free, or this request has it locked. */
static int attach_now(struct open_file *file, const struct dma_fence_attach *argument,
		      struct buffer *buffer, struct dma_fence *fence)
{
	return buffer_attach(buffer, file->account, fence, argument->usage,
			     argument->flags & DMA_FENCE_ATTACH_MEMORY_WAITERS);
}

static void wait_free(struct attach_wait *this, struct account *account)
{
	account_uncharge(account, this->charge);
	buffer_put(this->buffer);
	dma_fence_put(this->fence);
	free(this);
}

static void go_on(struct lock_wait *wait, int result)
{
	struct attach_wait *this =
		(struct attach_wait *)((char *)wait - offsetof(struct attach_wait, wait));
	struct open_file *file = this->parked.file;
	fuse_req_t fuse = this->parked.fuse;

	result = attach_now(file, &this->argument, this->buffer, this->fence);
	dma_resv_unlock(&this->buffer->resv);
	file_get(file);
	unpark(&this->parked);
	request_reply(fuse, result, &this->argument, this->answer_size);
	wait_free(this, file->account);
	file_put(file);
}

static void interrupted(struct parked *parked)
{
	struct attach_wait *this = (struct attach_wait *)parked;
	struct device *device = parked->file->device;

	lock_wait_cancel(&this->wait);
	wait_free(this, parked->file->account);
	lock_waits_go_on(device);
}

static int attach_when_free(struct lane_job *job, const struct dma_fence_attach *argument,
			    struct buffer *buffer, struct dma_fence *fence)
{
	struct open_file *file = job->parked.file;
	struct attach_wait *this = calloc(1, sizeof(*this));
	int ret;

	if (!this)
		return -ENOMEM;
	this->charge = sizeof(*this) + account_fence_cost(fence);
	ret = account_charge(file->account, this->charge);
	if (ret)
		goto err_free;
	this->parked.is_wait = true;
	ret = park(&this->parked, job->parked.fuse, file, interrupted);
	if (ret)
		goto err_uncharge;
	this->argument = *argument;
	this->answer_size = job->answer_size;
	this->buffer = buffer;
	buffer->references++;
	this->fence = dma_fence_get(fence);
	/* It is locked, so this is -EINPROGRESS. */
	lock_wait_begin(&this->wait, buffer, NULL, false, go_on);
	return REQUEST_PARKED;

err_uncharge:
	account_uncharge(file->account, this->charge);
err_free:
	free(this);
	return ret;
}

int attach_apply(struct lane_job *job, const struct dma_fence_attach *argument,
		 struct buffer *buffer, struct dma_fence *fence)
{
	struct open_file *file = job->parked.file;
	struct ticket *ticket;
	int ret;

	if (argument->ticket) {
		ret = ticket_find(file, argument->ticket, &ticket);
		if (ret)
			return ret;
		if (!ticket_has_locked(ticket, buffer))
			return -EINVAL;
		return ticket_attach(ticket, buffer, fence, argument->usage,
				     argument->flags & DMA_FENCE_ATTACH_MEMORY_WAITERS);
	}
	if (dma_resv_is_locked(&buffer->resv) && !dma_fence_is_signaled(fence))
		return attach_when_free(job, argument, buffer, fence);
	return attach_now(file, argument, buffer, fence);
}
