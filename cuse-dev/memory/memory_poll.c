/* SPDX-License-Identifier: MIT */
/*
 * memory_look.c - looks at the memory of memory fences: at once where that waits for nobody, or on
 * a lane.
 */
#include <stdlib.h>

#include "caller/worker.h"
#include "memory/memory_fence.h"

/*
 * How long what is known of a buffer's file, or was read from it, is taken to be true still: so
 * that a request that names many fences, or one many times, does not ask the kernel as often. A
 * file of which there is little cannot become one that takes time to punch a hole in meanwhile.
 */
#define MEASURED_NS 10000

/* Looked at in one go, without the lock in between. */
#define BATCH 64

static const struct mem_fence_location *location_of(const struct memory_fence *fence)
{
	return &fence->base.location;
}

static const void *address_in(const struct window *window, const struct memory_fence *fence)
{
	return window_address(window, location_of(fence)->offset);
}

static void measure(struct buffer *buffer)
{
	int64_t now = dma_fence_now();

	buffer->is_little = memory_state(buffer->fd, &buffer->file_size) == MEMORY_IS_THERE;
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
	const struct mem_fence_location *location = location_of(fence);

	return mem_fence_value_reached(value, location->size, location->value);
}

/*
 * Of a large file the memory itself is touched by lanes alone: a page that is present may be gone
 * at the next moment, and its hole take seconds. What the file has tells whether it is time for
 * that.
 */
static enum look glimpse(struct memory_fence *fence, int64_t now)
{
	const struct mem_fence_location *location = location_of(fence);
	uint64_t value;

	if (now < fence->glimpsed_until)
		return LOOK_ACTIVE;
	if (!memory_glimpse(fence->buffer->fd, location->offset, location->size, &value) ||
	    is_reached_by(fence, value))
		return LOOK_LATER;
	fence->seen = (uint32_t)value;
	fence->glimpsed_until = now + MEASURED_NS;
	return LOOK_ACTIVE;
}

static enum look load(struct memory_fence *fence)
{
	uint64_t value;

	if (!memory_load(address_in(fence->window, fence), location_of(fence)->size, &value))
		return LOOK_GONE;
	fence->seen = (uint32_t)value;
	return is_reached_by(fence, value) ? LOOK_REACHED : LOOK_ACTIVE;
}

static enum look look_at_memory(struct memory_fence *fence)
{
	const struct mem_fence_location *location = location_of(fence);
	struct buffer *buffer = fence->buffer;
	int64_t now = dma_fence_now();

	if (!is_within_file(buffer, location->offset + location->size, now))
		return LOOK_GONE;
	return buffer->is_little ? load(fence) : glimpse(fence, now);
}

enum look memory_look(struct memory_fence *fence)
{
	enum look look = LOOK_LATER;

	if (fence->is_reached)
		look = fence->error ? LOOK_GONE : LOOK_REACHED;
	else if (!fence->buffer->is_dmabuf)
		look = look_at_memory(fence);
	fence->seen_is_recent = look == LOOK_ACTIVE;
	return look;
}

bool memory_look_may_wait(struct buffer *buffer)
{
	if (buffer->is_dmabuf)
		return true;
	measure(buffer);
	return !buffer->is_little;
}

/* It is found: to be signaled with this error, in its turn. */
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
 * In the order of creation. What is called meanwhile may look at other memory fences: those have
 * their turn later, so that a chain of them does not end up in a chain of calls.
 */
static uint32_t signal_reached(struct buffer *buffer)
{
	struct device *device = buffer->device;
	uint32_t signaled = 0;

	device->memory_is_signaling = true;
	for (; buffer->reached_fences; signaled++)
		memory_fence_signal(buffer->reached_fences, buffer->reached_fences->error);
	device->memory_is_signaling = false;
	return signaled;
}

