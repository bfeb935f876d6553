/* SPDX-License-Identifier: MIT */
/*
 * sync_file.c - a fence as a file descriptor: made with a device at hand (export, bind, import,
 * merge), or used by whoever holds nothing but the descriptor.
 */
#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "linux_sync_file.h"
#include "request.h"

#define NSEC_PER_SEC 1000000000

API int dma_fence_device_export_token(int device, uint32_t handle, uint64_t token[2])
{
	struct dma_fence_export export = { .handle = handle, .kind = DMA_FENCE_EXPORT_SYNC_FILE };

	if (request(device, DMA_FENCE_IOC_EXPORT, &export) < 0)
		return -1;
	token[0] = export.token[0];
	token[1] = export.token[1];
	return 0;
}

API int dma_fence_device_bind(int fresh, const uint64_t token[2])
{
	struct dma_fence_bind bind = {
		.token = { token[0], token[1] },
		.kind = DMA_FENCE_EXPORT_SYNC_FILE,
	};

	return request(fresh, DMA_FENCE_IOC_BIND, &bind);
}

API int dma_fence_device_export(int device, uint32_t handle)
{
	uint64_t token[2];
	int fd, error;

	/*
	 * The open comes first: where it is refused, no token is left behind. A sync_file of the
	 * kernel is O_RDONLY as well.
	 */
	fd = open_again(device, O_RDONLY);
	if (fd < 0)
		return -1;
	if (dma_fence_device_export_token(device, handle, token) == 0 &&
	    dma_fence_device_bind(fd, token) == 0)
		return fd;
	error = errno;
	close(fd);
	return fail(error);
}

API int dma_fence_device_import(int device, int sync_file, uint32_t *handle)
{
	struct dma_fence_import import = { .fd = sync_file };

	if (request(device, DMA_FENCE_IOC_IMPORT, &import) < 0)
		return -1;
	*handle = import.handle;
	return 0;
}

API int dma_fence_device_merge_sync_files(int device, int sync_file_a, int sync_file_b)
{
	/*
	 * Both imported, and their merge; 0 while not there. They are dropped again, whatever
	 * happens.
	 */
	uint32_t handles[3] = { 0, 0, 0 };
	int fd = -1, error, i;

	if (dma_fence_device_import(device, sync_file_a, &handles[0]) == 0 &&
	    dma_fence_device_import(device, sync_file_b, &handles[1]) == 0 &&
	    dma_fence_device_merge(device, handles, 2, 0, &handles[2]) == 0)
		fd = dma_fence_device_export(device, handles[2]);
	error = errno;
	for (i = 0; i < 3 && handles[i]; i++)
		dma_fence_device_close_handle(device, handles[i]);
	return fd < 0 ? fail(error) : fd;
}

/*
 * What is left until the deadline, for ppoll(): 0 where it has passed, NULL for ever, or for more
 * than a 32-bit time_t holds.
 */
static const struct timespec *time_left(int64_t deadline_ns, struct timespec *left)
{
	struct timespec now;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	/* Neither side is negative, so that the difference cannot overflow. */
	ns = (deadline_ns > 0 ? deadline_ns : 0) -
	     ((int64_t)now.tv_sec * NSEC_PER_SEC + now.tv_nsec);
	if (ns / NSEC_PER_SEC > INT32_MAX)
		return NULL;
	*left = (struct timespec){ .tv_sec = 0 };
	if (ns > 0) {
		left->tv_sec = ns / NSEC_PER_SEC;
		left->tv_nsec = ns % NSEC_PER_SEC;
	}
	return left;
}

API int dma_fence_sync_file_wait(int sync_file, int64_t deadline_ns, int *status)
{
	struct pollfd poll = { .fd = sync_file, .events = POLLIN };
	struct timespec left;
	int ready;

	/* ppoll() ignores it. */
	if (sync_file < 0)
		return fail(EBADF);
	ready = ppoll(&poll, 1, time_left(deadline_ns, &left), NULL);
	if (ready < 0)
		return -1;
	if (status)
		*status = 0;
	if (ready == 0)
		return fail(ETIME);
	if (poll.revents & POLLNVAL)
		return fail(EBADF);
	if (poll.revents & POLLIN)
		return status ? dma_fence_sync_file_get_status(sync_file, status) : 0;
	/* POLLERR alone: a fence never says so, it is the device that has gone. */
	return fail(ENOTCONN);
}

API int dma_fence_sync_file_info(int sync_file, struct sync_file_info *info,
				 struct sync_fence_info *fences, size_t capacity)
{
	*info = (struct sync_file_info){
		.num_fences = capacity < UINT32_MAX ? capacity : UINT32_MAX,
		.sync_fence_info = (uintptr_t)fences,
	};
	return request(sync_file, SYNC_IOC_FILE_INFO, info);
}

API int dma_fence_sync_file_get_status(int sync_file, int *status)
{
	struct sync_file_info info;

	if (dma_fence_sync_file_info(sync_file, &info, NULL, 0) < 0)
		return -1;
	*status = info.status;
	return 0;
}

API int dma_fence_sync_file_set_deadline(int sync_file, int64_t deadline_ns)
{
	/* The field has no sign; a time before all time is as soon as possible. */
	struct sync_set_deadline deadline = { .deadline_ns = deadline_ns > 0 ? deadline_ns : 0 };

	return request(sync_file, SYNC_IOC_SET_DEADLINE, &deadline);
}
