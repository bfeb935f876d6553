/* SPDX-License-Identifier: MIT */
/*
 * device.c - opening the node, and what it says of itself. Fences, timelines, buffers and events
 * have files of their own.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "request.h"

#define DEFAULT_PATH "/dev/dma_fence"

API const char *dma_fence_library_version(void)
{
	return PACKAGE_VERSION;
}

API const char *dma_fence_device_default_path(void)
{
	const char *path = secure_getenv("DMA_FENCE_DEVICE");

	return path && *path ? path : DEFAULT_PATH;
}

/*
 * Returns fd if it is a fresh open of our device; else closes it: -1, with errno of whatever came
 * first.
 */
static int check_device(int fd)
{
	struct dma_fence_caps caps;
	int error;

	memset(&caps, 0, sizeof(caps));
	if (request(fd, DMA_FENCE_IOC_GET_CAPS, &caps) == 0) {
		if (caps.abi_version >> 16 == DMA_FENCE_ABI_VERSION >> 16)
			return fd;
		errno = ENOTTY;
	}
	/* What a driver says to a request that it does not know: most ENOTTY, others these. */
	error = errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP ? ENOTTY : errno;
	close(fd);
	return fail(error);
}

int open_again(int fd, int access_mode)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];

	/* The path of an fd that is not open is ENOENT, which would tell the wrong story. */
	if (fcntl(fd, F_GETFD) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, access_mode | O_CLOEXEC | O_NOCTTY);
}

API int dma_fence_device_open(const char *path)
{
	int fd = open(path ? path : dma_fence_device_default_path(), O_RDWR | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -1 : check_device(fd);
}

API int dma_fence_device_reopen(int device)
{
	int fd = open_again(device, O_RDWR);

	return fd < 0 ? -1 : check_device(fd);
}

API int dma_fence_device_get_caps(int device, struct dma_fence_caps *caps)
{
	memset(caps, 0, sizeof(*caps));
	return request(device, DMA_FENCE_IOC_GET_CAPS, caps);
}

API int dma_fence_device_get_stats(int device, struct dma_fence_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	return request(device, DMA_FENCE_IOC_GET_STATS, stats);
}
