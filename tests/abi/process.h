/* SPDX-License-Identifier: MIT */
/*
 * process.h - the other parties of a test: threads and children, whose failures are the test's, and
 * all of whose waits end.
 */
#ifndef DMA_FENCE_TESTS_PROCESS_H
#define DMA_FENCE_TESTS_PROCESS_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

/* The limit of every wait: far more than it takes, even on a loaded emulator. */
#define PATIENCE_MS 60000

/* ---- threads ---- */

struct thread {
	pthread_t thread;
	void (*run)(void *argument);
	void *argument;
};

void thread_start(struct thread *thread, void (*run)(void *argument), void *argument);
/* Fails the test when the thread has failed, or does not end. */
void thread_join(struct thread *thread);

/* A WAIT in a thread of its own. */
struct waiter {
	struct thread thread;
	int fd;
	uint32_t handle;
	int64_t deadline_ns;
	int result; /* after waiter_join(): 0 or a negative errno */
	int status;
};

void waiter_start(struct waiter *waiter, int fd, uint32_t handle, int64_t deadline_ns);
void waiter_join(struct waiter *waiter);

/* ---- children: forked, and killed should the test die ---- */

pid_t spawn(void (*run)(void *argument), void *argument);
/* Its wait status; fails the test when it does not end. */
int reap(pid_t pid);
/* Has it ended by then? Then it is reaped. */
bool reap_within(pid_t pid, int64_t ms, int *status);
/* It has done all it should. */
void expect_success(pid_t pid);
/* SIGKILL, and it is gone at once: nothing holds it. */
void kill_child(pid_t pid);
/* Is it asleep in this thread's system call? Waits until it is. */
void wait_until_asleep(pid_t thread);

/* ---- what they say to each other over a socket ---- */

struct link {
	int ends[2]; /* ours, the child's */
};

void link_open(struct link *link);
void link_close(struct link *link);
void tell(int end);
/* Fails when nothing comes. */
void hear(int end);
void send_fd(int end, int fd);
int receive_fd(int end);

/* ---- one scenario, different callers: all on the same open file ---- */

enum caller {
	CALLER_MAIN_THREAD,
	CALLER_SECOND_THREAD,
	CALLER_FORKED_CHILD,
	/* It has closed all it had, and was sent the fd over a socket. */
	CALLER_STRANGER_WITH_FD,
};

void run_as(enum caller caller, void (*scenario)(int fd), int fd);

#endif /* DMA_FENCE_TESTS_PROCESS_H */
