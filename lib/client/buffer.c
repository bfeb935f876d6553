/* SPDX-License-Identifier: MIT */
/* buffer.c - fences on buffers, and values stored in them. seqno_wait.c has the waiter's side. */
#include "request.h"

API int dma_fence_device_attach(int device, int buffer, uint32_t handle, uint32_t usage)
{
	struct dma_fence_attach attach = { .fd = buffer, .handle = handle, .usage = usage };

	return request(device, DMA_FENCE_IOC_ATTACH, &attach);
}

API int dma_fence_device_buffer_fences(int device, int buffer, uint32_t usage, uint32_t flags,
				       uint32_t *handle, uint32_t *count)
{
	struct dma_fence_buffer_fences fences = { .fd = buffer, .usage = usage, .flags = flags };

	if (request(device, DMA_FENCE_IOC_BUFFER_FENCES, &fences) < 0)
		return -1;
	*handle = fences.handle;
	if (count)
		*count = fences.count;
	return 0;
}

API int dma_fence_device_buffer_wait(int device, int buffer, uint32_t usage, int64_t deadline_ns,
				     uint32_t *count, int *error)
{
	struct dma_fence_buffer_wait wait = {
		.fd = buffer,
		.usage = usage,
		.deadline_ns = deadline_ns,
	};
	int result = request(device, DMA_FENCE_IOC_BUFFER_WAIT, &wait);

	if (result < 0 && errno != ETIME)
		return result;
	if (count)
		*count = wait.count;
	if (error)
		*error = wait.error;
	return result;
}

API int dma_fence_device_seqno_write(int device, uint32_t handle, int buffer, uint64_t offset,
				     uint64_t value, uint32_t size)
{
	struct dma_fence_seqno_write write = {
		.handle = handle,
		.fd = buffer,
		.offset = offset,
		.value = value,
		.size = size,
	};

	return request(device, DMA_FENCE_IOC_SEQNO_WRITE, &write);
}
