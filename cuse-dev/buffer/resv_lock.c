/* SPDX-License-Identifier: MIT */
/*
 * resv_lock.c - see resv_lock.h, and ticket.h for what can happen at the same time.
 *
 * A lock request belongs to its worker job until it blocks; then it is a pending request by itself,
 * which is completed by a lock, the deadline, an interrupt, or the end of its ticket. It owns the
 * buffers that are not locked yet. Those that are locked are the ticket's, and are taken back from
 * it when the request fails.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer/resv_lock.h"
#include "buffer/ticket.h"
#include "container_of.h"

struct lock_request {
	struct pending pending; /* while it blocks */
	struct lock_wait wait;
	struct ticket_waiter waiter;
	struct ticket *ticket; /* from apply() on */
	uint32_t known;	       /* buffers */
	uint32_t locked;       /* the first ones of them; the next is waited for */
	struct dma_fence_resv_lock argument;
	struct locked_buffer *buffers[];
};

struct lock_job {
	struct worker_job job;
	struct lock_request *request; /* allocated by prepare(); NULL once it blocks */
	int32_t fds[];
};

static struct lock_job *to_lock_job(struct worker_job *job)
{
	return container_of(job, struct lock_job, job);
}

static struct lock_request *to_lock_request(struct pending *pending)
{
	return container_of(pending, struct lock_request, pending);
}

static size_t request_size(uint32_t count)
{
	return sizeof(struct lock_request) + count * sizeof(struct locked_buffer *);
}

/* What it has locked is the ticket's. */
static void request_free(struct lock_request *request)
{
	for (uint32_t i = request->locked; i < request->known; i++)
		locked_buffer_free(request->buffers[i]);
	free(request);
}

/* Is a buffer in the list twice, or locked under this ticket already? */
static int check_buffers(struct lock_request *request)
{
	uint32_t checked;
	int ret = 0;

	for (checked = 0; checked < request->known; checked++) {
		struct buffer *buffer = request->buffers[checked]->buffer;

		if (buffer->is_listed || ticket_has_locked(request->ticket, buffer)) {
			request->argument.contended = checked;
			ret = -EALREADY;
			break;
		}
		buffer->is_listed = true;
	}
	while (checked--)
		request->buffers[checked]->buffer->is_listed = false;
	return ret;
}

static void resume(struct lock_wait *wait, int result);

/* -EINPROGRESS: resume() is called later. */
static int lock_next(struct lock_request *request)
{
	const struct dma_fence_resv_lock *argument = &request->argument;
	struct buffer *buffer = request->buffers[request->locked]->buffer;
	struct ww_acquire_ctx *context = &request->ticket->context;
	bool slow = argument->flags & DMA_FENCE_RESV_LOCK_SLOW && !request->locked;

	if (argument->flags & DMA_FENCE_RESV_LOCK_TRY)
		return ww_mutex_trylock(&buffer->resv.ww, context) ? 0 : -EBUSY;
	/* A request that does not wait makes no younger ticket back off. */
	if (deadline_has_passed(argument->deadline_ns) && dma_resv_is_locked(&buffer->resv))
		return -ETIME;
	return lock_wait_begin(&request->wait, buffer, context, slow, resume);
}

static int add_lock(struct lock_request *request)
{
	int ret = ticket_add_lock(request->ticket, request->buffers[request->locked]);

	if (!ret)
		request->locked++;
	return ret;
}

static int lock_rest(struct lock_request *request)
{
	int ret = 0;

	while (!ret && request->locked < request->known) {
		ret = lock_next(request);
		if (!ret)
			ret = add_lock(request);
	}
	return ret;
}

/* Sets what becomes of the ticket, and what the argument says about it. */
static void conclude(struct lock_request *request, int result)
{
	struct ticket *ticket = request->ticket;

	if (result == -EDEADLK || result == -EBUSY)
		request->argument.contended = request->locked;
	while (result && request->locked)
		ticket_take_back_lock(ticket, request->buffers[--request->locked]);
	ticket->waiter = NULL;
	if (!result || result == -EDEADLK) {
		request->argument.ticket = ticket->handle;
		ticket->is_new = false;
	} else if (ticket->is_new) {
		handle_close(&ticket->file->handles, ticket->handle);
	}
}

static void end(struct pending *pending, int result)
{
	struct lock_request *request = to_lock_request(pending);

	lock_wait_cancel(&request->wait);
	conclude(request, result);
}

static void pending_free(struct pending *pending)
{
	request_free(to_lock_request(pending));
	lock_waits_resume();
}

static const struct pending_ops lock_ops = { .end = end, .free = pending_free, .is_wait = true };

