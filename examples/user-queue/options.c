/* SPDX-License-Identifier: MIT */
/* The command line: the options, their limits, and their defaults. */
#include <string.h>

#include "options.h"

#define JOBS_MAX	1000
#define BIND_EVERY_MAX	1000
#define DURATION_US_MAX 200000

static void parse_mode(const struct argument *argument, const char *text, void *field)
{
	bool *modes = field;

	modes[MODE_WAIT_FIRST] = !strcmp(text, "both") || !strcmp(text, "wait");
	modes[MODE_USER_QUEUE] = !strcmp(text, "both") || !strcmp(text, "queue");
	if (!modes[MODE_WAIT_FIRST] && !modes[MODE_USER_QUEUE])
		argument_refuse(argument, "is both, wait or queue");
}

static const struct argument arguments[] = {
	{ "jobs", "N", "jobs in each mode, 1 to 1000 (120)", argument_count,
	  offsetof(struct options, jobs), 1, JOBS_MAX },
	{ "depth", "N", "jobs that may be in flight, 1 to 64 (8)", argument_count,
	  offsetof(struct options, depth), 1, DEPTH_MAX },
	{ "late-us", "MEAN[:JITTER]",
	  "microseconds until a frame that the camera\n"
	  "is asked for is there: MEAN, give or take\n"
	  "up to JITTER (8000:4000)",
	  argument_duration, offsetof(struct options, late), 0, DURATION_US_MAX },
	{ "prepare-us", "MEAN[:JITTER]",
	  "that the submitter takes to prepare a job\n"
	  "(500)",
	  argument_duration, offsetof(struct options, prepare), 0, DURATION_US_MAX },
	{ "draw-us", "MEAN[:JITTER]", "that the engine takes to draw one (2000)", argument_duration,
	  offsetof(struct options, draw), 0, DURATION_US_MAX },
	{ "bind-every", "N",
	  "every so many jobs memory is bound, for the\n"
	  "jobs from there on; 0: never (4)",
	  argument_count, offsetof(struct options, bind_every), 0, BIND_EVERY_MAX },
	{ "bind-us", "MEAN[:JITTER]", "that a bind takes (6000:2000)", argument_duration,
	  offsetof(struct options, bind), 0, DURATION_US_MAX },
	{ "mode", "both|wait|queue",
	  "wait: the submitter waits for a job's fences\n"
	  "before it hands the job in; queue: the\n"
	  "engine waits, on memory; both: one after the\n"
	  "other (both)",
	  parse_mode, offsetof(struct options, modes), 0, 0 },
	{ "no-waits", NULL,
	  "leave the waits out, in either mode: jobs\n"
	  "draw what is not there yet",
	  argument_off, offsetof(struct options, waits), 0, 0 },
	{ 0 },
};

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct command_line command_line = {
		.summary =
			"Hands jobs to an engine through a ring in shared memory, jobs that depend on\n"
			"fences of others: once by waiting for the fences first, once by having the\n"
			"fences converted into memory that the engine waits on.",
		.statuses =
			"Exit status: 0 if every job drew after all that it depends on, 1 if one did\n"
			"not, 2 if something went wrong.",
		.arguments = arguments,
	};

	*options = (struct options){
		.modes = { true, true },
		.jobs = 120,
		.depth = 8,
		.late = { 8000000, 4000000 },
		.prepare = { 500000, 0 },
		.draw = { 2000000, 0 },
		.bind_every = 4,
		.bind = { 6000000, 2000000 },
		.waits = true,
	};
	arguments_parse(&command_line, argc, argv, options, &options->common);
}
