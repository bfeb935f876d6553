/* SPDX-License-Identifier: MIT */
/*
 * The command line: argp, the limits of each number, and what is taken where an option is not
 * given.
 */
#include <argp.h>
#include <errno.h>
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
	  "leave the synchronisation out: nobody waits for anybody, and frames tear", 0 },
	{ "trace", KEY_TRACE, "FILE", 0, "write what happened as trace events, for ui.perfetto.dev",
	  0 },
	{ "svg", KEY_SVG, "FILE", 0, "draw a part of the run as a timeline", 0 },
	{ "quiet", 'q', NULL, 0, "no progress, just the table", 0 },
	{ 0 },
};

/* Takes a whole number from text up to the character end, and leaves text behind it. */
static bool parse_number(const char **text, char end, long minimum, long maximum, long *number)
{
	char *rest;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*number = strtol(*text, &rest, 10);
	if (errno || *rest != end || *number < minimum || *number > maximum)
		return false;
	*text = rest;
	return true;
}

static uint32_t parse_count(struct argp_state *state, const char *name, const char *text,
			    long minimum, long maximum)
{
	long number;

	if (!parse_number(&text, '\0', minimum, maximum, &number))
		argp_error(state, "--%s takes a number from %ld to %ld", name, minimum, maximum);
	return number;
}

static void parse_hz(struct argp_state *state, const char *text, struct options *options)
{
	char *rest;

	options->hz = strtod(text, &rest);
	if (rest == text || *rest || !(options->hz >= 10 && options->hz <= 1000))
		argp_error(state, "--hz takes a number from 10 to 1000");
}

static void parse_render(struct argp_state *state, const char *text, struct options *options)
{
	const char *colon = strchr(text, ':');
	long mean, jitter = 0;
	bool valid;

	valid = parse_number(&text, colon ? ':' : '\0', 0, RENDER_US_MAX, &mean);
	if (valid && colon) {
		text++;
		valid = parse_number(&text, '\0', 0, mean, &jitter);
	}
	if (!valid)
		argp_error(state,
			   "--render-us takes MEAN[:JITTER], MEAN up to %d and JITTER up to MEAN",
			   RENDER_US_MAX);
	options->render_mean_ns = mean * 1000;
	options->render_jitter_ns = jitter * 1000;
}

static void parse_size(struct argp_state *state, const char *text, struct options *options)
{
	long width, height = 0;
	bool valid;

	valid = parse_number(&text, 'x', 16, 4096, &width);
	if (valid) {
		text++;
		valid = parse_number(&text, '\0', 16, 4096, &height);
	}
	if (!valid)
		argp_error(state, "--size takes WIDTHxHEIGHT, each from 16 to 4096");
	options->width = width;
	options->height = height;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_HZ:
		parse_hz(state, text, options);
		break;
	case KEY_FRAMES:
		options->frames = parse_count(state, "frames", text, 1, 100000);
		break;
	case KEY_BUFFERS:
		options->buffers = parse_count(state, "buffers", text, 2, BUFFERS_MAX);
		break;
	case KEY_RENDER_US:
		parse_render(state, text, options);
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
		parse_size(state, text, options);
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
		.doc = "Simulate a display that is told to flip to frames that are still being "
		       "rendered, and that does so when their fences are signaled.\v"
		       "Exit status: 0 if no frame tore, 1 if one did, 2 if something went wrong.",
	};

	*options = (struct options){
		.device = dma_fence_device_default_path(),
		.hz = 60,
		.frames = 300,
		.buffers = 3,
		.render_mean_ns = -1,
		.mode = MODE_FIFO,
		.width = 640,
		.height = 360,
		.fences = true,
	};
	argp_err_exit_status = 2;
	/* Whoever complains, argp or we, has the same name. */
	argv[0] = program_invocation_short_name;
	argp_parse(&parser, argc, argv, 0, NULL, options);

	options->period_ns = 1e9 / options->hz + .5;
	if (options->render_mean_ns < 0) {
		options->render_mean_ns = options->period_ns * RENDER_MEAN_PERCENT / 100;
		options->render_jitter_ns = options->period_ns * RENDER_JITTER_PERCENT / 100;
	}
}
