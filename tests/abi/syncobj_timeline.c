/* SPDX-License-Identifier: MIT */
/*
 * syncobj_timeline.c - points of timeline syncobjs: TIMELINE_SIGNAL, QUERY, TIMELINE_WAIT as a
 * look, TRANSFER. Raw ioctls.
 */
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "linux_sw_sync.h"
#include "process.h"
#include "syncobj.h"

DEVICE_SUITE(syncobj_timeline);

#define LAST_SUBMITTED DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED

Test(syncobj_timeline, a_syncobj_without_points_is_at_0)
{
	uint32_t empty = new_syncobj(device, 0), signaled = new_syncobj(device, 1);

	expect(query_point(device, empty, 0), 0);
	expect(query_point(device, empty, LAST_SUBMITTED), 0);
	expect(query_point(device, signaled, 0), 0);
	expect(query_point(device, signaled, LAST_SUBMITTED), 0);
}

Test(syncobj_timeline, points_go_up_and_never_down)
{
	static const struct {
		uint64_t signal, then;
	} rows[] = { { 3, 3 }, { 7, 7 }, { 5, 7 }, { 7, 7 }, { 8, 8 }, { UINT64_MAX, UINT64_MAX } };
	uint32_t handle = new_syncobj(device, 0);

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(raw_signal_point(device, handle, rows[i].signal), 0);
		check(query_point(device, handle, 0) == rows[i].then);
		check(query_point(device, handle, LAST_SUBMITTED) == rows[i].then);
	}
}

Test(syncobj_timeline, point_0_is_the_binary_signal)
{
	uint32_t handles[2] = { new_syncobj(device, 0), new_syncobj(device, 0) };
	struct drm_syncobj_timeline_array array = {
		.handles = (uintptr_t)handles,
		.count_handles = 1,
	};

	expect(raw_signal_point(device, handles[1], 0), 0);
	expect(query_point(device, handles[1], 0), 0);
	expect(wait_one(device, handles[1], 0, 0), 0);
	/* No array: all points are 0. */
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &array), 0);
	expect(query_point(device, handles[0], 0), 0);
	expect(wait_one(device, handles[0], 0, 0), 0);
}

Test(syncobj_timeline, wrong_arrays_are_refused)
{
	static const struct {
		unsigned long request;
		bool bad_handle, bad_points;
		uint32_t count, flags;
		int result;
	} rows[] = {
		{ DRM_IOCTL_SYNCOBJ_QUERY, false, false, 1, 2, -EINVAL },
		{ DRM_IOCTL_SYNCOBJ_QUERY, false, false, 0, 0, -EINVAL },
		{ DRM_IOCTL_SYNCOBJ_QUERY, true, false, 1, 0, -ENOENT },
		{ DRM_IOCTL_SYNCOBJ_QUERY, true, true, 1, 0, -ENOENT },
		{ DRM_IOCTL_SYNCOBJ_QUERY, false, true, 1, 0, -EFAULT },
		{ DRM_IOCTL_SYNCOBJ_QUERY, false, false, 0x20000000, 0, -ENOMEM },
		{ DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, false, false, 1, 1, -EINVAL },
		{ DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, false, false, 0, 0, -EINVAL },
		{ DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, true, false, 1, 0, -ENOENT },
		{ DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, true, true, 1, 0, -ENOENT },
		{ DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, false, true, 1, 0, -EFAULT },
		{ DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, false, false, 0x20000000, 0, -ENOMEM },
	};
	uint32_t handle = new_syncobj(device, 0), bad = NO_SUCH_HANDLE;
	uint64_t point = 1;

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drm_syncobj_timeline_array array = {
			.handles = (uintptr_t)(rows[i].bad_handle ? &bad : &handle),
			.points = rows[i].bad_points ? 8 : (uintptr_t)&point,
			.count_handles = rows[i].count,
			.flags = rows[i].flags,
		};

		expect(raw_ioctl(device, rows[i].request, &array), rows[i].result);
		expect(point, 1);
	}
	/* And nothing was put in. */
	expect(wait_one(device, handle, 0, 0), -EINVAL);
}

Test(syncobj_timeline, one_bad_handle_spoils_the_request)
{
	uint32_t handles[2] = { new_syncobj(device, 0), NO_SUCH_HANDLE };
	uint64_t points[2] = { 1, 1 };
	struct drm_syncobj_timeline_array array = {
		.handles = (uintptr_t)handles,
		.points = (uintptr_t)points,
		.count_handles = 2,
	};

	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &array), -ENOENT);
	expect(query_point(device, handles[0], 0), 0);
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_QUERY, &array), -ENOENT);
	expect(points[0], 1);
	array.points = 0;
	array.count_handles = 1;
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_QUERY, &array), -EFAULT);
}

