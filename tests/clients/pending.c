/* SPDX-License-Identifier: MIT */
/* pending.c - see pending.h. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

#include "linux_dma_buf.h"
#include "linux_sw_sync.h"
#include "pending.h"

/* Of the kernel's <drm/vgem_drm.h>, which libdrm does not carry. */
struct vgem_fence_attach {
	__u32 handle; /* in: the buffer */
	__u32 flags;
	__u32 out_fence;
	__u32 pad;
};

struct vgem_fence_signal {
	__u32 fence;
	__u32 flags;
};

#define VGEM_FENCE_WRITE  1
#define VGEM_FENCE_ATTACH DRM_IOWR(DRM_COMMAND_BASE + 1, struct vgem_fence_attach)
#define VGEM_FENCE_SIGNAL DRM_IOW(DRM_COMMAND_BASE + 2, struct vgem_fence_signal)

#define SW_SYNC "/sys/kernel/debug/sync/sw_sync"

#define must(call) cr_assert_eq(call, 0, "%s: %s", #call, strerror(errno))

static void begin_with_sw_sync(struct pending *pending)
{
	struct sw_sync_create_fence_data create = { .value = 1, .name = "pending" };

	must(drmIoctl(pending->device, SW_SYNC_IOC_CREATE_FENCE, &create));
	pending->sync_file = create.fence;
}

static bool is_vgem(int device)
{
	drmVersionPtr version = drmGetVersion(device);
	bool is = version && !strcmp(version->name, "vgem");

	drmFreeVersion(version);
	return is;
}

/* -1: there is none. */
static int open_vgem(void)
{
	char path[32];

	for (int i = 0; i < 8; i++) {
		int device;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		device = open(path, O_RDWR | O_CLOEXEC);
		if (device < 0 || is_vgem(device))
			return device;
		close(device);
	}
	return -1;
}

static void begin_with_vgem(struct pending *pending)
{
	struct drm_mode_create_dumb create = { .width = 16, .height = 16, .bpp = 32 };
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_READ };
	struct vgem_fence_attach attach = { .flags = VGEM_FENCE_WRITE };

	must(drmIoctl(pending->device, DRM_IOCTL_MODE_CREATE_DUMB, &create));
	must(drmPrimeHandleToFD(pending->device, create.handle, O_CLOEXEC | O_RDWR,
				&pending->buffer));
	attach.handle = create.handle;
	must(drmIoctl(pending->device, VGEM_FENCE_ATTACH, &attach));
	pending->fence = attach.out_fence;
	must(drmIoctl(pending->buffer, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export));
	pending->sync_file = export.fd;
}

void pending_begin(struct pending *pending)
{
	pending->buffer = -1;
	pending->device = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	if (pending->device >= 0) {
		begin_with_sw_sync(pending);
		return;
	}
	pending->device = open_vgem();
	if (pending->device < 0)
		cr_skip_test("there is neither sw_sync nor vgem to make a fence");
	begin_with_vgem(pending);
}

void pending_signal(const struct pending *pending)
{
	struct vgem_fence_signal signal = { .fence = pending->fence };
	uint32_t by = 1;

	if (pending->buffer < 0)
		must(drmIoctl(pending->device, SW_SYNC_IOC_INC, &by));
	else
		must(drmIoctl(pending->device, VGEM_FENCE_SIGNAL, &signal));
}

void pending_end(const struct pending *pending)
{
	close(pending->sync_file);
	if (pending->buffer >= 0)
		close(pending->buffer);
	close(pending->device);
}
