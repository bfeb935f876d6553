/* SPDX-License-Identifier: MIT */
/* syncobj_event.c - see syncobj_event.h. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "caller/caller.h"
#include "device/eventfd_signaler.h"
#include "file/file.h"
#include "linux_drm_syncobj.h"
#include "syncobj/syncobj_event.h"
#include "syncobj/syncobj_handle.h"

struct syncobj_event {
	struct syncobj_cb submitted;  /* added while there is no fence */
	struct dma_fence_cb signaled; /* while there is one */
	struct open_file *file;
	struct device_syncobj *syncobj; /* whose list it is on: no reference; NULL: submitted */
	struct dma_fence *fence;	/* a reference; NULL: not submitted yet */
	uint64_t point;
	bool available;			   /* to be submitted is all that it waits for */
	bool charged;			   /* the fence is */
	int eventfd;			   /* owned */
	struct syncobj_event *prev, *next; /* of file->syncobj_events */
	struct syncobj_event *prev_of_syncobj, *next_of_syncobj; /* of syncobj->events */
};

/* It has no callback any more. */
static void event_free(struct syncobj_event *event)
{
	struct open_file *file = event->file;

	if (event->syncobj)
		DL_DELETE2(event->syncobj->events, event, prev_of_syncobj, next_of_syncobj);
	DL_DELETE(file->syncobj_events, event);
	file->syncobj_event_count--;
	file->device->stats.events--;
	file->account->fds--;
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

void syncobj_events_drop(struct device_syncobj *syncobj)
{
	while (syncobj->events)
		drop(syncobj->events);
}

void syncobj_events_drop_all(struct open_file *file)
{
	while (file->syncobj_events)
		drop(file->syncobj_events);
}

static void fire(struct syncobj_event *event)
{
	eventfd_signaler_add_one(event->file->device->eventfd_signaler, event->eventfd);
	event_free(event);
}

static void on_signal(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	fire((struct syncobj_event *)((char *)callback - offsetof(struct syncobj_event, signaled)));
}

/*
 * Is something submitted for its point? Then it goes on from there, and may be over. A fence that
 * is too much for the account cannot be waited for: to look too early is better than never.
 */
static void go_on(struct syncobj_event *event)
{
	struct device_syncobj *syncobj = event->syncobj;
	struct account *account = event->file->account;

	if (syncobj_find_fence(syncobj->syncobj, event->point, &event->fence))
		return;
	syncobj_remove_callback(syncobj->syncobj, &event->submitted);
	DL_DELETE2(syncobj->events, event, prev_of_syncobj, next_of_syncobj);
	event->syncobj = NULL;
	event->charged =
		!event->available && !account_charge(account, account_fence_cost(event->fence));
	if (!event->charged || dma_fence_add_callback(event->fence, &event->signaled, on_signal))
		fire(event);
}

static void on_submit(struct syncobj *syncobj, struct syncobj_cb *callback)
{
	go_on((struct syncobj_event *)callback);
}

/* The eventfd is taken over on success. */
static int event_add(struct open_file *file, struct device_syncobj *syncobj,
		     const struct drm_syncobj_eventfd *argument, int eventfd)
{
	struct account *account = file->account;
	struct syncobj_event *event;

	if (file->syncobj_event_count >= MAX_EVENTS || account->fds >= file->device->max_fds)
		return -ENOMEM;
	if (account_charge(account, sizeof(*event)))
		return -ENOMEM;
	event = calloc(1, sizeof(*event));
	if (!event) {
		account_uncharge(account, sizeof(*event));
		return -ENOMEM;
	}
	event->file = file;
	event->syncobj = syncobj;
	event->point = argument->point;
	event->available = argument->flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
	event->eventfd = eventfd;
	account->fds++;
	DL_APPEND(file->syncobj_events, event);
	DL_APPEND2(syncobj->events, event, prev_of_syncobj, next_of_syncobj);
	file->syncobj_event_count++;
	file->device->stats.events++;
	syncobj_add_callback(syncobj->syncobj, &event->submitted, on_submit);
	go_on(event);
	return 0;
}

/* The request, on its lane. */
struct event_job {
	struct lane_job job;
	struct drm_syncobj_eventfd argument;
	struct device_syncobj *syncobj; /* a reference, or NULL */
	int eventfd;			/* the duplicate, until it is taken over; else -1 */
};

static int prepare(struct lane_job *job)
{
	struct event_job *this = (struct event_job *)job;
	int ret = syncobj_handle_hold(job, this->argument.handle, &this->syncobj);

	if (ret)
		return ret;
	this->eventfd = caller_take_fd(job, this->argument.fd);
	if (this->eventfd < 0)
		return this->eventfd;
	return descriptor_kind(job->device, this->eventfd) == DESCRIPTOR_EVENTFD ? 0 : -EINVAL;
}

static int apply(struct lane_job *job)
{
	struct event_job *this = (struct event_job *)job;
	int ret = event_add(job->parked.file, this->syncobj, &this->argument, this->eventfd);

	if (!ret)
		this->eventfd = -1;
	return ret;
}

static void cleanup(struct lane_job *job)
{
	struct event_job *this = (struct event_job *)job;

	if (this->eventfd >= 0)
		close(this->eventfd);
	device_lock(job->device);
	device_syncobj_put(this->syncobj);
	device_unlock_and_notify(job->device);
}

int syncobj_event_request(struct request *request, const struct drm_syncobj_eventfd *argument)
{
	struct event_job *this;

	if (argument->flags & ~DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE || argument->pad)
		return -EINVAL;
	if (!syncobj_handle_find(request->file, argument->handle))
		return -ENOENT;
	if (!request->device->eventfd_signaler)
		return -EOPNOTSUPP;
	this = calloc(1, sizeof(*this));
	if (!this)
		return -ENOMEM;
	this->argument = *argument;
	this->eventfd = -1;
	this->job.prepare = prepare;
	this->job.apply = apply;
	this->job.cleanup = cleanup;
	this->job.charge = sizeof(*this);
	this->job.answer = &this->argument;
	this->job.answer_size = request->answer_size;
	return lane_submit_request(&this->job, request);
}
