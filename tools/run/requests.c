/* SPDX-License-Identifier: MIT */
/*
 * requests.c - see requests.h.
 *
 * Each request is checked in the order of the kernel, so that of two mistakes the same one is
 * reported: the caller's struct is read, then checked, then acted upon. Before the thread gets a
 * descriptor, the struct is written back unchanged, so that a bad address leaves no descriptor
 * behind.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "libdmafence.h"
#include "linux_dma_buf.h"
#include "linux_drm_syncobj.h"
#include "linux_sw_sync.h"
#include "linux_sync_file.h"
#include "requests.h"

/* A request of a thread, with a duplicate of the descriptor that it is issued on. */
struct call {
	const struct node *node;
	const struct target *target;
	int fd;
	enum descriptor kind; /* of fd */
	uint32_t number;
	uint64_t address; /* of its struct */
};

/*
 * Before anything else the kernel asks whether what it is issued on knows the request. So does the
 * device, where it is asked itself.
 */
static bool is_unknown(const struct call *call)
{
	char argument[1 << _IOC_SIZEBITS] = { 0 };

	return call->kind == DESCRIPTOR_NODE && ioctl(call->fd, call->number, argument) &&
	       errno == ENOTTY;
}

/*
 * Gives the thread a descriptor, with its number in that field of the argument, of which the first
 * out bytes go back. Closes ours.
 */
static int give(const struct call *call, int fd, void *argument, size_t out, int32_t *field)
{
	int ret;

	if (fd < 0)
		return -errno;
	ret = target_write(call->target, call->address, argument, out);
	if (!ret) {
		*field = target_add_fd(call->target, fd);
		ret = *field < 0 ? *field
				 : target_write(call->target, call->address, argument, out);
	}
	close(fd);
	return ret;
}

static int merge(const struct call *call)
{
	struct sync_merge_data merge;
	char name[sizeof(merge.name)] = "";
	int ret, other;

	if (call->kind != DESCRIPTOR_NODE)
		return REQUEST_PASSED_ON;
	ret = target_read(call->target, call->address, &merge, sizeof(merge));
	if (ret)
		return ret;
	if (merge.flags || merge.pad)
		return -EINVAL;
	other = target_take_fd(call->target, merge.fd2);
	if (other < 0)
		return other == -EBADF ? -ENOENT : other;
	memcpy(name, merge.name, sizeof(merge.name) - 1);
	ret = dma_fence_device_merge_sync_files(call->node->device, name, call->fd, other);
	/* One of the two is no sync_file: the other one, or this request is none of it. */
	if (ret < 0 && errno == EINVAL)
		errno = ENOENT;
	ret = give(call, ret, &merge, sizeof(merge), &merge.fence);
	close(other);
	return ret;
}

static int create_fence(const struct call *call)
{
	struct sw_sync_create_fence_data create;
	int ret;

	if (call->kind != DESCRIPTOR_NODE)
		return REQUEST_PASSED_ON;
	ret = target_read(call->target, call->address, &create, sizeof(create));
	if (ret)
		return ret;
	ret = dma_fence_sw_sync_fence_create(call->fd, create.value);
	return give(call, ret, &create, sizeof(create), &create.fence);
}

/* The point came with Linux 6.16, and its flag; to a struct without it that is unknown. */
static bool knows_point(const struct call *call)
{
	return _IOC_SIZE(call->number) > DRM_SYNCOBJ_HANDLE_SIZE_OLD;
}

static int syncobj_to_fd(const struct call *call, const struct drm_syncobj_handle *handle)
{
	if (handle->pad ||
	    (handle->flags & DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE && !knows_point(call))) {
		errno = EINVAL;
		return -1;
	}
	return dma_fence_syncobj_to_fd(call->fd, handle->handle, handle->flags, handle->point);
}

/*
 * DRM takes the struct in the size and direction that come: what is not read is 0, and all that may
 * be written is, after a failure too. A descriptor whose number is not among that is given, and not
 * told.
 */
static int syncobj_handle_to_fd(const struct call *call)
{
	union {
		struct drm_syncobj_handle handle;
		unsigned char bytes[1 << _IOC_SIZEBITS];
	} argument = { 0 };
	size_t size = _IOC_SIZE(call->number);
	size_t in = _IOC_DIR(call->number) & _IOC_WRITE ? size : 0;
	size_t out = _IOC_DIR(call->number) & _IOC_READ ? size : 0;
	int ret, fd, error;

	if (call->kind != DESCRIPTOR_NODE)
		return REQUEST_PASSED_ON;
	ret = target_read(call->target, call->address, &argument, in);
	if (ret)
		return ret;
	fd = syncobj_to_fd(call, &argument.handle);
	if (fd >= 0)
		return give(call, fd, &argument, out, &argument.handle.fd);
	error = -errno;
	if (is_unknown(call))
		return -ENOTTY;
	ret = target_write(call->target, call->address, &argument, out);
	return ret ? ret : error;
}

