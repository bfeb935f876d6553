/* SPDX-License-Identifier: MIT */
/*
 * memory_fence.c - see memory_fence.h.
 *
 * A fence keeps its buffer, and a window of it, until it is signaled: memory_fence_signal() takes
 * it off everything first, and all is done in one step under the lock. So what has a buffer is
 * active, and can be looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file/file.h"
#include "memory/memory_fence.h"
#include "memory/memory_watch.h"

static struct memory_fence *of_base(struct dma_fence *fence)
{
	return (struct memory_fence *)fence;
}

static const char *driver_name(struct dma_fence *fence)
{
	return "dma-fenced";
}

static const char *timeline_name(struct dma_fence *fence)
{
	return of_base(fence)->name;
}

/* Off all lists, and without its buffer. */
static void give_up(struct memory_fence *fence)
{
	struct device *device = fence->device;
	struct account *account = fence->account;
	struct window *window = fence->window;
	struct buffer *buffer = fence->buffer;

	if (!buffer)
		return;
	timer_cancel(device, &fence->timer);
	memory_watch_remove(fence);
	if (fence->is_reached)
		DL_DELETE(buffer->reached_fences, fence);
	else
		DL_DELETE(buffer->memory_fences, fence);
	DL_DELETE2(device->memory_fences, fence, device_prev, device_next);
	fence->window = NULL;
	fence->buffer = NULL;
	fence->account = NULL;
	window_put(window);
	buffer_put(buffer);
	account->memory_fences--;
	memory_watch_may_end(account);
	account_put(device, account);
}

void memory_fence_signal(struct memory_fence *fence, int error)
{
	/* Callbacks may drop the last other reference. */
	dma_fence_get(&fence->base.base);
	dma_fence_set_error(&fence->base.base, error);
	give_up(fence);
	fence->device->stats.signaled++;
	dma_fence_signal(&fence->base.base);
	dma_fence_put(&fence->base.base);
}

/*
 * A look, of whoever asks for the state. What it finds is signaled together with all else that the
 * same store may have reached, so that the fences of a ring are signaled in their order.
 */
static bool is_reached(struct dma_fence *base)
{
	struct memory_fence *fence = of_base(base);
	enum look look;

	if (!fence->buffer || fence->device->memory_is_signaling)
		return !fence->buffer;
	look = memory_look(fence);
	if (look == LOOK_LATER)
		memory_look_on_lane(fence->buffer, fence->account);
	if (look == LOOK_REACHED || look == LOOK_GONE)
		memory_look_at_once(fence->buffer);
	return !fence->buffer;
}

static bool watch(struct dma_fence *base)
{
	memory_watch_add(of_base(base));
	return true;
}

static void release(struct dma_fence *base)
{
	struct memory_fence *fence = of_base(base);

	give_up(fence);
	fence->device->stats.mem_fences--;
	free(fence);
}

/* The hint is kept for whoever asks with QUERY. */
static void keep_deadline(struct dma_fence *base, int64_t deadline_ns)
{
	struct memory_fence *fence = of_base(base);

	if (deadline_ns < fence->deadline)
		fence->deadline = deadline_ns;
}

static const struct dma_fence_ops memory_fence_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.enable_signaling = watch,
	.signaled = is_reached,
	.release = release,
	.set_deadline = keep_deadline,
};

struct memory_fence *to_memory_fence(struct dma_fence *fence)
{
	return fence->ops == &memory_fence_ops ? of_base(fence) : NULL;
}

static void time_is_up(struct timer *timer)
{
	memory_fence_signal(
		(struct memory_fence *)((char *)timer - offsetof(struct memory_fence, timer)),
		-ETIMEDOUT);
}

void memory_fences_cancel_all(struct device *device)
{
	while (device->memory_fences)
		memory_fence_signal(device->memory_fences, -ECANCELED);
}

struct fence_job {
	struct lane_job job;
	struct dma_fence_mem_fence argument;
	int fd;		       /* the duplicate, until the buffer has it; else -1 */
	struct buffer *buffer; /* a reference, until the fence has it */
	struct window *window; /* a use, as well */
	bool is_reached;
};

