/* SPDX-License-Identifier: MIT */
/* memory_poll.c - see memory_poll.h. */
#include <errno.h>
#include <stdlib.h>

#include "container_of.h"
#include "memory/memory_poll.h"

/*
 * How long what is known of a buffer's file, or was read from it, is taken to be true still: so
 * that a request that names many fences, or one many times, does not ask the kernel as often. A
 * small file cannot become one in which a hole takes time to punch meanwhile.
 */
#define MEASURED_NS 10000

/* Polled in one go, without the lock in between. */
#define BATCH 64

/* What a poll has found. */
enum found {
	FOUND_ACTIVE,
	FOUND_REACHED,
	FOUND_GONE,	 /* the memory, for good */
	FOUND_MAY_BLOCK, /* nothing: a worker has to access the memory */
};

/* Fences of a buffer are being signaled: polls from their callbacks only read the state. */
static bool is_signaling;

static const void *address_in(const struct window *window, const struct memory_fence *fence)
{
	return window_address(window, memory_fence_location(fence)->offset);
}

static void measure(struct buffer *buffer)
{
	int64_t now = dma_fence_now();

	buffer->is_small = memory_state(buffer->fd, &buffer->file_size) == MEMORY_IS_PRESENT;
	buffer->measured_until = now + MEASURED_NS;
}

/* Of the file as it was not long ago. It may have grown since. */
static bool is_within_file(struct buffer *buffer, uint64_t end, int64_t now)
{
	if (now >= buffer->measured_until || end > buffer->file_size)
		measure(buffer);
	return end <= buffer->file_size;
}

static bool is_reached_by(const struct memory_fence *fence, uint64_t value)
{
	const struct mem_fence_location *location = memory_fence_location(fence);

	return mem_fence_value_reached(value, location->size, location->value);
}

/*
 * Only workers access the memory of a large file: a page that is present may be gone at the next
 * moment, and its hole take seconds. What can be read from the file says whether it is time for
 * that.
 */
static enum found peek(struct memory_fence *fence, int64_t now)
{
	const struct mem_fence_location *location = memory_fence_location(fence);
	uint64_t value;

	if (now < fence->peeked_until)
		return FOUND_ACTIVE;
	if (!memory_peek(fence->buffer->fd, location->offset, location->size, &value) ||
	    is_reached_by(fence, value))
		return FOUND_MAY_BLOCK;
	fence->watched.seen = (uint32_t)value;
	fence->peeked_until = now + MEASURED_NS;
	return FOUND_ACTIVE;
}

static enum found load(struct memory_fence *fence)
{
	uint64_t value;

	if (!memory_load(address_in(fence->window, fence), memory_fence_location(fence)->size,
			 &value))
		return FOUND_GONE;
	fence->watched.seen = (uint32_t)value;
	return is_reached_by(fence, value) ? FOUND_REACHED : FOUND_ACTIVE;
}

static enum found poll_memory(struct memory_fence *fence)
{
	const struct mem_fence_location *location = memory_fence_location(fence);
	struct buffer *buffer = fence->buffer;
	int64_t now = dma_fence_now();

	if (!is_within_file(buffer, location->offset + location->size, now))
		return FOUND_GONE;
	return buffer->is_small ? load(fence) : peek(fence, now);
}

static enum found poll_one(struct memory_fence *fence)
{
	enum found found = FOUND_MAY_BLOCK;

	if (fence->is_reached)
		found = fence->error ? FOUND_GONE : FOUND_REACHED;
	else if (!fence->buffer->is_dmabuf)
		found = poll_memory(fence);
	fence->watched.seen_is_recent = found == FOUND_ACTIVE;
	return found;
}

bool memory_poll_may_block(struct buffer *buffer)
{
	if (buffer->is_dmabuf)
		return true;
	measure(buffer);
	return !buffer->is_small;
}

/* To be signaled with this error, after those that were created before it. */
static void set_reached(struct memory_fence *fence, int error)
{
	struct buffer *buffer = fence->buffer;
	struct memory_fence *before = buffer->reached_fences;

	DL_DELETE(buffer->memory_fences, fence);
	fence->is_reached = true;
	fence->error = error;
	/* Found from the latest back, it mostly is the first. */
	while (before && before->base.base.context < fence->base.base.context)
		before = before->next;
	if (before)
		DL_PREPEND_ELEM(buffer->reached_fences, before, fence);
	else
		DL_APPEND(buffer->reached_fences, fence);
}

/*
 * In the order of creation. A callback may poll other memory fences: those are signaled later, so
 * that a chain of them does not become a chain of calls.
 */
static uint32_t signal_reached(struct buffer *buffer)
{
	uint32_t signaled = 0;

	is_signaling = true;
	for (; buffer->reached_fences; signaled++)
		memory_fence_signal(buffer->reached_fences, buffer->reached_fences->error);
	is_signaling = false;
	return signaled;
}

