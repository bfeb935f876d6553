/* SPDX-License-Identifier: MIT */
/* The command line: the options, their limits, and their defaults. */
#include "options.h"

#define WORK_US_MAX 100000

static const struct argument arguments[] = {
	{ "frames", "N", "frames to produce, 1 to 10000 (200)", argument_count,
	  offsetof(struct options, frames), 1, 10000 },
	{ "buffers", "N",
	  "buffers of each kind, raw and finished, 1 to\n"
	  "8 (2)",
	  argument_count, offsetof(struct options, buffers), 1, BUFFERS_MAX },
	{ "produce-us", "MEAN[:JITTER]",
	  "microseconds that the producer takes over a\n"
	  "frame: MEAN, give or take up to JITTER\n"
	  "(4000:2000)",
	  argument_duration, offsetof(struct options, work[ROLE_PRODUCER]), 0, WORK_US_MAX },
	{ "process-us", "MEAN[:JITTER]", "the processor (3000:1000)", argument_duration,
	  offsetof(struct options, work[ROLE_PROCESSOR]), 0, WORK_US_MAX },
	{ "consume-us", "MEAN[:JITTER]", "the consumer (5000:2000)", argument_duration,
	  offsetof(struct options, work[ROLE_CONSUMER]), 0, WORK_US_MAX },
	{ "size", "WIDTHxHEIGHT",
	  "of a frame, in pixels, up to 4096x4096\n"
	  "(320x180)",
	  argument_size, offsetof(struct options, size), 16, 4096 },
	{ "no-fences", NULL,
	  "leave the synchronisation out: no process\n"
	  "waits, and frames tear",
	  argument_off, offsetof(struct options, fences), 0, 0 },
	{ 0 },
};

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct command_line command_line = {
		.summary =
			"Has three processes work on the same buffers, each at its own pace. They\n"
			"know nothing of each other; the fences on the buffers keep them apart.",
		.statuses =
			"Exit status: 0 if no frame tore, 1 if one did, 2 if something went wrong.",
		.arguments = arguments,
	};

	*options = (struct options){
		.frames = 200,
		.buffers = 2,
		.work = {
			[ROLE_PRODUCER] = { 4000000, 2000000 },
			[ROLE_PROCESSOR] = { 3000000, 1000000 },
			[ROLE_CONSUMER] = { 5000000, 2000000 },
		},
		.size = { 320, 180 },
		.fences = true,
	};
	arguments_parse(&command_line, argc, argv, options, &options->common);
}
