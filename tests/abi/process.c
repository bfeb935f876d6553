/* SPDX-License-Identifier: MIT */
/* process.c - threads and children of a test: see process.h. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "pass_fd.h"
#include "process.h"
#include "raw.h"

static void *thread_main(void *data)
{
	struct thread *thread = data;

	check_context = CHECK_THREAD;
	thread->run(thread->argument);
	return NULL;
}

void thread_start(struct thread *thread, void (*run)(void *argument), void *argument)
{
	thread->run = run;
	thread->argument = argument;
	expect(pthread_create(&thread->thread, NULL, thread_main, thread), 0);
}

void thread_join(struct thread *thread)
{
	int64_t end = in_ms(PATIENCE_MS);
	struct timespec until = { .tv_sec = end / NSEC_PER_SEC, .tv_nsec = end % NSEC_PER_SEC };
	void *result;

	expect(pthread_clockjoin_np(thread->thread, &result, CLOCK_MONOTONIC, &until), 0);
	/* PTHREAD_CANCELED: it has said what went wrong. */
	check(result == NULL);
}

static void waiter_run(void *data)
{
	struct waiter *waiter = data;
	struct dma_fence_wait_item item = { .handle = waiter->handle };

	waiter->result = raw_wait_many(waiter->fd, &item, 1, 0, waiter->deadline_ns, NULL);
	waiter->status = item.status;
}

void waiter_start(struct waiter *waiter, int fd, uint32_t handle, int64_t deadline_ns)
{
	waiter->fd = fd;
	waiter->handle = handle;
	waiter->deadline_ns = deadline_ns;
	thread_start(&waiter->thread, waiter_run, waiter);
}

void waiter_join(struct waiter *waiter)
{
	thread_join(&waiter->thread);
}

pid_t spawn(void (*run)(void *argument), void *argument)
{
	pid_t parent = getpid(), pid = must(fork());

	if (pid)
		return pid;
	check_context = CHECK_CHILD;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* 0: from within a pid namespace of its own it does not see us. */
	if (getppid() != parent && getppid() != 0)
		_exit(CHILD_FAILED);
	run(argument);
	_exit(0);
}

bool reap_within(pid_t pid, int64_t ms, int *status)
{
	struct pollfd poll_fd = { .fd = must((int)syscall(SYS_pidfd_open, pid, 0)),
				  .events = POLLIN };
	int ready = must(poll(&poll_fd, 1, ms));

	close(poll_fd.fd);
	if (!ready)
		return false;
	must(waitpid(pid, status, 0));
	return true;
}

int reap(pid_t pid)
{
	int status;

	if (reap_within(pid, PATIENCE_MS, &status))
		return status;
	kill(pid, SIGKILL);
	check_failed(__FILE__, __LINE__, "child %d does not end", pid);
}

void expect_success(pid_t pid)
{
	int status = reap(pid);

	if (!WIFEXITED(status) || WEXITSTATUS(status))
		check_failed(__FILE__, __LINE__, "child %d failed: %s %d", pid,
			     WIFEXITED(status) ? "exit" : "signal",
			     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

void kill_child(pid_t pid)
{
	int status;

	must(kill(pid, SIGKILL));
	status = reap(pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

void wait_until_asleep(pid_t thread)
{
	int64_t end = in_ms(PATIENCE_MS);
	char path[64], line[256], state;

	snprintf(path, sizeof(path), "/proc/%d/stat", thread);
	for (;;) {
		FILE *file = fopen(path, "re");
		char *comm_end;

		check(file);
		check(fgets(line, sizeof(line), file));
		fclose(file);
		comm_end = strrchr(line, ')');
		check(comm_end);
		state = comm_end[2];
		if (state == 'S' || state == 'D')
			return;
		check(now_ns() < end);
		sleep_ms(1);
	}
}

void link_open(struct link *link)
{
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link->ends));
}

void link_close(struct link *link)
{
	must(close(link->ends[0]));
	must(close(link->ends[1]));
}

void tell(int end)
{
	send_fd(end, -1);
}

static int take_in_time(int end)
{
	expect(poll_for(end, PATIENCE_MS) & POLLIN, POLLIN);
	return take_fd(end);
}

void hear(int end)
{
	expect(take_in_time(end), -ENOMSG);
}

void send_fd(int end, int fd)
{
	expect(pass_fd(end, fd), 0);
}

int receive_fd(int end)
{
	int fd = take_in_time(end);

	check(fd >= 0);
	return fd;
}

struct run {
	void (*scenario)(int fd);
	int fd;
	struct link link;
};

static void run_scenario(void *data)
{
	struct run *run = data;

	run->scenario(run->fd);
}

static void run_with_fd_alone(void *data)
{
	struct run *run = data;

	/* All but the three standard ones and the link, which becomes 3. */
	must(dup2(run->link.ends[1], 3));
	must((int)syscall(SYS_close_range, 4, ~0u, 0));
	run->scenario(receive_fd(3));
}

void run_as(enum caller caller, void (*scenario)(int fd), int fd)
{
	struct run run = { .scenario = scenario, .fd = fd };
	struct thread thread;
	pid_t pid;

	switch (caller) {
	case CALLER_MAIN_THREAD:
		scenario(fd);
		break;
	case CALLER_SECOND_THREAD:
		thread_start(&thread, run_scenario, &run);
		thread_join(&thread);
		break;
	case CALLER_FORKED_CHILD:
		expect_success(spawn(run_scenario, &run));
		break;
	case CALLER_STRANGER_WITH_FD:
		link_open(&run.link);
		pid = spawn(run_with_fd_alone, &run);
		send_fd(run.link.ends[0], fd);
		expect_success(pid);
		link_close(&run.link);
		break;
	}
}
