/* SPDX-License-Identifier: MIT */
/*
 * resv_lock.c - see resv_lock.h, and ticket.h for what can happen at the same time.
 *
 * A lock request is its lane job's until it has to wait; then it is parked by itself, and whatever
 * ends it - a lock, the deadline, an interrupt, the end of its ticket - frees it, under
 * device->lock. It owns the buffers that are not locked yet. Those that are locked are the
 * ticket's, and are taken back from it should the request fail.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller/caller.h"
#include "buffer/resv_lock.h"
#include "buffer/ticket.h"

struct lock_request {
	struct parked parked; /* while it waits */
	struct lock_wait wait;
	struct timer deadline;
	struct ticket *ticket; /* from apply() on */
	uint64_t charge;       /* while it waits */
	uint32_t known;	       /* buffers */
	uint32_t locked;       /* the first ones of them; the next is waited for */
	struct dma_fence_resv_lock argument;
	struct locked_buffer *buffers[];
};

struct lock_job {
	struct lane_job job;
	struct lock_request *request; /* made on the lane; its own when it waits, and then NULL */
	struct dma_fence_resv_lock argument;
	int32_t fds[];
};

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

/* Named twice, or locked under this ticket already? */
static int check_names(struct lock_request *request)
{
	uint32_t checked;
	int ret = 0;

	for (checked = 0; checked < request->known; checked++) {
		struct buffer *buffer = request->buffers[checked]->buffer;

		if (buffer->is_named || ticket_has_locked(request->ticket, buffer)) {
			request->argument.contended = checked;
			ret = -EALREADY;
			break;
		}
		buffer->is_named = true;
	}
	while (checked--)
		request->buffers[checked]->buffer->is_named = false;
	return ret;
}

static bool is_too_late(int64_t deadline_ns)
{
	return deadline_ns <= 0 ||
	       (deadline_ns != DMA_FENCE_WAIT_FOREVER && deadline_ns <= dma_fence_now());
}

static void go_on(struct lock_wait *wait, int result);

