/* SPDX-License-Identifier: MIT */
/*
 * requests.c - see requests.h.
 *
 * Each request is looked at in the order in which the kernel does it, so that of two mistakes it is
 * the same one that is told: the caller's struct is read, then checked, then acted upon. Before a
 * descriptor is given to the thread, the field that is to take its number is written once, with
 * what is there, so that a bad address leaves no descriptor behind.
 */
#include <errno.h>
#include <stddef.h>
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
	uint64_t address;     /* of its struct */
};

/* Gives the thread a descriptor, whose number goes to this field of its struct. Closes ours. */
static int give(const struct call *call, int fd, size_t field)
{
	uint64_t address = call->address + field;
	int32_t number;
	int ret;

	if (fd < 0)
		return -errno;
	ret = target_read(call->target, address, &number, sizeof(number));
	if (!ret)
		ret = target_write(call->target, address, &number, sizeof(number));
	if (!ret) {
		number = target_add_fd(call->target, fd);
		ret = number < 0 ? number
				 : target_write(call->target, address, &number, sizeof(number));
	}
	close(fd);
	return ret;
}

static int merge(const struct call *call)
{
	struct sync_merge_data merge;
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
	merge.name[sizeof(merge.name) - 1] = '\0';
	ret = dma_fence_device_merge_sync_files(call->node->device, merge.name, call->fd, other);
	/* One of the two is no sync_file: the other one, or this request is none of it. */
	if (ret < 0 && errno == EINVAL)
		errno = ENOENT;
	ret = give(call, ret, offsetof(struct sync_merge_data, fence));
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
	return give(call, ret, offsetof(struct sw_sync_create_fence_data, fence));
}

/*
 * The struct has a point since Linux 6.16, and with it comes a flag; to one without it the flag is
 * unknown.
 */
static int syncobj_to_fd(const struct call *call, size_t size)
{
	struct drm_syncobj_handle handle = { 0 };
	int ret;

	if (call->kind != DESCRIPTOR_NODE)
		return REQUEST_PASSED_ON;
	ret = target_read(call->target, call->address, &handle, size);
	if (ret)
		return ret;
	if (handle.pad || (size == DRM_SYNCOBJ_HANDLE_SIZE_OLD &&
			   handle.flags & DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE))
		return -EINVAL;
	ret = dma_fence_syncobj_to_fd(call->fd, handle.handle, handle.flags, handle.point);
	return give(call, ret, offsetof(struct drm_syncobj_handle, fd));
}

static int syncobj_handle_to_fd(const struct call *call)
{
	return syncobj_to_fd(call, sizeof(struct drm_syncobj_handle));
}

static int syncobj_handle_to_fd_old(const struct call *call)
{
	return syncobj_to_fd(call, DRM_SYNCOBJ_HANDLE_SIZE_OLD);
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
		ret = give(call, fd, offsetof(struct dma_buf_export_sync_file, fd));
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

#define SYNCOBJ_HANDLE_TO_FD_OLD                                                \
	_IOC(_IOC_READ | _IOC_WRITE, _IOC_TYPE(DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD), \
	     _IOC_NR(DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD), DRM_SYNCOBJ_HANDLE_SIZE_OLD)

static const struct handler {
	uint32_t number;
	int (*complete)(const struct call *call);
} handlers[] = {
	{ SYNC_IOC_MERGE, merge },
	{ SW_SYNC_IOC_CREATE_FENCE, create_fence },
	{ DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, syncobj_handle_to_fd },
	{ SYNCOBJ_HANDLE_TO_FD_OLD, syncobj_handle_to_fd_old },
	{ DMA_BUF_IOCTL_EXPORT_SYNC_FILE, export_sync_file },
	{ DMA_BUF_IOCTL_IMPORT_SYNC_FILE, import_sync_file },
};

#define HANDLERS (sizeof(handlers) / sizeof(handlers[0]))

uint32_t request_number(unsigned int index)
{
	return index < HANDLERS ? handlers[index].number : 0;
}

/*
 * Before anything else the kernel asks whether what it is issued on knows the request. So does the
 * device, where it is asked itself.
 */
static int error_of(const struct call *call, uint32_t number, int error)
{
	char argument[1 << _IOC_SIZEBITS] = { 0 };

	if (call->kind == DESCRIPTOR_NODE && ioctl(call->fd, number, argument) && errno == ENOTTY)
		return -ENOTTY;
	return error;
}

int request_complete(const struct node *node, const struct target *target, int fd, uint32_t number,
		     uint64_t address)
{
	struct call call = { .node = node, .target = target, .address = address };
	int ret = REQUEST_PASSED_ON;

	/* Where it cannot be taken, whoever it belongs to says what there is to say. */
	call.fd = target_take_fd(target, fd);
	if (call.fd < 0)
		return REQUEST_PASSED_ON;
	call.kind = node_descriptor(node, call.fd);
	for (unsigned int i = 0; i < HANDLERS; i++) {
		if (handlers[i].number == number)
			ret = handlers[i].complete(&call);
	}
	if (ret < 0)
		ret = error_of(&call, number, ret);
	close(call.fd);
	return ret;
}
