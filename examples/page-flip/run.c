/* SPDX-License-Identifier: MIT */
/* The records that both processes share, the one error message, the clock, and the watchdog. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "libdmafence.h"
#include "run.h"

static struct {
	timer_t timer;
	struct itimerspec limit;
	struct run *run;
	pid_t peer;
	atomic_int expiries;
} watchdog;

static size_t shared_size(const struct run *run)
{
	return sizeof(struct shared) + run->options.frames * sizeof(struct frame_record);
}

int run_init(struct run *run)
{
	run->shared = mmap(NULL, shared_size(run), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run->shared == MAP_FAILED)
		return -errno;
	run->progress_line = !run->options.quiet && isatty(STDERR_FILENO);
	return 0;
}

void run_destroy(struct run *run)
{
	munmap(run->shared, shared_size(run));
}

int run_fail(struct run *run, const char *format, ...)
{
	va_list arguments;

	if (atomic_exchange(&run->shared->failure_told, true))
		return STATUS_FAILED;
	va_start(arguments, format);
	flockfile(stderr);
	fputs(run->progress_line ? "\r\033[Kpage-flip: " : "page-flip: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	funlockfile(stderr);
	va_end(arguments);
	return STATUS_FAILED;
}

int run_fail_device(struct run *run, const char *what)
{
	if (errno == ENOTCONN || errno == ECONNABORTED || errno == ENODEV)
		return run_fail(run, "the device %s is gone", run->options.device);
	return run_fail(run, "%s: %s: %s", run->options.device, what, strerror(errno));
}

int run_open_device(struct run *run)
{
	const char *path = run->options.device;
	int device = dma_fence_device_open(path);

	if (device >= 0)
		return device;
	if (errno == ENOTTY)
		run_fail(run, "%s is not a dma-fence device", path);
	else if (errno == ENOENT)
		run_fail(run, "there is no %s: is dma-fenced running?", path);
	else
		run_fail(run, "cannot open %s: %s", path, strerror(errno));
	return -1;
}

int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/*
 * A process that was stopped and goes on finds its timer expired, once, and is fed right after; two
 * expiries in a row mean that it is stuck. exit() would run handlers that may want a lock of the
 * stuck thread.
 */
static void watchdog_bite(union sigval value)
{
	if (atomic_fetch_add(&watchdog.expiries, 1) < 1)
		return;
	run_fail(watchdog.run, "the device %s does not answer", watchdog.run->options.device);
	if (watchdog.peer)
		kill(watchdog.peer, SIGTERM);
	_exit(STATUS_FAILED);
}

int watchdog_start(struct run *run, int64_t limit_ns, int peer)
{
	struct sigevent notification = {
		.sigev_notify = SIGEV_THREAD,
		.sigev_notify_function = watchdog_bite,
	};
	struct timespec limit = {
		.tv_sec = limit_ns / NS_PER_SECOND,
		.tv_nsec = limit_ns % NS_PER_SECOND,
	};

	watchdog.run = run;
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
