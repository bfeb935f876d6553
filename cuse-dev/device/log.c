/* SPDX-License-Identifier: MIT */
/* log.c - see log.h. */
#define FUSE_USE_VERSION 35
#include <fuse_log.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "device/log.h"

static bool is_verbose, has_complained;
static char last_of_libfuse[256];

static void say(const char *format, va_list arguments)
{
	char line[512];

	vsnprintf(line, sizeof(line), format, arguments);
	fprintf(stderr, "dma-fenced: %s\n", line);
}

static void hear_libfuse(enum fuse_log_level level, const char *format, va_list arguments)
{
	vsnprintf(last_of_libfuse, sizeof(last_of_libfuse), format, arguments);
	last_of_libfuse[strcspn(last_of_libfuse, "\n")] = '\0';
	log_verbose("%s", last_of_libfuse);
}

void log_init(bool verbose)
{
	is_verbose = verbose;
	fuse_set_log_func(hear_libfuse);
}

void log_error(const char *format, ...)
{
	va_list arguments;

	has_complained = true;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

bool log_has_complained(void)
{
	return has_complained;
}

void log_verbose(const char *format, ...)
{
	va_list arguments;

	if (!is_verbose)
		return;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

const char *log_last_of_libfuse(void)
{
	return last_of_libfuse[0] ? last_of_libfuse : NULL;
}