uint32_t memory_poll_now(struct buffer *buffer)
{
	struct memory_fence *fence = buffer->memory_fences ? buffer->memory_fences->prev : NULL;
	struct memory_fence *earlier;
	uint32_t signaled;

	device_assert_held(buffer->device);
	/* From the latest back: a store that a later one waits for comes after an earlier one's. */
	for (; fence; fence = earlier) {
		enum found found = poll_one(fence);

		earlier = fence == buffer->memory_fences ? NULL : fence->prev;
		if (found == FOUND_REACHED || found == FOUND_GONE)
			set_reached(fence, found == FOUND_GONE ? -EFAULT : 0);
	}
	buffer_get(buffer);
	signaled = signal_reached(buffer);
	buffer_put(buffer);
	return signaled;
}

/* One of a batch: what is needed to load without the lock. */
struct batched {
	struct memory_fence *fence; /* a reference */
	struct window *window;	    /* a use */
	bool is_present;
	uint64_t value;
};

/* The next of a buffer's fences, from the latest back; contexts are numbered in order of creation.
 */
static unsigned int begin_batch(struct buffer *buffer, uint64_t *before, struct batched *batch)
{
	struct memory_fence *fence = buffer->memory_fences ? buffer->memory_fences->prev : NULL;
	unsigned int count = 0;

	for (; fence && count < BATCH;
	     fence = fence == buffer->memory_fences ? NULL : fence->prev) {
		if (fence->base.base.context >= *before)
			continue;
		dma_fence_get(&fence->base.base);
		fence->window->users++;
		batch[count++] = (struct batched){ .fence = fence, .window = fence->window };
	}
	if (count)
		*before = batch[count - 1].fence->base.base.context;
	return count;
}

static void load_batched(struct batched *one)
{
	one->is_present = memory_load(address_in(one->window, one->fence),
				      memory_fence_location(one->fence)->size, &one->value);
}

/* Another thread may have found it meanwhile. */
static void end_batched(const struct batched *one)
{
	struct memory_fence *fence = one->fence;

	if (fence->buffer && !fence->is_reached &&
	    (!one->is_present || is_reached_by(fence, one->value)))
		set_reached(fence, one->is_present ? 0 : -EFAULT);
	window_put(one->window);
	dma_fence_put(&fence->base.base);
}

uint32_t memory_poll_on_worker(struct buffer *buffer)
{
	struct device *device = buffer->device;
	struct batched batch[BATCH];
	unsigned int count;
	uint32_t signaled;
	uint64_t before = UINT64_MAX;

	buffer_begin_access(buffer, false);
	device_lock(device);
	while ((count = begin_batch(buffer, &before, batch))) {
		device_unlock(device);
		for (unsigned int i = 0; i < count; i++)
			load_batched(&batch[i]);
		device_lock(device);
		for (unsigned int i = 0; i < count; i++)
			end_batched(&batch[i]);
	}
	signaled = signal_reached(buffer);
	device_unlock_and_notify(device);
	buffer_end_access(buffer, false);
	return signaled;
}

/* A poll of the daemon's own, one a buffer at a time. */
struct poll_job {
	struct worker_job job;
	struct buffer *buffer; /* a reference */
};

static struct poll_job *to_poll_job(struct worker_job *job)
{
	return container_of(job, struct poll_job, job);
}

static int poll_buffer(struct worker_job *job)
{
	memory_poll_on_worker(to_poll_job(job)->buffer);
	return 0;
}

static void poll_done(struct worker_job *job)
{
	struct buffer *buffer = to_poll_job(job)->buffer;

	device_lock(job->device);
	buffer->is_polled = false;
	buffer_put(buffer);
	device_unlock_and_notify(job->device);
}

static const struct worker_job_ops poll_ops = { .prepare = poll_buffer, .cleanup = poll_done };

/* Has a worker poll all memory fences of the buffer; where one is about to already, it does. */
static void defer_poll(struct buffer *buffer, struct account *account)
{
	struct poll_job *this;

	/* Without memory a later poll may succeed, or the timeout comes. */
	if (buffer->is_polled || !(this = calloc(1, sizeof(*this))))
		return;
	buffer->is_polled = true;
	this->buffer = buffer_get(buffer);
	this->job.ops = &poll_ops;
	worker_submit_own(buffer->device, account, &this->job);
}

/*
 * What is found is signaled together with all else that the same store may have reached, so that
 * the fences of a ring are signaled in order.
 */
bool memory_fence_poll(struct memory_fence *fence)
{
	enum found found;

	if (!fence->buffer || is_signaling)
		return !fence->buffer;
	found = poll_one(fence);
	if (found == FOUND_MAY_BLOCK)
		defer_poll(fence->buffer, fence->account);
	if (found == FOUND_REACHED || found == FOUND_GONE)
		memory_poll_now(fence->buffer);
	return !fence->buffer;
}
