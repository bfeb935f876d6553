/* SPDX-License-Identifier: MIT */
/*
 * report.c - runs the groups, each in a process of its own, and prints or judges their answers.
 *
 * An answer is a line "key/name<TAB>answer" on a pipe from the group's process. Only the parent
 * prints to standard output.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

/* For a group: more than all its waits take. */
#define GROUP_PATIENCE_MS (300 * soon_ms)
#define MAX_ANSWERS	  256

int soon_ms;

/* Of the group's process. */
static const struct group *running;
static int answers_pipe;

/* What a group's process has said; the parent's. */
struct transcript {
	char *text;
	char *names[MAX_ANSWERS];   /* into text */
	char *answers[MAX_ANSWERS]; /* into text */
	size_t count;
	char problem[128]; /* empty: it came to its end */
};

const char *text(const char *format, ...)
{
	static char ring[8][256];
	static unsigned int next;
	char *line = ring[next++ % 8];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(ring[0]), format, arguments);
	va_end(arguments);
	return line;
}

const char *returned(long result)
{
	int error = errno;

	if (result < 0)
		return text("ret=%ld %s", result, strerrorname_np(error));
	return text("ret=%ld", result);
}

/* One write, so that what threads say does not mix. */
void answer(const char *name, const char *format, ...)
{
	char line[1024];
	va_list arguments;
	int used = snprintf(line, sizeof(line), "%s/%s\t", running->key, name);

	va_start(arguments, format);
	used += vsnprintf(line + used, sizeof(line) - (size_t)used, format, arguments);
	va_end(arguments);
	if ((size_t)used >= sizeof(line) - 1)
		used = (int)sizeof(line) - 2;
	line[used++] = '\n';
	if (write(answers_pipe, line, (size_t)used) != used)
		_exit(1);
}

void give_up(const char *what)
{
	fprintf(stderr, "dma-fence-conformance: %s: %s: %s\n", running->key, what, strerror(errno));
	_exit(1);
}

static void add_line(struct transcript *transcript, char *line)
{
	char *tab = strchr(line, '\t');

	if (!tab || transcript->count == MAX_ANSWERS)
		return;
	*tab = '\0';
	transcript->names[transcript->count] = line;
	transcript->answers[transcript->count++] = tab + 1;
}

