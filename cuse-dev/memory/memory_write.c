/* SPDX-License-Identifier: MIT */
/*
 * memory_write.c - see memory_write.h.
 *
 * The pages are mapped, and made present, when the write is asked for. So the store at the signal
 * waits for nobody, and happens in the signaler's thread. A lane does it where it could wait: in a
 * dma-buf, which has to be told before and after; and in a large file, since the owner may be
 * punching a hole there, which takes as long as the hole is large.
 *
 * A buffer whose memory was gone counts as dead from then on, and nothing is stored in it any more.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "buffer/attachment.h"
#include "buffer/buffer_memory.h"
#include "file/file.h"
#include "memory/memory_write.h"

/* The write itself, pending: an attachment in the buffer's bookkeep slot. */
struct memory_write {
	struct attachment attachment;
	struct memory_write *prev, *next; /* of buffer->late */
	struct window *window;		  /* a use */
	struct memory_place place;
	uint64_t value;
	struct late_write *late; /* made beforehand, so that the signal cannot fail */
};

static bool write_now(const struct memory_write *write)
{
	return memory_store(window_address(write->window, write->place.offset), write->place.size,
			    write->value);
}

/* Without the lock, on a lane. */
static bool write_without_haste(const struct memory_write *write)
{
	bool stored;

	buffer_begin_access(write->window->buffer, true);
	stored = write_now(write);
	buffer_end_access(write->window->buffer, true);
	return stored;
}

static void write_done(struct memory_write *write)
{
	write->attachment.buffer->device->stats.seqno_writes--;
	window_put(write->window);
	attachment_free(&write->attachment);
}

/*
 * A write that goes on a lane. Those of one buffer go one after the other, in the order of the
 * signals: a later value must not be overwritten by an earlier one.
 */
struct late_write {
	struct lane_job job;
	struct memory_write *write;
	bool stored;
};

static int write_on_lane(struct lane_job *job)
{
	struct late_write *late = (struct late_write *)job;

	late->stored = write_without_haste(late->write);
	return 0;
}

static void submit_late(struct memory_write *write)
{
	lane_submit_own(write->window->buffer->device, write->attachment.account,
			&write->late->job);
}

static void written_on_lane(struct lane_job *job)
{
	struct late_write *late = (struct late_write *)job;
	struct device *device = job->device;
	struct buffer *buffer = late->write->window->buffer;

	device_lock(device);
	if (!late->stored)
		buffer->dead = true;
	DL_DELETE(buffer->late, late->write);
	if (buffer->late)
		submit_late(buffer->late);
	write_done(late->write);
	device_unlock_and_notify(device);
}

static bool may_wait(const struct memory_write *write)
{
	const struct buffer *buffer = write->window->buffer;
	uint64_t size;

	return buffer->is_dmabuf || memory_state(buffer->fd, &size) == MEMORY_MAY_WAIT;
}

static void fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct memory_write *write = (struct memory_write *)callback;
	struct buffer *buffer = write->window->buffer;
	struct late_write *late = write->late;

	attachment_detach(&write->attachment);
	if (!buffer->dead && (buffer->late || may_wait(write))) {
		DL_APPEND(buffer->late, write);
		if (buffer->late == write)
			submit_late(write);
		return;
	}
	if (!buffer->dead && !write_now(write))
		buffer->dead = true;
	free(late);
	write_done(write);
}

/* NULL: no memory. */
static struct memory_write *write_create(const struct memory_place *place, uint64_t value)
{
	struct memory_write *write = calloc(1, sizeof(*write));

	if (!write)
		return NULL;
	write->late = calloc(1, sizeof(*write->late));
	if (!write->late) {
		free(write);
		return NULL;
	}
	write->late->write = write;
	write->late->job.prepare = write_on_lane;
	write->late->job.cleanup = written_on_lane;
	write->place = *place;
	write->value = value;
	return write;
}

