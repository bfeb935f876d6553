/* SPDX-License-Identifier: MIT */
/*
 * syncobj_fd.c - syncobjs that cross a process boundary: HANDLE_TO_FD and its native equivalent,
 * FD_TO_HANDLE, sync_files in and out. Raw ioctls.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"
#include "syncobj.h"

DEVICE_SUITE(syncobj_fd);

#define SYNC_FILE DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE
#define TIMELINE  DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE
#define OLD_SIZE  DRM_SYNCOBJ_HANDLE_SIZE_OLD

/* What the kernel says before it makes a descriptor; then the device cannot. */
Test(syncobj_fd, handle_to_fd_checks_as_the_kernel_and_needs_help_then)
{
	uint32_t U = new_syncobj(device, 0), S = new_syncobj(device, 1), bad = NO_SUCH_HANDLE;
	const struct {
		uint32_t handle, flags, pad;
		uint64_t point;
		size_t size;
		int result;
	} rows[] = {
		{ U, 0, 0, 0, OLD_SIZE, -EOPNOTSUPP },
		{ U, 0, 0, 3, 24, -EOPNOTSUPP },
		{ bad, 0, 0, 0, OLD_SIZE, -EINVAL },
		{ U, 0, 1, 0, OLD_SIZE, -EINVAL },
		{ U, 2, 0, 0, OLD_SIZE, -EINVAL },
		{ U, 3, 0, 0, OLD_SIZE, -EINVAL },
		{ S, 3, 0, 0, OLD_SIZE, -EINVAL },
		{ S, 3, 0, 0, 24, -EOPNOTSUPP },
		{ bad, 2, 0, 0, 24, -EINVAL },
		{ S, 0x80, 0, 0, 24, -EINVAL },
		{ U, SYNC_FILE, 0, 0, OLD_SIZE, -EINVAL },
		{ bad, SYNC_FILE, 0, 0, OLD_SIZE, -ENOENT },
		{ S, SYNC_FILE, 0, 0, OLD_SIZE, -EOPNOTSUPP },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drm_syncobj_handle handle = {
			.handle = rows[i].handle,
			.flags = rows[i].flags,
			.pad = rows[i].pad,
			.point = rows[i].point,
			.fd = -7,
		};
		unsigned long request = with_size(DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, rows[i].size);

		expect(raw_ioctl(device, request, &handle), rows[i].result);
		expect(handle.fd, -7);
	}
}

Test(syncobj_fd, native_twin_says_the_same)
{
	uint32_t empty = new_syncobj(device, 0);
	struct dma_fence_syncobj_to_fd to_fd = { .handle = empty, .reserved = 1 };

	expect(raw_ioctl(device, DMA_FENCE_IOC_SYNCOBJ_TO_FD, &to_fd), -EINVAL);
	expect(raw_to_fd(device, NO_SUCH_HANDLE, 0, 0), -EINVAL);
	expect(raw_to_fd(device, NO_SUCH_HANDLE, SYNC_FILE, 0), -ENOENT);
	expect(raw_to_fd(device, empty, SYNC_FILE, 0), -EINVAL);
	expect(raw_to_fd(device, empty, TIMELINE, 0), -EINVAL);
	expect(raw_to_fd(device, empty, 4, 0), -EINVAL);
}

