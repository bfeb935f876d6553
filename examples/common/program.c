/* SPDX-License-Identifier: MIT */
/* The one error message of a run, the device, files, children, the clock, and the watchdog. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libdmafence.h"
#include "program.h"

/* The line on a terminal, and lines of their own elsewhere. */
#define PROGRESS_LINE_NS  (NS_PER_SECOND / 10)
#define PROGRESS_PLAIN_NS NS_PER_SECOND

static struct {
	const char *name;
	const char *device;
	bool progress, progress_line;
	int64_t next_progress_ns;
	atomic_bool *failure_told; /* in memory that all processes of the run share */
} program;

static struct {
	timer_t timer;
	struct itimerspec limit;
	pid_t peer;
	atomic_int expiries;
} watchdog;

int program_init(const char *name, const char *device, bool progress)
{
	void *shared = mmap(NULL, sizeof(*program.failure_told), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return -errno;
	program.name = name;
	program.device = device;
	program.progress = progress;
	program.progress_line = progress && isatty(STDERR_FILENO);
	if (!program.progress_line)
		program.next_progress_ns = clock_now() + PROGRESS_PLAIN_NS;
	program.failure_told = shared;
	return 0;
}

void program_exit(void)
{
	munmap(program.failure_told, sizeof(*program.failure_told));
}

void program_show_progress(const char *format, ...)
{
	bool line = program.progress_line;
	int64_t now = clock_now();
	va_list arguments;

	if (!program.progress || now < program.next_progress_ns)
		return;
	program.next_progress_ns = now + (line ? PROGRESS_LINE_NS : PROGRESS_PLAIN_NS);
	va_start(arguments, format);
	fprintf(stderr, "%s%s: ", line ? "\r" : "", program.name);
	vfprintf(stderr, format, arguments);
	fputs(line ? "\033[K" : "\n", stderr);
	va_end(arguments);
}

bool program_has_progress_line(void)
{
	return program.progress_line;
}

void program_wipe_progress_line(void)
{
	if (program.progress_line)
		fputs("\r\033[K", stderr);
	program.progress_line = false;
}

/* One write, so that nothing of another process comes in between. */
static void say(const char *format, va_list arguments)
{
	char line[PATH_MAX + 256];
	size_t room = sizeof(line) - 1;
	int length;

	length = snprintf(line, room, "%s%s: ", program.progress_line ? "\r\033[K" : "",
			  program.name);
	length += vsnprintf(line + length, room - length, format, arguments);
	if ((size_t)length >= room)
		length = room - 1;
	line[length++] = '\n';
	/* If standard error is closed or full, the message is lost. */
	(void)!write(STDERR_FILENO, line, length);
}

/*
 * With signals blocked: who sees that this process has failed may end it, before it has said why.
 */
int program_fail(const char *format, ...)
{
	sigset_t all, before;
	va_list arguments;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (!atomic_exchange(program.failure_told, true)) {
		va_start(arguments, format);
		say(format, arguments);
		va_end(arguments);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return STATUS_FAILED;
}

int program_fail_device(const char *what)
{
	if (errno == ENOTCONN || errno == ECONNABORTED || errno == ENODEV)
		return program_fail("the device %s is gone", program.device);
	return program_fail("%s: %s: %s", program.device, what, strerror(errno));
}

int program_open_device(void)
{
	const char *path = program.device;
	int device = dma_fence_device_open(path);

	if (device >= 0)
		return device;
	if (errno == ENOTTY)
		program_fail("%s is not a dma-fence device", path);
	else if (errno == ENOENT)
		program_fail("there is no %s: is dma-fenced running?", path);
	else
		program_fail("cannot open %s: %s", path, strerror(errno));
	return -1;
}

void program_mask_signals(int how)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(how, &signals, NULL);
}

/* *status as of waitpid(). */
static int wait_for_child(pid_t child, int *status)
{
	while (waitpid(child, status, 0) < 0) {
		if (errno != EINTR)
			return program_fail("waitpid: %s", strerror(errno));
	}
	return STATUS_CLEAN;
}

int program_fail_child(const char *what, int status)
{
	if (WIFSIGNALED(status))
		return program_fail("the %s is gone: %s", what, strsignal(WTERMSIG(status)));
	return program_fail("the %s is gone: exit status %d", what, WEXITSTATUS(status));
}

int program_finish(pid_t child, const char *what)
{
	int status;

	if (wait_for_child(child, &status))
		return STATUS_FAILED;
	return status ? program_fail_child(what, status) : STATUS_CLEAN;
}

int program_reap(pid_t child, const char *what, bool expected)
{
	int status;

	if (wait_for_child(child, &status))
		return STATUS_FAILED;
	return expected ? STATUS_CLEAN : program_fail_child(what, status);
}

int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/*
 * A process that was stopped and continues finds its timer expired once, and is fed right after;
 * two expiries in a row mean that it is stuck. exit() would run handlers that may want a lock of
 * the stuck thread.
 */
static void watchdog_bite(union sigval value)
{
	if (atomic_fetch_add(&watchdog.expiries, 1) < 1)
		return;
	program_fail("the device %s does not answer", program.device);
	if (watchdog.peer)
		kill(watchdog.peer, SIGTERM);
	_exit(STATUS_FAILED);
}

int watchdog_start(int64_t limit_ns, pid_t peer)
{
	struct sigevent notification = {
		.sigev_notify = SIGEV_THREAD,
		.sigev_notify_function = watchdog_bite,
	};
	struct timespec limit = {
		.tv_sec = limit_ns / NS_PER_SECOND,
		.tv_nsec = limit_ns % NS_PER_SECOND,
	};

	watchdog.peer = peer;
	watchdog.limit = (struct itimerspec){ .it_value = limit, .it_interval = limit };
	if (timer_create(CLOCK_MONOTONIC, &notification, &watchdog.timer))
		return -errno;
	watchdog_feed();
	return 0;
}

void watchdog_feed(void)
{
	atomic_store(&watchdog.expiries, 0);
	timer_settime(watchdog.timer, 0, &watchdog.limit, NULL);
}

void watchdog_stop(void)
{
	timer_delete(watchdog.timer);
}