Test(syncobj_timeline, look_at_a_point_tells_where_the_timeline_is)
{
	static const struct {
		uint64_t point;
		uint32_t flags;
		int result;
	} rows[] = {
		{ 3, 0, 0 },
		{ 2, 0, 0 },
		{ 0, 0, 0 },
		{ 3, DEADLINE, 0 },
		{ 4, 0, -EINVAL },
		{ 4, SUBMIT, -ETIME },
		{ 4, AVAILABLE, -ETIME },
		{ 3, 0x80, -EINVAL },
	};
	uint32_t handle = new_syncobj(device, 0), binary = new_syncobj(device, 1), first;
	uint64_t point = 3;

	expect(raw_signal_point(device, handle, 3), 0);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(wait_point(device, handle, rows[i].point, rows[i].flags, 0), rows[i].result);
	expect(wait_point(device, binary, 0, 0, 0), 0);
	expect(wait_point(device, binary, 1, 0, 0), -EINVAL);
	expect(wait_point(device, binary, 1, SUBMIT, 0), -ETIME);
	expect(wait_point(device, NO_SUCH_HANDLE, 3, 0, 0), -ENOENT);
	/* No array: all points are 0. None at all: nothing to wait for. */
	expect(raw_timeline_wait(device, &handle, NULL, 1, 0, 0, &first), 0);
	expect(raw_timeline_wait(device, &handle, NULL, 1, SUBMIT, 0, &first), 0);
	expect(raw_timeline_wait(device, &handle, &point, 0, 0, 0, &first), 0);
	expect(first, UNTOUCHED);
	expect(raw_timeline_wait(device, &handle, &point, 0, 0x80, 0, &first), -EINVAL);
	expect(raw_timeline_wait(device, &handle, (uint64_t *)8, 1, 0, 0, &first), -EFAULT);
	expect(raw_timeline_wait(device, &(uint32_t){ NO_SUCH_HANDLE }, (uint64_t *)8, 1, 0, 0,
				 &first),
	       -ENOENT);
	expect(raw_timeline_wait(device, &handle, &point, 0x20000000, 0, 0, &first), -ENOMEM);
}

Test(syncobj_timeline, both_sizes_of_a_wait_are_taken_and_its_pad_is_ignored)
{
	uint32_t handle = new_syncobj(device, 0);
	uint64_t point = 3;
	struct drm_syncobj_timeline_wait wait = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
		.pad = 1,
		.flags = DEADLINE,
	};

	expect(raw_signal_point(device, handle, 3), 0);
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait), 0);
	expect(raw_ioctl(device, with_size(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, 40), &wait), 0);
	expect(raw_ioctl(device, with_size(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, 64), &wait), 0);
	point = 4;
	wait.flags = SUBMIT;
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait), -ETIME);
}

Test(syncobj_timeline, reset_and_binary_signal_take_the_points_away)
{
	uint32_t handle = new_syncobj(device, 0);

	expect(raw_signal_point(device, handle, 8), 0);
	expect(raw_reset(device, handle), 0);
	expect(query_point(device, handle, 0), 0);
	expect(wait_one(device, handle, 0, 0), -EINVAL);
	expect(raw_signal_point(device, handle, 8), 0);
	expect(raw_syncobj_signal(device, handle), 0);
	expect(query_point(device, handle, 0), 0);
	expect(raw_signal_point(device, handle, 2), 0);
	expect(query_point(device, handle, 0), 2);
}

Test(syncobj_timeline, transfer_refuses_what_the_kernel_refuses)
{
	uint32_t source = new_syncobj(device, 0), empty = new_syncobj(device, 0);
	const struct {
		struct drm_syncobj_transfer transfer;
		int result;
	} rows[] = {
		{ { NO_SUCH_HANDLE, empty, 0, 1, 0, 0 }, -ENOENT },
		{ { source, NO_SUCH_HANDLE, 0, 1, 0, 0 }, -ENOENT },
		{ { NO_SUCH_HANDLE, empty, 0, 1, 0x80, 0 }, -ENOENT },
		{ { source, NO_SUCH_HANDLE, 0, 0, 0x80, 0 }, -ENOENT },
		{ { source, NO_SUCH_HANDLE, 0, 1, 0, 1 }, -EINVAL },
		{ { source, empty, 3, 1, 0, 1 }, -EINVAL },
		{ { source, empty, 3, 1, 0x80, 0 }, -EINVAL },
		{ { source, empty, 3, 1, ALL, 0 }, -EINVAL },
		{ { source, empty, 4, 1, 0, 0 }, -EINVAL },
		{ { empty, source, 0, 12, 0, 0 }, -EINVAL },
	};

	expect(raw_signal_point(device, source, 3), 0);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drm_syncobj_transfer transfer = rows[i].transfer;

		expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_TRANSFER, &transfer), rows[i].result);
	}
	expect(query_point(device, source, 0), 3);
	expect(wait_one(device, empty, 0, 0), -EINVAL);
}

