/* SPDX-License-Identifier: MIT */
/* check.c - where a failure goes: see check.h. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "check.h"

__thread enum check_context check_context = CHECK_TEST;

const char *check_name(long long value, char buffer[32])
{
	const char *name = value < 0 && value > -4096 ? strerrorname_np(-value) : NULL;

	if (name)
		snprintf(buffer, 32, "-%s", name);
	else
		snprintf(buffer, 32, "%lld", value);
	return buffer;
}

/* What fails after a test is nothing but a warning to Criterion; the runner finds this. */
static void leave_trace(void)
{
	const char *directory = getenv("TMPDIR");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/what-a-test-said-at-its-end", directory ? directory : ".");
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

void check_failed(const char *file, int line, const char *format, ...)
{
	const char *base = strrchr(file, '/');
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	switch (check_context) {
	case CHECK_CHILD:
		fprintf(stderr, "child %d: %s:%d: %s\n", getpid(), base ? base + 1 : file, line,
			text);
		_exit(CHILD_FAILED);
	case CHECK_THREAD:
		fprintf(stderr, "second thread: %s:%d: %s\n", base ? base + 1 : file, line, text);
		pthread_exit(PTHREAD_CANCELED);
	case CHECK_AFTER_TEST:
		fprintf(stderr, "%s:%d: %s\n", base ? base + 1 : file, line, text);
		leave_trace();
		abort();
	case CHECK_TEST:
		break;
	}
	cr_assert_fail("%s:%d: %s", base ? base + 1 : file, line, text);
	/* Not reached: the assertion has left the test. */
	abort();
}
