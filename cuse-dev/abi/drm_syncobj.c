/* SPDX-License-Identifier: MIT */
/*
 * drm_syncobj.c - the syncobj requests: what each checks, in the kernel's order and with its
 * errors. The effects are in the files that they call.
 */
#include <errno.h>
#include <stddef.h>

#include "abi/drm_syncobj.h"
#include "caller/caller_array.h"
#include "descriptor/syncobj_fd.h"
#include "linux_drm_syncobj.h"
#include "syncobj/syncobj_array.h"
#include "syncobj/syncobj_event.h"
#include "syncobj/syncobj_handle.h"
#include "syncobj/syncobj_transfer.h"
#include "syncobj/syncobj_wait.h"

#define WAIT_FLAGS                                                                  \
	(DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT | \
	 DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE)
#define TIMELINE_WAIT_FLAGS (WAIT_FLAGS | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE)

int drm_syncobj_create(const struct request *request, void *argument)
{
	struct drm_syncobj_create *create = argument;
	struct device_syncobj *syncobj;
	int64_t handle = -ENOMEM;

	if (create->flags & ~DRM_SYNCOBJ_CREATE_SIGNALED)
		return -EINVAL;
	syncobj = device_syncobj_create(request->device);
	if (!syncobj)
		return -ENOMEM;
	if (!(create->flags & DRM_SYNCOBJ_CREATE_SIGNALED) || !device_syncobj_signal(syncobj))
		handle = syncobj_handle_add(request->file, syncobj);
	if (handle < 0) {
		device_syncobj_put(syncobj);
		return (int)handle;
	}
	create->handle = (uint32_t)handle;
	return 0;
}

int drm_syncobj_destroy(const struct request *request, void *argument)
{
	const struct drm_syncobj_destroy *destroy = argument;

	if (destroy->pad || syncobj_handle_close(request->file, destroy->handle))
		return -EINVAL;
	return 0;
}

int drm_syncobj_handle_to_fd(const struct request *request, void *argument)
{
	return syncobj_handle_to_fd_request(request, argument);
}

int drm_syncobj_fd_to_handle(const struct request *request, void *argument)
{
	return syncobj_fd_to_handle_request(request, argument);
}

static int wait_binary(const struct request *request, void *argument,
		       struct device_syncobj **syncobjs, uint64_t *points)
{
	const struct drm_syncobj_wait *wait = argument;
	const struct syncobj_wait_terms terms = {
		.count = wait->count_handles,
		.flags = wait->flags,
		.timeout_ns = wait->timeout_nsec,
		.deadline_ns = wait->deadline_nsec,
		.first_signaled = offsetof(struct drm_syncobj_wait, first_signaled),
	};

	return syncobj_wait(request, argument, &terms, syncobjs, points);
}

int drm_syncobj_wait(const struct request *request, void *argument)
{
	const struct drm_syncobj_wait *wait = argument;
	const struct syncobj_array array = {
		.handles = wait->handles,
		.count = wait->count_handles,
		.resume = wait_binary,
	};

	if (wait->flags & ~WAIT_FLAGS)
		return -EINVAL;
	return array.count ? syncobj_array_read(request, argument, sizeof(*wait), &array) : 0;
}

static int wait_timeline(const struct request *request, void *argument,
			 struct device_syncobj **syncobjs, uint64_t *points)
{
	const struct drm_syncobj_timeline_wait *wait = argument;
	const struct syncobj_wait_terms terms = {
		.count = wait->count_handles,
		.flags = wait->flags,
		.timeout_ns = wait->timeout_nsec,
		.deadline_ns = wait->deadline_nsec,
		.first_signaled = offsetof(struct drm_syncobj_timeline_wait, first_signaled),
	};

	return syncobj_wait(request, argument, &terms, syncobjs, points);
}

