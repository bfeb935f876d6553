/* SPDX-License-Identifier: MIT */
/* identify.c - see identify.h. */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "descriptor/identify.h"

/* A worker that asks about an fd, on its stack; in the list while it asks. */
struct query {
	pid_t thread;
	struct fd_object object; /* the answer: a reference */
	struct query *prev, *next;
};

static struct query *queries; /* utlist */

/* The fd must be known to be ours. */
static void ask(struct device *device, int fd, struct query *query)
{
	query->thread = gettid();
	device_lock(device);
	DL_APPEND(queries, query);
	device_unlock(device);
	/* The answer is in the query; the result of the call says nothing more. */
	(void)ioctl(fd, DMA_FENCE_IOC_IDENTIFY);
	device_lock(device);
	DL_DELETE(queries, query);
	device_unlock(device);
}

static int take(struct worker_job *job, int fd, struct fd_object *object)
{
	struct query query = { 0 };
	int taken = caller_take_fd(job, fd);

	if (taken < 0)
		return taken;
	if (descriptor_kind(job->device, taken) == DESCRIPTOR_OURS)
		ask(job->device, taken, &query);
	close(taken);
	*object = query.object;
	return 0;
}

static void put(struct device *device, const struct fd_object *object)
{
	device_lock(device);
	fd_object_put(object);
	device_unlock_and_notify(device);
}

int caller_take_fence(struct worker_job *job, int fd, struct dma_fence **fence)
{
	struct fd_object object = { NULL, NULL };
	int ret = take(job, fd, &object);

	if (object.syncobj)
		put(job->device, &object);
	*fence = object.fence;
	return ret || *fence ? ret : -EINVAL;
}

int caller_take_syncobj(struct worker_job *job, int fd, struct device_syncobj **syncobj)
{
	struct fd_object object = { NULL, NULL };
	int ret = take(job, fd, &object);

	if (object.fence)
		put(job->device, &object);
	*syncobj = object.syncobj;
	return ret || *syncobj ? ret : -EINVAL;
}

int identify_request(const struct request *request)
{
	struct query *query;

	DL_FOREACH(queries, query) {
		if (query->thread != request->thread)
			continue;
		if (!query->object.fence && !query->object.syncobj) {
			query->object = fence_fd_object(request->file);
			fd_object_get(&query->object);
		}
		return 0;
	}
	return -ENOTTY;
}
