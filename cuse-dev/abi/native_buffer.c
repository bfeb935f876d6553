/* SPDX-License-Identifier: MIT */
/*
 * native_buffer.c - ATTACH, BUFFER_FENCES, BUFFER_WAIT, SEQNO_WRITE, MEM_FENCE and its requests.
 *
 * What can be checked without the caller is checked before the request goes to a worker, and once
 * more when it comes back: the handle may have been closed meanwhile.
 */
#include <errno.h>

#include "abi/native.h"
#include "buffer/attach.h"
#include "buffer/buffer_wait.h"
#include "buffer/ticket.h"
#include "container_of.h"
#include "memory/memory_request.h"
#include "memory/memory_write.h"

/* A request on one buffer, whose fd is the first field of its argument. */
struct buffer_job {
	struct worker_job job;
	struct taken_buffer taken;
};

static struct buffer_job *to_buffer_job(struct worker_job *job)
{
	return container_of(job, struct buffer_job, job);
}

static int prepare(struct worker_job *job)
{
	return buffer_take(job, *(const int32_t *)job->argument, &to_buffer_job(job)->taken);
}

static void cleanup(struct worker_job *job)
{
	taken_buffer_close(&to_buffer_job(job)->taken);
}

static int submit(const struct request *request, const struct worker_job_ops *ops,
		  const void *argument, size_t size)
{
	return worker_submit(
		worker_job_create(request, ops, sizeof(struct buffer_job), argument, size));
}

static int apply_attach(struct worker_job *job)
{
	const struct dma_fence_attach *attach = job->argument;
	const struct request *request = &job->pending.request;
	struct dma_fence *fence;
	struct buffer *buffer;
	int ret;

	ret = handle_get_fence(&request->file->handles, attach->handle, &fence);
	if (ret)
		return ret;
	ret = buffer_of_taken(job->device, job->account, &to_buffer_job(job)->taken, &buffer);
	if (ret)
		return ret;
	ret = attach_fence(request, attach, buffer, fence);
	buffer_put(buffer);
	return ret;
}

static const struct worker_job_ops attach_ops = {
	.prepare = prepare,
	.apply = apply_attach,
	.cleanup = cleanup,
};

int native_attach(const struct request *request, void *argument)
{
	const struct dma_fence_attach *attach = argument;
	struct ticket *ticket;
	struct dma_fence *fence;
	int ret;

	if (attach->flags & ~DMA_FENCE_ATTACH_MEMORY_WAITERS || attach->reserved ||
	    attach->usage > DMA_FENCE_USAGE_BOOKKEEP)
		return -EINVAL;
	ret = handle_get_fence(&request->file->handles, attach->handle, &fence);
	if (!ret && attach->ticket)
		ret = ticket_find(request->file, attach->ticket, &ticket);
	return ret ? ret : submit(request, &attach_ops, attach, sizeof(*attach));
}

/* What is pending on a buffer as one fence, a reference; or a signaled one. NULL: no memory. */
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

static int apply_buffer_fences(struct worker_job *job)
{
	struct dma_fence_buffer_fences *argument = job->argument;
	struct handle_table *handles = &job->pending.request.file->handles;
	struct buffer *buffer = buffer_find(&to_buffer_job(job)->taken.key);
	struct dma_fence *fence;
	int ret;

	fence = pending_on(buffer, argument->usage, argument->flags & DMA_FENCE_BUFFER_LATEST,
			   &argument->count);
	ret = fence ? handle_reserve(handles, &fence_handle_class, fence) : -ENOMEM;
	if (ret)
		dma_fence_put(fence);
	else
		argument->handle = handle_add(handles, &fence_handle_class, fence);
	buffer_put(buffer);
	return ret;
}

static const struct worker_job_ops buffer_fences_ops = {
	.prepare = prepare,
	.apply = apply_buffer_fences,
	.cleanup = cleanup,
};

int native_buffer_fences(const struct request *request, void *argument)
{
	const struct dma_fence_buffer_fences *fences = argument;

	if (fences->flags & ~DMA_FENCE_BUFFER_LATEST || fences->reserved ||
	    fences->usage > DMA_FENCE_USAGE_BOOKKEEP)
		return -EINVAL;
	return submit(request, &buffer_fences_ops, fences, sizeof(*fences));
}

static int apply_buffer_wait(struct worker_job *job)
{
	struct dma_fence_buffer_wait *wait = job->argument;
	struct buffer *buffer = buffer_find(&to_buffer_job(job)->taken.key);
	struct dma_fence *pending;
	int ret = -ENOMEM;

	if (!buffer)
		return 0;
	pending = dma_resv_get_singleton(&buffer->resv, wait->usage, &wait->count);
	if (pending)
		ret = wait->count ? buffer_wait_for_fence(&job->pending.request, pending, wait) : 0;
	dma_fence_put(pending);
	buffer_put(buffer);
	return ret;
}

static const struct worker_job_ops buffer_wait_ops = {
	.prepare = prepare,
	.apply = apply_buffer_wait,
	.cleanup = cleanup,
};

int native_buffer_wait(const struct request *request, void *argument)
{
	struct dma_fence_buffer_wait *wait = argument;

	if (wait->flags || wait->reserved || wait->usage > DMA_FENCE_USAGE_BOOKKEEP)
		return -EINVAL;
	wait->count = 0;
	wait->error = 0;
	return submit(request, &buffer_wait_ops, wait, sizeof(*wait));
}

int native_seqno_write(const struct request *request, void *argument)
{
	return memory_write_request(request, argument);
}

int native_mem_fence(const struct request *request, void *argument)
{
	return memory_fence_request(request, argument);
}

int native_mem_fence_location(const struct request *request, void *argument)
{
	return memory_location_request(request, argument);
}

int native_mem_fence_kick(const struct request *request, void *argument)
{
	return memory_kick_request(request, argument);
}
