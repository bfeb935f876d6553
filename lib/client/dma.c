/* SPDX-License-Identifier: MIT */
/* dma.c - one operation on one buffer: what comes before it, its fence, and the caches. */
#include <linux/dma-buf.h>

#include "request.h"

/* Of a dma-buf; other memory has no caches to be maintained. */
static int sync_caches(int buffer, uint32_t usage, uint64_t when)
{
	struct dma_buf_sync sync = {
		.flags = when |
			 (usage == DMA_FENCE_USAGE_WRITE ? DMA_BUF_SYNC_RW : DMA_BUF_SYNC_READ),
	};
	int result;

	/* The exporter may say that it is to be asked again. */
	do
		result = request(buffer, DMA_BUF_IOCTL_SYNC, &sync);
	while (result < 0 && (errno == EINTR || errno == EAGAIN));
	return result < 0 && errno == ENOTTY ? 0 : result;
}

/* Keeps errno. */
static void close_handle(int device, uint32_t handle)
{
	int error = errno;

	if (handle)
		dma_fence_device_close_handle(device, handle);
	errno = error;
}

/*
 * Takes the pending fences and adds the fence of the operation, under the lock of the buffer, so
 * that no other operation starts in between. Closing the handle of the new fence signals it with an
 * error.
 */
static int queue_up(int device, int buffer, uint32_t usage, uint32_t ticket, uint32_t *before,
		    uint32_t *fence)
{
	struct dma_fence_attach attach = { .fd = buffer, .usage = usage, .ticket = ticket };
	uint32_t waits_for = DMA_FENCE_USAGE_RW(usage == DMA_FENCE_USAGE_WRITE);

	if (dma_fence_device_buffer_fences(device, buffer, waits_for, 0, before, NULL) < 0 ||
	    dma_fence_device_create(device, "dma", fence) < 0)
		return -1;
	attach.handle = *fence;
	return dma_fence_device_attach_full(device, &attach);
}

/*
 * Once the fence has timed out, later operations do not wait for it any more, and it is too late to
 * begin.
 */
static int still_has_its_turn(int device, uint32_t fence)
{
	int status;

	if (dma_fence_device_get_status(device, fence, &status) < 0)
		return -1;
	return status < 0 ? fail(-status) : 0;
}

API int dma_fence_device_start_dma(int device, int buffer, uint32_t usage, int64_t deadline_ns,
				   uint32_t *handle)
{
	uint32_t ticket = 0, before = 0, fence = 0;
	int result;

	if (usage != DMA_FENCE_USAGE_WRITE && usage != DMA_FENCE_USAGE_READ)
		return fail(EINVAL);
	if (dma_fence_device_resv_lock(device, &buffer, 1, 0, deadline_ns, &ticket, NULL) < 0)
		return -1;
	result = queue_up(device, buffer, usage, ticket, &before, &fence);
	if (result == 0)
		result = dma_fence_device_resv_unlock(device, ticket, 0);
	else
		close_handle(device, ticket);
	if (result == 0)
		result = dma_fence_device_wait(device, before, deadline_ns, NULL);
	if (result == 0)
		result = still_has_its_turn(device, fence);
	if (result == 0)
		result = sync_caches(buffer, usage, DMA_BUF_SYNC_START);
	close_handle(device, before);
	if (result == 0)
		*handle = fence;
	else
		close_handle(device, fence);
	return result;
}

API int dma_fence_device_end_dma(int device, int buffer, uint32_t usage, uint32_t handle, int error)
{
	int synced = sync_caches(buffer, usage, DMA_BUF_SYNC_END), why = errno;
	int signaled = dma_fence_device_signal(device, handle, error);

	close_handle(device, handle);
	if (signaled < 0)
		return -1;
	return synced < 0 ? fail(why) : 0;
}