Test(syncobj_timeline, transfer_takes_a_point_or_a_binary_to_either)
{
	uint32_t source = new_syncobj(device, 0), binary = new_syncobj(device, 1);
	uint32_t to = new_syncobj(device, 0), to_binary = new_syncobj(device, 0);

	expect(raw_signal_point(device, source, 3), 0);
	expect(raw_transfer(device, source, 3, to, 9, 0), 0);
	expect(query_point(device, to, 0), 9);
	expect(raw_transfer(device, source, 3, to_binary, 0, 0), 0);
	expect(wait_one(device, to_binary, 0, 0), 0);
	expect(raw_transfer(device, binary, 0, to, 11, 0), 0);
	expect(query_point(device, to, 0), 11);
	expect(raw_transfer(device, source, 3, source, 4, 0), 0);
	expect(query_point(device, source, 0), 4);
}

/* What the sync_file of the syncobj tells of its one fence. */
static struct sync_fence_info exported_fence(uint32_t syncobj)
{
	int sync_file =
		raw_to_fd(device, syncobj, DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE, 0);
	struct sync_fence_info fence;
	struct sync_file_info info;

	check(sync_file >= 0);
	expect(raw_file_info(sync_file, &info, &fence, 1), 0);
	expect(info.num_fences, 1);
	must(close(sync_file));
	return fence;
}

/* A point takes the fences that are pending, and one without any is a stub. */
Test(syncobj_timeline, transfer_of_a_failed_fence_to_a_point_loses_the_error)
{
	uint32_t source, timeline = new_syncobj(device, 0), binary = new_syncobj(device, 0);
	uint32_t fence = new_pending_syncobj(device, &source);
	struct sync_fence_info told;

	expect(raw_signal(device, fence, -EIO), 0);
	expect(raw_transfer(device, source, 0, timeline, 3, 0), 0);
	told = exported_fence(timeline);
	expect(strcmp(told.driver_name, "stub"), 0);
	expect(told.status, 1);
	expect(raw_transfer(device, source, 0, binary, 0, 0), 0);
	expect(exported_fence(binary).status, -EIO);
}

Test(syncobj_timeline, row_3_5_pending_point_holds_those_above_it)
{
	uint32_t syncobj, timeline = new_syncobj(device, 0);
	uint32_t fence = new_pending_syncobj(device, &syncobj);

	expect(raw_transfer(device, syncobj, 0, timeline, 4, 0), 0);
	expect(query_point(device, timeline, 0), 0);
	expect(query_point(device, timeline, LAST_SUBMITTED), 4);
	expect(wait_point(device, timeline, 4, 0, 0), -ETIME);
	expect(wait_point(device, timeline, 4, AVAILABLE, 0), 0);
	expect(wait_point(device, timeline, 2, 0, 0), -ETIME);
	expect(raw_signal_point(device, timeline, 6), 0);
	expect(query_point(device, timeline, 0), 0);
	expect(query_point(device, timeline, LAST_SUBMITTED), 6);
	expect(raw_signal_point(device, timeline, 5), 0);
	expect(query_point(device, timeline, LAST_SUBMITTED), 6);
	expect(raw_signal(device, fence, 0), 0);
	expect(query_point(device, timeline, 0), 6);
	expect(wait_point(device, timeline, 6, 0, 0), 0);
}

Test(syncobj_timeline, a_point_after_a_pending_binary_fence_waits_for_that_too)
{
	uint32_t syncobj, fence = new_pending_syncobj(device, &syncobj);

	expect(raw_signal_point(device, syncobj, 1), 0);
	expect(query_point(device, syncobj, 0), 0);
	expect(query_point(device, syncobj, LAST_SUBMITTED), 1);
	expect(wait_point(device, syncobj, 1, 0, 0), -ETIME);
	/* The fence below is no point: the first point on top of it is not held back by it. */
	expect(raw_signal_point(device, syncobj, 7), 0);
	expect(query_point(device, syncobj, 0), 1);
	expect(wait_point(device, syncobj, 1, 0, 0), -ETIME);
	expect(raw_signal(device, fence, 0), 0);
	expect(query_point(device, syncobj, 0), 7);
}

Test(syncobj_timeline, has_as_many_points_pending_as_are_put_in)
{
	uint32_t syncobj, timeline = new_syncobj(device, 0);
	uint32_t fence = new_pending_syncobj(device, &syncobj);

	for (uint64_t point = 1; point <= 3000; point++)
		expect(raw_transfer(device, syncobj, 0, timeline, point, 0), 0);
	expect(query_point(device, timeline, 0), 0);
	expect(query_point(device, timeline, LAST_SUBMITTED), 3000);
	expect(wait_point(device, timeline, 1, 0, 0), -ETIME);
	expect(raw_signal(device, fence, 0), 0);
	expect(query_point(device, timeline, 0), 3000);
}
