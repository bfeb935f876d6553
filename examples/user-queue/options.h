/* SPDX-License-Identifier: MIT */
/* The options on the command line of the example. */
#ifndef USER_QUEUE_OPTIONS_H
#define USER_QUEUE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "arguments.h"

#define DEPTH_MAX 64

/* How a job waits for what it depends on. */
enum queue_mode {
	MODE_WAIT_FIRST,	/* its submitter waits, and hands it in after that */
	MODE_USER_QUEUE,	/* it is handed in at once, and the engine waits on memory */
	MODES,
};

struct options {
	struct common_options common;
	bool modes[MODES];	/* which of them to run, in this order */
	uint32_t jobs;
	uint32_t depth;		 /* jobs that may be in flight */
	struct duration late;	 /* from asking the camera for a frame until it is there */
	struct duration prepare;	/* what the submitter has to do for a job */
	struct duration draw;	 /* what the engine has to do for it */
	uint32_t bind_every;	 /* so many jobs share one bind; 0: no binds */
	struct duration bind;	 /* how long one takes */
	bool waits;
};

/* Fills options, or says what is wrong with the command line and exits with 2. */
void options_parse(struct options *options, int argc, char **argv);

#endif /* USER_QUEUE_OPTIONS_H */