uint32_t memory_look_at_once(struct buffer *buffer)
{
	struct memory_fence *fence = buffer->memory_fences ? buffer->memory_fences->prev : NULL;
	struct memory_fence *earlier;
	uint32_t signaled;

	/* From the latest back: what an earlier one waits for is there if a later one's is. */
	for (; fence; fence = earlier) {
		enum look look = memory_look(fence);

		earlier = fence == buffer->memory_fences ? NULL : fence->prev;
		if (look == LOOK_REACHED || look == LOOK_GONE)
			set_reached(fence, look == LOOK_GONE ? -EFAULT : 0);
	}
	buffer->references++;
	signaled = signal_reached(buffer);
	buffer_put(buffer);
	return signaled;
}

/* One of a batch: what is needed to look without the lock. */
struct glance {
	struct memory_fence *fence; /* a reference */
	struct window *window;	    /* a use */
	bool is_there;
	uint64_t value;
};

static void glance_at(struct glance *glance)
{
	glance->is_there = memory_load(address_in(glance->window, glance->fence),
				       location_of(glance->fence)->size, &glance->value);
}

/* The next of a buffer's fences, from the latest back; contexts are numbered as they are made. */
static unsigned int begin_batch(struct buffer *buffer, uint64_t *before, struct glance *glances)
{
	struct memory_fence *fence = buffer->memory_fences ? buffer->memory_fences->prev : NULL;
	unsigned int count = 0;

	for (; fence && count < BATCH;
	     fence = fence == buffer->memory_fences ? NULL : fence->prev) {
		if (fence->base.base.context >= *before)
			continue;
		dma_fence_get(&fence->base.base);
		fence->window->users++;
		glances[count++] = (struct glance){ .fence = fence, .window = fence->window };
	}
	if (count)
		*before = glances[count - 1].fence->base.base.context;
	return count;
}

/* Somebody else may have found it meanwhile. */
static void end_glance(const struct glance *glance)
{
	struct memory_fence *fence = glance->fence;
	const struct mem_fence_location *location = location_of(fence);

	if (fence->buffer && !fence->is_reached &&
	    (!glance->is_there ||
	     mem_fence_value_reached(glance->value, location->size, location->value)))
		set_reached(fence, glance->is_there ? 0 : -EFAULT);
	window_put(glance->window);
	dma_fence_put(&fence->base.base);
}

uint32_t memory_look_without_haste(struct buffer *buffer)
{
	struct device *device = buffer->device;
	struct glance glances[BATCH];
	unsigned int count;
	uint32_t signaled;
	uint64_t before = UINT64_MAX;

	buffer_begin_access(buffer, false);
	device_lock(device);
	while ((count = begin_batch(buffer, &before, glances))) {
		device_unlock(device);
		for (unsigned int i = 0; i < count; i++)
			glance_at(&glances[i]);
		device_lock(device);
		for (unsigned int i = 0; i < count; i++)
			end_glance(&glances[i]);
	}
	signaled = signal_reached(buffer);
	device_unlock_and_notify(device);
	buffer_end_access(buffer, false);
	return signaled;
}

/* A look of the daemon's own, one a buffer at a time. */
struct look_job {
	struct lane_job job;
	struct buffer *buffer; /* a reference */
};

static int look(struct lane_job *job)
{
	memory_look_without_haste(((struct look_job *)job)->buffer);
	return 0;
}

static void looked(struct lane_job *job)
{
	struct look_job *this = (struct look_job *)job;

	device_lock(job->device);
	this->buffer->is_looked_at = false;
	buffer_put(this->buffer);
	device_unlock_and_notify(job->device);
}

void memory_look_on_lane(struct buffer *buffer, struct account *account)
{
	struct look_job *this;

	/* Without memory the next who asks has better luck, or the timeout comes. */
	if (buffer->is_looked_at || !(this = calloc(1, sizeof(*this))))
		return;
	buffer->is_looked_at = true;
	buffer->references++;
	this->buffer = buffer;
	this->job.prepare = look;
	this->job.cleanup = looked;
	lane_submit_own(buffer->device, account, &this->job);
}