static struct memory_place place_of(const struct dma_fence_mem_fence *argument)
{
	return (struct memory_place){ .offset = argument->offset, .size = argument->size };
}

/* While it is a lane that may wait for it. */
static int look_first(struct fence_job *this)
{
	const struct dma_fence_mem_fence *argument = &this->argument;
	uint64_t value;
	bool is_there;

	buffer_begin_access(this->buffer, false);
	is_there =
		memory_load(window_address(this->window, argument->offset), argument->size, &value);
	buffer_end_access(this->buffer, false);
	if (!is_there)
		return -EINVAL;
	this->is_reached = mem_fence_value_reached(value, argument->size, argument->value);
	return 0;
}

static int prepare(struct lane_job *job)
{
	struct fence_job *this = (struct fence_job *)job;
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

	/* From here on fd is still open: it is the buffer's by then, or else this job's. */
	device_lock(device);
	ret = buffer_get(device, job->account, &key, is_dmabuf, &this->fd, &this->buffer);
	device_unlock(device);
	if (!ret)
		ret = window_get(this->buffer, job->account, fd, &place, &measure, &this->window);
	if (!ret)
		ret = window_make_present(this->window, fd, &place, &measure);
	return ret ? ret : look_first(this);
}

/* The end of the clock, where it is past that: the request has taken some time to come here. */
static int64_t time_in(uint64_t ns)
{
	int64_t now = dma_fence_now();

	return ns > (uint64_t)(INT64_MAX - now) ? INT64_MAX : now + (int64_t)ns;
}

static int create(struct fence_job *this, struct memory_fence **created)
{
	const struct dma_fence_mem_fence *argument = &this->argument;
	const struct mem_fence_location location = {
		.offset = argument->offset,
		.value = argument->value,
		.size = argument->size,
	};
	struct device *device = this->job.device;
	uint64_t timeout = argument->timeout_ns ? argument->timeout_ns : device->fence_timeout_ns;
	struct memory_fence *fence = calloc(1, sizeof(*fence));

	if (!fence)
		return -ENOMEM;
	if (timeout && timer_set(device, &fence->timer, time_in(timeout), time_is_up)) {
		free(fence);
		return -ENOMEM;
	}
	mem_fence_init(&fence->base, &memory_fence_ops, &device->fence_lock,
		       dma_fence_context_alloc(1), 1, &location);
	/* The name is its own: it is told after the signal, too. */
	atomic_fetch_or(&fence->base.base.flags, 1u << DMA_FENCE_FLAG_NAMES_STAY_BIT);
	memcpy(fence->name, argument->name, sizeof(fence->name));
	fence->device = device;
	fence->deadline = INT64_MAX;
	device->stats.mem_fences++;
	*created = fence;
	return 0;
}

/* What the lane has found becomes the fence's. */
static void take_over(struct memory_fence *fence, struct fence_job *this)
{
	struct device *device = this->job.device;
	struct account *account = this->job.account;

	fence->key = this->buffer->key;
	fence->buffer = this->buffer;
	fence->window = this->window;
	this->buffer = NULL;
	this->window = NULL;
	fence->account = account;
	account->users++;
	account->memory_fences++;
	DL_APPEND(fence->buffer->memory_fences, fence);
	DL_APPEND2(device->memory_fences, fence, device_prev, device_next);
}

static int apply(struct lane_job *job)
{
	struct fence_job *this = (struct fence_job *)job;
	struct open_file *file = job->parked.file;
	struct memory_fence *fence;
	int ret;

	if (job->account->memory_fences >= MAX_MEMORY_FENCES)
		return -ENOSPC;
	ret = file_handle_reserve(file, NULL);
	if (ret)
		return ret;
	ret = memory_watch_start(job->device, job->account);
	if (!ret)
		ret = create(this, &fence);
	if (ret) {
		account_uncharge(file->account, account_fence_cost(NULL));
		return ret;
	}
	take_over(fence, this);
	if (this->is_reached)
		memory_fence_signal(fence, 0);
	this->argument.handle = file_handle_add(file, &fence->base.base, false);
	this->argument.context = fence->base.base.context;
	this->argument.seqno = fence->base.base.seqno;
	return 0;
}

