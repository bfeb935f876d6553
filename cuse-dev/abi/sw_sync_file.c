/* SPDX-License-Identifier: MIT */
/*
 * sw_sync_file.c - the sw_sync requests: an open file as a timeline.
 *
 * The timeline exists from the file's first such request on, and is released with the file. A fence
 * is returned as an fd, which a reply cannot carry: see native_fd.c for how it is done instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/ioctl.h"
#include "abi/sw_sync_file.h"
#include "container_of.h"
#include "descriptor/identify.h"
#include "linux_sw_sync.h"
#include "sw_sync.h"

#define COMMAND_NAME_SIZE 16

/* What a timeline is charged with. */
#define TIMELINE_COST 1024

struct sw_sync_file {
	struct file_part part;
	struct sw_sync_timeline *timeline;
	bool is_used; /* a request on it has succeeded */
};

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

/* The file is released: what is pending on its timeline ends with -ENOENT. */
static void release(struct file_part *part)
{
	struct sw_sync_file *this = container_of(part, struct sw_sync_file, part);

	sw_sync_timeline_destroy(this->timeline);
	part->file->device->stats.timelines--;
	account_uncharge(part->file->account, TIMELINE_COST);
	file_part_free(part);
}

static const struct file_part_ops part_ops = {
	.size = sizeof(struct sw_sync_file),
	.release = release,
	.cancel = release,
};

static struct sw_sync_file *find(const struct open_file *file)
{
	struct file_part *part = file_part_find(file, &part_ops);

	return part ? container_of(part, struct sw_sync_file, part) : NULL;
}

/* With the first request that asks for it, the file becomes a timeline. NULL: no memory. */
static struct sw_sync_file *sw_sync_file_of(const struct request *request)
{
	struct file_part *part = file_part_get(request->file, &part_ops);
	struct sw_sync_file *this = part ? container_of(part, struct sw_sync_file, part) : NULL;
	char name[COMMAND_NAME_SIZE];

	if (!this || this->timeline)
		return this;
	/* The caller may be a supervisor that acts for the opener. */
	command_name(request->file->opener, name);
	if (!*name)
		command_name(request->thread, name);
	if (!account_charge(request->file->account, TIMELINE_COST)) {
		this->timeline = sw_sync_timeline_create(name);
		if (!this->timeline)
			account_uncharge(request->file->account, TIMELINE_COST);
	}
	if (!this->timeline) {
		file_part_free(part);
		return NULL;
	}
	request->device->stats.timelines++;
	return this;
}

int sw_sync_file_create_fence(const struct request *request, uint32_t value,
			      struct dma_fence **fence)
{
	struct sw_sync_file *this = sw_sync_file_of(request);

	if (!this)
		return -ENOMEM;
	*fence = sw_sync_fence_create(this->timeline, value);
	if (*fence)
		return 0;
	sw_sync_file_drop_unused(request->file);
	return -ENOMEM;
}

void sw_sync_file_succeeded(struct open_file *file)
{
	find(file)->is_used = true;
}

void sw_sync_file_drop_unused(struct open_file *file)
{
	struct sw_sync_file *this = find(file);

	if (this && !this->is_used)
		release(&this->part);
}

/* The fd cannot be returned: see native_fd.c. */
static int create_fence(const struct request *request, void *argument)
{
	return -EOPNOTSUPP;
}

static int inc(const struct request *request, void *argument)
{
	const uint32_t *by = argument;
	struct sw_sync_file *this = sw_sync_file_of(request);

	if (!this)
		return -ENOMEM;
	this->is_used = true;
	request->device->stats.signaled += sw_sync_timeline_inc(this->timeline, *by);
	return 0;
}

static int prepare_deadline(struct worker_job *job)
{
	struct sw_sync_get_deadline *argument = job->argument;
	struct dma_fence *fence;
	int64_t deadline_ns;
	int ret = caller_take_fence(job, argument->fence_fd, &fence);

	/* To the kernel any other fd is the wrong one. */
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

static const struct worker_job_ops deadline_ops = { .prepare = prepare_deadline };

static int get_deadline(const struct request *request, void *argument)
{
	const struct sw_sync_get_deadline *deadline = argument;

	if (deadline->deadline_ns || deadline->pad)
		return -EINVAL;
	return worker_submit(worker_job_create(request, &deadline_ops, sizeof(struct worker_job),
					       deadline, sizeof(*deadline)));
}

static const struct ioctl_row rows[] = {
	{ SW_SYNC_IOC_CREATE_FENCE, .size = sizeof(struct sw_sync_create_fence_data),
	  .handler = create_fence },
	{ SW_SYNC_IOC_INC, .size = sizeof(uint32_t), .handler = inc },
	{ SW_SYNC_GET_DEADLINE, .may_block = true, .size = sizeof(struct sw_sync_get_deadline),
	  .handler = get_deadline },
};

const struct ioctl_table sw_sync_table = {
	.type = SW_SYNC_IOC_MAGIC,
	.exact_size = true,
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};