/* -EINPROGRESS: go_on() is called later. */
static int lock_next(struct lock_request *request)
{
	const struct dma_fence_resv_lock *argument = &request->argument;
	struct buffer *buffer = request->buffers[request->locked]->buffer;
	struct ww_acquire_ctx *context = &request->ticket->context;
	bool slow = argument->flags & DMA_FENCE_RESV_LOCK_SLOW && !request->locked;

	if (argument->flags & DMA_FENCE_RESV_LOCK_TRY)
		return ww_mutex_trylock(&buffer->resv.ww, context) ? 0 : -EBUSY;
	/* Who just looks does not make younger ones give up. */
	if (is_too_late(argument->deadline_ns) && dma_resv_is_locked(&buffer->resv))
		return -ETIME;
	return lock_wait_begin(&request->wait, buffer, context, slow, go_on);
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

/* What becomes of the ticket, and what the argument says about it. */
static void settle(struct lock_request *request, int result)
{
	struct ticket *ticket = request->ticket;

	if (result == -EDEADLK || result == -EBUSY)
		request->argument.contended = request->locked;
	while (result && request->locked)
		ticket_take_back_lock(ticket, request->buffers[--request->locked]);
	ticket->request = NULL;
	if (!result || result == -EDEADLK) {
		request->argument.ticket = ticket->handle;
		ticket->is_new = false;
	} else if (ticket->is_new) {
		file_handle_close(ticket->file, ticket->handle);
	}
}

static void stop_waiting(struct lock_request *request)
{
	struct open_file *file = request->parked.file;

	timer_cancel(file->device, &request->deadline);
	lock_wait_cancel(&request->wait);
	account_uncharge(file->account, request->charge);
}

void lock_request_end(struct lock_request *request, int result)
{
	struct open_file *file = request->parked.file;
	fuse_req_t fuse = request->parked.fuse;

	stop_waiting(request);
	settle(request, result);
	/* At the end of the device the request may hold the last reference. */
	file_get(file);
	unpark(&request->parked);
	request_reply(fuse, result, &request->argument, sizeof(request->argument));
	request_free(request);
	file_put(file);
}

static void go_on(struct lock_wait *wait, int result)
{
	struct lock_request *request =
		(struct lock_request *)((char *)wait - offsetof(struct lock_request, wait));

	if (!result)
		result = add_lock(request);
	if (!result)
		result = lock_rest(request);
	if (result != -EINPROGRESS)
		lock_request_end(request, result);
}

static void deadline_is_over(struct timer *timer)
{
	struct lock_request *request =
		(struct lock_request *)((char *)timer - offsetof(struct lock_request, deadline));
	struct device *device = request->parked.file->device;

	lock_request_end(request, -ETIME);
	lock_waits_go_on(device);
}

static void interrupted(struct parked *parked)
{
	struct lock_request *request = (struct lock_request *)parked;
	struct device *device = parked->file->device;

	stop_waiting(request);
	settle(request, -EINTR);
	request_free(request);
	lock_waits_go_on(device);
}

/* It is in a queue. On an error it is not any more. */
static int park_request(struct lock_request *request, fuse_req_t fuse, struct open_file *file)
{
	int64_t deadline_ns = request->argument.deadline_ns;
	int ret;

	request->charge =
		request_size(request->known) + request->known * sizeof(struct locked_buffer);
	ret = account_charge(file->account, request->charge);
	if (ret)
		goto err_cancel;
	request->parked.is_wait = true;
	ret = park(&request->parked, fuse, file, interrupted);
	if (ret)
		goto err_uncharge;
	if (deadline_ns != DMA_FENCE_WAIT_FOREVER)
		ret = timer_set(file->device, &request->deadline, deadline_ns, deadline_is_over);
	if (ret)
		goto err_unpark;
	request->ticket->request = request;
	return REQUEST_PARKED;

err_unpark:
	unpark(&request->parked);
err_uncharge:
	account_uncharge(file->account, request->charge);
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

static int apply(struct lane_job *job)
{
	struct lock_job *this = (struct lock_job *)job;
	struct lock_request *request = this->request;
	struct open_file *file = job->parked.file;
	int ret = get_ticket(request, file);

	if (!ret) {
		ret = check_names(request);
		if (!ret)
			ret = lock_rest(request);
		if (ret == -EINPROGRESS)
			ret = park_request(request, job->parked.fuse, file);
		if (ret != REQUEST_PARKED)
			settle(request, ret);
	}
	if (ret == REQUEST_PARKED)
		this->request = NULL;
	else
		this->argument = request->argument;
	lock_waits_go_on(job->device);
	return ret;
}

/* The buffer behind one fd. It is pinned from here on, so that no other fd of it need be kept. */
static int prepare_buffer(struct lock_job *this, int32_t number)
{
	struct lane_job *job = &this->job;
	struct locked_buffer *locked;
	struct buffer_key key;
	bool is_dmabuf;
	int ret, fd = caller_take_fd(job, number);

	if (fd < 0)
		return fd;
	ret = buffer_identify(job->device, fd, &key, &is_dmabuf);
	if (ret)
		goto out;
	ret = -ENOMEM;
	locked = calloc(1, sizeof(*locked));
	if (!locked)
		goto out;
	device_lock(job->device);
	ret = buffer_get(job->device, job->account, &key, is_dmabuf, &fd, &locked->buffer);
	device_unlock(job->device);
	if (ret)
		free(locked);
	else
		this->request->buffers[this->request->known++] = locked;
out:
	if (fd >= 0)
		close(fd);
	return ret;
}

static int prepare(struct lane_job *job)
{
	struct lock_job *this = (struct lock_job *)job;
	const struct dma_fence_resv_lock *argument = &this->argument;
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

static void cleanup(struct lane_job *job)
{
	struct lock_job *this = (struct lock_job *)job;

	if (!this->request)
		return;
	device_lock(job->device);
	request_free(this->request);
	device_unlock_and_notify(job->device);
}

int resv_lock_request(struct request *request, const struct dma_fence_resv_lock *argument)
{
	size_t fds_size = argument->count * sizeof(int32_t);
	struct lock_job *this = calloc(1, sizeof(*this) + fds_size);

	if (!this)
		return -ENOMEM;
	this->argument = *argument;
	this->argument.contended = DMA_FENCE_RESV_LOCK_NONE;
	if (!argument->pointer)
		memcpy(this->fds, argument + 1, fds_size);
	this->job.prepare = prepare;
	this->job.apply = apply;
	this->job.cleanup = cleanup;
	this->job.charge = sizeof(*this) + fds_size + request_size(argument->count) +
			   argument->count * sizeof(struct locked_buffer);
	this->job.answer = &this->argument;
	this->job.answer_size = sizeof(this->argument);
	return lane_submit_request(&this->job, request);
}
