/* SPDX-License-Identifier: MIT */
/*
 * native_exchange.c - requests that borrow an fd of the caller (ATTACH, BUFFER_FENCES,
 * BUFFER_WAIT, IMPORT, EVENT_ADD, SEQNO_WRITE, MEM_FENCE), ask whether that is possible (GET_CAPS),
 * or give something away (EXPORT, BIND).
 *
 * What can be checked without the caller is checked before the request goes on a lane, and once
 * more when it comes back: the handle may have been closed meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer/attach.h"
#include "buffer/buffer.h"
#include "buffer/buffer_wait.h"
#include "caller/caller.h"
#include "fence/event.h"
#include "descriptor/export.h"
#include "file/file.h"
#include "memory/memory_fence.h"
#include "memory/memory_write.h"
#include "abi/native.h"
#include "buffer/ticket.h"

/* A request that is about one fd of the caller. */
struct exchange {
	struct lane_job job;
	int fd;		       /* the duplicate, until somebody has taken it over; else -1 */
	struct buffer_key key; /* of a buffer */
	bool is_dmabuf;
	struct dma_fence *fence; /* a reference: of a sync_file, until it has a handle */
	union {
		struct dma_fence_caps caps;
		struct dma_fence_attach attach;
		struct dma_fence_buffer_fences buffer_fences;
		struct dma_fence_buffer_wait buffer_wait;
		struct dma_fence_import import;
		struct dma_fence_event_add event_add;
	};
};

/* No duplicate of a caller's fd is open any more when it has its answer. */
static void cleanup(struct lane_job *job)
{
	struct exchange *exchange = (struct exchange *)job;

	if (exchange->fd >= 0)
		close(exchange->fd);
	if (exchange->fence) {
		device_lock(job->device);
		dma_fence_put(exchange->fence);
		device_unlock_and_notify(job->device);
	}
}

static int submit(struct request *request, const void *argument, size_t argument_size,
		  int (*prepare)(struct lane_job *job), int (*apply)(struct lane_job *job))
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		return -ENOMEM;
	exchange->fd = -1;
	memcpy(&exchange->caps, argument, argument_size);
	exchange->job.prepare = prepare;
	exchange->job.apply = apply;
	exchange->job.cleanup = cleanup;
	exchange->job.charge = sizeof(*exchange);
	exchange->job.answer = &exchange->caps;
	exchange->job.answer_size = request->answer_size;
	return lane_submit_request(&exchange->job, request);
}

static int prepare_caps(struct lane_job *job)
{
	struct exchange *exchange = (struct exchange *)job;
	uint64_t features;
	int ret = caller_features(job, &features);

	exchange->caps.features |= features;
	return ret;
}

