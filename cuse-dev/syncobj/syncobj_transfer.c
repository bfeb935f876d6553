/* SPDX-License-Identifier: MIT */
/* syncobj_transfer.c - see syncobj_transfer.h. */
#include <errno.h>
#include <stdlib.h>

#include "container_of.h"
#include "linux_drm_syncobj.h"
#include "merge.h"
#include "syncobj/syncobj_handle.h"
#include "syncobj/syncobj_transfer.h"

/* How long it waits for a fence to be submitted: as the kernel does. */
#define SUBMIT_TIMEOUT_NS 5000000000

/*
 * One that waits for a fence to be submitted. What it puts in may be what another one waits for,
 * and so on: so those that are due are completed one after the other, in a loop, and a chain of
 * them is no chain of calls.
 */
struct transfer {
	struct pending pending;
	struct transfer *prev, *next; /* of those that are due */
	struct dma_fence *fence;      /* a reference: it is due; NULL: not submitted yet */
	struct syncobj_cb submitted;  /* on the source */
	struct device_syncobj *source, *destination; /* references */
	struct drm_syncobj_transfer argument;
};

static struct transfer *to_transfer(struct pending *pending)
{
	return container_of(pending, struct transfer, pending);
}

static struct transfer *due; /* utlist */
static bool is_completing;

/* A point takes what is pending of the fence, as in the kernel: a stub if that is nothing. */
static int add_pending(struct device_syncobj *destination, struct account *account,
		       struct dma_fence *fence, uint64_t point)
{
	struct dma_fence *pending = dma_fence_merge_all(1, &fence);
	int ret;

	if (!pending)
		return -ENOMEM;
	ret = device_syncobj_add_point(destination, account, pending, point);
	dma_fence_put(pending);
	return ret;
}

static int put_in(struct device_syncobj *destination, struct account *account,
		  struct dma_fence *fence, uint64_t point)
{
	return point ? add_pending(destination, account, fence, point)
		     : device_syncobj_replace(destination, account, fence);
}

static void end(struct pending *pending, int result)
{
	struct transfer *transfer = to_transfer(pending);

	if (transfer->fence)
		DL_DELETE(due, transfer);
	else
		syncobj_remove_callback(transfer->source->syncobj, &transfer->submitted);
}

static void transfer_free(struct pending *pending)
{
	struct transfer *transfer = to_transfer(pending);

	dma_fence_put(transfer->fence);
	device_syncobj_put(transfer->source);
	device_syncobj_put(transfer->destination);
	free(transfer);
}

static const struct pending_ops transfer_ops = {
	.end = end,
	.free = transfer_free,
	.is_wait = true,
};

static void complete_due(void)
{
	if (is_completing)
		return;
	is_completing = true;
	while (due) {
		struct transfer *transfer = due;
		struct account *account = transfer->pending.request.file->account;

		pending_complete(&transfer->pending,
				 put_in(transfer->destination, account, transfer->fence,
					transfer->argument.dst_point));
	}
	is_completing = false;
}

static void on_submit(struct syncobj *syncobj, struct syncobj_cb *callback)
{
	struct transfer *transfer = container_of(callback, struct transfer, submitted);

	if (syncobj_find_fence(syncobj, transfer->argument.src_point, &transfer->fence))
		return;
	syncobj_remove_callback(syncobj, callback);
	DL_APPEND(due, transfer);
	complete_due();
}

static int block(const struct request *request, struct device_syncobj *source,
		 struct device_syncobj *destination, const struct drm_syncobj_transfer *argument)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	int ret;

	if (!transfer)
		return -ENOMEM;
	ret = pending_start(&transfer->pending, &transfer_ops, request, sizeof(*transfer));
	if (ret) {
		free(transfer);
		return ret;
	}
	transfer->argument = *argument;
	transfer->pending.answer = &transfer->argument;
	transfer->source = device_syncobj_get(source);
	transfer->destination = device_syncobj_get(destination);
	syncobj_add_callback(source->syncobj, &transfer->submitted, on_submit);
	if (pending_set_deadline(&transfer->pending, dma_fence_now() + SUBMIT_TIMEOUT_NS))
		pending_complete(&transfer->pending, -ENOMEM);
	return REQUEST_BLOCKED;
}

int syncobj_transfer_request(const struct request *request,
			     const struct drm_syncobj_transfer *argument)
{
	struct device_syncobj *source, *destination;
	struct dma_fence *fence;
	int ret;

	if (argument->pad)
		return -EINVAL;
	source = syncobj_handle_find(request->file, argument->src_handle);
	destination = syncobj_handle_find(request->file, argument->dst_handle);
	if (!source || !destination)
		return -ENOENT;
	if (argument->flags & ~DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT)
		return -EINVAL;
	ret = syncobj_find_fence(source->syncobj, argument->src_point, &fence);
	if (ret == -EINVAL && argument->flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT)
		return block(request, source, destination, argument);
	if (ret)
		return ret;
	ret = put_in(destination, request->file->account, fence, argument->dst_point);
	dma_fence_put(fence);
	return ret;
}
