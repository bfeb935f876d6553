/* SPDX-License-Identifier: MIT */
/* caller_array.c - see caller_array.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "caller/caller.h"
#include "caller/caller_array.h"
#include "container_of.h"

struct array_job {
	struct worker_job job;
	int (*resume)(const struct request *request, void *argument, void *array);
	int result;
	uint64_t address;
	size_t array_size;
	char array[] __attribute__((aligned(16)));
};

static struct array_job *to_array_job(struct worker_job *job)
{
	return container_of(job, struct array_job, job);
}

static int prepare_read(struct worker_job *job)
{
	struct array_job *this = to_array_job(job);

	return caller_read(job, this->address, this->array, this->array_size);
}

static int apply_read(struct worker_job *job)
{
	struct array_job *this = to_array_job(job);

	return this->resume(&job->pending.request, job->argument, this->array);
}

static int prepare_write(struct worker_job *job)
{
	struct array_job *this = to_array_job(job);

	return caller_write(job, this->address, this->array, this->array_size);
}

static int apply_write(struct worker_job *job)
{
	return to_array_job(job)->result;
}

static const struct worker_job_ops read_ops = { .prepare = prepare_read, .apply = apply_read };
static const struct worker_job_ops write_ops = { .prepare = prepare_write, .apply = apply_write };

static struct array_job *array_job_create(const struct request *request,
					  const struct worker_job_ops *ops, const void *argument,
					  uint64_t address, size_t array_size)
{
	struct array_job *this = worker_job_create(request, ops, sizeof(*this) + array_size,
						   argument, request->size);

	if (!this)
		return NULL;
	this->address = address;
	this->array_size = array_size;
	return this;
}

int caller_array_read(const struct request *request, const void *argument, uint64_t address,
		      size_t array_size,
		      int (*resume)(const struct request *request, void *argument, void *array))
{
	struct array_job *this =
		array_job_create(request, &read_ops, argument, address, array_size);

	if (!this)
		return -ENOMEM;
	this->resume = resume;
	return worker_submit(&this->job);
}

void caller_array_write_and_reply(const struct request *request, uint64_t address,
				  const void *array, size_t array_size, const void *argument,
				  int result)
{
	struct array_job *this =
		array_job_create(request, &write_ops, argument, address, array_size);
	int ret = -ENOMEM;

	if (this) {
		memcpy(this->array, array, array_size);
		this->result = result;
		this->job.pending.is_answer = true;
		ret = worker_submit(&this->job);
	}
	if (ret != REQUEST_BLOCKED)
		request_reply(request, ret, argument);
}
