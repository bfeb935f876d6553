/* SPDX-License-Identifier: MIT */
/* mem_fence.c - fences that memory signals, and where that memory is. */
#include "request.h"

API int dma_fence_device_mem_fence(int device, struct dma_fence_mem_fence *mem_fence)
{
	return request(device, DMA_FENCE_IOC_MEM_FENCE, mem_fence);
}

API int dma_fence_device_mem_fence_location(int device, uint32_t handle,
					    struct dma_fence_mem_fence_location *location)
{
	*location = (struct dma_fence_mem_fence_location){ .handle = handle };
	return request(device, DMA_FENCE_IOC_MEM_FENCE_LOCATION, location);
}

API int dma_fence_device_mem_fence_kick(int device, uint32_t handle, uint32_t *signaled)
{
	struct dma_fence_mem_fence_kick kick = { .handle = handle };

	if (request(device, DMA_FENCE_IOC_MEM_FENCE_KICK, &kick) < 0)
		return -1;
	if (signaled)
		*signaled = kick.signaled;
	return 0;
}
