/* SPDX-License-Identifier: MIT */
/*
 * sync_file.c - a fence as a file descriptor: made with a device at hand (export, bind, import,
 * merge), or used by a holder of only the descriptor; and a syncobj as one.
 */
#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "linux_sw_sync.h"
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

static int bind_kind(int fresh, const uint64_t token[2], uint32_t kind)
{
	struct dma_fence_bind bind = { .token = { token[0], token[1] }, .kind = kind };

	return request(fresh, DMA_FENCE_IOC_BIND, &bind);
}

API int dma_fence_device_bind(int fresh, const uint64_t token[2])
{
	return bind_kind(fresh, token, DMA_FENCE_EXPORT_SYNC_FILE);
}

/*
 * Binds a fresh open of the node with a token, got_token being what the request for it returned:
 * the descriptor of that kind. Where either has failed the open is closed: -1.
 */
static int bind_kind_or_close(int fresh, int got_token, const uint64_t token[2], uint32_t kind)
{
	int error;

	if (got_token == 0 && bind_kind(fresh, token, kind) == 0)
		return fresh;
	error = errno;
	close(fresh);
	return fail(error);
}

static int bind_or_close(int fresh, int got_token, const uint64_t token[2])
{
	return bind_kind_or_close(fresh, got_token, token, DMA_FENCE_EXPORT_SYNC_FILE);
}

API int dma_fence_device_export(int device, uint32_t handle)
{
	/*
	 * The open comes first: where it is refused, no token is left behind. A sync_file of the
	 * kernel is O_RDONLY as well.
	 */
	int fresh = open_again(device, O_RDONLY), ret;
	uint64_t token[2];

	if (fresh < 0)
		return -1;
	ret = dma_fence_device_export_token(device, handle, token);
	return bind_or_close(fresh, ret, token);
}

API int dma_fence_device_import(int device, int sync_file, uint32_t *handle)
{
	struct dma_fence_import import = { .fd = sync_file };

	if (request(device, DMA_FENCE_IOC_IMPORT, &import) < 0)
		return -1;
	*handle = import.handle;
	return 0;
}

API int dma_fence_device_merge_sync_files(int device, const char *name, int sync_file_a,
					  int sync_file_b)
{
	struct dma_fence_sync_file_merge merge = { .fd1 = sync_file_a, .fd2 = sync_file_b };
	int fresh, ret;

	if (copy_name(merge.name, name) < 0)
		return -1;
	fresh = open_again(device, O_RDONLY);
	if (fresh < 0)
		return -1;
	ret = request(device, DMA_FENCE_IOC_SYNC_FILE_MERGE, &merge);
	return bind_or_close(fresh, ret, (const uint64_t[]){ merge.token[0], merge.token[1] });
}

API int dma_fence_syncobj_to_fd(int device, uint32_t handle, uint32_t flags, uint64_t point)
{
	struct dma_fence_syncobj_to_fd to_fd = { .handle = handle, .flags = flags, .point = point };
	int fresh = open_again(device, O_RDONLY), ret;

	if (fresh < 0)
		return -1;
	ret = request(device, DMA_FENCE_IOC_SYNCOBJ_TO_FD, &to_fd);
	return bind_kind_or_close(fresh, ret, (const uint64_t[]){ to_fd.token[0], to_fd.token[1] },
				  to_fd.kind);
}

API int dma_fence_sw_sync_fence_create(int timeline, uint32_t value)
{
	struct dma_fence_sw_sync_create_fence create = { .value = value };
	int fresh = open_again(timeline, O_RDONLY), ret;

	if (fresh < 0)
		return -1;
	ret = request(timeline, DMA_FENCE_IOC_SW_SYNC_CREATE_FENCE, &create);
	return bind_or_close(fresh, ret, (const uint64_t[]){ create.token[0], create.token[1] });
}

API int dma_fence_sw_sync_timeline_inc(int timeline, uint32_t by)
{
	return request(timeline, SW_SYNC_IOC_INC, &by);
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
