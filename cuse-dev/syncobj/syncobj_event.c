/* SPDX-License-Identifier: MIT */
/* syncobj_event.c - see syncobj_event.h. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "caller/caller.h"
#include "container_of.h"
#include "device/eventfd_signaler.h"
#include "linux_drm_syncobj.h"
#include "syncobj/syncobj_event.h"
#include "syncobj/syncobj_handle.h"

/* What an open file has of them. */
struct event_list {
	struct file_part part;
	struct syncobj_event *events; /* utlist */
	unsigned int count;
};

struct syncobj_event {
	struct syncobj_cb submitted;	  /* added while there is no fence */
	struct dma_fence_cb signaled;	  /* while there is one */
	struct syncobj_listener listener; /* of syncobj */
	struct event_list *list;
	struct device_syncobj *syncobj; /* no reference; NULL: submitted */
	struct dma_fence *fence;	/* a reference; NULL: not submitted yet */
	uint64_t point;
	bool available;			   /* to be submitted is all that it waits for */
	bool charged;			   /* the fence is */
	int eventfd;			   /* owned */
	struct syncobj_event *prev, *next; /* of list->events */
};

static struct event_list *to_list(const struct file_part *part)
{
	return container_of(part, struct event_list, part);
}

/* It has no callback any more. */
static void event_free(struct syncobj_event *event)
{
	struct event_list *list = event->list;
	struct open_file *file = list->part.file;

	if (event->syncobj)
		DL_DELETE(event->syncobj->listeners, &event->listener);
	DL_DELETE(list->events, event);
	list->count--;
	file->device->stats.events--;
	account_give_back(file->account, ACCOUNT_FDS, 1);
	account_uncharge(file->account, sizeof(*event));
	if (event->charged)
		account_uncharge(file->account, account_fence_cost(event->fence));
	dma_fence_put(event->fence);
	close(event->eventfd);
	free(event);
}

static void drop(struct syncobj_event *event)
{
	if (event->syncobj)
		syncobj_remove_callback(event->syncobj->syncobj, &event->submitted);
	else
		dma_fence_remove_callback(event->fence, &event->signaled);
	event_free(event);
}

/* A fence that waits to be submitted never will be. */
static void syncobj_gone(struct syncobj_listener *listener)
{
	drop(container_of(listener, struct syncobj_event, listener));
}

static void list_release(struct file_part *part)
{
	struct event_list *list = to_list(part);

	while (list->events)
		drop(list->events);
	file_part_free(part);
}

static bool list_is_idle(const struct file_part *part)
{
	return !to_list(part)->events;
}

static const struct file_part_ops list_ops = {
	.size = sizeof(struct event_list),
	.release = list_release,
	.listens = true,
	.is_idle = list_is_idle,
};

static void fire(struct syncobj_event *event)
{
	eventfd_signaler_add_one(event->eventfd);
	event_free(event);
}

static void on_signal(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	fire(container_of(callback, struct syncobj_event, signaled));
}

/*
 * Where a fence is submitted for its point, it waits for that, and may be over. A fence that cannot
 * be charged cannot be waited for: a notification that comes too early is better than none.
 */
static void check_submitted(struct syncobj_event *event)
{
	struct device_syncobj *syncobj = event->syncobj;
	struct account *account = event->list->part.file->account;

	if (syncobj_find_fence(syncobj->syncobj, event->point, &event->fence))
		return;
	syncobj_remove_callback(syncobj->syncobj, &event->submitted);
	DL_DELETE(syncobj->listeners, &event->listener);
	event->syncobj = NULL;
	event->charged =
		!event->available && !account_charge(account, account_fence_cost(event->fence));
	if (!event->charged || dma_fence_add_callback(event->fence, &event->signaled, on_signal))
		fire(event);
}

static void on_submit(struct syncobj *syncobj, struct syncobj_cb *callback)
{
	check_submitted(container_of(callback, struct syncobj_event, submitted));
}

/* The eventfd is taken over on success. */
static int event_add(struct open_file *file, struct device_syncobj *syncobj,
		     const struct drm_syncobj_eventfd *argument, int eventfd)
{
	struct file_part *part = file_part_get(file, &list_ops);
	struct event_list *list = part ? to_list(part) : NULL;
	struct account *account = file->account;
	struct syncobj_event *event;

	if (!list || list->count >= MAX_EVENTS || account_take(account, ACCOUNT_FDS, 1))
		return -ENOMEM;
	if (account_charge(account, sizeof(*event)))
		goto err_give_back;
	event = calloc(1, sizeof(*event));
	if (!event)
		goto err_uncharge;
	event->list = list;
	event->syncobj = syncobj;
	event->point = argument->point;
	event->available = argument->flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
	event->eventfd = eventfd;
	DL_APPEND(list->events, event);
	list->count++;
	event->listener.gone = syncobj_gone;
	DL_APPEND(syncobj->listeners, &event->listener);
	file->device->stats.events++;
	syncobj_add_callback(syncobj->syncobj, &event->submitted, on_submit);
	check_submitted(event);
	return 0;

err_uncharge:
	account_uncharge(account, sizeof(*event));
err_give_back:
	account_give_back(account, ACCOUNT_FDS, 1);
	return -ENOMEM;
}

/* The request, on its worker. */
struct event_job {
	struct worker_job job;
	struct device_syncobj *syncobj; /* a reference, or NULL */
	uint32_t held;
	int eventfd; /* the duplicate, until it is taken over; else -1 */
};

static struct event_job *to_event_job(struct worker_job *job)
{
	return container_of(job, struct event_job, job);
}

static int prepare(struct worker_job *job)
{
	const struct drm_syncobj_eventfd *argument = job->argument;
	struct event_job *this = to_event_job(job);
	int ret = syncobj_handles_hold(job, &argument->handle, 1, &this->syncobj, &this->held);

	this->eventfd = -1;
	if (ret)
		return ret;
	ret = caller_take_fd(job, argument->fd);
	if (ret < 0)
		return ret;
	this->eventfd = ret;
	return descriptor_kind(job->device, this->eventfd) == DESCRIPTOR_EVENTFD ? 0 : -EINVAL;
}

static int apply(struct worker_job *job)
{
	struct event_job *this = to_event_job(job);
	int ret = event_add(job->pending.request.file, this->syncobj, job->argument, this->eventfd);

	if (!ret)
		this->eventfd = -1;
	return ret;
}

static void cleanup(struct worker_job *job)
{
	struct event_job *this = to_event_job(job);

	if (this->eventfd >= 0)
		close(this->eventfd);
	device_lock(job->device);
	device_syncobj_put(this->syncobj);
	device_unlock_and_notify(job->device);
}

static const struct worker_job_ops event_job_ops = {
	.prepare = prepare,
	.apply = apply,
	.cleanup = cleanup,
};

int syncobj_event_request(const struct request *request, const struct drm_syncobj_eventfd *argument)
{
	if (argument->flags & ~DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE || argument->pad)
		return -EINVAL;
	if (!syncobj_handle_find(request->file, argument->handle))
		return -ENOENT;
	if (!eventfd_signaler_is_available())
		return -EOPNOTSUPP;
	return worker_submit(worker_job_create(request, &event_job_ops, sizeof(struct event_job),
					       argument, sizeof(*argument)));
}
