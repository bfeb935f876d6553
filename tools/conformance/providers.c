/* SPDX-License-Identifier: MIT */
/*
 * providers.c - pending fences: those of a sw_sync timeline, and those that Linux's vgem attaches
 * to a buffer of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "drm.h"
#include "linux_dma_buf.h"
#include "linux_sw_sync.h"
#include "providers.h"

/* ---- sw_sync: a timeline for each fence, at whose value 1 it is signaled ---- */

static int sw_sync_make(const char *sw_sync, struct pending *pending)
{
	struct sw_sync_create_fence_data create = { .value = 1, .fence = -1 };

	pending->source = open(sw_sync, O_RDWR | O_CLOEXEC);
	if (pending->source < 0)
		return -1;
	if (ioctl(pending->source, SW_SYNC_IOC_CREATE_FENCE, &create)) {
		close(pending->source);
		return -1;
	}
	pending->sync_file = create.fence;
	return 0;
}

static int sw_sync_signal(const struct pending *pending)
{
	__u32 steps = 1;

	return ioctl(pending->source, SW_SYNC_IOC_INC, &steps);
}

const struct provider sw_sync_provider = {
	.what = "sw_sync",
	.driver = "sw_sync",
	.make = sw_sync_make,
	.signal = sw_sync_signal,
};

/* ---- vgem: a buffer for each fence. It signals by itself after ten seconds. ---- */

static bool is_vgem(int fd)
{
	char name[16] = "";
	struct drm_version version = { .name = (__u64)(uintptr_t)name,
				       .name_length = sizeof(name) - 1 };

	return !ioctl(fd, DRM_VERSION, &version) && !strcmp(name, "vgem");
}

static int open_vgem(void)
{
	char path[32];
	int fd;

	for (int i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && is_vgem(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

/* A sync_file of the fence that is attached to the buffer. */
static int export_fence(int fd, unsigned int handle)
{
	struct drm_prime prime = { .handle = handle, .flags = O_RDWR | O_CLOEXEC, .fd = -1 };
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_RW, .fd = -1 };
	int result;

	if (ioctl(fd, DRM_PRIME_HANDLE_TO_FD, &prime))
		return -1;
	result = ioctl(prime.fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export);
	close(prime.fd);
	return result ? -1 : export.fd;
}

static int attach_fence(int fd, struct pending *pending)
{
	struct drm_dumb dumb = { .width = 64, .height = 16, .bits_per_pixel = 32 };
	struct drm_vgem_attach attach = { .flags = DRM_VGEM_ATTACH_WRITE };

	if (ioctl(fd, DRM_CREATE_DUMB, &dumb))
		return -1;
	attach.handle = dumb.handle;
	if (ioctl(fd, DRM_VGEM_ATTACH, &attach))
		return -1;
	pending->id = attach.fence;
	pending->sync_file = export_fence(fd, dumb.handle);
	return pending->sync_file < 0 ? -1 : 0;
}

static int vgem_make(const char *sw_sync, struct pending *pending)
{
	pending->source = open_vgem();
	if (pending->source < 0)
		return -1;
	if (!attach_fence(pending->source, pending))
		return 0;
	close(pending->source);
	return -1;
}

static int vgem_signal(const struct pending *pending)
{
	struct drm_vgem_signal signal = { .fence = pending->id };

	return ioctl(pending->source, DRM_VGEM_SIGNAL, &signal);
}

const struct provider vgem_provider = {
	.what = "vgem",
	.driver = "vgem",
	.timeline = "unbound",
	.make = vgem_make,
	.signal = vgem_signal,
};
