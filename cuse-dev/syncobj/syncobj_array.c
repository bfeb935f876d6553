/* SPDX-License-Identifier: MIT */
/*
 * syncobj_array.c - see syncobj_array.h.
 *
 * It is done in the order in which the kernel does it, so that of two mistakes the same one is
 * told: handles are read, then looked up, then the points are read. What was looked up is held from
 * then on, whatever becomes of the handles.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "caller/caller.h"
#include "file/file.h"
#include "syncobj/syncobj_array.h"
#include "syncobj/syncobj_handle.h"

struct array_job {
	struct lane_job job;
	struct request request;
	struct syncobj_array array;
	uint32_t held; /* references in syncobjs[] */
	union {
		char argument[SYNCOBJ_ARGUMENT_MAX];
		uint64_t alignment;
	};
	uint64_t *points;  /* behind syncobjs[], in the same allocation */
	uint32_t *handles; /* behind points[] */
	struct device_syncobj *syncobjs[];
};

static int look_up(struct array_job *this)
{
	struct device *device = this->job.device;
	int ret = 0;

	device_lock(device);
	/* An abandoned one has no file any more. */
	if (this->job.abandoned)
		ret = -ECANCELED;
	while (!ret && this->held < this->array.count) {
		struct device_syncobj *syncobj =
			syncobj_handle_find(this->job.parked.file, this->handles[this->held]);

		if (syncobj)
			this->syncobjs[this->held++] = device_syncobj_get(syncobj);
		else
			ret = -ENOENT;
	}
	device_unlock(device);
	return ret;
}

static int prepare(struct lane_job *job)
{
	struct array_job *this = (struct array_job *)job;
	const struct syncobj_array *array = &this->array;
	int ret = caller_read(job, array->handles, this->handles,
			      array->count * sizeof(this->handles[0]));

	if (!ret)
		ret = look_up(this);
	if (!ret && array->points)
		ret = caller_read(job, array->points, this->points,
				  array->count * sizeof(this->points[0]));
	return ret;
}

static int apply(struct lane_job *job)
{
	struct array_job *this = (struct array_job *)job;

	return this->array.go_on(&this->request, this->argument, this->syncobjs, this->points);
}

static void cleanup(struct lane_job *job)
{
	struct array_job *this = (struct array_job *)job;

	device_lock(job->device);
	while (this->held)
		device_syncobj_put(this->syncobjs[--this->held]);
	device_unlock_and_notify(job->device);
}

int syncobj_array_read_and_go_on(struct request *request, const void *argument,
				 const struct syncobj_array *array)
{
	size_t room = array->count *
		      (sizeof(struct device_syncobj *) + sizeof(uint64_t) + sizeof(uint32_t));
	struct array_job *this;

	if (array->count > MAX_COUNT)
		return -ENOMEM;
	this = calloc(1, sizeof(*this) + room);
	if (!this)
		return -ENOMEM;
	this->request = *request;
	this->array = *array;
	this->points = (uint64_t *)&this->syncobjs[array->count];
	this->handles = (uint32_t *)&this->points[array->count];
	memcpy(this->argument, argument, request->size);
	this->job.prepare = prepare;
	this->job.apply = apply;
	this->job.cleanup = cleanup;
	this->job.charge = sizeof(*this) + room;
	this->job.answer = this->argument;
	this->job.answer_size = request->answer_size;
	return lane_submit_request(&this->job, request);
}
