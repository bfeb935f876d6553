/* SPDX-License-Identifier: MIT */
/* memory_request.c - see memory_request.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container_of.h"
#include "memory/memory_poll.h"
#include "memory/memory_request.h"

static struct memory_fence *of_base(struct dma_fence *fence)
{
	return container_of(fence, struct memory_fence, base.base);
}

static const char *driver_name(struct dma_fence *fence)
{
	return "dma-fenced";
}

static const char *timeline_name(struct dma_fence *fence)
{
	return of_base(fence)->name;
}

static bool is_reached(struct dma_fence *base)
{
	return memory_fence_poll(of_base(base));
}

static bool watch(struct dma_fence *base)
{
	struct memory_fence *fence = of_base(base);

	memory_watch_add(fence->account, &fence->watched);
	return true;
}

static void release(struct dma_fence *base)
{
	memory_fence_release(of_base(base));
}

/* QUERY returns the hint. */
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

/* NULL for a fence that MEM_FENCE did not create. */
static struct memory_fence *to_memory_fence(struct dma_fence *fence)
{
	return fence->ops == &memory_fence_ops ? of_base(fence) : NULL;
}

int64_t memory_fence_deadline(struct dma_fence *fence)
{
	struct memory_fence *memory = to_memory_fence(fence);

	return memory ? memory->deadline : INT64_MAX;
}

static void time_is_up(struct timer *timer)
{
	memory_fence_signal(container_of(timer, struct memory_fence, timer), -ETIMEDOUT);
}

struct fence_job {
	struct worker_job job;
	struct mapped_place mapped; /* until the fence has it */
	bool is_reached;
};

static struct fence_job *to_fence_job(struct worker_job *job)
{
	return container_of(job, struct fence_job, job);
}

static struct memory_place place_of(const struct dma_fence_mem_fence *argument)
{
	return (struct memory_place){ .offset = argument->offset, .size = argument->size };
}

/* On the worker, which may block for it. */
static int poll_first(struct fence_job *this)
{
	const struct dma_fence_mem_fence *argument = this->job.argument;
	struct buffer *buffer = this->mapped.buffer;
	uint64_t value;
	bool is_present;

	buffer_begin_access(buffer, false);
	is_present = memory_load(window_address(this->mapped.window, argument->offset),
				 argument->size, &value);
	buffer_end_access(buffer, false);
	if (!is_present)
		return -EINVAL;
	this->is_reached = mem_fence_value_reached(value, argument->size, argument->value);
	return 0;
}

static int prepare(struct worker_job *job)
{
	const struct dma_fence_mem_fence *argument = job->argument;
	struct memory_place place = place_of(argument);
	struct fence_job *this = to_fence_job(job);
	int ret = mapped_place_take(job, argument->fd, &place, &this->mapped);

	return ret ? ret : poll_first(this);
}

/* The end of the clock, where it is past that: the request has taken some time to come here. */
static int64_t time_in(uint64_t ns)
{
	int64_t now = dma_fence_now();

	return ns > (uint64_t)(INT64_MAX - now) ? INT64_MAX : now + (int64_t)ns;
}

static int create(struct device *device, const struct dma_fence_mem_fence *argument,
		  struct memory_fence **created)
{
	const struct mem_fence_location location = {
		.offset = argument->offset,
		.value = argument->value,
		.size = argument->size,
	};
	uint64_t timeout = argument->timeout_ns ? argument->timeout_ns : device->fence_timeout_ns;
	struct memory_fence *fence = calloc(1, sizeof(*fence));

	if (!fence)
		return -ENOMEM;
	if (timeout && timer_set(&fence->timer, time_in(timeout), time_is_up)) {
		free(fence);
		return -ENOMEM;
	}
	mem_fence_init(&fence->base, &memory_fence_ops, &device->fence_lock,
		       dma_fence_context_alloc(1), 1, &location);
	/* The name is the fence's own, so it stays valid after the signal. */
	atomic_fetch_or(&fence->base.base.flags, 1u << DMA_FENCE_FLAG_NAMES_STAY_BIT);
	memcpy(fence->name, argument->name, sizeof(fence->name));
	fence->device = device;
	fence->deadline = INT64_MAX;
	device->stats.mem_fences++;
	*created = fence;
	return 0;
}

