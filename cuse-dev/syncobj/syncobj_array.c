/* SPDX-License-Identifier: MIT */
/*
 * syncobj_array.c - see syncobj_array.h.
 *
 * The steps are in the kernel's order, so that of two errors the same one is returned: handles are
 * read, then looked up, then the points are read. What was looked up is held from then on, even if
 * its handle is closed.
 */
#include <errno.h>
#include <stdlib.h>

#include "caller/caller.h"
#include "container_of.h"
#include "syncobj/syncobj_array.h"
#include "syncobj/syncobj_handle.h"

struct array_job {
	struct worker_job job;
	struct syncobj_array array;
	uint32_t held;	   /* references in syncobjs[] */
	uint64_t *points;  /* behind syncobjs[], in the same allocation */
	uint32_t *handles; /* behind points[] */
	struct device_syncobj *syncobjs[];
};

static struct array_job *to_array_job(struct worker_job *job)
{
	return container_of(job, struct array_job, job);
}

static int prepare(struct worker_job *job)
{
	struct array_job *this = to_array_job(job);
	const struct syncobj_array *array = &this->array;
	int ret = caller_read(job, array->handles, this->handles,
			      array->count * sizeof(this->handles[0]));

	if (!ret)
		ret = syncobj_handles_hold(job, this->handles, array->count, this->syncobjs,
					   &this->held);
	if (!ret && array->points)
		ret = caller_read(job, array->points, this->points,
				  array->count * sizeof(this->points[0]));
	return ret;
}

static int apply(struct worker_job *job)
{
	struct array_job *this = to_array_job(job);

	return this->array.resume(&job->pending.request, job->argument, this->syncobjs,
				  this->points);
}

static void cleanup(struct worker_job *job)
{
	struct array_job *this = to_array_job(job);

	device_lock(job->device);
	while (this->held)
		device_syncobj_put(this->syncobjs[--this->held]);
	device_unlock_and_notify(job->device);
}

static const struct worker_job_ops array_ops = {
	.prepare = prepare,
	.apply = apply,
	.cleanup = cleanup,
};

int syncobj_array_read(const struct request *request, const void *argument, size_t argument_size,
		       const struct syncobj_array *array)
{
	size_t size = array->count *
		      (sizeof(struct device_syncobj *) + sizeof(uint64_t) + sizeof(uint32_t));
	struct array_job *this;

	if (array->count > MAX_COUNT)
		return -ENOMEM;
	this = worker_job_create(request, &array_ops, sizeof(*this) + size, argument,
				 argument_size);
	if (!this)
		return -ENOMEM;
	this->array = *array;
	this->points = (uint64_t *)&this->syncobjs[array->count];
	this->handles = (uint32_t *)&this->points[array->count];
	return worker_submit(&this->job);
}
