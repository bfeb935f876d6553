/* SPDX-License-Identifier: MIT */
/* export.c - see export.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "caller/caller.h"
#include "descriptor/export.h"
#include "file/file.h"

/* Without what it stands for, which is charged already. */
static int export_new(struct open_file *file, uint32_t kind, struct export **created)
{
	struct export *export = calloc(1, sizeof(*export));

	if (!export)
		return -ENOMEM;
	if (getrandom(export->token, sizeof(export->token), GRND_NONBLOCK) !=
	    sizeof(export->token)) {
		free(export);
		return -EAGAIN;
	}
	HASH_ADD(hh, file->device->exports, token, sizeof(export->token), export);
	if (!export->hh.tbl) {
		free(export);
		return -ENOMEM;
	}
	export->file = file;
	export->kind = kind;
	DL_APPEND(file->exports, export);
	file->export_count++;
	file->device->stats.exports++;
	*created = export;
	return 0;
}

static uint64_t cost_of(struct dma_fence *fence)
{
	return fence ? account_fence_cost(fence) : SYNCOBJ_COST;
}

/* One of fence and syncobj is NULL. */
static int create(struct open_file *file, struct dma_fence *fence, struct device_syncobj *syncobj,
		  uint32_t kind, const char *name, uint64_t token[2])
{
	struct export *export;
	int ret;

	if (file->export_count >= MAX_EXPORTS)
		return -ENOSPC;
	if (account_charge(file->account, cost_of(fence)))
		return -ENOMEM;
	ret = export_new(file, kind, &export);
	if (ret) {
		account_uncharge(file->account, cost_of(fence));
		return ret;
	}
	export->fence = dma_fence_get(fence);
	export->syncobj = syncobj ? device_syncobj_get(syncobj) : NULL;
	if (name)
		strncpy(export->name, name, sizeof(export->name) - 1);
	memcpy(token, export->token, sizeof(export->token));
	return 0;
}

int export_create(struct open_file *file, struct dma_fence *fence, uint32_t kind, const char *name,
		  uint64_t token[2])
{
	return create(file, fence, NULL, kind, name, token);
}

int export_create_syncobj(struct open_file *file, struct device_syncobj *syncobj, uint64_t token[2])
{
	return create(file, NULL, syncobj, DMA_FENCE_EXPORT_SYNCOBJ, NULL, token);
}

static void export_drop(struct export *export)
{
	struct open_file *file = export->file;

	HASH_DEL(file->device->exports, export);
	DL_DELETE(file->exports, export);
	file->export_count--;
	file->device->stats.exports--;
	account_uncharge(file->account, cost_of(export->fence));
	dma_fence_put(export->fence);
	device_syncobj_put(export->syncobj);
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
	if (export->syncobj)
		ret = file_bind_syncobj(file, export->syncobj);
	else
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
	/* References, for the asking lane: at most one of them. */
	struct dma_fence *fence;
	struct device_syncobj *syncobj;
	struct identify *prev, *next;
};

/* The fd must be known to be ours. */
static void ask(struct device *device, int fd, struct identify *identify)
{
	identify->thread = gettid();
	device_lock(device);
	DL_APPEND(device->identifying, identify);
	device_unlock(device);
	/* It is the answer that counts, and that lies there. */
	(void)ioctl(fd, DMA_FENCE_IOC_IDENTIFY);
	device_lock(device);
	DL_DELETE(device->identifying, identify);
	device_unlock(device);
}

static int take(struct lane_job *job, int fd, struct identify *identify)
{
	int taken = caller_take_fd(job, fd);

	if (taken < 0)
		return taken;
	if (descriptor_kind(job->device, taken) == DESCRIPTOR_OURS)
		ask(job->device, taken, identify);
	close(taken);
	return 0;
}

int caller_take_fence(struct lane_job *job, int fd, struct dma_fence **fence)
{
	struct identify identify = { 0 };
	int ret = take(job, fd, &identify);

	if (identify.syncobj) {
		device_lock(job->device);
		device_syncobj_put(identify.syncobj);
		device_unlock_and_notify(job->device);
	}
	*fence = identify.fence;
	return ret || *fence ? ret : -EINVAL;
}

int caller_take_syncobj(struct lane_job *job, int fd, struct device_syncobj **syncobj)
{
	struct identify identify = { 0 };
	int ret = take(job, fd, &identify);

	if (identify.fence) {
		device_lock(job->device);
		dma_fence_put(identify.fence);
		device_unlock_and_notify(job->device);
	}
	*syncobj = identify.syncobj;
	return ret || *syncobj ? ret : -EINVAL;
}

bool identify_answer(struct device *device, struct open_file *file, pid_t thread)
{
	struct bound *bound = file->bound;
	struct identify *identify;

	DL_FOREACH(device->identifying, identify) {
		if (identify->thread != thread)
			continue;
		if (bound && !identify->fence && !identify->syncobj) {
			if (bound->syncobj)
				identify->syncobj = device_syncobj_get(bound->syncobj);
			else
				identify->fence = dma_fence_get(bound->sync_file.fence);
		}
		return true;
	}
	return false;
}