static void ticket_ends(struct ticket_waiter *waiter, int result)
{
	pending_complete(&container_of(waiter, struct lock_request, waiter)->pending, result);
}

static void resume(struct lock_wait *wait, int result)
{
	struct lock_request *request = container_of(wait, struct lock_request, wait);

	if (!result)
		result = add_lock(request);
	if (!result)
		result = lock_rest(request);
	if (result != -EINPROGRESS)
		pending_complete(&request->pending, result);
}

/* It is in a queue. On an error it is not any more. */
static int block(struct lock_request *request, const struct request *of)
{
	int ret = pending_start(&request->pending, &lock_ops, of,
				request_size(request->known) +
					request->known * sizeof(struct locked_buffer));

	if (ret)
		goto err_cancel;
	request->pending.answer = &request->argument;
	ret = pending_set_deadline(&request->pending, request->argument.deadline_ns);
	if (ret)
		goto err_take_out;
	request->waiter.end = ticket_ends;
	request->ticket->waiter = &request->waiter;
	return REQUEST_BLOCKED;

err_take_out:
	pending_take_out(&request->pending);
err_cancel:
	lock_wait_cancel(&request->wait);
	return ret;
}

static int get_ticket(struct lock_request *request, struct open_file *file)
{
	int ret;

	if (!request->argument.ticket)
		return ticket_create(file, &request->ticket);
	ret = ticket_find(file, request->argument.ticket, &request->ticket);
	if (!ret && request->argument.flags & DMA_FENCE_RESV_LOCK_SLOW && request->ticket->locks)
		ret = -EINVAL;
	return ret;
}

static int apply(struct worker_job *job)
{
	struct lock_job *this = to_lock_job(job);
	struct lock_request *request = this->request;
	int ret = get_ticket(request, job->pending.request.file);

	if (!ret) {
		ret = check_buffers(request);
		if (!ret)
			ret = lock_rest(request);
		if (ret == -EINPROGRESS)
			ret = block(request, &job->pending.request);
		if (ret != REQUEST_BLOCKED)
			conclude(request, ret);
	}
	if (ret == REQUEST_BLOCKED)
		this->request = NULL;
	else
		*(struct dma_fence_resv_lock *)job->argument = request->argument;
	lock_waits_resume();
	return ret;
}

/* The buffer behind one fd. It is pinned from here on, so that no other fd of it need be kept. */
static int prepare_buffer(struct lock_job *this, int32_t fd)
{
	struct worker_job *job = &this->job;
	struct locked_buffer *locked = NULL;
	struct taken_buffer taken;
	int ret = buffer_take(job, fd, &taken);

	if (!ret) {
		locked = calloc(1, sizeof(*locked));
		ret = locked ? 0 : -ENOMEM;
	}
	if (!ret) {
		device_lock(job->device);
		ret = buffer_of_taken(job->device, job->account, &taken, &locked->buffer);
		device_unlock(job->device);
	}
	if (ret)
		free(locked);
	else
		this->request->buffers[this->request->known++] = locked;
	taken_buffer_close(&taken);
	return ret;
}

static int prepare(struct worker_job *job)
{
	struct lock_job *this = to_lock_job(job);
	const struct dma_fence_resv_lock *argument = job->argument;
	int ret = 0;

	this->request = calloc(1, request_size(argument->count));
	if (!this->request)
		return -ENOMEM;
	this->request->argument = *argument;
	if (argument->pointer)
		ret = caller_read(job, argument->pointer, this->fds,
				  argument->count * sizeof(this->fds[0]));
	for (uint32_t i = 0; !ret && i < argument->count; i++)
		ret = prepare_buffer(this, this->fds[i]);
	return ret;
}

static void cleanup(struct worker_job *job)
{
	struct lock_job *this = to_lock_job(job);

	if (!this->request)
		return;
	device_lock(job->device);
	request_free(this->request);
	device_unlock_and_notify(job->device);
}

static const struct worker_job_ops job_ops = {
	.prepare = prepare,
	.apply = apply,
	.cleanup = cleanup,
};

int resv_lock_request(const struct request *request, const struct dma_fence_resv_lock *argument)
{
	size_t fds_size = argument->count * sizeof(int32_t);
	struct dma_fence_resv_lock copy = *argument;
	struct lock_job *this;

	copy.contended = DMA_FENCE_RESV_LOCK_NONE;
	this = worker_job_create(request, &job_ops, sizeof(*this) + fds_size, &copy, sizeof(copy));
	if (!this)
		return -ENOMEM;
	if (!argument->pointer)
		memcpy(this->fds, argument + 1, fds_size);
	this->job.charge +=
		request_size(argument->count) + argument->count * sizeof(struct locked_buffer);
	return worker_submit(&this->job);
}
