/* SPDX-License-Identifier: MIT */
/*
 * The command line: argp, the limits of each number, and what is taken where an option is not
 * given.
 */
#include <stdlib.h>
#include <string.h>

#include "libdmafence.h"
#include "options.h"

#define RENDER_US_MAX 1000000
/*
 * Where --render-us is not given: 60 to 120 % of a period, so that now and then a frame misses its
 * vblank.
 */
#define RENDER_MEAN_PERCENT   90
#define RENDER_JITTER_PERCENT 30

/* A name of argp's own, which has to find it through -fvisibility=hidden. */
__attribute__((visibility("default"))) const char *argp_program_version =
	"page-flip " PACKAGE_VERSION;

enum option_key {
	KEY_HZ = 256,
	KEY_FRAMES,
	KEY_BUFFERS,
	KEY_RENDER_US,
	KEY_MODE,
	KEY_SIZE,
	KEY_DEVICE,
	KEY_NO_FENCES,
	KEY_TRACE,
	KEY_SVG,
};

static const struct argp_option option_table[] = {
	{ "hz", KEY_HZ, "N", 0, "vertical blanks a second, 10 to 1000 (60)", 0 },
	{ "frames", KEY_FRAMES, "N", 0, "frames to render, 1 to 100000 (300)", 0 },
	{ "buffers", KEY_BUFFERS, "N", 0, "buffers in the ring, 2 to 16 (3)", 0 },
	{ "render-us", KEY_RENDER_US, "MEAN[:JITTER]", 0,
	  "microseconds that a frame takes to render: MEAN, give or take up to JITTER (90 and 30 "
	  "percent of a period)",
	  0 },
	{ "mode", KEY_MODE, "fifo|mailbox", 0,
	  "fifo shows every frame, in order; mailbox shows the newest finished one and drops the "
	  "older (fifo)",
	  0 },
	{ "size", KEY_SIZE, "WIDTHxHEIGHT", 0, "of a frame, in pixels, up to 4096x4096 (640x360)",
	  0 },
	{ "device", KEY_DEVICE, "PATH", 0, "the node ($DMA_FENCE_DEVICE, or /dev/dma_fence)", 0 },
	{ "no-fences", KEY_NO_FENCES, NULL, 0,
	  "leave the synchronisation out: no process waits, and frames tear", 0 },
	{ "trace", KEY_TRACE, "FILE", 0, "write what happened as trace events, for ui.perfetto.dev",
	  0 },
	{ "svg", KEY_SVG, "FILE", 0, "draw a part of the run as a timeline", 0 },
	{ "quiet", 'q', NULL, 0, "no progress, just the table", 0 },
	{ 0 },
};

static void parse_hz(struct argp_state *state, const char *text, struct options *options)
{
	char *rest;

	options->hz = strtod(text, &rest);
	if (rest == text || *rest || !(options->hz >= 10 && options->hz <= 1000))
		argp_error(state, "--hz takes a number from 10 to 1000");
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_HZ:
		parse_hz(state, text, options);
		break;
	case KEY_FRAMES:
		options->frames = arguments_count(state, "frames", text, 1, 100000);
		break;
	case KEY_BUFFERS:
		options->buffers = arguments_count(state, "buffers", text, 2, BUFFERS_MAX);
		break;
	case KEY_RENDER_US:
		options->render = arguments_duration(state, "render-us", text, RENDER_US_MAX);
		break;
	case KEY_MODE:
		if (!strcmp(text, "fifo"))
			options->mode = MODE_FIFO;
		else if (!strcmp(text, "mailbox"))
			options->mode = MODE_MAILBOX;
		else
			argp_error(state, "--mode is fifo or mailbox");
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
	case KEY_TRACE:
		options->trace_path = text;
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
		.doc = "Simulate a display that gets flips to frames that are still being "
		       "rendered, and that flips when their fences are signaled.\v"
		       "Exit status: 0 if no frame tore, 1 if one did, 2 if something went wrong.",
	};

	*options = (struct options){
		.device = dma_fence_device_default_path(),
		.hz = 60,
		.frames = 300,
		.buffers = 3,
		.render.mean_ns = -1,
		.mode = MODE_FIFO,
		.width = 640,
		.height = 360,
		.fences = true,
	};
	arguments_begin(argv);
	argp_parse(&parser, argc, argv, 0, NULL, options);

	options->period_ns = 1e9 / options->hz + .5;
	if (options->render.mean_ns < 0) {
		options->render.mean_ns = options->period_ns * RENDER_MEAN_PERCENT / 100;
		options->render.jitter_ns = options->period_ns * RENDER_JITTER_PERCENT / 100;
	}
}