/* One that never became pending. */
static void write_drop(struct memory_write *write)
{
	if (!write)
		return;
	if (write->window)
		window_put(write->window);
	free(write->late);
	free(write);
}

struct write_job {
	struct lane_job job;
	struct dma_fence_seqno_write argument;
	int fd;			    /* the duplicate, until the buffer has it; else -1 */
	struct buffer *buffer;	    /* a reference */
	struct memory_write *write; /* until it is pending */
	bool is_late;		    /* to be written in cleanup */
};

static struct memory_place place_of(const struct dma_fence_seqno_write *argument)
{
	return (struct memory_place){
		.offset = argument->offset,
		.size = argument->size,
		.writable = true,
	};
}

static int prepare(struct lane_job *job)
{
	struct write_job *this = (struct write_job *)job;
	struct memory_place place = place_of(&this->argument);
	struct device *device = job->device;
	struct buffer_measure measure;
	struct buffer_key key;
	bool is_dmabuf;
	int ret, fd;

	fd = this->fd = caller_take_fd(job, this->argument.fd);
	if (fd < 0)
		return fd;
	ret = buffer_identify(device, fd, &key, &is_dmabuf);
	if (!ret)
		ret = buffer_measure(fd, is_dmabuf, &place, &measure);
	if (ret)
		return ret;
	this->write = write_create(&place, this->argument.value);
	if (!this->write)
		return -ENOMEM;

	/* From here on fd is still open: it is the buffer's by then, or else this job's. */
	device_lock(device);
	ret = buffer_get(device, job->account, &key, is_dmabuf, &this->fd, &this->buffer);
	device_unlock(device);
	if (!ret)
		ret = window_get(this->buffer, job->account, fd, &place, &measure,
				 &this->write->window);
	if (!ret)
		ret = window_make_present(this->write->window, fd, &place, &measure);
	return ret;
}

static int apply(struct lane_job *job)
{
	struct write_job *this = (struct write_job *)job;
	struct open_file *file = job->parked.file;
	struct dma_fence *fence;
	int ret = file_fence(file, this->argument.handle, &fence);

	if (ret)
		return ret;
	if (this->buffer->dead)
		return -EFAULT;
	ret = attachment_add(&this->write->attachment, this->buffer, file->account, fence,
			     DMA_RESV_USAGE_BOOKKEEP, ATTACHMENT_UNLOCKED, fence_signaled);
	if (!ret) {
		job->device->stats.seqno_writes++;
		this->write = NULL;
	} else if (ret == -ENOENT) {
		/* Signaled already: now, but not under the lock. */
		ret = 0;
		this->is_late = true;
	}
	return ret;
}

static void cleanup(struct lane_job *job)
{
	struct write_job *this = (struct write_job *)job;

	if (this->is_late && !write_without_haste(this->write))
		job->result = -EFAULT;
	device_lock(job->device);
	write_drop(this->write);
	buffer_put(this->buffer);
	device_unlock_and_notify(job->device);
	if (this->fd >= 0)
		close(this->fd);
}

int memory_write_request(struct request *request, const struct dma_fence_seqno_write *argument)
{
	struct memory_place place = place_of(argument);
	struct write_job *this;
	struct dma_fence *fence;
	int ret;

	if (argument->flags || memory_place_check(&place))
		return -EINVAL;
	ret = file_fence(request->file, argument->handle, &fence);
	if (ret)
		return ret;
	this = calloc(1, sizeof(*this));
	if (!this)
		return -ENOMEM;
	this->argument = *argument;
	this->fd = -1;
	this->job.prepare = prepare;
	this->job.apply = apply;
	this->job.cleanup = cleanup;
	this->job.charge = sizeof(*this) + sizeof(*this->write) + sizeof(*this->write->late);
	this->job.answer = &this->argument;
	this->job.answer_size = request->answer_size;
	return lane_submit_request(&this->job, request);
}
