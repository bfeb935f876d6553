/* SPDX-License-Identifier: MIT */
/*
 * blocking.c - groups: requests that wait, and what ends them: another thread, or a signal.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bed.h"
#include "drm.h"
#include "exchange.h"
#include "groups.h"
#include "linux_dma_buf.h"
#include "report.h"
#include "syncobj.h"

#define ADDRESS(of) ((uint64_t)(uintptr_t)(of))
#define IN_A_MINUTE INT64_C(60000000000)

static void sleep_ms(int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

/* ---- what another thread does after a while ---- */

struct later {
	pthread_t thread;
	int fd;
	uint32_t handle;
	uint64_t point;
	struct pending *pending;
	pid_t child;
	void (*act)(const struct later *later);
};

static void *act_later(void *argument)
{
	const struct later *later = argument;

	sleep_ms(soon_ms);
	later->act(later);
	return NULL;
}

/* Alarms are for the thread that waits. */
static void block_alarms(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(how, &set, NULL);
}

static void start(struct later *later)
{
	block_alarms(SIG_BLOCK);
	errno = pthread_create(&later->thread, NULL, act_later, later);
	if (errno)
		give_up("a thread");
	block_alarms(SIG_UNBLOCK);
}

static void do_signal(const struct later *later)
{
	signal_syncobj(later->fd, later->handle);
}

static void do_timeline_signal(const struct later *later)
{
	timeline_signal(later->fd, later->handle, later->point);
}

static void do_reset(const struct later *later)
{
	reset_syncobj(later->fd, later->handle);
}

static void do_destroy(const struct later *later)
{
	destroy_syncobj(later->fd, later->handle);
}

static void do_close(const struct later *later)
{
	close(later->fd);
}

static void do_signal_pending(const struct later *later)
{
	signal_pending(later->pending);
}

static void do_import_pending(const struct later *later)
{
	import_sync_file(later->fd, later->handle, later->pending->sync_file);
}

static void wait_here(const char *name, struct later *later, uint32_t flags, int64_t deadline)
{
	struct syncobj_timeline_wait wait = {
		.handles = ADDRESS(&later->handle),
		.points = ADDRESS(&later->point),
		.count = 1,
		.flags = flags,
		.first_signaled = UNTOUCHED,
	};
	int64_t began = now_ns();

	start(later);
	wait.timeout_ns =
		deadline == SOON ? deadline_of(SOON) + 2 * soon_ms * INT64_C(1000000) : deadline;
	exchange(name, later->fd, SYNCOBJ_TIMELINE_WAIT, &wait);
	answer(text("%s: how long", name), "%s", took(began));
	pthread_join(later->thread, NULL);
}

void group_threads(void)
{
	int fd = open_node();
	struct later later = { .fd = fd, .act = do_signal, .handle = syncobj(fd) };

	wait_here("SIGNAL ends a wait FOR_SUBMIT", &later, WAIT_FOR_SUBMIT, EVER);
	later.handle = syncobj(fd);
	wait_here("SIGNAL ends a wait for AVAILABLE", &later, WAIT_AVAILABLE, EVER);
	later.act = do_timeline_signal;
	later.handle = timeline(fd, 2);
	later.point = 5;
	wait_here("TIMELINE_SIGNAL ends a wait for the point", &later, WAIT_FOR_SUBMIT, EVER);
	later.handle = timeline(fd, 2);
	wait_here("TIMELINE_SIGNAL ends a wait for AVAILABLE", &later, WAIT_AVAILABLE, EVER);
	later.point = 0;
	later.act = do_destroy;
	later.handle = syncobj(fd);
	wait_here("DESTROY does not end a wait", &later, WAIT_FOR_SUBMIT, SOON);
	later.act = do_close;
	later.handle = syncobj(fd);
	wait_here("close() does not end a wait", &later, WAIT_FOR_SUBMIT, SOON);
	answer("close() was one", "%s", state_of(fd, later.handle));
}

/* A thread that waits as this one does, and the answer that it got. */
struct rival {
	pthread_t thread;
	int fd;
	uint32_t handle;
	long result;
};

