/* SPDX-License-Identifier: MIT */
/*
 * memory_write.c - see memory_write.h.
 *
 * The pages are mapped, and made present, when the write is requested. So the store at the signal
 * does not block, and happens in the signaler's thread. A worker makes it where it could block: in
 * a dma-buf, whose exporter is called before and after; and in a large file, since the owner may be
 * punching a hole there, which takes as long as the hole is large.
 *
 * A buffer whose memory was gone is faulted from then on, and nothing is stored in it any more.
 */
#include <errno.h>
#include <stdlib.h>

#include "buffer/attachment.h"
#include "buffer/buffer_memory.h"
#include "container_of.h"
#include "memory/memory_write.h"

/* A pending write: an attachment in the buffer's bookkeep slot. */
struct memory_write {
	struct attachment attachment;
	struct memory_write *prev, *next; /* of buffer->deferred_writes */
	struct window *window;		  /* a use */
	struct memory_place place;
	uint64_t value;
	struct deferred_write *deferred; /* allocated beforehand, so that the signal cannot fail */
};

/*
 * A write that a worker makes. Those of one buffer are made one after the other, in the order of
 * the signals: a later value must not be overwritten by an earlier one.
 */
struct deferred_write {
	struct worker_job job;
	struct memory_write *write;
	bool stored;
};

static struct deferred_write *to_deferred(struct worker_job *job)
{
	return container_of(job, struct deferred_write, job);
}

static bool store(const struct memory_write *write)
{
	return memory_store(window_address(write->window, write->place.offset), write->place.size,
			    write->value);
}

/* Without the lock, on a worker. */
static bool store_on_worker(const struct memory_write *write)
{
	bool stored;

	buffer_begin_access(write->window->buffer, true);
	stored = store(write);
	buffer_end_access(write->window->buffer, true);
	return stored;
}

static void write_done(struct memory_write *write)
{
	write->attachment.buffer->device->stats.seqno_writes--;
	window_put(write->window);
	attachment_free(&write->attachment);
}

static int write_on_worker(struct worker_job *job)
{
	struct deferred_write *deferred = to_deferred(job);

	deferred->stored = store_on_worker(deferred->write);
	return 0;
}

static void submit_deferred(struct memory_write *write)
{
	worker_submit_own(write->window->buffer->device, write->attachment.account,
			  &write->deferred->job);
}

static void written_on_worker(struct worker_job *job)
{
	struct deferred_write *deferred = to_deferred(job);
	struct buffer *buffer = deferred->write->window->buffer;

	device_lock(job->device);
	if (!deferred->stored)
		buffer->faulted = true;
	DL_DELETE(buffer->deferred_writes, deferred->write);
	if (buffer->deferred_writes)
		submit_deferred(buffer->deferred_writes);
	write_done(deferred->write);
	device_unlock_and_notify(job->device);
}

static const struct worker_job_ops deferred_ops = {
	.prepare = write_on_worker,
	.cleanup = written_on_worker,
};

static bool may_block(const struct memory_write *write)
{
	const struct buffer *buffer = write->window->buffer;
	uint64_t size;

	return buffer->is_dmabuf || memory_state(buffer->fd, &size) == MEMORY_MAY_BLOCK;
}

static void fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct memory_write *write =
		container_of(callback, struct memory_write, attachment.callback);
	struct buffer *buffer = write->window->buffer;

	attachment_detach(&write->attachment);
	if (!buffer->faulted && (buffer->deferred_writes || may_block(write))) {
		DL_APPEND(buffer->deferred_writes, write);
		if (buffer->deferred_writes == write)
			submit_deferred(write);
		return;
	}
	if (!buffer->faulted && !store(write))
		buffer->faulted = true;
	free(write->deferred);
	write_done(write);
}

/* NULL: no memory. */
static struct memory_write *write_create(const struct memory_place *place, uint64_t value)
{
	struct memory_write *write = calloc(1, sizeof(*write));

	if (!write)
		return NULL;
	write->deferred = calloc(1, sizeof(*write->deferred));
	if (!write->deferred) {
		free(write);
		return NULL;
	}
	write->deferred->write = write;
	write->deferred->job.ops = &deferred_ops;
	write->place = *place;
	write->value = value;
	return write;
}

struct write_job {
	struct worker_job job;
	struct mapped_place mapped;
	struct memory_write *write; /* until it is pending; then it has the window */
	bool is_signaled;	    /* the fence: cleanup() stores */
};

static struct write_job *to_write_job(struct worker_job *job)
{
	return container_of(job, struct write_job, job);
}

static struct memory_place place_of(const struct dma_fence_seqno_write *argument)
{
	return (struct memory_place){
		.offset = argument->offset,
		.size = argument->size,
		.writable = true,
	};
}

static int prepare(struct worker_job *job)
{
	const struct dma_fence_seqno_write *argument = job->argument;
	struct memory_place place = place_of(argument);
	struct write_job *this = to_write_job(job);
	int ret = mapped_place_take(job, argument->fd, &place, &this->mapped);

	if (ret)
		return ret;
	this->write = write_create(&place, argument->value);
	if (!this->write)
		return -ENOMEM;
	this->write->window = this->mapped.window;
	return 0;
}

static int apply(struct worker_job *job)
{
	const struct dma_fence_seqno_write *argument = job->argument;
	struct write_job *this = to_write_job(job);
	struct dma_fence *fence;
	int ret = handle_get_fence(&job->pending.request.file->handles, argument->handle, &fence);

	if (ret)
		return ret;
	if (this->mapped.buffer->faulted)
		return -EFAULT;
	ret = attachment_add(&this->write->attachment, this->mapped.buffer, job->account, fence,
			     DMA_RESV_USAGE_BOOKKEEP, ATTACHMENT_UNLOCKED, fence_signaled);
	if (!ret) {
		job->device->stats.seqno_writes++;
		this->write = NULL;
		this->mapped.window = NULL;
	} else if (ret == -ENOENT) {
		/* Signaled already: stored now, but not under the lock. */
		ret = 0;
		this->is_signaled = true;
	}
	return ret;
}

static void cleanup(struct worker_job *job)
{
	struct write_job *this = to_write_job(job);

	if (this->is_signaled && !store_on_worker(this->write))
		job->result = -EFAULT;
	if (this->write) {
		free(this->write->deferred);
		free(this->write);
	}
	mapped_place_release(job->device, &this->mapped);
}

static const struct worker_job_ops write_job_ops = {
	.prepare = prepare,
	.apply = apply,
	.cleanup = cleanup,
};

int memory_write_request(const struct request *request,
			 const struct dma_fence_seqno_write *argument)
{
	struct memory_place place = place_of(argument);
	struct dma_fence *fence;
	struct write_job *this;
	int ret;

	if (argument->flags || memory_place_check(&place))
		return -EINVAL;
	ret = handle_get_fence(&request->file->handles, argument->handle, &fence);
	if (ret)
		return ret;
	this = worker_job_create(request, &write_job_ops, sizeof(*this), argument,
				 sizeof(*argument));
	if (this)
		this->job.charge += sizeof(*this->write) + sizeof(*this->write->deferred);
	return worker_submit(this ? &this->job : NULL);
}
