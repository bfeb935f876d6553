/* SPDX-License-Identifier: MIT */
/*
 * The command line of an example: a table of the program's own options, the options that all
 * examples have, and the parser of both, which prints the help from the tables. A wrong command
 * line ends the program with STATUS_FAILED and one line on standard error.
 */
#ifndef EXAMPLES_ARGUMENTS_H
#define EXAMPLES_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* MEAN[:JITTER] in microseconds: what takes MEAN, give or take up to JITTER. */
struct duration {
	int64_t mean_ns;
	int64_t jitter_ns;
};

struct size {
	uint32_t width, height;
};

/* The options of every example. */
struct common_options {
	const char *device;	/* path of the node */
	const char *trace_path; /* NULL: none */
	const char *svg_path;	/* NULL: none */
	bool quiet;
};

struct argument {
	const char *name;  /* without the dashes */
	const char *value; /* its name in the help; NULL: the option takes none */
	const char *help;  /* one line or several */
	/* Stores what text says in the field, or ends the program. text is NULL without a value. */
	void (*parse)(const struct argument *argument, const char *text, void *field);
	size_t field;	       /* offset in the program's options */
	long minimum, maximum; /* of each number */
};

struct command_line {
	const char *summary;		  /* what the program does, for the help */
	const char *statuses;		  /* what its exit statuses say */
	const struct argument *arguments; /* ends with a row without a name */
};

/* The common options get their defaults; those of the program have theirs already. */
void arguments_parse(const struct command_line *command_line, int argc, char **argv, void *options,
		     struct common_options *common);
/* Says what the option takes, and ends the program. */
void argument_refuse(const struct argument *argument, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* What a row has as parse. The field is a uint32_t: a whole number. */
void argument_count(const struct argument *argument, const char *text, void *field);
/* A struct duration: MEAN up to the maximum, which is in microseconds, JITTER up to MEAN. */
void argument_duration(const struct argument *argument, const char *text, void *field);
/* A struct size: WIDTHxHEIGHT. */
void argument_size(const struct argument *argument, const char *text, void *field);
/* A bool, which becomes false. */
void argument_off(const struct argument *argument, const char *text, void *field);

/*
 * The mean, give or take up to the jitter. *random is the state of the generator, not 0 to begin
 * with: what begins with the same number takes the same times in every run.
 */
int64_t duration_next(const struct duration *duration, uint64_t *random);

#endif /* EXAMPLES_ARGUMENTS_H */
