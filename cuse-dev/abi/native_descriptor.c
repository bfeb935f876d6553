/* SPDX-License-Identifier: MIT */
/*
 * native_descriptor.c - GET_CAPS, GET_STATS; EXPORT, BIND, IMPORT; EVENT_ADD, EVENT_CANCEL;
 * IDENTIFY.
 *
 * What can be checked without the caller is checked before the request goes to a worker, and once
 * more when it comes back: the handle may have been closed meanwhile.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "abi/native.h"
#include "container_of.h"
#include "descriptor/export.h"
#include "descriptor/identify.h"
#include "device/eventfd_signaler.h"
#include "fence/event.h"

static int prepare_caps(struct worker_job *job)
{
	struct dma_fence_caps *caps = job->argument;
	uint64_t features;
	int ret = caller_features(job, &features);

	caps->features |= features;
	return ret;
}

static const struct worker_job_ops caps_ops = { .prepare = prepare_caps };

int native_get_caps(const struct request *request, void *argument)
{
	const struct device *device = request->device;
	struct dma_fence_caps caps = {
		.abi_version = DMA_FENCE_ABI_VERSION,
		.transport = device->transport,
		.features = eventfd_signaler_is_available() ? DMA_FENCE_FEATURE_EVENTFD : 0,
		.fence_timeout_ns = device->fence_timeout_ns,
		.max_bytes = MAX_BYTES,
		.max_handles = MAX_HANDLES,
		.max_waits = MAX_WAITS,
		.max_events = MAX_EVENTS,
		.max_exports = MAX_EXPORTS,
		.max_attachments = MAX_ATTACHMENTS,
		.max_count = MAX_COUNT,
		.resv_hold_ns = device->resv_hold_ns,
		.memory_poll_ns = device->memory_poll_ns,
	};

	return worker_submit(worker_job_create(request, &caps_ops, sizeof(struct worker_job), &caps,
					       sizeof(caps)));
}

int native_get_stats(const struct request *request, void *argument)
{
	memcpy(argument, &request->device->stats, sizeof(request->device->stats));
	return 0;
}

int native_export(const struct request *request, void *argument)
{
	struct dma_fence_export *export = argument;
	struct fd_object object = { NULL, NULL };
	int ret;

	if (export->flags || export->reserved || export->kind != DMA_FENCE_EXPORT_SYNC_FILE)
		return -EINVAL;
	ret = handle_get_fence(&request->file->handles, export->handle, &object.fence);
	return ret ? ret : export_create(request->file, &object, NULL, export->token);
}

int native_bind(const struct request *request, void *argument)
{
	const struct dma_fence_bind *bind = argument;

	if (bind->flags ||
	    (bind->kind != DMA_FENCE_EXPORT_SYNC_FILE && bind->kind != DMA_FENCE_EXPORT_SYNCOBJ))
		return -EINVAL;
	return export_bind(request->file, bind->token, bind->kind);
}

struct import_job {
	struct worker_job job;
	struct dma_fence *fence; /* a reference, until it has a handle */
};

static struct import_job *to_import_job(struct worker_job *job)
{
	return container_of(job, struct import_job, job);
}

static int prepare_import(struct worker_job *job)
{
	const struct dma_fence_import *import = job->argument;

	return caller_take_fence(job, import->fd, &to_import_job(job)->fence);
}

static int apply_import(struct worker_job *job)
{
	struct handle_table *handles = &job->pending.request.file->handles;
	struct import_job *this = to_import_job(job);
	struct dma_fence_import *import = job->argument;
	int ret = handle_reserve(handles, &fence_handle_class, this->fence);

	if (ret)
		return ret;
	import->handle = handle_add(handles, &fence_handle_class, this->fence);
	this->fence = NULL;
	return 0;
}

static void cleanup_import(struct worker_job *job)
{
	device_lock(job->device);
	dma_fence_put(to_import_job(job)->fence);
	device_unlock_and_notify(job->device);
}

static const struct worker_job_ops import_ops = {
	.prepare = prepare_import,
	.apply = apply_import,
	.cleanup = cleanup_import,
};

int native_import(const struct request *request, void *argument)
{
	const struct dma_fence_import *import = argument;

	if (import->flags || import->reserved)
		return -EINVAL;
	return worker_submit(worker_job_create(request, &import_ops, sizeof(struct import_job),
					       import, sizeof(*import)));
}

struct event_job {
	struct worker_job job;
	int eventfd; /* the duplicate, until it is taken over; else -1 */
};

static struct event_job *to_event_job(struct worker_job *job)
{
	return container_of(job, struct event_job, job);
}

static int prepare_event(struct worker_job *job)
{
	const struct dma_fence_event_add *add = job->argument;
	int fd = caller_take_fd(job, add->eventfd);

	to_event_job(job)->eventfd = fd < 0 ? -1 : fd;
	if (fd < 0)
		return fd;
	return descriptor_kind(job->device, fd) == DESCRIPTOR_EVENTFD ? 0 : -EINVAL;
}

static int apply_event(struct worker_job *job)
{
	struct open_file *file = job->pending.request.file;
	struct event_job *this = to_event_job(job);
	struct dma_fence_event_add *add = job->argument;
	struct dma_fence *fence;
	int ret = handle_get_fence(&file->handles, add->handle, &fence);

	if (!ret)
		ret = event_add(file, fence, this->eventfd, add->user_data, &add->event);
	if (!ret)
		this->eventfd = -1;
	return ret;
}

static void cleanup_event(struct worker_job *job)
{
	if (to_event_job(job)->eventfd >= 0)
		close(to_event_job(job)->eventfd);
}

static const struct worker_job_ops event_ops = {
	.prepare = prepare_event,
	.apply = apply_event,
	.cleanup = cleanup_event,
};

int native_event_add(const struct request *request, void *argument)
{
	struct dma_fence_event_add *add = argument;
	struct dma_fence *fence;
	int ret;

	if (add->flags)
		return -EINVAL;
	ret = handle_get_fence(&request->file->handles, add->handle, &fence);
	if (ret)
		return ret;
	if (add->eventfd == -1)
		return event_add(request->file, fence, -1, add->user_data, &add->event);
	if (!eventfd_signaler_is_available())
		return -EOPNOTSUPP;
	return worker_submit(worker_job_create(request, &event_ops, sizeof(struct event_job), add,
					       sizeof(*add)));
}

int native_event_cancel(const struct request *request, void *argument)
{
	struct dma_fence_event_cancel *cancel = argument;

	if (cancel->flags || cancel->reserved)
		return -EINVAL;
	return event_cancel(request->file, cancel->event, &cancel->fired);
}

int native_identify(const struct request *request, void *argument)
{
	return identify_request(request);
}