Test(syncobj_fd, token_is_good_for_its_own_kind)
{
	uint32_t handle = new_syncobj(device, 1);
	struct dma_fence_syncobj_to_fd to_fd = { .handle = handle };
	struct dma_fence_bind bind = { .kind = DMA_FENCE_EXPORT_SYNC_FILE };
	int fresh = open_device();

	expect(raw_ioctl(device, DMA_FENCE_IOC_SYNCOBJ_TO_FD, &to_fd), 0);
	expect(to_fd.kind, DMA_FENCE_EXPORT_SYNCOBJ);
	bind.token[0] = to_fd.token[0];
	bind.token[1] = to_fd.token[1];
	expect(raw_ioctl(fresh, DMA_FENCE_IOC_BIND, &bind), -EINVAL);
	bind.kind = 3;
	expect(raw_ioctl(fresh, DMA_FENCE_IOC_BIND, &bind), -EINVAL);
	bind.kind = DMA_FENCE_EXPORT_SYNCOBJ;
	/* One with syncobjs of its own cannot become another one's. */
	expect(raw_ioctl(device, DMA_FENCE_IOC_BIND, &bind), -EBUSY);
	expect(raw_ioctl(fresh, DMA_FENCE_IOC_BIND, &bind), 0);
	expect(raw_ioctl(fresh, DMA_FENCE_IOC_BIND, &bind), -ENOTTY);
	must(close(fresh));
	/* Not used: gone with the file. */
	expect(raw_ioctl(device, DMA_FENCE_IOC_SYNCOBJ_TO_FD, &to_fd), 0);
	to_fd.flags = SYNC_FILE;
	expect(raw_ioctl(device, DMA_FENCE_IOC_SYNCOBJ_TO_FD, &to_fd), 0);
	expect(to_fd.kind, DMA_FENCE_EXPORT_SYNC_FILE);
}

Test(syncobj_fd, fd_of_a_syncobj_answers_nothing)
{
	int fd = new_syncobj_fd(device, new_syncobj(device, 0));
	struct pollfd all = { .fd = fd, .events = POLLIN | POLLOUT }, none = { .fd = fd };
	struct sync_file_info info = { 0 };
	struct drm_syncobj_create create = { 0 };
	char room[8];

	expect(poll(&all, 1, 0), 1);
	expect(all.revents, POLLIN | POLLOUT);
	expect(poll(&none, 1, 0), 0);
	expect(read(fd, room, sizeof(room)), -1);
	expect(errno, EINVAL);
	expect(raw_ioctl(fd, SYNC_IOC_FILE_INFO, &info), -ENOTTY);
	expect(raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &create), -ENOTTY);
	expect(raw_ioctl(fd, _IO('d', 0xff), room), -ENOTTY);
	expect(raw_ioctl(fd, DMA_FENCE_IOC_GET_STATS, room), -ENOTTY);
	must(close(fd));
}

Test(syncobj_fd, one_that_is_polled_becomes_ready_when_it_is_bound)
{
	struct dma_fence_syncobj_to_fd to_fd = { .handle = new_syncobj(device, 0) };
	struct dma_fence_bind bind = { .kind = DMA_FENCE_EXPORT_SYNCOBJ };
	int fresh = open_device();

	expect(poll_for(fresh, 0), 0);
	expect(raw_ioctl(device, DMA_FENCE_IOC_SYNCOBJ_TO_FD, &to_fd), 0);
	bind.token[0] = to_fd.token[0];
	bind.token[1] = to_fd.token[1];
	expect(raw_ioctl(fresh, DMA_FENCE_IOC_BIND, &bind), 0);
	expect(poll_for(fresh, PATIENCE_MS), POLLIN);
	must(close(fresh));
}

Test(syncobj_fd, is_the_same_syncobj_in_every_open)
{
	int other = open_device(), fd;
	uint32_t handle = new_syncobj(device, 0), same, others;

	fd = new_syncobj_fd(device, handle);
	/* Never the handle that it came from. */
	expect(raw_from_fd(device, fd, &same), 0);
	expect(same, 2);
	expect(raw_from_fd(other, fd, &others), 0);
	expect(others, 1);
	expect(raw_syncobj_signal(other, others), 0);
	expect(wait_one(device, handle, 0, 0), 0);
	expect(wait_one(device, same, 0, 0), 0);
	expect(raw_reset(device, same), 0);
	expect(raw_destroy(device, same), 0);
	expect(wait_one(device, handle, SUBMIT, 0), -ETIME);
	expect(wait_one(other, 60, 0, 0), -ENOENT);
	must(close(fd));
	must(close(other));
}

