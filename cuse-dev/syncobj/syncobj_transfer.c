/* SPDX-License-Identifier: MIT */
/*
 * syncobj_transfer.c - see syncobj_transfer.h.
 *
 * One that waits for something to be submitted has a callback on its source, and a timer. Whatever
 * ends it does so under device->lock and takes the others off.
 */
#include <errno.h>
#include <stdlib.h>

#include "file/file.h"
#include "linux_drm_syncobj.h"
#include "syncobj/syncobj_handle.h"
#include "syncobj/syncobj_transfer.h"
#include "device/timer.h"

/* How long it waits for something to be submitted: as the kernel does. */
#define SUBMIT_TIMEOUT_NS 5000000000

struct transfer {
	struct parked parked;
	struct timer timer;
	struct syncobj_cb submitted;
	struct device_syncobj *source, *destination; /* references */
	struct drm_syncobj_transfer argument;
	size_t answer_size;
};

/* -EINVAL: nothing is submitted. */
static int transfer_now(struct device_syncobj *source, struct device_syncobj *destination,
			struct account *account, const struct drm_syncobj_transfer *argument)
{
	struct dma_fence *fence;
	int ret = syncobj_find_fence(source->syncobj, argument->src_point, &fence);

	if (ret)
		return ret;
	ret = argument->dst_point
		      ? device_syncobj_add_point(destination, account, fence, argument->dst_point)
		      : device_syncobj_replace(destination, account, fence);
	dma_fence_put(fence);
	return ret;
}

static void transfer_free(struct transfer *transfer, struct open_file *file)
{
	timer_cancel(file->device, &transfer->timer);
	syncobj_remove_callback(transfer->source->syncobj, &transfer->submitted);
	account_uncharge(file->account, sizeof(*transfer));
	device_syncobj_put(transfer->source);
	device_syncobj_put(transfer->destination);
	free(transfer);
}

static void interrupted(struct parked *parked)
{
	transfer_free((struct transfer *)parked, parked->file);
}

static void finish(struct transfer *transfer, int result)
{
	struct open_file *file = transfer->parked.file;
	fuse_req_t fuse = transfer->parked.fuse;

	/* At the end of the device the request may hold the last reference. */
	file_get(file);
	unpark(&transfer->parked);
	request_reply(fuse, result, &transfer->argument, transfer->answer_size);
	transfer_free(transfer, file);
	file_put(file);
}

static void on_submit(struct syncobj *syncobj, struct syncobj_cb *callback)
{
	struct transfer *transfer =
		(struct transfer *)((char *)callback - offsetof(struct transfer, submitted));
	struct dma_fence *fence;

	if (syncobj_find_fence(syncobj, transfer->argument.src_point, &fence))
		return;
	dma_fence_put(fence);
	/* What it puts in must not call it once more. */
	syncobj_remove_callback(syncobj, callback);
	finish(transfer, transfer_now(transfer->source, transfer->destination,
				      transfer->parked.file->account, &transfer->argument));
}

static void time_is_over(struct timer *timer)
{
	finish((struct transfer *)((char *)timer - offsetof(struct transfer, timer)), -ETIME);
}

static int park_transfer(struct request *request, struct device_syncobj *source,
			 struct device_syncobj *destination,
			 const struct drm_syncobj_transfer *argument)
{
	struct open_file *file = request->file;
	struct transfer *transfer;
	int ret;

	if (account_charge(file->account, sizeof(*transfer)))
		return -ENOMEM;
	transfer = calloc(1, sizeof(*transfer));
	if (!transfer) {
		account_uncharge(file->account, sizeof(*transfer));
		return -ENOMEM;
	}
	transfer->argument = *argument;
	transfer->answer_size = request->answer_size;
	transfer->source = device_syncobj_get(source);
	transfer->destination = device_syncobj_get(destination);
	transfer->parked.is_wait = true;
	ret = timer_set(file->device, &transfer->timer, dma_fence_now() + SUBMIT_TIMEOUT_NS,
			time_is_over);
	if (!ret)
		ret = park(&transfer->parked, request->fuse, file, interrupted);
	if (ret) {
		transfer_free(transfer, file);
		return ret;
	}
	syncobj_add_callback(source->syncobj, &transfer->submitted, on_submit);
	return REQUEST_PARKED;
}

int syncobj_transfer_request(struct request *request, const struct drm_syncobj_transfer *argument)
{
	struct device_syncobj *source, *destination;
	int ret;

	if (argument->pad)
		return -EINVAL;
	source = syncobj_handle_find(request->file, argument->src_handle);
	destination = syncobj_handle_find(request->file, argument->dst_handle);
	if (!source || !destination)
		return -ENOENT;
	if (argument->flags & ~DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT)
		return -EINVAL;
	ret = transfer_now(source, destination, request->file->account, argument);
	if (ret == -EINVAL && argument->flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT)
		return park_transfer(request, source, destination, argument);
	return ret;
}
