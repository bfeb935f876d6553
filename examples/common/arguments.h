/* SPDX-License-Identifier: MIT */
/*
 * Numbers on a command line, for parsers of argp. A number out of its limits is reported, and ends
 * the program.
 */
#ifndef EXAMPLES_ARGUMENTS_H
#define EXAMPLES_ARGUMENTS_H

#include <argp.h>
#include <stdint.h>

/* MEAN[:JITTER] in microseconds: what takes MEAN, give or take up to JITTER. */
struct duration {
	int64_t mean_ns;
	int64_t jitter_ns;
};

/* Sets argp's exit status, and the one name that it and the program complain under. */
void arguments_begin(char **argv);
/* A whole number of the option --name. */
uint32_t arguments_count(struct argp_state *state, const char *name, const char *text, long minimum,
			 long maximum);
/* MEAN up to maximum_us, JITTER up to MEAN. */
struct duration arguments_duration(struct argp_state *state, const char *name, const char *text,
				   long maximum_us);
/* Two numbers with an x between them, each from minimum to maximum. */
void arguments_size(struct argp_state *state, const char *name, const char *text, long minimum,
		    long maximum, uint32_t *width, uint32_t *height);

/*
 * The mean, give or take up to the jitter. *random is the state of the generator, not 0 to begin
 * with: what begins with the same number takes the same times in every run.
 */
int64_t duration_next(const struct duration *duration, uint64_t *random);

#endif /* EXAMPLES_ARGUMENTS_H */
