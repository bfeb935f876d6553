/* SPDX-License-Identifier: MIT */
/*
 * bed.c - what the device under test offers, and the objects that the groups begin with.
 *
 * Each object belongs to the process of the group that made it, and ends with that.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bed.h"
#include "drm.h"
#include "exchange.h"
#include "linux_dma_buf.h"
#include "linux_sync_file.h"
#include "report.h"

#define BUFFER_SIZE 8192

struct bed bed;

int open_node(void)
{
	int fd = open(bed.node, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		give_up(bed.node);
	return fd;
}

struct pending make_pending(void)
{
	struct pending pending;

	if (bed.provider->make(bed.sw_sync, &pending))
		give_up("making a pending fence");
	return pending;
}

void signal_pending(struct pending *pending)
{
	if (bed.provider->signal(pending))
		give_up("signaling a pending fence");
}

static int signaled_from_syncobj(void)
{
	int fd = open(bed.node, O_RDWR | O_CLOEXEC);
	struct syncobj_create create = { .flags = SYNCOBJ_CREATE_SIGNALED };
	struct syncobj_fd_short export = { .flags = SYNCOBJ_FD_SYNC_FILE, .fd = -1 };
	int result;

	if (fd < 0)
		return -1;
	result = ioctl(fd, SYNCOBJ_CREATE, &create);
	export.handle = create.handle;
	if (!result)
		result = ioctl(fd, SYNCOBJ_TO_FD, &export);
	close(fd);
	return result ? -1 : export.fd;
}

int make_signaled(void)
{
	int fd = signaled_from_syncobj();

	if (fd < 0)
		give_up("making a signaled sync_file");
	return fd;
}

int make_buffer(void)
{
	int fd = bed.make_buffer();

	if (fd < 0)
		give_up("making a buffer");
	return fd;
}

int make_merged(int a, int b)
{
	struct sync_merge_data merge = { .name = "merged", .fd2 = b, .fence = -1 };

	prepare(a, SYNC_IOC_MERGE, &merge);
	return merge.fence;
}

void import_fence(int buffer, unsigned int flags, int sync_file)
{
	struct dma_buf_import_sync_file import = { .flags = flags, .fd = sync_file };

	prepare(buffer, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import);
}

const char *polled(int fd, short events)
{
	struct pollfd look = { .fd = fd, .events = events };
	int result = poll(&look, 1, 0);

	if (result < 0)
		return returned(result);
	return text("ret=%d revents=0x%x", result, (unsigned int)look.revents);
}

/* ---- buffers ---- */

static int memfd(void)
{
	int fd = memfd_create("conformance", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, BUFFER_SIZE) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int udmabuf(void)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = BUFFER_SIZE };
	int node = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), memory = memfd(), buffer = -1;

	create.memfd = (unsigned int)memory;
	if (node >= 0 && memory >= 0)
		buffer = ioctl(node, UDMABUF_CREATE, &create);
	if (memory >= 0)
		close(memory);
	if (node >= 0)
		close(node);
	return buffer;
}

static int heap_buffer(void)
{
	struct dma_heap_allocation_data data = { .len = BUFFER_SIZE,
						 .fd_flags = O_RDWR | O_CLOEXEC };
	int node = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);
	int result = node < 0 ? -1 : ioctl(node, DMA_HEAP_IOCTL_ALLOC, &data);

	if (node >= 0)
		close(node);
	return result ? -1 : (int)data.fd;
}

/* Can the fences of this device be on it? */
static bool takes_fences(int (*make)(void))
{
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_READ, .fd = -1 };
	int fd = make(), result;

	if (fd < 0)
		return false;
	result = ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export);
	if (!result)
		close(export.fd);
	close(fd);
	return !result;
}

/* A memfd is a buffer only to a device that is not the kernel's own. */
static void choose_buffer(void)
{
	static int (*const makers[])(void) = { memfd, udmabuf, heap_buffer };

	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]) && !bed.make_buffer; i++)
		if (takes_fences(makers[i]))
			bed.make_buffer = makers[i];
}

/* ---- what is offered ---- */

static void choose_provider(void)
{
	static const struct provider *const providers[] = { &sw_sync_provider, &vgem_provider };

	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]) && !bed.provider; i++) {
		struct pending pending;

		if (providers[i]->make(bed.sw_sync, &pending))
			continue;
		bed.provider = providers[i];
		providers[i]->signal(&pending);
		close(pending.sync_file);
		close(pending.source);
	}
}

unsigned int bed_explore(void)
{
	unsigned int offered = 0;
	int fd = signaled_from_syncobj();

	if (fd >= 0) {
		offered |= NEEDS_SYNCOBJ | NEEDS_SYNC_FILE;
		close(fd);
	}
	choose_provider();
	if (bed.provider)
		offered |= NEEDS_PENDING | NEEDS_SYNC_FILE;
	if (bed.provider == &sw_sync_provider)
		offered |= NEEDS_SW_SYNC;
	choose_buffer();
	if (bed.make_buffer)
		offered |= NEEDS_BUFFER;
	return offered;
}
