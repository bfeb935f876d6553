/* SPDX-License-Identifier: MIT */
/*
 * supervisor.c - see supervisor.h.
 *
 * Several threads take notifications from the one listener, so that a request that waits for the
 * device does not hold up those of other threads. They share nothing but the node's descriptor,
 * which any number of threads may use.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pass_fd.h"
#include "requests.h"
#include "supervisor.h"

#define THREADS 4

struct watch {
	const struct node *node;
	int listener;
	/*
	 * Held by the one that waits for the next notification: an older kernel would let a thread
	 * that finds it taken by another sleep after the last process has ended.
	 */
	pthread_mutex_t turn;
};

static void complete(const struct watch *watch, const struct seccomp_notif *notification)
{
	const struct target target = {
		.listener = watch->listener,
		.notification = notification->id,
		.thread = (pid_t)notification->pid,
	};
	struct seccomp_notif_resp response = { .id = notification->id };
	int ret =
		request_complete(watch->node, &target, (int)notification->data.args[0],
				 (uint32_t)notification->data.args[1], notification->data.args[2]);

	if (ret == REQUEST_PASSED_ON)
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else
		response.error = ret;
	/* ENOENT: it was killed in the meantime, so the answer has no receiver. */
	ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* false: no process is left. */
static bool next(struct watch *watch, struct seccomp_notif *notification)
{
	struct pollfd poll_fd = { .fd = watch->listener, .events = POLLIN };
	bool received = false, over = false;

	pthread_mutex_lock(&watch->turn);
	while (!received && !over) {
		if (poll(&poll_fd, 1, -1) < 0)
			continue;
		memset(notification, 0, sizeof(*notification));
		/* ENOENT: the caller was killed. */
		if (poll_fd.revents & POLLIN)
			received = !ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_RECV, notification);
		over = poll_fd.revents & (POLLHUP | POLLERR | POLLNVAL);
	}
	pthread_mutex_unlock(&watch->turn);
	return received;
}

static void *work(void *argument)
{
	struct watch *watch = argument;
	struct seccomp_notif notification;

	while (next(watch, &notification))
		complete(watch, &notification);
	return NULL;
}

static void watch_until_end(struct watch *watch)
{
	pthread_t threads[THREADS - 1];
	unsigned int started = 0;

	while (started < THREADS - 1 && !pthread_create(&threads[started], NULL, work, watch))
		started++;
	work(watch);
	while (started--)
		pthread_join(threads[started], NULL);
}

/*
 * What the terminal or its parent's end would do to the program is not for this process, and
 * neither is the number of descriptors that the program is to be content with.
 */
static void leave_the_program(void)
{
	struct rlimit limit;

	setsid();
	for (int number = 1; number < NSIG; number++)
		signal(number, number == SIGCHLD ? SIG_DFL : SIG_IGN);
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	prctl(PR_SET_NAME, "dma-fence-run");
}

/*
 * The supervisor keeps no file of the program open, so that a reader of its output sees the end of
 * file when the program ends.
 */
static void leave_its_files(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (chdir("/"))
		return;
}

/* Keeps the channel, by the lowest number that is not a standard one, and closes all the others. */
static int close_all_but(int channel)
{
	/* Those of the program may have any number: out of their way first. */
	int high = fcntl(channel, F_DUPFD_CLOEXEC, 4);

	dup3(high, 3, O_CLOEXEC);
	close_range(4, ~0u, 0);
	return 3;
}

static _Noreturn void supervise(int channel, const struct supervisor_duties *duties)
{
	struct watch watch = { .turn = PTHREAD_MUTEX_INITIALIZER };
	struct node node;
	pid_t pid = getpid();

	channel = close_all_but(channel);
	leave_the_program();
	duties->begin(duties->argument, &node);
	leave_its_files();
	watch.node = &node;
	watch.listener = -1;
	if (write(channel, &pid, sizeof(pid)) == sizeof(pid))
		watch.listener = take_fd(channel);
	if (watch.listener >= 0 && write(channel, "", 1) == 1) {
		close(channel);
		watch_until_end(&watch);
	}
	duties->end(duties->argument);
	_exit(0);
}

/* Do orphans become this process's children? */
static bool is_reaper(void)
{
	int reaper = 0;

	prctl(PR_GET_CHILD_SUBREAPER, &reaper, 0, 0, 0);
	return reaper || getpid() == 1;
}

int supervisor_start(struct supervisor *supervisor, const struct supervisor_duties *duties)
{
	/* It would come back: but who is born without a signal is none that wait() knows of. */
	bool direct = is_reaper();
	pid_t between;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	/*
	 * The one in between ends at once, so that the supervisor is not this process's child; and
	 * it ends without a signal, which the program would find pending where it is blocked.
	 */
	between = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	if (between < 0)
		return -errno;
	if (!between) {
		pid_t pid = direct ? 0 : fork();

		if (!pid)
			supervise(ends[1], duties);
		_exit(pid < 0);
	}
	close(ends[1]);
	while (!direct && waitpid(between, NULL, __WALL) < 0 && errno == EINTR)
		;
	supervisor->channel = ends[0];
	if (read(ends[0], &supervisor->pid, sizeof(supervisor->pid)) != sizeof(supervisor->pid))
		return -EPIPE;
	return 0;
}

int supervisor_watch(struct supervisor *supervisor, int listener)
{
	char byte;
	int ret = pass_fd(supervisor->channel, listener);

	if (!ret && read(supervisor->channel, &byte, 1) != 1)
		ret = -EPIPE;
	close(listener);
	close(supervisor->channel);
	return ret;
}