Test(syncobj_fd, lives_on_after_its_handles_and_its_exporter)
{
	int exporter = open_device(), fd;
	uint32_t handle = new_syncobj(exporter, 0), again;

	fd = new_syncobj_fd(exporter, handle);
	expect(raw_signal_point(exporter, handle, 5), 0);
	expect(raw_destroy(exporter, handle), 0);
	expect(raw_from_fd(exporter, fd, &again), 0);
	expect(query_point(exporter, again, 0), 5);
	must(close(exporter));
	expect(raw_from_fd(device, fd, &again), 0);
	expect(query_point(device, again, 0), 5);
	must(close(fd));
}

Test(syncobj_fd, fd_to_handle_refuses_what_the_kernel_refuses)
{
	uint32_t handle = new_syncobj(device, 0);
	int syncobj = new_syncobj_fd(device, handle), event = must(eventfd(0, EFD_CLOEXEC));
	int sync_file = new_sync_file(device, new_fence(device));
	const struct {
		struct drm_syncobj_handle request;
		size_t size;
		int result;
	} rows[] = {
		{ { .fd = -1 }, OLD_SIZE, -EINVAL },
		{ { .fd = event }, OLD_SIZE, -EINVAL },
		{ { .fd = device }, OLD_SIZE, -EINVAL },
		{ { .fd = sync_file }, OLD_SIZE, -EINVAL },
		{ { .fd = syncobj, .pad = 1 }, OLD_SIZE, -EINVAL },
		{ { .fd = syncobj, .flags = 2 }, OLD_SIZE, -EINVAL },
		{ { .fd = syncobj, .flags = 0x80 }, OLD_SIZE, -EINVAL },
		{ { .fd = -1, .pad = 1, .flags = 0x80 }, 24, -EINVAL },
		/* Too short for an fd: it is 0, and no syncobj. */
		{ { .fd = syncobj }, 8, -EINVAL },
		{ { .fd = sync_file, .flags = SYNC_FILE }, OLD_SIZE, -ENOENT },
		{ { .fd = sync_file, .flags = SYNC_FILE, .handle = 4242 }, OLD_SIZE, -ENOENT },
		{ { .fd = -1, .flags = SYNC_FILE, .handle = handle }, OLD_SIZE, -EINVAL },
		{ { .fd = event, .flags = SYNC_FILE, .handle = handle }, OLD_SIZE, -EINVAL },
		{ { .fd = syncobj, .flags = SYNC_FILE, .handle = handle }, OLD_SIZE, -EINVAL },
		{ { .fd = -1, .flags = SYNC_FILE, .handle = 4242 }, OLD_SIZE, -EINVAL },
		{ { .fd = sync_file, .flags = SYNC_FILE | TIMELINE, .handle = handle },
		  OLD_SIZE,
		  -EINVAL },
		{ { .fd = sync_file, .flags = TIMELINE, .handle = handle }, 24, -EINVAL },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drm_syncobj_handle request = rows[i].request;

		expect(raw_ioctl(device, with_size(DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, rows[i].size),
				 &request),
		       rows[i].result);
	}
	expect(wait_one(device, handle, 0, 0), -EINVAL);
	must(close(syncobj));
	must(close(event));
	must(close(sync_file));
}

Test(syncobj_fd, sync_file_of_a_syncobj_is_its_fence)
{
	uint32_t syncobj, fence = new_pending_syncobj(device, &syncobj),
			  to = new_syncobj(device, 0);
	int fd = raw_to_fd(device, syncobj, SYNC_FILE, 0);

	expect(sync_file_status(fd), 0);
	/* It keeps the fence, not the syncobj. */
	expect(raw_reset(device, syncobj), 0);
	expect(sync_file_status(fd), 0);
	expect(raw_import_sync_file(device, to, fd), 0);
	expect(wait_one(device, to, 0, 0), -ETIME);
	expect(raw_signal(device, fence, 0), 0);
	expect(sync_file_status(fd), 1);
	expect(wait_one(device, to, 0, 0), 0);
	must(close(fd));
}

