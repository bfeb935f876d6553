/* SPDX-License-Identifier: MIT */
/*
 * What the processes of a run have in common: the options, the buffers, and in shared memory what
 * each has done, one record for each time. A record is its process's; the parent reads it when that
 * has ended.
 */
#ifndef IMPLICIT_SYNC_RUN_H
#define IMPLICIT_SYNC_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "program.h"

/* A process that is done with its buffers faster than others may come back to one of them. */
#define TURNS_PER_FRAME 8

struct buffer {
	int fd;		  /* a memfd, sealed against resizing */
	uint32_t *pixels;	/* mapped */
	/* For the check: the present users. No process waits for these. */
	atomic_int *readers, *writers;
};

enum frame_kind {
	FRAME_NEW,
	FRAME_AGAIN,	/* the same that this process has found in the buffer before */
	FRAME_NONE,	/* no process has written to the buffer so far */
	FRAME_KINDS,
};

/*
 * One time that a process has used its buffers. Times are nanoseconds of CLOCK_MONOTONIC; 0: it did
 * not happen.
 */
struct turn {
	int64_t wait_ns;	/* it wants them */
	int64_t work_ns;	/* it may use them, and begins */
	int64_t done_ns;	/* it is done with them, and signals next */
	uint32_t buffer;	/* index, of each kind that it uses */
	uint8_t stamp;	 /* of the frame */
	uint8_t kind;	 /* enum frame_kind */
	bool torn;	 /* what it read was not all of one frame */
	bool overlapped;	/* another process was there, and one of them wrote */
	bool failed;	 /* a fence that it waited for had: the frame is not looked at */
};

struct shared {
	atomic_bool stop;	  /* the producer is done, or the run is to end */
	atomic_uint turns[ROLES];	/* so far */
	atomic_int readers[2][BUFFERS_MAX], writers[2][BUFFERS_MAX];
};

struct run {
	struct options options;
	struct shared *shared;
	struct turn *turns[ROLES];	/* shared too; each has a capacity of run_turns_max() */
	struct buffer raw[BUFFERS_MAX], finished[BUFFERS_MAX];
};

const char *role_name(enum role role);
uint32_t run_turns_max(const struct options *options);

/* options must be filled in. 0, or a negative errno; what is there goes with run_destroy(). */
int run_init(struct run *run);
void run_destroy(struct run *run);

#endif /* IMPLICIT_SYNC_RUN_H */
