/* SPDX-License-Identifier: MIT */
/* Reads a command line by its tables: numbers within limits, alone and in pairs; the help. */
#include <assert.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "libdmafence.h"
#include "program.h"

#define ROWS_MAX    24
#define HELP_COLUMN 34

/* getopt_long() returns this for the first row, and a letter for the rest. */
#define FIRST_ROW 256

/* A row of either table, and the struct that its field is in. */
struct row {
	const struct argument *argument;
	void *options;
};

void argument_refuse(const struct argument *argument, const char *format, ...)
{
	char text[128];
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	errx(STATUS_FAILED, "--%s %s", argument->name, text);
}

/* ---- the kinds of values ---- */

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

void argument_count(const struct argument *argument, const char *text, void *field)
{
	uint32_t *count = field;
	long number;

	if (!parse_number(&text, '\0', argument->minimum, argument->maximum, &number))
		argument_refuse(argument, "takes a number from %ld to %ld", argument->minimum,
				argument->maximum);
	*count = number;
}

void argument_duration(const struct argument *argument, const char *text, void *field)
{
	bool pair = strchr(text, ':'), valid;
	struct duration *duration = field;
	long mean, jitter = 0;

	valid = parse_number(&text, pair ? ':' : '\0', 0, argument->maximum, &mean) &&
		(!pair || parse_number(&text, '\0', 0, mean, &jitter));
	if (!valid)
		argument_refuse(argument,
				"takes MEAN[:JITTER], MEAN up to %ld and JITTER up to MEAN",
				argument->maximum);
	*duration = (struct duration){ .mean_ns = mean * 1000, .jitter_ns = jitter * 1000 };
}

void argument_size(const struct argument *argument, const char *text, void *field)
{
	struct size *size = field;
	long width, height;

	if (!parse_number(&text, 'x', argument->minimum, argument->maximum, &width) ||
	    !parse_number(&text, '\0', argument->minimum, argument->maximum, &height))
		argument_refuse(argument, "takes WIDTHxHEIGHT, each from %ld to %ld",
				argument->minimum, argument->maximum);
	*size = (struct size){ width, height };
}

void argument_off(const struct argument *argument, const char *text, void *field)
{
	bool *flag = field;

	*flag = false;
}

static void argument_text(const struct argument *argument, const char *text, void *field)
{
	const char **value = field;

	*value = text;
}

/* ---- the command line ---- */

static const struct argument common_arguments[] = {
	{ "device", "PATH", "the node ($DMA_FENCE_DEVICE, or /dev/dma_fence)", argument_text,
	  offsetof(struct common_options, device), 0, 0 },
	{ "trace", "FILE", "write the run as trace events, for\nui.perfetto.dev", argument_text,
	  offsetof(struct common_options, trace_path), 0, 0 },
	{ "svg", "FILE", "draw a part of the run as a timeline", argument_text,
	  offsetof(struct common_options, svg_path), 0, 0 },
	{ 0 },
};

static void print_argument(const struct argument *argument)
{
	const char *line = argument->help, *end;
	int width = printf("      --%s%s%s", argument->name, argument->value ? "=" : "",
			   argument->value ? argument->value : "");

	for (;; line = end + 1, width = 0) {
		end = strchrnul(line, '\n');
		printf("%*s%.*s\n", HELP_COLUMN - width, "", (int)(end - line), line);
		if (!*end)
			return;
	}
}

static void print_help(const struct command_line *command_line, const struct row *rows,
		       size_t count)
{
	printf("Usage: %s [OPTION]...\n%s\n\n", program_invocation_short_name,
	       command_line->summary);
	for (size_t index = 0; index < count; index++)
		print_argument(rows[index].argument);
	printf("  -q, --quiet%*sno progress, just the table\n"
	       "  -h, --help%*sprint this and exit\n"
	       "  -V, --version%*sprint the version and exit\n\n"
	       "%s\n",
	       HELP_COLUMN - 13, "", HELP_COLUMN - 12, "", HELP_COLUMN - 15, "",
	       command_line->statuses);
}

static size_t add_rows(struct row *rows, size_t count, const struct argument *arguments,
		       void *options)
{
	for (; arguments->name; arguments++, count++) {
		assert(count < ROWS_MAX);
		rows[count] = (struct row){ arguments, options };
	}
	return count;
}

void arguments_parse(const struct command_line *command_line, int argc, char **argv, void *options,
		     struct common_options *common)
{
	static const struct option letters[] = {
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct option long_options[ROWS_MAX + sizeof(letters) / sizeof(*letters)];
	struct row rows[ROWS_MAX];
	size_t count;
	int key;

	*common = (struct common_options){ .device = dma_fence_device_default_path() };
	count = add_rows(rows, 0, command_line->arguments, options);
	count = add_rows(rows, count, common_arguments, common);
	for (size_t index = 0; index < count; index++) {
		const struct argument *argument = rows[index].argument;

		long_options[index] = (struct option){
			.name = argument->name,
			.has_arg = argument->value ? required_argument : no_argument,
			.val = FIRST_ROW + index,
		};
	}
	memcpy(&long_options[count], letters, sizeof(letters));

	/* errx() and getopt_long() complain under the same name. */
	argv[0] = program_invocation_short_name;
	while ((key = getopt_long(argc, argv, "qhV", long_options, NULL)) != -1) {
		const struct row *row;

		switch (key) {
		case 'q':
			common->quiet = true;
			break;
		case 'h':
			print_help(command_line, rows, count);
			exit(STATUS_CLEAN);
		case 'V':
			printf("%s " PACKAGE_VERSION "\n", program_invocation_short_name);
			exit(STATUS_CLEAN);
		case '?':
			/* getopt_long() has said what is wrong. */
			exit(STATUS_FAILED);
		default:
			row = &rows[key - FIRST_ROW];
			row->argument->parse(row->argument, optarg,
					     (char *)row->options + row->argument->field);
		}
	}
	if (optind < argc)
		errx(STATUS_FAILED, "'%s' is not an option", argv[optind]);
}

int64_t duration_next(const struct duration *duration, uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return duration->mean_ns - duration->jitter_ns +
	       (int64_t)(*random % (2 * (uint64_t)duration->jitter_ns + 1));
}
