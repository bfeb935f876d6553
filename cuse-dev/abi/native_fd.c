/* SPDX-License-Identifier: MIT */
/*
 * native_token.c - the kernel's requests that return an fd, in a form that a reply can carry: each
 * does what its model does, and answers with a token, by which a fresh open of the node is bound.
 *
 * libdmafence makes an fd of that for whoever calls it; dma-fence-run does so for programs that
 * issue the kernel's own requests.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "descriptor/export.h"
#include "file/file.h"
#include "merge.h"
#include "abi/native.h"
#include "abi/sw_sync_file.h"
#include "descriptor/syncobj_fd.h"

struct merge_job {
	struct lane_job job;
	struct dma_fence_sync_file_merge argument;
	struct dma_fence *fences[2]; /* references */
};

static int prepare_merge(struct lane_job *job)
{
	struct merge_job *this = (struct merge_job *)job;
	int ret = caller_take_fence(job, this->argument.fd1, &this->fences[0]);

	return ret ? ret : caller_take_fence(job, this->argument.fd2, &this->fences[1]);
}

static int apply_merge(struct lane_job *job)
{
	struct merge_job *this = (struct merge_job *)job;
	struct dma_fence_sync_file_merge *argument = &this->argument;
	struct dma_fence *merged;
	uint64_t token[2];
	int ret;

	if (dma_fence_leaf_count(this->fences[0]) + dma_fence_leaf_count(this->fences[1]) >
	    MAX_COUNT)
		return -E2BIG;
	merged = dma_fence_merge_all(2, this->fences);
	if (!merged)
		return -ENOMEM;
	argument->name[sizeof(argument->name) - 1] = '\0';
	ret = export_create(job->parked.file, merged, DMA_FENCE_EXPORT_SYNC_FILE, argument->name,
			    token);
	dma_fence_put(merged);
	if (!ret)
		memcpy(argument->token, token, sizeof(token));
	return ret;
}

static void cleanup_merge(struct lane_job *job)
{
	struct merge_job *this = (struct merge_job *)job;

	device_lock(job->device);
	dma_fence_put(this->fences[0]);
	dma_fence_put(this->fences[1]);
	device_unlock_and_notify(job->device);
}

int native_sync_file_merge(struct request *request, void *argument)
{
	const struct dma_fence_sync_file_merge *merge = argument;
	struct merge_job *this;

	if (merge->flags || merge->reserved)
		return -EINVAL;
	this = calloc(1, sizeof(*this));
	if (!this)
		return -ENOMEM;
	this->argument = *merge;
	this->job.prepare = prepare_merge;
	this->job.apply = apply_merge;
	this->job.cleanup = cleanup_merge;
	this->job.charge = sizeof(*this);
	this->job.answer = &this->argument;
	this->job.answer_size = request->answer_size;
	return lane_submit_request(&this->job, request);
}

int native_sw_sync_create_fence(struct request *request, void *argument)
{
	struct dma_fence_sw_sync_create_fence *create = argument;
	bool was_timeline = request->file->sw_sync;
	struct sw_sync_timeline *timeline;
	struct dma_fence *fence;
	uint64_t token[2];
	int ret;

	if (create->flags)
		return -EINVAL;
	ret = sw_sync_timeline_of(request, &timeline);
	if (ret)
		return ret;
	fence = sw_sync_fence_create(timeline, create->value);
	ret = fence ? export_create(request->file, fence, DMA_FENCE_EXPORT_SYNC_FILE, NULL, token)
		    : -ENOMEM;
	dma_fence_put(fence);
	if (!ret)
		memcpy(create->token, token, sizeof(token));
	else if (!was_timeline)
		sw_sync_drop(request->file);
	return ret;
}

int native_syncobj_to_fd(struct request *request, void *argument)
{
	struct dma_fence_syncobj_to_fd *to_fd = argument;
	struct open_file *file = request->file;
	struct device_syncobj *syncobj;
	struct dma_fence *fence;
	uint64_t token[2];
	int ret;

	if (to_fd->reserved)
		return -EINVAL;
	ret = syncobj_find_export(file, to_fd->handle, to_fd->flags, to_fd->point, &fence,
				  &syncobj);
	if (ret)
		return ret;
	to_fd->kind = syncobj ? DMA_FENCE_EXPORT_SYNCOBJ : DMA_FENCE_EXPORT_SYNC_FILE;
	if (syncobj)
		ret = export_create_syncobj(file, syncobj, token);
	else
		ret = export_create(file, fence, to_fd->kind, NULL, token);
	dma_fence_put(fence);
	if (!ret)
		memcpy(to_fd->token, token, sizeof(token));
	return ret;
}