int native_get_caps(struct request *request, void *argument)
{
	struct device *device = request->device;
	struct dma_fence_caps caps = {
		.abi_version = DMA_FENCE_ABI_VERSION,
		.transport = device->transport,
		.features = device->eventfd_signaler ? DMA_FENCE_FEATURE_EVENTFD : 0,
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

	return submit(request, &caps, sizeof(caps), prepare_caps, NULL);
}

int native_get_stats(struct request *request, void *argument)
{
	memcpy(argument, &request->device->stats, sizeof(request->device->stats));
	return 0;
}

static int prepare_buffer(struct lane_job *job)
{
	struct exchange *exchange = (struct exchange *)job;

	/* The fd is the first field of all requests on a buffer. */
	exchange->fd = caller_take_fd(job, exchange->attach.fd);
	if (exchange->fd < 0)
		return exchange->fd;
	return buffer_identify(job->device, exchange->fd, &exchange->key, &exchange->is_dmabuf);
}

static int apply_attach(struct lane_job *job)
{
	struct exchange *exchange = (struct exchange *)job;
	struct account *account = job->parked.file->account;
	struct dma_fence *fence;
	struct buffer *buffer;
	int ret;

	ret = file_fence(job->parked.file, exchange->attach.handle, &fence);
	if (ret)
		return ret;
	ret = buffer_get(job->device, account, &exchange->key, exchange->is_dmabuf, &exchange->fd,
			 &buffer);
	if (ret)
		return ret;
	ret = attach_apply(job, &exchange->attach, buffer, fence);
	buffer_put(buffer);
	return ret;
}

int native_attach(struct request *request, void *argument)
{
	const struct dma_fence_attach *attach = argument;
	struct ticket *ticket;
	struct dma_fence *fence;
	int ret;

	if (attach->flags & ~DMA_FENCE_ATTACH_MEMORY_WAITERS || attach->reserved ||
	    attach->usage > DMA_FENCE_USAGE_BOOKKEEP)
		return -EINVAL;
	ret = file_fence(request->file, attach->handle, &fence);
	if (!ret && attach->ticket)
		ret = ticket_find(request->file, attach->ticket, &ticket);
	if (ret)
		return ret;
	return submit(request, attach, sizeof(*attach), prepare_buffer, apply_attach);
}

/* What is pending on a buffer (NULL: nothing), or a signaled fence. */
static struct dma_fence *pending_on(struct buffer *buffer, uint32_t usage, bool latest,
				    uint32_t *count)
{
	struct dma_fence *fence = NULL;

	*count = 0;
	if (buffer && !latest)
		return dma_resv_get_singleton(&buffer->resv, usage, count);
	if (buffer)
		fence = dma_resv_get_latest(&buffer->resv, usage);
	if (fence)
		*count = 1;
	return fence ? fence : dma_fence_get_stub();
}

static int apply_buffer_fences(struct lane_job *job)
{
	struct exchange *exchange = (struct exchange *)job;
	struct dma_fence_buffer_fences *argument = &exchange->buffer_fences;
	struct open_file *file = job->parked.file;
	struct buffer *buffer = buffer_find(job->device, &exchange->key);
	struct dma_fence *fence;
	int ret;

	fence = pending_on(buffer, argument->usage, argument->flags & DMA_FENCE_BUFFER_LATEST,
			   &argument->count);
	buffer_put(buffer);
	ret = fence ? file_handle_reserve(file, fence) : -ENOMEM;
	if (ret) {
		dma_fence_put(fence);
		return ret;
	}
	argument->handle = file_handle_add(file, fence, false);
	return 0;
}

int native_buffer_fences(struct request *request, void *argument)
{
	const struct dma_fence_buffer_fences *fences = argument;

	if (fences->flags & ~DMA_FENCE_BUFFER_LATEST || fences->reserved ||
	    fences->usage > DMA_FENCE_USAGE_BOOKKEEP)
		return -EINVAL;
	return submit(request, fences, sizeof(*fences), prepare_buffer, apply_buffer_fences);
}

static int apply_buffer_wait(struct lane_job *job)
{
	struct exchange *exchange = (struct exchange *)job;
	struct dma_fence_buffer_wait *wait = &exchange->buffer_wait;
	struct buffer *buffer = buffer_find(job->device, &exchange->key);
	struct dma_fence *pending;
	int ret;

	if (!buffer)
		return 0;
	pending = dma_resv_get_singleton(&buffer->resv, wait->usage, &wait->count);
	buffer_put(buffer);
	if (!pending)
		return -ENOMEM;
	ret = wait->count ? buffer_wait_for_fence(job->parked.file, job->parked.fuse, pending, wait,
						  job->answer_size)
			  : 0;
	dma_fence_put(pending);
	return ret;
}

int native_buffer_wait(struct request *request, void *argument)
{
	struct dma_fence_buffer_wait *wait = argument;

	if (wait->flags || wait->reserved || wait->usage > DMA_FENCE_USAGE_BOOKKEEP)
		return -EINVAL;
	wait->count = 0;
	wait->error = 0;
	return submit(request, wait, sizeof(*wait), prepare_buffer, apply_buffer_wait);
}

int native_export(struct request *request, void *argument)
{
	struct dma_fence_export *export = argument;
	struct dma_fence *fence;
	uint64_t token[2];
	int ret;

	if (export->flags || export->reserved || export->kind != DMA_FENCE_EXPORT_SYNC_FILE)
		return -EINVAL;
	ret = file_fence(request->file, export->handle, &fence);
	if (!ret)
		ret = export_create(request->file, fence, export->kind, NULL, token);
	if (!ret)
		memcpy(export->token, token, sizeof(token));
	return ret;
}

int native_bind(struct request *request, void *argument)
{
	const struct dma_fence_bind *bind = argument;
	uint64_t token[2] = { bind->token[0], bind->token[1] };

	if (bind->flags ||
	    (bind->kind != DMA_FENCE_EXPORT_SYNC_FILE && bind->kind != DMA_FENCE_EXPORT_SYNCOBJ))
		return -EINVAL;
	return export_bind(request->file, token, bind->kind);
}

static int prepare_import(struct lane_job *job)
{
	struct exchange *exchange = (struct exchange *)job;

	return caller_take_fence(job, exchange->import.fd, &exchange->fence);
}

static int apply_import(struct lane_job *job)
{
	struct exchange *exchange = (struct exchange *)job;
	int ret = file_handle_reserve(job->parked.file, exchange->fence);

	if (ret)
		return ret;
	exchange->import.handle = file_handle_add(job->parked.file, exchange->fence, false);
	exchange->fence = NULL;
	return 0;
}

int native_import(struct request *request, void *argument)
{
	const struct dma_fence_import *import = argument;

	if (import->flags || import->reserved)
		return -EINVAL;
	return submit(request, import, sizeof(*import), prepare_import, apply_import);
}

int native_seqno_write(struct request *request, void *argument)
{
	return memory_write_request(request, argument);
}

int native_mem_fence(struct request *request, void *argument)
{
	return memory_fence_request(request, argument);
}

int native_mem_fence_location(struct request *request, void *argument)
{
	return memory_fence_location(request->file, argument);
}

int native_mem_fence_kick(struct request *request, void *argument)
{
	return memory_fence_kick(request, argument);
}

static int prepare_event(struct lane_job *job)
{
	struct exchange *exchange = (struct exchange *)job;

	exchange->fd = caller_take_fd(job, exchange->event_add.eventfd);
	if (exchange->fd < 0)
		return exchange->fd;
	return descriptor_kind(job->device, exchange->fd) == DESCRIPTOR_EVENTFD ? 0 : -EINVAL;
}

static int apply_event(struct lane_job *job)
{
	struct exchange *exchange = (struct exchange *)job;
	struct dma_fence_event_add *add = &exchange->event_add;
	struct dma_fence *fence;
	int ret = file_fence(job->parked.file, add->handle, &fence);

	if (!ret)
		ret = event_add(job->parked.file, fence, exchange->fd, add->user_data, &add->event);
	if (!ret)
		exchange->fd = -1;
	return ret;
}

int native_event_add(struct request *request, void *argument)
{
	struct dma_fence_event_add *add = argument;
	struct dma_fence *fence;
	int ret;

	if (add->flags)
		return -EINVAL;
	ret = file_fence(request->file, add->handle, &fence);
	if (ret)
		return ret;
	if (add->eventfd == -1)
		return event_add(request->file, fence, -1, add->user_data, &add->event);
	if (!request->device->eventfd_signaler)
		return -EOPNOTSUPP;
	return submit(request, add, sizeof(*add), prepare_event, apply_event);
}

int native_event_cancel(struct request *request, void *argument)
{
	struct dma_fence_event_cancel *cancel = argument;

	if (cancel->flags || cancel->reserved)
		return -EINVAL;
	return event_cancel(request->file, cancel->event, &cancel->fired);
}