static void *wait_as_well(void *argument)
{
	struct rival *rival = argument;
	struct syncobj_wait wait = {
		.handles = ADDRESS(&rival->handle),
		.count = 1,
		.flags = WAIT_FOR_SUBMIT,
		.timeout_ns = EVER,
	};

	rival->result = ioctl(rival->fd, SYNCOBJ_WAIT, &wait);
	return NULL;
}

void group_rivals(void)
{
	struct rival rivals[3];
	struct later later = { .fd = open_node(), .act = do_signal };

	later.handle = syncobj(later.fd);
	for (size_t i = 0; i < 3; i++) {
		rivals[i] = (struct rival){ .fd = later.fd, .handle = later.handle, .result = 77 };
		errno = pthread_create(&rivals[i].thread, NULL, wait_as_well, &rivals[i]);
		if (errno)
			give_up("a thread");
	}
	wait_here("this thread", &later, WAIT_FOR_SUBMIT, EVER);
	for (size_t i = 0; i < 3; i++) {
		pthread_join(rivals[i].thread, NULL);
		answer(text("thread %zu", i + 1), "ret=%ld", rivals[i].result);
	}
}

void group_threads_pending(void)
{
	int fd = open_node();
	struct pending pending, other = make_pending(), last = make_pending();
	struct later later = { .fd = fd, .pending = &pending };

	later.handle = pending_syncobj(fd, &pending);
	later.act = do_signal_pending;
	wait_here("the fence ends a wait", &later, 0, EVER);
	later.handle = syncobj(fd);
	later.pending = &other;
	later.act = do_import_pending;
	wait_here("an import ends a wait for AVAILABLE", &later, WAIT_AVAILABLE, EVER);
	signal_pending(&other);
	later.handle = pending_syncobj(fd, &pending);
	later.act = do_reset;
	wait_here("RESET does not end a wait", &later, 0, SOON);
	later.handle = pending_syncobj(fd, &other);
	later.act = do_signal;
	wait_here("SIGNAL does not end a wait for the fence before", &later, 0, SOON);
	later.handle = syncobj(fd);
	later.pending = &last;
	later.act = do_import_pending;
	wait_here("FOR_SUBMIT waits for the fence that is imported", &later, WAIT_FOR_SUBMIT, SOON);
	signal_pending(&last);
	signal_pending(&pending);
	signal_pending(&other);
}

/* ---- signals ---- */

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
	alarms++;
}

/* SIGALRM, once, after a while. */
static void alarm_later(int flags)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
	int us = soon_ms * 1000 / 2;
	struct itimerval when = {
		.it_value = { .tv_sec = us / 1000000, .tv_usec = us % 1000000 },
	};

	alarms = 0;
	if (sigaction(SIGALRM, &action, NULL) || setitimer(ITIMER_REAL, &when, NULL))
		give_up("an alarm");
}

static void interrupted_wait(const char *name, int fd, uint32_t handle, uint32_t flags,
			     int sa_flags, int64_t deadline)
{
	struct syncobj_wait wait = {
		.handles = ADDRESS(&handle),
		.count = 1,
		.flags = flags,
		.first_signaled = UNTOUCHED,
	};

	alarm_later(sa_flags);
	wait.timeout_ns = deadline == IN_A_MINUTE ? now_ns() + IN_A_MINUTE : deadline_of(deadline);
	exchange(name, fd, SYNCOBJ_WAIT, &wait);
	answer(text("%s: alarms", name), "%d", (int)alarms);
}

/* A thread signals the source later, where the alarm does not end the request. */
static void interrupted_transfer(const char *name, int fd, int sa_flags)
{
	struct syncobj_transfer transfer = {
		.source = syncobj(fd),
		.destination = syncobj(fd),
		.flags = WAIT_FOR_SUBMIT,
	};
	struct later later = { .fd = fd, .act = do_signal, .handle = transfer.source };

	if (sa_flags & SA_RESTART)
		start(&later);
	alarm_later(sa_flags);
	exchange(name, fd, SYNCOBJ_TRANSFER, &transfer);
	if (sa_flags & SA_RESTART)
		pthread_join(later.thread, NULL);
	answer(text("%s: destination", name), "%s", state_of(fd, transfer.destination));
}

