/* SPDX-License-Identifier: MIT */
/*
 * What the processes of a run have in common: the options, and one record for each job in shared
 * memory. The record states which process writes a field; the others read it when the job is
 * complete.
 */
#ifndef USER_QUEUE_RUN_H
#define USER_QUEUE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "program.h"

/* Longer than anything here takes: after this time the peer is gone. */
#define PATIENCE_NS (20 * NS_PER_SECOND)

/* Of a fence that was active still when the job that needs it was complete. */
#define NOT_YET INT64_MAX

/* Times are nanoseconds of CLOCK_MONOTONIC; 0: it did not happen. */
struct job_record {
	/* Written by the submitter. */
	int64_t prepare_ns;	/* begins to prepare it */
	int64_t asked_ns;	/* the camera has been asked for its frame */
	int64_t submit_ns;	/* begins to hand it in */
	int64_t rung_ns;	/* rings: from here on the engine may take it */
	int64_t submitted_ns;	/* has handed it in, and continues */
	int64_t bind_asked_ns;	/* its bind was asked for, if it is the first that needs it */
	/* Written by the submitter, as the device says: when the fences were signaled, or NOT_YET.
	 */
	int64_t frame_ns;
	int64_t bound_ns;
	/* Written by the camera, before it signals that the frame is there. */
	uint32_t frame;	/* the picture: the number of the job, from 1 */
	/* Written by the engine. */
	int64_t wait_ns;	/* comes to its first instruction */
	int64_t draw_ns;	/* begins to draw */
	int64_t done_ns;
	bool blank;	/* there was no frame when it began to draw */
};

/* One mode. */
struct mode_record {
	int64_t start_ns, end_ns;
	uint32_t jobs;		    /* completed */
	uint32_t waits;		    /* for a fence, by the submitter */
	uint32_t requests;	    /* to the device, to hand jobs in */
	struct job_record *records;	/* in memory that all processes share */
};

struct run {
	struct options options;
	struct mode_record modes[MODES];
};

const char *run_mode_name(enum queue_mode mode);
/* The number of the bind that a job needs, from 1; 0: none. The first of them asks for it. */
uint32_t run_bind_of(const struct options *options, uint32_t job);
/* Did it draw before it could? */
bool run_too_early(const struct mode_record *mode, uint32_t job);

/* options must be filled in. 0, or a negative errno. */
int run_init(struct run *run);
void run_destroy(struct run *run);

#endif /* USER_QUEUE_RUN_H */
