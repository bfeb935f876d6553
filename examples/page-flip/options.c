/* SPDX-License-Identifier: MIT */
/* The command line: the options, their limits, and their defaults. */
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define RENDER_US_MAX 1000000
/*
 * Where --render-us is not given: 60 to 120 % of a period, so that now and then a frame misses its
 * vblank.
 */
#define RENDER_MEAN_PERCENT   90
#define RENDER_JITTER_PERCENT 30

static void parse_hz(const struct argument *argument, const char *text, void *field)
{
	double *hz = field;
	char *rest;

	*hz = strtod(text, &rest);
	if (rest == text || *rest || !(*hz >= argument->minimum && *hz <= argument->maximum))
		argument_refuse(argument, "takes a number from %ld to %ld", argument->minimum,
				argument->maximum);
}

static void parse_mode(const struct argument *argument, const char *text, void *field)
{
	enum flip_mode *mode = field;

	if (!strcmp(text, "fifo"))
		*mode = MODE_FIFO;
	else if (!strcmp(text, "mailbox"))
		*mode = MODE_MAILBOX;
	else
		argument_refuse(argument, "is fifo or mailbox");
}

static const struct argument arguments[] = {
	{ "hz", "N", "vertical blanks a second, 10 to 1000 (60)", parse_hz,
	  offsetof(struct options, hz), 10, 1000 },
	{ "frames", "N", "frames to render, 1 to 100000 (300)", argument_count,
	  offsetof(struct options, frames), 1, 100000 },
	{ "buffers", "N", "buffers in the ring, 2 to 16 (3)", argument_count,
	  offsetof(struct options, buffers), 2, BUFFERS_MAX },
	{ "render-us", "MEAN[:JITTER]",
	  "microseconds that a frame takes to render:\n"
	  "MEAN, give or take up to JITTER (90 and 30\n"
	  "percent of a period)",
	  argument_duration, offsetof(struct options, render), 0, RENDER_US_MAX },
	{ "mode", "fifo|mailbox",
	  "fifo shows every frame, in order; mailbox\n"
	  "shows the newest finished one and drops the\n"
	  "older (fifo)",
	  parse_mode, offsetof(struct options, mode), 0, 0 },
	{ "size", "WIDTHxHEIGHT",
	  "of a frame, in pixels, up to 4096x4096\n"
	  "(640x360)",
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
			"Simulates a display that gets flips to frames that are still being rendered,\n"
			"and that flips when their fences are signaled.",
		.statuses =
			"Exit status: 0 if no frame tore, 1 if one did, 2 if something went wrong.",
		.arguments = arguments,
	};

	*options = (struct options){
		.hz = 60,
		.frames = 300,
		.buffers = 3,
		.render.mean_ns = -1,
		.mode = MODE_FIFO,
		.size = { 640, 360 },
		.fences = true,
	};
	arguments_parse(&command_line, argc, argv, options, &options->common);

	options->period_ns = 1e9 / options->hz + .5;
	if (options->render.mean_ns < 0) {
		options->render.mean_ns = options->period_ns * RENDER_MEAN_PERCENT / 100;
		options->render.jitter_ns = options->period_ns * RENDER_JITTER_PERCENT / 100;
	}
}