static void cleanup(struct lane_job *job)
{
	struct fence_job *this = (struct fence_job *)job;

	device_lock(job->device);
	if (this->window)
		window_put(this->window);
	buffer_put(this->buffer);
	device_unlock_and_notify(job->device);
	if (this->fd >= 0)
		close(this->fd);
}

int memory_fence_request(struct request *request, const struct dma_fence_mem_fence *argument)
{
	struct memory_place place = place_of(argument);
	struct fence_job *this;

	/* Nothing but its timeout ends a fence whose memory nobody writes any more. */
	if (argument->flags || memory_place_check(&place) ||
	    argument->timeout_ns > (uint64_t)(INT64_MAX - dma_fence_now()) ||
	    !memchr(argument->name, '\0', sizeof(argument->name)))
		return -EINVAL;
	this = calloc(1, sizeof(*this));
	if (!this)
		return -ENOMEM;
	this->argument = *argument;
	this->fd = -1;
	this->job.prepare = prepare;
	this->job.apply = apply;
	this->job.cleanup = cleanup;
	this->job.charge = sizeof(*this);
	this->job.answer = &this->argument;
	this->job.answer_size = request->answer_size;
	return lane_submit_request(&this->job, request);
}

/* -ENOENT, -EINVAL: it is of another kind. */
static int find(struct open_file *file, uint32_t handle, struct memory_fence **found)
{
	struct dma_fence *fence;
	int ret = file_fence(file, handle, &fence);

	if (ret)
		return ret;
	*found = to_memory_fence(fence);
	return *found ? 0 : -EINVAL;
}

int memory_fence_location(struct open_file *file, struct dma_fence_mem_fence_location *location)
{
	struct memory_fence *fence;
	int ret;

	if (location->flags || location->reserved)
		return -EINVAL;
	ret = find(file, location->handle, &fence);
	if (ret)
		return ret;
	location->offset = fence->base.location.offset;
	location->value = fence->base.location.value;
	location->size = fence->base.location.size;
	location->inode = fence->key.inode;
	location->device_major = fence->key.major;
	location->device_minor = fence->key.minor;
	return 0;
}

struct kick_job {
	struct lane_job job;
	struct dma_fence_mem_fence_kick argument;
	struct buffer_key key;
};

static int kick_on_lane(struct lane_job *job)
{
	struct kick_job *this = (struct kick_job *)job;
	struct device *device = job->device;
	struct buffer *buffer;

	device_lock(device);
	buffer = buffer_find(device, &this->key);
	device_unlock(device);
	if (!buffer)
		return 0;
	this->argument.signaled = memory_look_without_haste(buffer);
	device_lock(device);
	buffer_put(buffer);
	device_unlock_and_notify(device);
	return 0;
}

static int submit_kick(struct request *request, const struct dma_fence_mem_fence_kick *kick,
		       const struct buffer_key *key)
{
	struct kick_job *this = calloc(1, sizeof(*this));

	if (!this)
		return -ENOMEM;
	this->argument = *kick;
	this->key = *key;
	this->job.prepare = kick_on_lane;
	this->job.charge = sizeof(*this);
	this->job.answer = &this->argument;
	this->job.answer_size = request->answer_size;
	return lane_submit_request(&this->job, request);
}

int memory_fence_kick(struct request *request, struct dma_fence_mem_fence_kick *kick)
{
	struct memory_fence *fence;
	struct buffer *buffer;
	int ret;

	if (kick->flags || kick->reserved)
		return -EINVAL;
	ret = find(request->file, kick->handle, &fence);
	if (ret)
		return ret;
	kick->signaled = 0;
	/* A buffer that is not known has no memory fences any more. */
	buffer = buffer_find(request->device, &fence->key);
	if (!buffer)
		return 0;
	if (memory_look_may_wait(buffer))
		ret = submit_kick(request, kick, &fence->key);
	else
		kick->signaled = memory_look_at_once(buffer);
	buffer_put(buffer);
	return ret;
}
