/* SPDX-License-Identifier: MIT */
/* export.c - see export.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "caller.h"
#include "export.h"
#include "file.h"

int export_create(struct open_file *file, struct dma_fence *fence, uint32_t kind, const char *name,
		  uint64_t token[2])
{
	struct device *device = file->device;
	struct export *export;

	if (file->export_count >= MAX_EXPORTS)
		return -ENOSPC;
	if (account_charge(file->account, account_fence_cost(fence)))
		return -ENOMEM;
	export = calloc(1, sizeof(*export));
	if (!export)
		goto err_uncharge;
	if (getrandom(export->token, sizeof(export->token), GRND_NONBLOCK) !=
	    sizeof(export->token)) {
		free(export);
		account_uncharge(file->account, account_fence_cost(fence));
		return -EAGAIN;
	}
	export->file = file;
	export->kind = kind;
	if (name)
		strncpy(export->name, name, sizeof(export->name) - 1);
	HASH_ADD(hh, device->exports, token, sizeof(export->token), export);
	if (!export->hh.tbl) {
		free(export);
		goto err_uncharge;
	}
	export->fence = dma_fence_get(fence);
	DL_APPEND(file->exports, export);
	file->export_count++;
	device->stats.exports++;
	memcpy(token, export->token, sizeof(export->token));
	return 0;

err_uncharge:
	account_uncharge(file->account, account_fence_cost(fence));
	return -ENOMEM;
}

static void export_drop(struct export *export)
{
	struct open_file *file = export->file;

	HASH_DEL(file->device->exports, export);
	DL_DELETE(file->exports, export);
	file->export_count--;
	file->device->stats.exports--;
	account_uncharge(file->account, account_fence_cost(export->fence));
	dma_fence_put(export->fence);
	free(export);
}

int export_bind(struct open_file *file, const uint64_t token[2], uint32_t kind)
{
	struct export *export;
	int ret;

	if (!file_is_fresh(file))
		return -EBUSY;
	HASH_FIND(hh, file->device->exports, token, 2 * sizeof(token[0]), export);
	if (!export)
		return -ENOENT;
	if (export->kind != kind)
		return -EINVAL;
	ret = file_bind(file, export->fence, export->name);
	if (!ret)
		export_drop(export);
	return ret;
}

void exports_drop_all(struct open_file *file)
{
	while (file->exports)
		export_drop(file->exports);
}

/*
 * A lane that asks about an fd, and what it is told. On its stack, in the device's list meanwhile.
 */
struct identify {
	pid_t thread;
	struct dma_fence *fence; /* a reference, for the asking lane */
	struct identify *prev, *next;
};

int identify_fence(struct device *device, int fd, struct dma_fence **fence)
{
	struct identify identify = { .thread = gettid() };
	int ret;

	device_lock(device);
	DL_APPEND(device->identifying, &identify);
	device_unlock(device);
	ret = ioctl(fd, DMA_FENCE_IOC_IDENTIFY);
	device_lock(device);
	DL_DELETE(device->identifying, &identify);
	device_unlock(device);
	if (ret || !identify.fence)
		return -EINVAL;
	*fence = identify.fence;
	return 0;
}

int caller_take_fence(struct lane_job *job, int fd, struct dma_fence **fence)
{
	int taken = caller_take_fd(job, fd), ret = -EINVAL;

	if (taken < 0)
		return taken;
	if (descriptor_kind(job->device, taken) == DESCRIPTOR_OURS)
		ret = identify_fence(job->device, taken, fence);
	close(taken);
	return ret;
}

bool identify_answer(struct device *device, struct open_file *file, pid_t thread)
{
	struct identify *identify;

	DL_FOREACH(device->identifying, identify) {
		if (identify->thread != thread)
			continue;
		if (file->bound && !identify->fence)
			identify->fence = dma_fence_get(file->bound->sync_file.fence);
		return true;
	}
	return false;
}
