/* SPDX-License-Identifier: MIT */
/*
 * sw_sync_ioctl.c - the sw_sync requests: an open file as a timeline.
 *
 * The timeline is there from the file's first such request on, and goes with the file. A fence is
 * returned as an fd, which a reply cannot carry: see native_token.c for how it is done instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptor/export.h"
#include "file/file.h"
#include "abi/ioctl.h"
#include "linux_sw_sync.h"
#include "abi/sw_sync_file.h"

#define COMMAND_NAME_SIZE 16

/* What a timeline is charged with. */
#define SW_SYNC_TIMELINE_COST 1024

/* The name of the thread, as a timeline of the kernel has its opener's. "": unknown. */
static void command_name(pid_t thread, char name[COMMAND_NAME_SIZE])
{
	char path[sizeof("/proc//comm") + 3 * sizeof(thread)];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? 0 : read(fd, name, COMMAND_NAME_SIZE - 1);
	if (fd >= 0)
		close(fd);
	name[length > 0 ? length : 0] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

int sw_sync_timeline_of(struct request *request, struct sw_sync_timeline **timeline)
{
	struct open_file *file = request->file;
	char name[COMMAND_NAME_SIZE];

	if (!file->sw_sync) {
		if (account_charge(file->account, SW_SYNC_TIMELINE_COST))
			return -ENOMEM;
		/* Who asks may be a supervisor that does it for the opener. */
		command_name(file->opener, name);
		if (!*name)
			command_name(request->thread, name);
		file->sw_sync = sw_sync_timeline_create(name);
		if (!file->sw_sync) {
			account_uncharge(file->account, SW_SYNC_TIMELINE_COST);
			return -ENOMEM;
		}
		file->device->stats.timelines++;
	}
	*timeline = file->sw_sync;
	return 0;
}

void sw_sync_drop(struct open_file *file)
{
	if (!file->sw_sync)
		return;
	sw_sync_timeline_destroy(file->sw_sync);
	file->sw_sync = NULL;
	file->device->stats.timelines--;
	account_uncharge(file->account, SW_SYNC_TIMELINE_COST);
}

static int create_fence(struct request *request, void *argument)
{
	return -EOPNOTSUPP;
}

static int inc(struct request *request, void *argument)
{
	const uint32_t *by = argument;
	struct sw_sync_timeline *timeline;
	int ret = sw_sync_timeline_of(request, &timeline);

	if (!ret)
		request->device->stats.signaled += sw_sync_timeline_inc(timeline, *by);
	return ret;
}

/* A request that asks about a fence of the caller's, on its lane. */
struct deadline_job {
	struct lane_job job;
	struct sw_sync_get_deadline argument;
};

static int prepare_deadline(struct lane_job *job)
{
	struct sw_sync_get_deadline *argument = &((struct deadline_job *)job)->argument;
	struct dma_fence *fence;
	int64_t deadline_ns;
	int ret = caller_take_fence(job, argument->fence_fd, &fence);

	/* To the kernel anything but a sync_file is the wrong thing. */
	if (ret)
		return ret == -EBADF ? -EINVAL : ret;
	device_lock(job->device);
	ret = sw_sync_fence_get_deadline(fence, &deadline_ns);
	dma_fence_put(fence);
	device_unlock_and_notify(job->device);
	if (!ret)
		argument->deadline_ns = (uint64_t)deadline_ns;
	return ret;
}

static int get_deadline(struct request *request, void *argument)
{
	const struct sw_sync_get_deadline *deadline = argument;
	struct deadline_job *this;

	if (deadline->pad)
		return -EINVAL;
	this = calloc(1, sizeof(*this));
	if (!this)
		return -ENOMEM;
	this->argument = *deadline;
	this->job.prepare = prepare_deadline;
	this->job.charge = sizeof(*this);
	this->job.answer = &this->argument;
	this->job.answer_size = sizeof(this->argument);
	return lane_submit_request(&this->job, request);
}

static const struct ioctl_row rows[] = {
	{ SW_SYNC_IOC_CREATE_FENCE, .size = sizeof(struct sw_sync_create_fence_data),
	  .handler = create_fence },
	{ SW_SYNC_IOC_INC, .size = sizeof(uint32_t), .handler = inc },
	{ SW_SYNC_GET_DEADLINE, .may_park = true, .size = sizeof(struct sw_sync_get_deadline),
	  .handler = get_deadline },
};

const struct ioctl_table sw_sync_table = {
	.size_matters = true,
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};