static int apply(struct worker_job *job)
{
	struct fence_job *this = to_fence_job(job);
	struct dma_fence_mem_fence *argument = job->argument;
	struct handle_table *handles = &job->pending.request.file->handles;
	struct memory_fence *fence;
	int ret = account_take(job->account, ACCOUNT_MEMORY_FENCES, 1);

	if (ret)
		return ret;
	ret = handle_reserve(handles, &fence_handle_class, NULL);
	if (ret)
		goto err_give_back;
	ret = memory_watch_start(job->device, job->account);
	if (!ret)
		ret = create(job->device, argument, &fence);
	if (ret)
		goto err_unreserve;
	memory_fence_activate(fence, job->account, &this->mapped);
	if (this->is_reached)
		memory_fence_signal(fence, 0);
	argument->handle = handle_add(handles, &fence_handle_class, &fence->base.base);
	argument->context = fence->base.base.context;
	argument->seqno = fence->base.base.seqno;
	return 0;

err_unreserve:
	handle_unreserve(handles, &fence_handle_class, NULL);
err_give_back:
	account_give_back(job->account, ACCOUNT_MEMORY_FENCES, 1);
	return ret;
}

static void cleanup(struct worker_job *job)
{
	mapped_place_release(job->device, &to_fence_job(job)->mapped);
}

static const struct worker_job_ops fence_job_ops = {
	.prepare = prepare,
	.apply = apply,
	.cleanup = cleanup,
};

int memory_fence_request(const struct request *request, const struct dma_fence_mem_fence *argument)
{
	struct memory_place place = place_of(argument);

	/* Nothing but its timeout ends a fence whose memory is not written any more. */
	if (argument->flags || memory_place_check(&place) ||
	    argument->timeout_ns > (uint64_t)(INT64_MAX - dma_fence_now()) ||
	    !memchr(argument->name, '\0', sizeof(argument->name)))
		return -EINVAL;
	return worker_submit(worker_job_create(request, &fence_job_ops, sizeof(struct fence_job),
					       argument, sizeof(*argument)));
}

/* -ENOENT, -EINVAL: it is of another kind. */
static int find(const struct request *request, uint32_t handle, struct memory_fence **found)
{
	struct dma_fence *fence;
	int ret = handle_get_fence(&request->file->handles, handle, &fence);

	if (ret)
		return ret;
	*found = to_memory_fence(fence);
	return *found ? 0 : -EINVAL;
}

int memory_location_request(const struct request *request,
			    struct dma_fence_mem_fence_location *location)
{
	struct memory_fence *fence;
	int ret;

	if (location->flags || location->reserved)
		return -EINVAL;
	ret = find(request, location->handle, &fence);
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
	struct worker_job job;
	struct buffer_key key;
	struct buffer *buffer; /* a reference, from prepare on; NULL: it is gone */
};

static struct kick_job *to_kick_job(struct worker_job *job)
{
	return container_of(job, struct kick_job, job);
}

static int kick(struct worker_job *job)
{
	struct dma_fence_mem_fence_kick *argument = job->argument;
	struct kick_job *this = to_kick_job(job);

	device_lock(job->device);
	this->buffer = buffer_find(&this->key);
	device_unlock(job->device);
	if (this->buffer)
		argument->signaled = memory_poll_on_worker(this->buffer);
	return 0;
}

static void kick_done(struct worker_job *job)
{
	device_lock(job->device);
	buffer_put(to_kick_job(job)->buffer);
	device_unlock_and_notify(job->device);
}

static const struct worker_job_ops kick_ops = { .prepare = kick, .cleanup = kick_done };

int memory_kick_request(const struct request *request, struct dma_fence_mem_fence_kick *argument)
{
	struct memory_fence *fence;
	struct buffer *buffer;
	struct kick_job *this;
	int ret;

	if (argument->flags || argument->reserved)
		return -EINVAL;
	ret = find(request, argument->handle, &fence);
	if (ret)
		return ret;
	argument->signaled = 0;
	/* A buffer that is not known has no memory fences any more. */
	buffer = buffer_find(&fence->key);
	if (!buffer)
		return 0;
	if (memory_poll_may_block(buffer)) {
		this = worker_job_create(request, &kick_ops, sizeof(*this), argument,
					 sizeof(*argument));
		if (this)
			this->key = fence->key;
		ret = worker_submit(this ? &this->job : NULL);
	} else {
		argument->signaled = memory_poll_now(buffer);
	}
	buffer_put(buffer);
	return ret;
}
