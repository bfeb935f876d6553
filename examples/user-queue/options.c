/* SPDX-License-Identifier: MIT */
/*
 * The command line: argp, the limits of each number, and what is taken where an option is not
 * given.
 */
#include <string.h>

#include "libdmafence.h"
#include "options.h"

#define JOBS_MAX	1000
#define BIND_EVERY_MAX	1000
#define DURATION_US_MAX 200000

/* A name of argp's own, which has to find it through -fvisibility=hidden. */
__attribute__((visibility("default"))) const char *argp_program_version =
	"user-queue " PACKAGE_VERSION;

enum option_key {
	KEY_JOBS = 256,
	KEY_DEPTH,
	KEY_LATE_US,
	KEY_PREPARE_US,
	KEY_DRAW_US,
	KEY_BIND_EVERY,
	KEY_BIND_US,
	KEY_MODE,
	KEY_DEVICE,
	KEY_NO_WAITS,
	KEY_SVG,
};

static const struct argp_option option_table[] = {
	{ "jobs", KEY_JOBS, "N", 0, "jobs in each mode, 1 to 1000 (120)", 0 },
	{ "depth", KEY_DEPTH, "N", 0, "jobs that may be in flight, 1 to 64 (8)", 0 },
	{ "late-us", KEY_LATE_US, "MEAN[:JITTER]", 0,
	  "microseconds until a frame that the camera is asked for is there: MEAN, give or take up "
	  "to JITTER (8000:4000)",
	  0 },
	{ "prepare-us", KEY_PREPARE_US, "MEAN[:JITTER]", 0,
	  "that the submitter takes to prepare a job (500)", 0 },
	{ "draw-us", KEY_DRAW_US, "MEAN[:JITTER]", 0, "that the engine takes to draw one (2000)",
	  0 },
	{ "bind-every", KEY_BIND_EVERY, "N", 0,
	  "every so many jobs memory is bound, for the jobs from there on; 0: never (4)", 0 },
	{ "bind-us", KEY_BIND_US, "MEAN[:JITTER]", 0, "that a bind takes (6000:2000)", 0 },
	{ "mode", KEY_MODE, "both|wait|queue", 0,
	  "wait: the submitter waits for a job's fences before it hands the job in; queue: the "
	  "engine waits, on memory; both: one after the other (both)",
	  0 },
	{ "device", KEY_DEVICE, "PATH", 0, "the node ($DMA_FENCE_DEVICE, or /dev/dma_fence)", 0 },
	{ "no-waits", KEY_NO_WAITS, NULL, 0,
	  "leave the waits out, in either mode: jobs draw what is not there yet", 0 },
	{ "svg", KEY_SVG, "FILE", 0, "draw the beginning of both modes as a timeline", 0 },
	{ "quiet", 'q', NULL, 0, "no progress, just the table", 0 },
	{ 0 },
};

static void parse_mode(struct argp_state *state, const char *text, struct options *options)
{
	options->modes[MODE_WAIT_FIRST] = !strcmp(text, "both") || !strcmp(text, "wait");
	options->modes[MODE_USER_QUEUE] = !strcmp(text, "both") || !strcmp(text, "queue");
	if (!options->modes[MODE_WAIT_FIRST] && !options->modes[MODE_USER_QUEUE])
		argp_error(state, "--mode is both, wait or queue");
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_JOBS:
		options->jobs = arguments_count(state, "jobs", text, 1, JOBS_MAX);
		break;
	case KEY_DEPTH:
		options->depth = arguments_count(state, "depth", text, 1, DEPTH_MAX);
		break;
	case KEY_LATE_US:
		options->late = arguments_duration(state, "late-us", text, DURATION_US_MAX);
		break;
	case KEY_PREPARE_US:
		options->prepare = arguments_duration(state, "prepare-us", text, DURATION_US_MAX);
		break;
	case KEY_DRAW_US:
		options->draw = arguments_duration(state, "draw-us", text, DURATION_US_MAX);
		break;
	case KEY_BIND_EVERY:
		options->bind_every = arguments_count(state, "bind-every", text, 0, BIND_EVERY_MAX);
		break;
	case KEY_BIND_US:
		options->bind = arguments_duration(state, "bind-us", text, DURATION_US_MAX);
		break;
	case KEY_MODE:
		parse_mode(state, text, options);
		break;
	case KEY_DEVICE:
		options->device = text;
		break;
	case KEY_NO_WAITS:
		options->waits = false;
		break;
	case KEY_SVG:
		options->svg_path = text;
		break;
	case 'q':
		options->quiet = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", text);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct argp parser = {
		.options = option_table,
		.parser = parse_option,
		.doc = "Hand jobs to an engine through a ring in shared memory, jobs that depend on "
		       "fences of others: once by waiting for the fences first, once by having the "
		       "fences converted into memory that the engine waits on.\v"
		       "Exit status: 0 if every job drew after all that it depends on, 1 if one "
		       "did not, 2 if something went wrong.",
	};

	*options = (struct options){
		.device = dma_fence_device_default_path(),
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
	arguments_begin(argv);
	argp_parse(&parser, argc, argv, 0, NULL, options);
}