static bool is_buffer(const struct call *call)
{
	return call->kind == DESCRIPTOR_SHMEM || call->kind == DESCRIPTOR_DMABUF;
}

static bool are_flags(uint32_t flags)
{
	return flags & DMA_BUF_SYNC_RW && !(flags & ~(uint32_t)DMA_BUF_SYNC_RW);
}

/*
 * The fences of a real dma-buf that the device knows nothing of are the kernel's, all of them; a
 * memfd has no others than the device's.
 */
static int export_sync_file(const struct call *call)
{
	struct dma_buf_export_sync_file export;
	uint32_t usage, handle, count;
	int ret, fd;

	if (!is_buffer(call))
		return REQUEST_PASSED_ON;
	ret = target_read(call->target, call->address, &export, sizeof(export));
	if (ret)
		return ret;
	if (!are_flags(export.flags))
		return -EINVAL;
	usage = export.flags & DMA_BUF_SYNC_WRITE ? DMA_FENCE_USAGE_READ : DMA_FENCE_USAGE_WRITE;
	if (dma_fence_device_buffer_fences(call->node->device, call->fd, usage, 0, &handle, &count))
		return call->kind == DESCRIPTOR_DMABUF ? REQUEST_PASSED_ON : -errno;
	fd = -1;
	if (count || call->kind == DESCRIPTOR_SHMEM)
		fd = dma_fence_device_export(call->node->device, handle);
	else
		ret = REQUEST_PASSED_ON;
	if (!ret)
		ret = give(call, fd, &export, sizeof(export), &export.fd);
	dma_fence_device_close_handle(call->node->device, handle);
	return ret;
}

/* A fence of ours, onto the buffer. */
static int attach(const struct call *call, int sync_file, uint32_t usage)
{
	uint32_t handle;
	int ret = 0;

	if (dma_fence_device_import(call->node->device, sync_file, &handle))
		return -errno;
	if (dma_fence_device_attach(call->node->device, call->fd, handle, usage))
		ret = -errno;
	dma_fence_device_close_handle(call->node->device, handle);
	return ret;
}

static int import_sync_file(const struct call *call)
{
	struct dma_buf_import_sync_file import;
	int ret, sync_file;
	uint32_t usage;

	if (!is_buffer(call))
		return REQUEST_PASSED_ON;
	ret = target_read(call->target, call->address, &import, sizeof(import));
	if (ret)
		return ret;
	if (!are_flags(import.flags))
		return -EINVAL;
	sync_file = target_take_fd(call->target, import.fd);
	if (sync_file < 0)
		return sync_file == -EBADF ? -EINVAL : sync_file;
	usage = import.flags & DMA_BUF_SYNC_WRITE ? DMA_FENCE_USAGE_WRITE : DMA_FENCE_USAGE_READ;
	if (node_descriptor(call->node, sync_file) == DESCRIPTOR_NODE)
		ret = attach(call, sync_file, usage);
	else
		ret = call->kind == DESCRIPTOR_DMABUF ? REQUEST_PASSED_ON : -EINVAL;
	close(sync_file);
	return ret;
}

/* DRM knows a request by its type letter and number alone, the others by all of it. */
#define DRM_MASK ((uint32_t)_IOC_TYPEMASK << _IOC_TYPESHIFT | (uint32_t)_IOC_NRMASK << _IOC_NRSHIFT)

static const struct handler {
	struct request_pattern pattern;
	int (*complete)(const struct call *call);
} handlers[] = {
	{ { SYNC_IOC_MERGE, UINT32_MAX }, merge },
	{ { SW_SYNC_IOC_CREATE_FENCE, UINT32_MAX }, create_fence },
	{ { DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD & DRM_MASK, DRM_MASK }, syncobj_handle_to_fd },
	{ { DMA_BUF_IOCTL_EXPORT_SYNC_FILE, UINT32_MAX }, export_sync_file },
	{ { DMA_BUF_IOCTL_IMPORT_SYNC_FILE, UINT32_MAX }, import_sync_file },
};

#define HANDLERS (sizeof(handlers) / sizeof(handlers[0]))

const struct request_pattern *request_pattern(unsigned int index)
{
	return index < HANDLERS ? &handlers[index].pattern : NULL;
}

int request_complete(const struct node *node, const struct target *target, int fd, uint32_t number,
		     uint64_t address)
{
	struct call call = {
		.node = node,
		.target = target,
		.number = number,
		.address = address,
	};
	int ret = REQUEST_PASSED_ON;

	/* If it cannot be duplicated, the kernel answers the request. */
	call.fd = target_take_fd(target, fd);
	if (call.fd < 0)
		return REQUEST_PASSED_ON;
	call.kind = node_descriptor(node, call.fd);
	for (unsigned int i = 0; i < HANDLERS; i++) {
		const struct request_pattern *pattern = &handlers[i].pattern;

		if ((number & pattern->mask) == pattern->number)
			ret = handlers[i].complete(&call);
	}
	if (ret < 0 && is_unknown(&call))
		ret = -ENOTTY;
	close(call.fd);
	return ret;
}