void group_signals(void)
{
	int fd = open_node();
	struct later later = { .fd = fd, .act = do_signal };

	interrupted_wait("WAIT", fd, syncobj(fd), WAIT_FOR_SUBMIT, 0, EVER);
	interrupted_wait("WAIT, a deadline", fd, syncobj(fd), WAIT_FOR_SUBMIT, 0, IN_A_MINUTE);
	interrupted_wait("WAIT, SA_RESTART, a deadline", fd, syncobj(fd), WAIT_FOR_SUBMIT,
			 SA_RESTART, SOON);
	interrupted_transfer("TRANSFER", fd, 0);
	interrupted_transfer("TRANSFER, SA_RESTART", fd, SA_RESTART);
	later.handle = syncobj(fd);
	alarm_later(SA_RESTART);
	wait_here("WAIT, SA_RESTART, signaled later", &later, WAIT_FOR_SUBMIT, EVER);
	answer("WAIT, SA_RESTART, signaled later: alarms", "%d", (int)alarms);
}

void group_signals_pending(void)
{
	int fd = open_node();
	struct pending pending;
	uint32_t handle = pending_syncobj(fd, &pending);

	interrupted_wait("WAIT", fd, handle, 0, 0, EVER);
	interrupted_wait("WAIT, SA_RESTART, a deadline", fd, handle, 0, SA_RESTART, SOON);
	signal_pending(&pending);
	interrupted_wait("WAIT, signaled", fd, handle, 0, 0, EVER);
}

/* A process that waits for the syncobj; its status is 1 where that ended with ETIME. */
static pid_t start_waiter(int fd, uint32_t handle, int64_t deadline)
{
	struct syncobj_wait wait = {
		.handles = ADDRESS(&handle),
		.count = 1,
		.flags = WAIT_FOR_SUBMIT,
		.timeout_ns = deadline,
	};
	pid_t child = fork();

	if (child < 0)
		give_up("a process");
	if (child)
		return child;
	_exit(!ioctl(fd, SYNCOBJ_WAIT, &wait) ? 2 : errno == ETIME ? 1 : 3);
}

static int end_of(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		give_up("waiting for a process");
	return status;
}

/* A process that waits dies of a signal at once. */
void group_kill(void)
{
	int fd = open_node(), status;
	uint32_t handle = syncobj(fd);
	pid_t child = start_waiter(fd, handle, EVER);
	int64_t began;

	sleep_ms(soon_ms);
	began = now_ns();
	kill(child, SIGKILL);
	status = end_of(child);
	answer("SIGKILL", "%s, %s", WIFSIGNALED(status) ? "killed" : "it has exited", took(began));
	signal_syncobj(fd, handle);
	answer("the syncobj", "%s", state_of(fd, handle));
}

/* A wait that is stopped and continued resumes. */
void group_stop(void)
{
	int fd = open_node(), status;
	uint32_t handle = syncobj(fd);
	int64_t began = now_ns();
	pid_t child = start_waiter(fd, handle, began + 3 * soon_ms * INT64_C(1000000));

	sleep_ms(soon_ms / 2);
	kill(child, SIGSTOP);
	if (waitpid(child, &status, WUNTRACED) != child)
		give_up("stopping a process");
	answer("SIGSTOP", "%s", WIFSTOPPED(status) ? "stopped" : "it has ended");
	kill(child, SIGCONT);
	status = end_of(child);
	answer("SIGCONT", "%s, %s",
	       WIFEXITED(status) && WEXITSTATUS(status) == 1 ? "ETIME" : "another end",
	       took(began));
	child = start_waiter(fd, handle, EVER);
	sleep_ms(soon_ms / 2);
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	signal_syncobj(fd, handle);
	kill(child, SIGCONT);
	status = end_of(child);
	answer("signaled while stopped", "%s",
	       WIFEXITED(status) && WEXITSTATUS(status) == 2 ? "0" : "another end");
}

/* ---- waiting for a sync_file ---- */

/* poll() until the thread has done it. */
static void poll_until(const char *name, int fd, short events, struct later *later)
{
	struct pollfd look = { .fd = fd, .events = events };
	int64_t began = now_ns();
	int result;

	start(later);
	result = poll(&look, 1, 100 * soon_ms);
	answer(name, "ret=%d revents=0x%x, %s", result, (unsigned int)look.revents, took(began));
	pthread_join(later->thread, NULL);
}

