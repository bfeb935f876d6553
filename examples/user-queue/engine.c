/* SPDX-License-Identifier: MIT */
/*
 * The engine. It takes instructions out of the ring, one after the other, and looks at nothing but
 * memory: whether there are instructions, and whether what they wait for has happened, is a word
 * that reaches a value. It has no open of the device, and makes no call to it.
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "engine.h"
#include "libdmafence.h"

/* A word that is written soon is seen without the way through the scheduler. */
#define SPIN_NS 20000

/* Returns STATUS_CLEAN, or STATUS_FAILED after reporting the cause. */
static int wait_on_memory(const uint64_t *word, uint64_t value)
{
	int64_t deadline_ns = clock_now() + PATIENCE_NS;

	while (dma_fence_seqno_wait(word, sizeof(*word), value, SPIN_NS, deadline_ns)) {
		if (errno == ETIME)
			return program_fail("the engine waits for memory that no process writes");
		if (errno != EINTR)
			return program_fail("cannot wait on memory: %s", strerror(errno));
	}
	return STATUS_CLEAN;
}

static void draw(struct job_record *record, uint32_t job, int64_t duration_ns)
{
	struct timespec end;
	int64_t end_ns;

	record->draw_ns = clock_now();
	record->blank = record->frame != job + 1;
	end_ns = record->draw_ns + duration_ns;
	end = (struct timespec){ end_ns / NS_PER_SECOND, end_ns % NS_PER_SECOND };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
		;
	record->done_ns = clock_now();
}

static int carry_out(struct mode_record *mode, struct queue *queue,
		     const struct instruction *instruction)
{
	struct job_record *record = &mode->records[instruction->job];
	uint64_t *word = queue_word(queue, instruction->offset);

	if (!record->wait_ns)
		record->wait_ns = clock_now();
	switch (instruction->operation) {
	case OPERATION_WAIT_ON_MEMORY:
		return wait_on_memory(word, instruction->value);
	case OPERATION_DRAW:
		draw(record, instruction->job, instruction->duration_ns);
		return STATUS_CLEAN;
	case OPERATION_WRITE_MEMORY:
		memory_write(word, instruction->value);
		return STATUS_CLEAN;
	default:
		return program_fail("the engine found something that is no instruction");
	}
}

int engine_run(struct mode_record *mode, struct queue *queue)
{
	/* The default of 50 us would be late for each job. */
	prctl(PR_SET_TIMERSLACK, 1);
	for (uint64_t taken = 0;; taken++) {
		const struct instruction *instruction =
			&queue->memory->ring[taken % QUEUE_INSTRUCTIONS];

		if (wait_on_memory(&queue->memory->put, taken + 1))
			return STATUS_FAILED;
		if (instruction->operation == OPERATION_END)
			return STATUS_CLEAN;
		if (carry_out(mode, queue, instruction))
			return STATUS_FAILED;
	}
}
