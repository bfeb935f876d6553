/* SPDX-License-Identifier: MIT */
/* syncobj_fd.c - see syncobj_fd.h. */
#include <errno.h>
#include <stdlib.h>

#include "container_of.h"
#include "descriptor/identify.h"
#include "descriptor/syncobj_fd.h"
#include "linux_drm_syncobj.h"
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
 * Kernels before 6.16 know of no point, and refuse the flag. So does this where the struct has no
 * field for it.
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
			struct fd_object *object)
{
	struct device_syncobj *found = syncobj_handle_find(file, handle);

	*object = (struct fd_object){ NULL, NULL };
	if (!are_flags(flags))
		return -EINVAL;
	if (!found)
		return flags & SYNC_FILE ? -ENOENT : -EINVAL;
	if (flags & SYNC_FILE)
		return syncobj_find_fence(found->syncobj, flags & TIMELINE ? point : 0,
					  &object->fence);
	object->syncobj = device_syncobj_get(found);
	return 0;
}

int syncobj_handle_to_fd_request(const struct request *request,
				 const struct drm_syncobj_handle *argument)
{
	struct fd_object object;
	int ret = check(request, argument);

	if (!ret)
		ret = syncobj_find_export(request->file, argument->handle, argument->flags,
					  argument->point, &object);
	if (ret)
		return ret;
	fd_object_put(&object);
	return -EOPNOTSUPP;
}

/* FD_TO_HANDLE, on its worker. */
struct import_job {
	struct worker_job job;
	struct fd_object object; /* what the fd stands for: a reference, unless it was taken over */
};

static struct import_job *to_import_job(struct worker_job *job)
{
	return container_of(job, struct import_job, job);
}

/* To the kernel any other fd is the wrong one. */
static int wrong_fd(int ret)
{
	return ret == -EBADF ? -EINVAL : ret;
}

static int prepare(struct worker_job *job)
{
	const struct drm_syncobj_handle *argument = job->argument;
	struct fd_object *object = &to_import_job(job)->object;

	if (argument->flags & SYNC_FILE)
		return wrong_fd(caller_take_fence(job, argument->fd, &object->fence));
	return wrong_fd(caller_take_syncobj(job, argument->fd, &object->syncobj));
}

static int apply_syncobj(struct worker_job *job)
{
	struct fd_object *object = &to_import_job(job)->object;
	struct drm_syncobj_handle *argument = job->argument;
	int64_t handle = syncobj_handle_add(job->pending.request.file, object->syncobj);

	if (handle < 0)
		return (int)handle;
	argument->handle = (uint32_t)handle;
	object->syncobj = NULL;
	return 0;
}

static int apply(struct worker_job *job)
{
	struct dma_fence *fence = to_import_job(job)->object.fence;
	struct drm_syncobj_handle *argument = job->argument;
	struct open_file *file = job->pending.request.file;
	struct device_syncobj *syncobj;

	if (!(argument->flags & SYNC_FILE))
		return apply_syncobj(job);
	syncobj = syncobj_handle_find(file, argument->handle);
	if (!syncobj)
		return -ENOENT;
	if (argument->flags & TIMELINE && argument->point)
		return device_syncobj_add_point(syncobj, file->account, fence, argument->point);
	return device_syncobj_replace(syncobj, file->account, fence);
}

static void cleanup(struct worker_job *job)
{
	device_lock(job->device);
	fd_object_put(&to_import_job(job)->object);
	device_unlock_and_notify(job->device);
}

static const struct worker_job_ops import_ops = {
	.prepare = prepare,
	.apply = apply,
	.cleanup = cleanup,
};

int syncobj_fd_to_handle_request(const struct request *request,
				 const struct drm_syncobj_handle *argument)
{
	int ret = check(request, argument);

	if (ret)
		return ret;
	return worker_submit(worker_job_create(request, &import_ops, sizeof(struct import_job),
					       argument, sizeof(*argument)));
}