int drm_syncobj_timeline_wait(const struct request *request, void *argument)
{
	const struct drm_syncobj_timeline_wait *wait = argument;
	const struct syncobj_array array = {
		.handles = wait->handles,
		.points = wait->points,
		.count = wait->count_handles,
		.resume = wait_timeline,
	};

	if (wait->flags & ~TIMELINE_WAIT_FLAGS)
		return -EINVAL;
	return array.count ? syncobj_array_read(request, argument, sizeof(*wait), &array) : 0;
}

/* RESET and SIGNAL. */
static int binary_array(const struct request *request, const struct drm_syncobj_array *argument,
			int (*resume)(const struct request *request, void *argument,
				      struct device_syncobj **syncobjs, uint64_t *points))
{
	const struct syncobj_array array = {
		.handles = argument->handles,
		.count = argument->count_handles,
		.resume = resume,
	};

	if (argument->pad || !array.count)
		return -EINVAL;
	return syncobj_array_read(request, argument, sizeof(*argument), &array);
}

static int reset_all(const struct request *request, void *argument,
		     struct device_syncobj **syncobjs, uint64_t *points)
{
	const struct drm_syncobj_array *array = argument;

	for (uint32_t i = 0; i < array->count_handles; i++)
		device_syncobj_reset(syncobjs[i]);
	return 0;
}

int drm_syncobj_reset(const struct request *request, void *argument)
{
	return binary_array(request, argument, reset_all);
}

static int signal_all(const struct request *request, void *argument,
		      struct device_syncobj **syncobjs, uint64_t *points)
{
	const struct drm_syncobj_array *array = argument;
	int ret = 0;

	for (uint32_t i = 0; i < array->count_handles && !ret; i++)
		ret = device_syncobj_signal(syncobjs[i]);
	return ret;
}

int drm_syncobj_signal(const struct request *request, void *argument)
{
	return binary_array(request, argument, signal_all);
}

static int signal_points(const struct request *request, void *argument,
			 struct device_syncobj **syncobjs, uint64_t *points)
{
	const struct drm_syncobj_timeline_array *array = argument;
	struct dma_fence *stub = dma_fence_get_stub();
	int ret = 0;

	for (uint32_t i = 0; i < array->count_handles && !ret; i++)
		ret = device_syncobj_add_point(syncobjs[i], request->file->account, stub,
					       points[i]);
	dma_fence_put(stub);
	return ret;
}

int drm_syncobj_timeline_signal(const struct request *request, void *argument)
{
	const struct drm_syncobj_timeline_array *signal = argument;
	const struct syncobj_array array = {
		.handles = signal->handles,
		.points = signal->points,
		.count = signal->count_handles,
		.resume = signal_points,
	};

	if (signal->flags || !array.count)
		return -EINVAL;
	return syncobj_array_read(request, argument, sizeof(*signal), &array);
}

static int query_points(const struct request *request, void *argument,
			struct device_syncobj **syncobjs, uint64_t *points)
{
	const struct drm_syncobj_timeline_array *query = argument;
	bool submitted = query->flags & DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED;

	for (uint32_t i = 0; i < query->count_handles; i++)
		points[i] = syncobj_query(syncobjs[i]->syncobj, submitted);
	caller_array_write_and_reply(request, query->points, points,
				     query->count_handles * sizeof(points[0]), argument, 0);
	return REQUEST_BLOCKED;
}

int drm_syncobj_query(const struct request *request, void *argument)
{
	const struct drm_syncobj_timeline_array *query = argument;
	const struct syncobj_array array = {
		.handles = query->handles,
		.count = query->count_handles,
		.resume = query_points,
	};

	if (query->flags & ~DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED || !array.count)
		return -EINVAL;
	return syncobj_array_read(request, argument, sizeof(*query), &array);
}

int drm_syncobj_transfer(const struct request *request, void *argument)
{
	return syncobj_transfer_request(request, argument);
}

int drm_syncobj_eventfd(const struct request *request, void *argument)
{
	return syncobj_event_request(request, argument);
}