void group_poll(void)
{
	struct pending pending = make_pending(), second = make_pending();
	struct later later = { .act = do_signal_pending, .pending = &pending };
	struct pollfd look = { .fd = pending.sync_file, .events = POLLIN };
	struct epoll_event event = { .events = EPOLLIN };
	int set = epoll_create1(EPOLL_CLOEXEC), merged, result;
	int64_t began = now_ns();

	result = poll(&look, 1, soon_ms);
	answer("nobody signals", "ret=%d revents=0x%x, %s", result, (unsigned int)look.revents,
	       took(began));
	merged = make_merged(pending.sync_file, second.sync_file);
	poll_until("a thread signals", pending.sync_file, POLLIN, &later);
	later.pending = &second;
	if (epoll_ctl(set, EPOLL_CTL_ADD, merged, &event))
		give_up("epoll");
	began = now_ns();
	start(&later);
	event.events = 0;
	result = epoll_wait(set, &event, 1, 100 * soon_ms);
	answer("epoll, of two fences the second is signaled", "ret=%d events=0x%x, %s", result,
	       event.events, took(began));
	pthread_join(later.thread, NULL);
}

void group_poll_signals(void)
{
	struct pending pending = make_pending();
	struct pollfd look = { .fd = pending.sync_file, .events = POLLIN };
	long result;

	alarm_later(0);
	result = poll(&look, 1, 100 * soon_ms);
	answer("a signal", "%s", returned(result));
	alarm_later(SA_RESTART);
	result = poll(&look, 1, 100 * soon_ms);
	answer("a signal, SA_RESTART", "%s", returned(result));
	signal_pending(&pending);
}

void group_buffer_poll_later(void)
{
	int buffer = make_buffer(), set = epoll_create1(EPOLL_CLOEXEC), result;
	struct pending reading = make_pending(), writing = make_pending(), last = make_pending();
	struct later later = { .act = do_signal_pending, .pending = &writing };
	struct epoll_event event = { .events = EPOLLIN };
	struct pollfd look = { .fd = buffer, .events = POLLIN };
	int64_t began = now_ns();

	import_fence(buffer, DMA_BUF_SYNC_READ, reading.sync_file);
	import_fence(buffer, DMA_BUF_SYNC_WRITE, writing.sync_file);
	result = poll(&look, 1, soon_ms);
	answer("nobody signals", "ret=%d revents=0x%x, %s", result, (unsigned int)look.revents,
	       took(began));
	poll_until("IN: the writer is done", buffer, POLLIN, &later);
	later.pending = &reading;
	poll_until("OUT: the reader is done, too", buffer, POLLOUT, &later);
	import_fence(buffer, DMA_BUF_SYNC_WRITE, last.sync_file);
	answer("epoll_ctl", "%s", returned(epoll_ctl(set, EPOLL_CTL_ADD, buffer, &event)));
	later.pending = &last;
	began = now_ns();
	start(&later);
	event.events = 0;
	result = epoll_wait(set, &event, 1, 10 * soon_ms);
	answer("epoll: another writer is done", "ret=%d events=0x%x, %s", result, event.events,
	       took(began));
	pthread_join(later.thread, NULL);
}

/* ---- a timeline that goes with its last owner ---- */

static void do_kill(const struct later *later)
{
	kill(later->child, SIGKILL);
}

void group_sw_sync_kill(void)
{
	int fd = open_node();
	struct pending pending;
	uint32_t handle = pending_syncobj(fd, &pending);
	struct later later = { .act = do_kill, .child = fork() };

	if (!later.child)
		for (;;)
			pause();
	if (later.child < 0)
		give_up("a process");
	close(pending.source);
	answer("a child has it", "%s", sync_file_state(pending.sync_file));
	poll_until("poll: the child is killed", pending.sync_file, POLLIN, &later);
	end_of(later.child);
	answer_file_info("the child is killed", pending.sync_file);
	answer("its syncobj", "%s", state_of(fd, handle));
	answer_file_info("its syncobj: sync_file", export_sync_file(fd, handle));
}
