/* SPDX-License-Identifier: MIT */
/* The options on the command line of the example. */
#ifndef IMPLICIT_SYNC_OPTIONS_H
#define IMPLICIT_SYNC_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "arguments.h"

#define BUFFERS_MAX 8

enum role {
	ROLE_PRODUCER,	/* writes a raw buffer */
	ROLE_PROCESSOR,	/* reads a raw buffer, writes a finished one */
	ROLE_CONSUMER,	/* reads a finished buffer */
	ROLES,
};

struct options {
	struct common_options common;
	uint32_t frames;	     /* that the producer makes */
	uint32_t buffers;	     /* of each kind */
	struct duration work[ROLES];	/* how long each takes over a frame */
	struct size size;
	bool fences;
};

/* Fills options, or says what is wrong with the command line and exits with 2. */
void options_parse(struct options *options, int argc, char **argv);

#endif /* IMPLICIT_SYNC_OPTIONS_H */