Test(syncobj_fd, sync_file_of_a_signaled_syncobj_is_a_stub)
{
	int fd = raw_to_fd(device, new_syncobj(device, 1), SYNC_FILE, 0);
	struct sync_fence_info fence;
	struct sync_file_info info;

	expect(raw_file_info(fd, &info, &fence, 1), 0);
	expect(strcmp(info.name, "stub-stub0-0"), 0);
	expect(info.status, 1);
	expect(strcmp(fence.driver_name, "stub"), 0);
	check(fence.timestamp_ns > 0);
	must(close(fd));
}

Test(syncobj_fd, sync_file_of_a_timeline_has_all_that_is_pending_in_it)
{
	uint32_t syncobj, timeline = new_syncobj(device, 0);
	uint32_t fence = new_pending_syncobj(device, &syncobj);
	struct sync_fence_info fences[4];
	struct sync_file_info info;
	int fd;

	expect(raw_transfer(device, syncobj, 0, timeline, 4, 0), 0);
	expect(raw_signal_point(device, timeline, 6), 0);
	fd = raw_to_fd(device, timeline, SYNC_FILE, 0);
	expect(raw_file_info(fd, &info, fences, 4), 0);
	expect(info.num_fences, 2);
	expect(info.status, 0);
	expect(strncmp(info.name, "dma_fence_chain-unbound", 23), 0);
	expect(strcmp(strrchr(info.name, '-'), "-6"), 0);
	expect(strcmp(fences[0].driver_name, "stub"), 0);
	expect(fences[1].status, 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_file_info(fd, &info, fences, 4), 0);
	expect(info.num_fences, 1);
	expect(info.status, 1);
	must(close(fd));
}

Test(syncobj_fd, points_go_out_and_in_where_the_struct_has_room_for_them)
{
	uint32_t syncobj, fence = new_pending_syncobj(device, &syncobj);
	uint32_t timeline = new_syncobj(device, 0), to = new_syncobj(device, 0);
	struct drm_syncobj_handle request = {
		.handle = to,
		.flags = SYNC_FILE | TIMELINE,
		.point = 9,
	};

	expect(raw_signal_point(device, timeline, 1), 0);
	expect(raw_transfer(device, syncobj, 0, timeline, 4, 0), 0);
	request.fd = raw_to_fd(device, timeline, SYNC_FILE | TIMELINE, 1);
	expect(sync_file_status(request.fd), 1);
	must(close(request.fd));
	expect(raw_to_fd(device, timeline, SYNC_FILE | TIMELINE, 5), -EINVAL);
	request.fd = raw_to_fd(device, timeline, SYNC_FILE | TIMELINE, 3);
	expect(sync_file_status(request.fd), 0);
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &request), 0);
	expect(query_point(device, to, DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED), 9);
	expect(query_point(device, to, 0), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(query_point(device, to, 0), 9);
	must(close(request.fd));
}

/* The receiver has nothing but the fd. */
static void take_and_signal(void *data)
{
	struct link *link = data;
	int fd = receive_fd(link->ends[1]), other = open_device();
	uint32_t handle;

	expect(raw_from_fd(other, fd, &handle), 0);
	expect(raw_signal_point(other, handle, 3), 0);
}

Test(syncobj_fd, is_passed_to_another_process)
{
	uint32_t handle = new_syncobj(device, 0);
	int fd = new_syncobj_fd(device, handle);
	struct link link;
	pid_t pid;

	link_open(&link);
	pid = spawn(take_and_signal, &link);
	send_fd(link.ends[0], fd);
	expect(wait_point(device, handle, 3, SUBMIT, in_ms(PATIENCE_MS)), 0);
	expect_success(pid);
	link_close(&link);
	must(close(fd));
}

Test(syncobj_fd, a_handle_that_can_signal_is_not_needed_for_its_fence_to_end)
{
	int creator = open_device();
	uint32_t syncobj;
	int fd;

	new_pending_syncobj(creator, &syncobj);
	fd = new_syncobj_fd(creator, syncobj);
	must(close(creator));
	eventually(files, 2);
	expect(raw_from_fd(device, fd, &syncobj), 0);
	/* No handle could signal it any more, so it was signaled with an error. */
	expect(wait_one(device, syncobj, 0, in_ms(PATIENCE_MS)), 0);
	must(close(fd));
}
