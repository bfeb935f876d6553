/* SPDX-License-Identifier: MIT */
/* caller_memory.c - see caller_memory.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "caller/caller.h"
#include "caller/caller_array.h"
#include "file/file.h"

struct memory_job {
	struct lane_job job;
	struct request request;
	int (*go_on)(struct request *request, void *argument, void *array);
	int result;
	uint64_t address;
	size_t array_size;
	void *array; /* behind argument, in the same allocation */
	char argument[];
};

/* Arrays begin at a multiple of this, wherever the argument ends. */
#define ARRAY_ALIGNMENT 16

static struct memory_job *memory_job_create(const void *argument, size_t argument_size,
					    uint64_t address, size_t array_size)
{
	size_t room = (argument_size + ARRAY_ALIGNMENT - 1) / ARRAY_ALIGNMENT * ARRAY_ALIGNMENT;
	struct memory_job *memory =
		calloc(1, sizeof(*memory) + room + ARRAY_ALIGNMENT + array_size);
	uintptr_t behind;

	if (!memory)
		return NULL;
	memcpy(memory->argument, argument, argument_size);
	behind = (uintptr_t)(memory->argument + room);
	memory->array =
		(void *)((behind + ARRAY_ALIGNMENT - 1) & ~(uintptr_t)(ARRAY_ALIGNMENT - 1));
	memory->address = address;
	memory->array_size = array_size;
	memory->job.charge = sizeof(*memory) + room + ARRAY_ALIGNMENT + array_size;
	memory->job.answer = memory->argument;
	return memory;
}

static int read_array(struct lane_job *job)
{
	struct memory_job *memory = (struct memory_job *)job;

	return caller_read(job, memory->address, memory->array, memory->array_size);
}

static int go_on_with_array(struct lane_job *job)
{
	struct memory_job *memory = (struct memory_job *)job;

	return memory->go_on(&memory->request, memory->argument, memory->array);
}

int caller_memory_read_and_go_on(struct request *request, const void *argument, uint64_t address,
				 size_t array_size,
				 int (*go_on)(struct request *request, void *argument, void *array))
{
	struct memory_job *memory = memory_job_create(argument, request->size, address, array_size);

	if (!memory)
		return -ENOMEM;
	memory->request = *request;
	memory->go_on = go_on;
	memory->job.answer_size = request->answer_size;
	memory->job.prepare = read_array;
	memory->job.apply = go_on_with_array;
	return lane_submit_request(&memory->job, request);
}

static int write_array(struct lane_job *job)
{
	struct memory_job *memory = (struct memory_job *)job;

	return caller_write(job, memory->address, memory->array, memory->array_size);
}

static int tell_result(struct lane_job *job)
{
	return ((struct memory_job *)job)->result;
}

void caller_memory_write_and_reply(struct open_file *file, fuse_req_t fuse, pid_t thread,
				   uint64_t address, const void *array, size_t array_size,
				   const void *argument, size_t argument_size, int result)
{
	struct memory_job *memory = memory_job_create(argument, argument_size, address, array_size);
	int ret = -ENOMEM;

	if (memory) {
		memcpy(memory->array, array, array_size);
		memory->result = result;
		memory->job.parked.is_answer = true;
		memory->job.answer_size = argument_size;
		memory->job.prepare = write_array;
		memory->job.apply = tell_result;
		ret = lane_submit(&memory->job, fuse, file, thread);
	}
	if (ret) {
		free(memory);
		request_reply(fuse, ret, NULL, 0);
	}
}
