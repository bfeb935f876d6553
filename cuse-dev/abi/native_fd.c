/* SPDX-License-Identifier: MIT */
/*
 * native_fd.c - the kernel's requests that return an fd, in a form that a reply can carry: each
 * does what the kernel's does, and returns a token, by which a fresh open of the node is bound.
 *
 * libdmafence makes an fd of that for its callers; dma-fence-run does so for programs that issue
 * the kernel's own requests.
 */
#include <errno.h>

#include "abi/native.h"
#include "abi/sw_sync_file.h"
#include "container.h"
#include "container_of.h"
#include "descriptor/export.h"
#include "descriptor/identify.h"
#include "descriptor/syncobj_fd.h"
#include "merge.h"

struct merge_job {
	struct worker_job job;
	struct dma_fence *fences[2]; /* references */
};

static struct merge_job *to_merge_job(struct worker_job *job)
{
	return container_of(job, struct merge_job, job);
}

static int prepare_merge(struct worker_job *job)
{
	const struct dma_fence_sync_file_merge *argument = job->argument;
	struct merge_job *this = to_merge_job(job);
	int ret = caller_take_fence(job, argument->fd1, &this->fences[0]);

	return ret ? ret : caller_take_fence(job, argument->fd2, &this->fences[1]);
}

static int apply_merge(struct worker_job *job)
{
	struct dma_fence_sync_file_merge *argument = job->argument;
	struct merge_job *this = to_merge_job(job);
	struct fd_object merged = { NULL, NULL };
	int ret;

	if (dma_fence_leaf_count(this->fences[0]) + dma_fence_leaf_count(this->fences[1]) >
	    MAX_COUNT)
		return -E2BIG;
	merged.fence = dma_fence_merge_all(2, this->fences);
	if (!merged.fence)
		return -ENOMEM;
	argument->name[sizeof(argument->name) - 1] = '\0';
	ret = export_create(job->pending.request.file, &merged, argument->name, argument->token);
	fd_object_put(&merged);
	return ret;
}

static void cleanup_merge(struct worker_job *job)
{
	struct merge_job *this = to_merge_job(job);

	device_lock(job->device);
	dma_fence_put(this->fences[0]);
	dma_fence_put(this->fences[1]);
	device_unlock_and_notify(job->device);
}

static const struct worker_job_ops merge_ops = {
	.prepare = prepare_merge,
	.apply = apply_merge,
	.cleanup = cleanup_merge,
};

int native_sync_file_merge(const struct request *request, void *argument)
{
	const struct dma_fence_sync_file_merge *merge = argument;

	if (merge->flags || merge->reserved)
		return -EINVAL;
	return worker_submit(worker_job_create(request, &merge_ops, sizeof(struct merge_job), merge,
					       sizeof(*merge)));
}

int native_sw_sync_create_fence(const struct request *request, void *argument)
{
	struct dma_fence_sw_sync_create_fence *create = argument;
	struct fd_object object = { NULL, NULL };
	int ret;

	if (create->flags)
		return -EINVAL;
	ret = sw_sync_file_create_fence(request, create->value, &object.fence);
	if (ret)
		return ret;
	ret = export_create(request->file, &object, NULL, create->token);
	fd_object_put(&object);
	if (ret)
		sw_sync_file_drop_unused(request->file);
	else
		sw_sync_file_succeeded(request->file);
	return ret;
}

int native_syncobj_to_fd(const struct request *request, void *argument)
{
	struct dma_fence_syncobj_to_fd *to_fd = argument;
	struct fd_object object;
	int ret;

	if (to_fd->reserved)
		return -EINVAL;
	ret = syncobj_find_export(request->file, to_fd->handle, to_fd->flags, to_fd->point,
				  &object);
	if (ret)
		return ret;
	to_fd->kind = object.syncobj ? DMA_FENCE_EXPORT_SYNCOBJ : DMA_FENCE_EXPORT_SYNC_FILE;
	ret = export_create(request->file, &object, NULL, to_fd->token);
	fd_object_put(&object);
	return ret;
}
