/* SPDX-License-Identifier: MIT */
/*
 * The command line: argp, the limits of each number, and what is taken where an option is not
 * given.
 */
#include "libdmafence.h"
#include "options.h"

#define WORK_US_MAX 100000

/* A name of argp's own, which has to find it through -fvisibility=hidden. */
__attribute__((visibility("default"))) const char *argp_program_version =
	"implicit-sync " PACKAGE_VERSION;

enum option_key {
	KEY_FRAMES = 256,
	KEY_BUFFERS,
	KEY_PRODUCE_US,
	KEY_PROCESS_US,
	KEY_CONSUME_US,
	KEY_SIZE,
	KEY_DEVICE,
	KEY_NO_FENCES,
	KEY_SVG,
};

static const struct argp_option option_table[] = {
	{ "frames", KEY_FRAMES, "N", 0, "frames to produce, 1 to 10000 (200)", 0 },
	{ "buffers", KEY_BUFFERS, "N", 0, "buffers of each kind, raw and finished, 1 to 8 (2)", 0 },
	{ "produce-us", KEY_PRODUCE_US, "MEAN[:JITTER]", 0,
	  "microseconds that the producer takes over a frame: MEAN, give or take up to JITTER "
	  "(4000:2000)",
	  0 },
	{ "process-us", KEY_PROCESS_US, "MEAN[:JITTER]", 0, "the processor (3000:1000)", 0 },
	{ "consume-us", KEY_CONSUME_US, "MEAN[:JITTER]", 0, "the consumer (5000:2000)", 0 },
	{ "size", KEY_SIZE, "WIDTHxHEIGHT", 0, "of a frame, in pixels, up to 4096x4096 (320x180)",
	  0 },
	{ "device", KEY_DEVICE, "PATH", 0, "the node ($DMA_FENCE_DEVICE, or /dev/dma_fence)", 0 },
	{ "no-fences", KEY_NO_FENCES, NULL, 0,
	  "leave the synchronisation out: no process waits, and frames tear", 0 },
	{ "svg", KEY_SVG, "FILE", 0, "draw a part of the run as a timeline", 0 },
	{ "quiet", 'q', NULL, 0, "no progress, just the table", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_FRAMES:
		options->frames = arguments_count(state, "frames", text, 1, 10000);
		break;
	case KEY_BUFFERS:
		options->buffers = arguments_count(state, "buffers", text, 1, BUFFERS_MAX);
		break;
	case KEY_PRODUCE_US:
		options->work[ROLE_PRODUCER] =
			arguments_duration(state, "produce-us", text, WORK_US_MAX);
		break;
	case KEY_PROCESS_US:
		options->work[ROLE_PROCESSOR] =
			arguments_duration(state, "process-us", text, WORK_US_MAX);
		break;
	case KEY_CONSUME_US:
		options->work[ROLE_CONSUMER] =
			arguments_duration(state, "consume-us", text, WORK_US_MAX);
		break;
	case KEY_SIZE:
		arguments_size(state, "size", text, 16, 4096, &options->width, &options->height);
		break;
	case KEY_DEVICE:
		options->device = text;
		break;
	case KEY_NO_FENCES:
		options->fences = false;
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
		.doc = "Have three processes work on the same buffers, each at its own pace. They "
		       "know nothing of each other; the fences on the buffers keep them apart.\v"
		       "Exit status: 0 if no frame tore, 1 if one did, 2 if something went wrong.",
	};

	*options = (struct options){
		.device = dma_fence_device_default_path(),
		.frames = 200,
		.buffers = 2,
		.work = {
			[ROLE_PRODUCER] = { 4000000, 2000000 },
			[ROLE_PROCESSOR] = { 3000000, 1000000 },
			[ROLE_CONSUMER] = { 5000000, 2000000 },
		},
		.width = 320,
		.height = 180,
		.fences = true,
	};
	arguments_begin(argv);
	argp_parse(&parser, argc, argv, 0, NULL, options);
}
