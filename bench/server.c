/* SPDX-License-Identifier: MIT */
/*
 * server.c - finds, starts and stops one server process. Which servers there are, and where they
 * serve, is the stage's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

#define READY_TIMEOUT_MS 20000
#define STOP_TIMEOUT_NS	 (5 * NSEC_PER_SEC)
#define STOP_AGAIN_NS	 (NSEC_PER_SEC / 5)

/* Whether folder/name can be run; length as in a PATH, where an empty folder is the current one. */
static bool find_in(const char *folder, size_t length, const char *name, char *path, size_t size)
{
	int written = snprintf(path, size, "%.*s/%s", length ? (int)length : 1,
			       length ? folder : ".", name);

	return written > 0 && (size_t)written < size && access(path, X_OK) == 0;
}

static bool find_in_list(const char *list, const char *name, char *path, size_t size)
{
	while (list) {
		const char *end = strchrnul(list, ':');

		if (find_in(list, end - list, name, path, size))
			return true;
		list = *end ? end + 1 : NULL;
	}
	return false;
}

int server_find(const char *place, char *path, size_t size)
{
	const char *name = strrchr(place, '/') ? strrchr(place, '/') + 1 : place;
	char folder[PATH_MAX], *end;
	ssize_t length = readlink("/proc/self/exe", folder, sizeof(folder) - 1);

	if (length > 0) {
		folder[length] = '\0';
		*strrchr(folder, '/') = '\0';
		/* Where libtool keeps the programs that its wrappers run. */
		end = strrchr(folder, '/');
		if (end && strcmp(end, "/.libs") == 0)
			*end = '\0';
		/* This one is in bench/. */
		end = strrchr(folder, '/');
		if (end && find_in(folder, end - folder, place, path, size))
			return 0;
	}
	if (find_in_list(getenv("PATH"), name, path, size) ||
	    find_in_list("/usr/local/sbin:/usr/sbin:/sbin", name, path, size))
		return 0;
	return -ENOENT;
}

/* What the child does; it does not return. */
static void run_server(char **argv, int ready_fd, const int *inherited, pid_t parent)
{
	char ready_option[32];
	sigset_t none;
	char **end = argv;

	/* The terminal's SIGINT is for the benchmark, which then stops its servers in order. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	fcntl(ready_fd, F_SETFD, 0);
	for (; *inherited >= 0; inherited++)
		fcntl(*inherited, F_SETFD, 0);
	snprintf(ready_option, sizeof(ready_option), "--ready-fd=%d", ready_fd);
	while (*end)
		end++;
	*end = ready_option;
	execv(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void report_end(const struct server *server, int status)
{
	if (WIFSIGNALED(status))
		fprintf(stderr, "dma-fence-bench: %s was ended by signal %d (%s)\n",
			server->program, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		fprintf(stderr, "dma-fence-bench: %s ended with status %d\n", server->program,
			WEXITSTATUS(status));
}

/* Until the server has written something, or is gone. */
static int wait_ready(const struct server *server, int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char said;
	int ret = poll(&poll_fd, 1, READY_TIMEOUT_MS);

	if (ret < 0)
		return -errno;
	if (ret == 0)
		return complain(server->program, -ETIMEDOUT);
	if (read(fd, &said, 1) == 1)
		return 0;
	/* It has said why. */
	fprintf(stderr, "dma-fence-bench: %s does not serve\n", server->program);
	return -ECONNREFUSED;
}

int server_start(struct server *server, char **argv, const int *inherited)
{
	const char *slash = strrchr(argv[0], '/');
	pid_t parent = getpid();
	int ready[2], ret = 0;

	snprintf(server->program, sizeof(server->program), "%s", slash ? slash + 1 : argv[0]);
	if (pipe2(ready, O_CLOEXEC) < 0)
		return complain("pipe", -errno);
	fflush(NULL);
	server->pid = fork();
	if (server->pid == 0)
		run_server(argv, ready[1], inherited, parent);
	if (server->pid < 0) {
		ret = complain("fork", -errno);
		server->pid = 0;
	}
	close(ready[1]);
	if (ret == 0)
		ret = wait_ready(server, ready[0]);
	close(ready[0]);
	if (ret == -ECONNREFUSED) {
		waitpid(server->pid, NULL, 0);
		server->pid = 0;
	}
	return ret;
}

void server_stop(struct server *server)
{
	uint64_t start = now_ns(), again = 0;
	pid_t ended;
	int status;

	if (!server->pid)
		return;
	/*
	 * Again and again: a signal that comes between a load of the flag of libfuse's handler and
	 * the read() behind it is not noticed until the next.
	 */
	while ((ended = waitpid(server->pid, &status, WNOHANG)) == 0 &&
	       now_ns() - start < STOP_TIMEOUT_NS) {
		if (now_ns() >= again) {
			kill(server->pid, SIGTERM);
			again = now_ns() + STOP_AGAIN_NS;
		}
		pause_ns(1000000);
	}
	if (ended == 0) {
		kill(server->pid, SIGKILL);
		ended = waitpid(server->pid, &status, 0);
	}
	if (ended == server->pid)
		report_end(server, status);
	server->pid = 0;
}
