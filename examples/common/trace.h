/* SPDX-License-Identifier: MIT */
/*
 * A run as trace events, the JSON that ui.perfetto.dev and chrome://tracing open: processes with
 * tracks in them, slices and instants on the tracks, and arrows from slice to slice.
 *
 * Times are nanoseconds of one clock. Slices of one track must not overlap; one that lies inside
 * another is drawn below it. Names must need no escapes in JSON.
 */
#ifndef EXAMPLES_TRACE_H
#define EXAMPLES_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct trace {
	FILE *file;
	const char *unit;  /* what the numbers of slices count, such as "frame" */
	int64_t origin_ns; /* becomes 0 */
	uint32_t arrows;   /* so far */
	bool comma;	   /* the next event needs one before it */
};

/* Numbers of the trace, not of the system, from 1. */
struct trace_track {
	int process, thread;
};

void trace_begin(struct trace *trace, FILE *file, const char *unit, int64_t origin_ns);
void trace_end(struct trace *trace);

void trace_name_process(struct trace *trace, int process, const char *name);
void trace_name_track(struct trace *trace, struct trace_track track, const char *name);
/* `number` says which frame, job or the like it is about. */
void trace_slice(struct trace *trace, struct trace_track track, const char *name, uint32_t number,
		 int64_t start_ns, int64_t end_ns);
void trace_instant(struct trace *trace, struct trace_track track, const char *name,
		   int64_t time_ns);
/*
 * A fence: from the end of the slice on the track `from`, from start_ns to end_ns, to the slice on
 * the track `to` that begins at time_ns.
 */
void trace_arrow(struct trace *trace, struct trace_track from, int64_t start_ns, int64_t end_ns,
		 struct trace_track to, int64_t time_ns);

#endif /* EXAMPLES_TRACE_H */
