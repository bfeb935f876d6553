/* SPDX-License-Identifier: MIT */
/* syncobj_fd.c - see syncobj_fd.h. */
#include <errno.h>
#include <stdlib.h>

#include "descriptor/export.h"
#include "file/file.h"
#include "linux_drm_syncobj.h"
#include "descriptor/syncobj_fd.h"
#include "syncobj/syncobj_handle.h"

/* The flags have the same numbers in both directions. */
#define SYNC_FILE DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE
#define TIMELINE  DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_TIMELINE

/* A point is that of a sync_file. */
static bool are_flags(uint32_t flags)
{
	return !flags || flags == SYNC_FILE || flags == (SYNC_FILE | TIMELINE);
}

/*
 * Kernels before 6.16 know of no point, and refuse the flag. So does this for whoever leaves no
 * room for it.
 */
static int check(const struct request *request, const struct drm_syncobj_handle *argument)
{
	if (argument->pad || !are_flags(argument->flags))
		return -EINVAL;
	if (argument->flags & TIMELINE && request->size <= DRM_SYNCOBJ_HANDLE_SIZE_OLD)
		return -EINVAL;
	return 0;
}

int syncobj_find_export(struct open_file *file, uint32_t handle, uint32_t flags, uint64_t point,
			struct dma_fence **fence, struct device_syncobj **syncobj)
{
	struct device_syncobj *found = syncobj_handle_find(file, handle);

	if (!are_flags(flags))
		return -EINVAL;
	if (!found)
		return flags & SYNC_FILE ? -ENOENT : -EINVAL;
	*fence = NULL;
	*syncobj = flags & SYNC_FILE ? NULL : found;
	if (*syncobj)
		return 0;
	return syncobj_find_fence(found->syncobj, flags & TIMELINE ? point : 0, fence);
}

int syncobj_handle_to_fd_request(struct request *request, const struct drm_syncobj_handle *argument)
{
	struct device_syncobj *syncobj;
	struct dma_fence *fence;
	int ret = check(request, argument);

	if (!ret)
		ret = syncobj_find_export(request->file, argument->handle, argument->flags,
					  argument->point, &fence, &syncobj);
	if (ret)
		return ret;
	dma_fence_put(fence);
	return -EOPNOTSUPP;
}

/* FD_TO_HANDLE, on its lane. */
struct import_job {
	struct lane_job job;
	struct drm_syncobj_handle argument;
	/* What the fd is: a reference to one of them, until somebody has taken it over. */
	struct dma_fence *fence;
	struct device_syncobj *syncobj;
};

/* To the kernel anything but the one is the wrong thing. */
static int wrong_fd(int ret)
{
	return ret == -EBADF ? -EINVAL : ret;
}

static int prepare_syncobj(struct lane_job *job)
{
	struct import_job *this = (struct import_job *)job;

	return wrong_fd(caller_take_syncobj(job, this->argument.fd, &this->syncobj));
}

static int prepare_sync_file(struct lane_job *job)
{
	struct import_job *this = (struct import_job *)job;

	return wrong_fd(caller_take_fence(job, this->argument.fd, &this->fence));
}

static int apply_syncobj(struct lane_job *job)
{
	struct import_job *this = (struct import_job *)job;
	int64_t handle = syncobj_handle_add(job->parked.file, this->syncobj);

	if (handle < 0)
		return (int)handle;
	this->argument.handle = (uint32_t)handle;
	this->syncobj = NULL;
	return 0;
}

static int apply_sync_file(struct lane_job *job)
{
	struct import_job *this = (struct import_job *)job;
	struct drm_syncobj_handle *argument = &this->argument;
	struct open_file *file = job->parked.file;
	struct device_syncobj *syncobj = syncobj_handle_find(file, argument->handle);

	if (!syncobj)
		return -ENOENT;
	if (argument->flags & TIMELINE && argument->point)
		return device_syncobj_add_point(syncobj, file->account, this->fence,
						argument->point);
	return device_syncobj_replace(syncobj, file->account, this->fence);
}

static void cleanup(struct lane_job *job)
{
	struct import_job *this = (struct import_job *)job;

	device_lock(job->device);
	dma_fence_put(this->fence);
	device_syncobj_put(this->syncobj);
	device_unlock_and_notify(job->device);
}

int syncobj_fd_to_handle_request(struct request *request, const struct drm_syncobj_handle *argument)
{
	bool is_sync_file = argument->flags & SYNC_FILE;
	struct import_job *this;
	int ret = check(request, argument);

	if (ret)
		return ret;
	this = calloc(1, sizeof(*this));
	if (!this)
		return -ENOMEM;
	this->argument = *argument;
	this->job.prepare = is_sync_file ? prepare_sync_file : prepare_syncobj;
	this->job.apply = is_sync_file ? apply_sync_file : apply_syncobj;
	this->job.cleanup = cleanup;
	this->job.charge = sizeof(*this);
	this->job.answer = &this->argument;
	this->job.answer_size = request->answer_size;
	return lane_submit_request(&this->job, request);
}