static void split(struct transcript *transcript)
{
	char *line, *rest = transcript->text;

	while (rest && (line = strsep(&rest, "\n")) && *line)
		add_line(transcript, line);
	for (size_t i = 0; i < transcript->count; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(transcript->names[i], transcript->names[j]))
				snprintf(transcript->problem, sizeof(transcript->problem),
					 "two answers have the name %s", transcript->names[i]);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Reads until the group's process has ended or the time is up; false: the latter. */
static bool read_answers(int fd, struct transcript *transcript)
{
	int64_t end = now_ms() + GROUP_PATIENCE_MS, left;
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	size_t used = 0, room = 65536;
	ssize_t size = 1;

	transcript->text = calloc(1, room);
	if (!transcript->text)
		abort();
	while (size > 0 && used < room - 1) {
		left = end - now_ms();
		if (left <= 0 || poll(&polled, 1, (int)left) <= 0)
			return false;
		size = read(fd, transcript->text + used, room - 1 - used);
		if (size > 0)
			used += (size_t)size;
	}
	return true;
}

static _Noreturn void group_process(const struct group *group, int fd, pid_t parent)
{
	running = group;
	answers_pipe = fd;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	group->run();
	_exit(0);
}

/* The whole group: what it has started, and left, ends with it. */
static void end_group(pid_t child, struct transcript *transcript, bool in_time)
{
	int status;

	if (!in_time)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	kill(-child, SIGKILL);
	if (!in_time)
		snprintf(transcript->problem, sizeof(transcript->problem), "ended after %d seconds",
			 GROUP_PATIENCE_MS / 1000);
	else if (WIFSIGNALED(status))
		snprintf(transcript->problem, sizeof(transcript->problem), "ended by signal %d",
			 WTERMSIG(status));
	else if (WEXITSTATUS(status))
		snprintf(transcript->problem, sizeof(transcript->problem), "could not go on");
}

static void run_group(const struct group *group, struct transcript *transcript)
{
	int pipes[2];
	pid_t child, self = getpid();
	bool in_time;

	memset(transcript, 0, sizeof(*transcript));
	if (pipe(pipes))
		abort();
	fflush(stdout);
	child = fork();
	if (child < 0)
		abort();
	if (child == 0) {
		close(pipes[0]);
		group_process(group, pipes[1], self);
	}
	close(pipes[1]);
	in_time = read_answers(pipes[0], transcript);
	end_group(child, transcript, in_time);
	close(pipes[0]);
	split(transcript);
}

static const char *look_up(const struct recorded *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table->answer;
	return NULL;
}

static bool said(const struct transcript *transcript, const char *name)
{
	for (size_t i = 0; i < transcript->count; i++)
		if (!strcmp(transcript->names[i], name))
			return true;
	return false;
}

static void print_difference(const char *name, const char *expected, const char *here)
{
	printf("# %s\n#   Linux: %s\n#   here:  %s\n", name, expected, here);
}

/* The answers that are recorded of this group, and did not come. */
static size_t count_missing(const struct group *group, const struct transcript *transcript,
			    bool print)
{
	size_t length = strlen(group->key), missing = 0;

	for (const struct recorded *line = linux_answers; line->name; line++) {
		if (strncmp(line->name, group->key, length) || line->name[length] != '/' ||
		    look_up(may_differ, line->name) || said(transcript, line->name))
			continue;
		if (print)
			print_difference(line->name, line->answer, "no answer");
		missing++;
	}
	return missing;
}

static size_t count_wrong(const struct transcript *transcript, bool print)
{
	size_t wrong = 0;

	for (size_t i = 0; i < transcript->count; i++) {
		const char *expected = look_up(linux_answers, transcript->names[i]);

		if (look_up(may_differ, transcript->names[i]) ||
		    (expected && !strcmp(expected, transcript->answers[i])))
			continue;
		if (print)
			print_difference(transcript->names[i], expected ? expected : "not known",
					 transcript->answers[i]);
		wrong++;
	}
	return wrong;
}

/* How much differs from Linux. */
static size_t judge(const struct group *group, const struct transcript *transcript, bool print)
{
	size_t wrong = count_wrong(transcript, print) + count_missing(group, transcript, print);

	if (*transcript->problem && print)
		printf("# %s\n", transcript->problem);
	return wrong + (*transcript->problem != '\0');
}

/* The caller frees transcript->text. */
static void ask_group(const struct group *group, struct transcript *transcript)
{
	static const int soon[] = { 200, 1000, 3000 };
	const size_t last = sizeof(soon) / sizeof(soon[0]) - 1;

	for (size_t i = 0; i <= last; i++) {
		soon_ms = soon[i];
		run_group(group, transcript);
		if (i == last || !judge(group, transcript, false))
			break;
		free(transcript->text);
	}
}

static const char *missing_need(unsigned int missing)
{
	if (missing & NEEDS_SYNCOBJ)
		return "no descriptors of syncobjs; for a device of dma-fenced dma-fence-run adds them";
	if (missing & NEEDS_SW_SYNC)
		return "no sw_sync";
	if (missing & NEEDS_BUFFER)
		return "no buffer that takes fences";
	if (missing & NEEDS_PENDING)
		return "no way to make a fence that is pending; try dma-fence-run";
	return "no way to make a sync_file";
}

/* The diagnostics come before the result: the counting is done while they are printed. */
static bool test_group(const struct group *group, size_t number)
{
	struct transcript transcript;
	size_t wrong;

	ask_group(group, &transcript);
	wrong = judge(group, &transcript, true);
	printf("%sok %zu - %s: %s\n", wrong ? "not " : "", number, group->key, group->title);
	fflush(stdout);
	free(transcript.text);
	return !wrong;
}

int report_tests(const struct group *groups, size_t count, unsigned int offered)
{
	bool passed = true;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		unsigned int missing = groups[i].needs & ~offered;

		if (missing)
			printf("ok %zu - %s # SKIP %s\n", i + 1, groups[i].key,
			       missing_need(missing));
		else
			passed &= test_group(&groups[i], i + 1);
	}
	return passed ? 0 : 1;
}

int report_answers(const struct group *groups, size_t count, unsigned int offered)
{
	int status = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned int missing = groups[i].needs & ~offered;
		struct transcript transcript;

		if (missing) {
			printf("# %s: skipped: %s\n", groups[i].key, missing_need(missing));
			continue;
		}
		ask_group(&groups[i], &transcript);
		for (size_t j = 0; j < transcript.count; j++)
			printf("%s\t%s\n", transcript.names[j], transcript.answers[j]);
		if (*transcript.problem) {
			printf("# %s: %s\n", groups[i].key, transcript.problem);
			status = 1;
		}
		fflush(stdout);
		free(transcript.text);
	}
	return status;
}
