/* SPDX-License-Identifier: MIT */
/* Parses numbers within limits, alone and in pairs. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"

void arguments_begin(char **argv)
{
	argp_err_exit_status = 2;
	argv[0] = program_invocation_short_name;
}

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
	*text = rest + (end != '\0');
	return true;
}

uint32_t arguments_count(struct argp_state *state, const char *name, const char *text, long minimum,
			 long maximum)
{
	long number = minimum;

	if (!parse_number(&text, '\0', minimum, maximum, &number))
		argp_error(state, "--%s takes a number from %ld to %ld", name, minimum, maximum);
	return number;
}

struct duration arguments_duration(struct argp_state *state, const char *name, const char *text,
				   long maximum_us)
{
	bool pair = strchr(text, ':'), valid;
	long mean = 0, jitter = 0;

	valid = parse_number(&text, pair ? ':' : '\0', 0, maximum_us, &mean) &&
		(!pair || parse_number(&text, '\0', 0, mean, &jitter));
	if (!valid)
		argp_error(state, "--%s takes MEAN[:JITTER], MEAN up to %ld and JITTER up to MEAN",
			   name, maximum_us);
	return (struct duration){ .mean_ns = mean * 1000, .jitter_ns = jitter * 1000 };
}

void arguments_size(struct argp_state *state, const char *name, const char *text, long minimum,
		    long maximum, uint32_t *width, uint32_t *height)
{
	long numbers[2] = { 0 };

	if (!parse_number(&text, 'x', minimum, maximum, &numbers[0]) ||
	    !parse_number(&text, '\0', minimum, maximum, &numbers[1]))
		argp_error(state, "--%s takes WIDTHxHEIGHT, each from %ld to %ld", name, minimum,
			   maximum);
	*width = numbers[0];
	*height = numbers[1];
}

int64_t duration_next(const struct duration *duration, uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return duration->mean_ns - duration->jitter_ns +
	       (int64_t)(*random % (2 * (uint64_t)duration->jitter_ns + 1));
}
