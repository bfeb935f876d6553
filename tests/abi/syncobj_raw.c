/* SPDX-License-Identifier: MIT */
/* syncobj_raw.c - see syncobj.h. */
#include <unistd.h>

#include "check.h"
#include "raw.h"
#include "syncobj.h"

unsigned long with_size(unsigned long request, size_t size)
{
	return _IOC(_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request), size);
}

unsigned long with_direction(unsigned long request, unsigned int direction)
{
	return _IOC(direction, _IOC_TYPE(request), _IOC_NR(request), _IOC_SIZE(request));
}

uint32_t new_syncobj(int fd, uint32_t flags)
{
	struct drm_syncobj_create create = { .flags = flags };

	expect(raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &create), 0);
	return create.handle;
}

int raw_destroy(int fd, uint32_t handle)
{
	struct drm_syncobj_destroy destroy = { .handle = handle };

	return raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &destroy);
}

int raw_syncobj_wait(int fd, const uint32_t *handles, uint32_t count, uint32_t flags,
		     int64_t timeout_nsec, uint32_t *first)
{
	struct drm_syncobj_wait wait = {
		.handles = (uintptr_t)handles,
		.count_handles = count,
		.flags = flags,
		.timeout_nsec = timeout_nsec,
		.first_signaled = UNTOUCHED,
	};
	int result = raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_WAIT, &wait);

	*first = wait.first_signaled;
	return result;
}

int wait_one(int fd, uint32_t handle, uint32_t flags, int64_t timeout_nsec)
{
	uint32_t first;
	int result = raw_syncobj_wait(fd, &handle, 1, flags, timeout_nsec, &first);

	expect(first, result ? UNTOUCHED : 0);
	return result;
}

int raw_timeline_wait(int fd, const uint32_t *handles, const uint64_t *points, uint32_t count,
		      uint32_t flags, int64_t timeout_nsec, uint32_t *first)
{
	struct drm_syncobj_timeline_wait wait = {
		.handles = (uintptr_t)handles,
		.points = (uintptr_t)points,
		.count_handles = count,
		.flags = flags,
		.timeout_nsec = timeout_nsec,
		.first_signaled = UNTOUCHED,
	};
	int result = raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait);

	*first = wait.first_signaled;
	return result;
}

int wait_point(int fd, uint32_t handle, uint64_t point, uint32_t flags, int64_t timeout_nsec)
{
	uint32_t first;
	int result = raw_timeline_wait(fd, &handle, &point, 1, flags, timeout_nsec, &first);

	expect(first, result ? UNTOUCHED : 0);
	return result;
}

int raw_syncobj_array(int fd, unsigned long request, const uint32_t *handles, uint32_t count)
{
	struct drm_syncobj_array array = { .handles = (uintptr_t)handles, .count_handles = count };

	return raw_ioctl(fd, request, &array);
}

int raw_reset(int fd, uint32_t handle)
{
	return raw_syncobj_array(fd, DRM_IOCTL_SYNCOBJ_RESET, &handle, 1);
}

int raw_syncobj_signal(int fd, uint32_t handle)
{
	return raw_syncobj_array(fd, DRM_IOCTL_SYNCOBJ_SIGNAL, &handle, 1);
}

int raw_signal_point(int fd, uint32_t handle, uint64_t point)
{
	struct drm_syncobj_timeline_array array = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
	};

	return raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &array);
}

uint64_t query_point(int fd, uint32_t handle, uint32_t flags)
{
	uint64_t point = UNTOUCHED;
	struct drm_syncobj_timeline_array array = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
		.flags = flags,
	};

	expect(raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_QUERY, &array), 0);
	return point;
}

int raw_transfer(int fd, uint32_t source, uint64_t source_point, uint32_t destination,
		 uint64_t destination_point, uint32_t flags)
{
	struct drm_syncobj_transfer transfer = {
		.src_handle = source,
		.src_point = source_point,
		.dst_handle = destination,
		.dst_point = destination_point,
		.flags = flags,
	};

	return raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_TRANSFER, &transfer);
}

int raw_eventfd(int fd, uint32_t handle, uint64_t point, int eventfd, uint32_t flags)
{
	struct drm_syncobj_eventfd request = {
		.handle = handle,
		.point = point,
		.fd = eventfd,
		.flags = flags,
	};

	return raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_EVENTFD, &request);
}

uint64_t eventfd_count(int eventfd)
{
	uint64_t count;

	if (read(eventfd, &count, sizeof(count)) == sizeof(count))
		return count;
	expect(errno, EAGAIN);
	return 0;
}

int raw_to_fd(int fd, uint32_t handle, uint32_t flags, uint64_t point)
{
	struct dma_fence_syncobj_to_fd to_fd = { .handle = handle, .flags = flags, .point = point };
	int result = raw_ioctl(fd, DMA_FENCE_IOC_SYNCOBJ_TO_FD, &to_fd);
	struct dma_fence_bind bind = { .kind = to_fd.kind };
	int fresh;

	if (result)
		return result;
	bind.token[0] = to_fd.token[0];
	bind.token[1] = to_fd.token[1];
	fresh = open_device();
	expect(raw_ioctl(fresh, DMA_FENCE_IOC_BIND, &bind), 0);
	return fresh;
}

int new_syncobj_fd(int fd, uint32_t handle)
{
	int syncobj = raw_to_fd(fd, handle, 0, 0);

	check(syncobj >= 0);
	return syncobj;
}

int raw_from_fd(int fd, int from, uint32_t *handle)
{
	struct drm_syncobj_handle request = { .fd = from, .handle = UNTOUCHED };
	int result = raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &request);

	*handle = request.handle;
	return result;
}

int raw_import_sync_file(int fd, uint32_t handle, int sync_file)
{
	struct drm_syncobj_handle request = {
		.handle = handle,
		.fd = sync_file,
		.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
	};

	return raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &request);
}

uint32_t new_pending_syncobj(int fd, uint32_t *syncobj)
{
	uint32_t fence = new_fence(fd);
	int sync_file = new_sync_file(fd, fence);

	*syncobj = new_syncobj(fd, 0);
	expect(raw_import_sync_file(fd, *syncobj, sync_file), 0);
	must(close(sync_file));
	return fence;
}
