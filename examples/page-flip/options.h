/* SPDX-License-Identifier: MIT */
/* The options on the command line of the simulator. */
#ifndef PAGE_FLIP_OPTIONS_H
#define PAGE_FLIP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "arguments.h"

#define BUFFERS_MAX 16

enum flip_mode {
	MODE_FIFO,	/* every frame is shown, in order */
	MODE_MAILBOX,	/* the newest finished frame is shown, older ones are dropped */
};

struct options {
	struct common_options common;
	double hz;
	int64_t period_ns;	/* of the vertical blank: 1 / hz */
	uint32_t frames;
	uint32_t buffers;
	struct duration render;	/* of a frame */
	enum flip_mode mode;
	struct size size;
	bool fences;
};

/* Fills options, or says what is wrong with the command line and exits with 2. */
void options_parse(struct options *options, int argc, char **argv);

#endif /* PAGE_FLIP_OPTIONS_H */
