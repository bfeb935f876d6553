/* SPDX-License-Identifier: MIT */
/* daemon.c - starting and stopping a dma-fenced: see daemon.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"

static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

static bool is_cuse(void)
{
	return strcmp(variable("DMA_FENCE_TRANSPORT", "fuse"), "cuse") == 0;
}

void daemon_place(struct daemon *daemon, const char *name)
{
	*daemon = (struct daemon){ .pid = 0 };
	if (is_cuse())
		snprintf(daemon->node, sizeof(daemon->node), "/dev/dma_fence_%s_%d", name,
			 getpid());
	else
		snprintf(daemon->node, sizeof(daemon->node), "%s/%s", variable("TMPDIR", "/tmp"),
			 name);
}

static void execute(const struct daemon *daemon, const char *const *options, int ready_fd)
{
	const char *program = variable("DMA_FENCED", "dma-fenced");
	const char *arguments[DAEMON_MAX_OPTIONS + 8];
	char ready[16];
	int count = 0;

	arguments[count++] = program;
	if (is_cuse()) {
		arguments[count++] = "--transport=cuse";
		arguments[count++] = "--name";
		arguments[count++] = daemon->node + strlen("/dev/");
	} else {
		arguments[count++] = "--transport=fuse";
		arguments[count++] = "--path";
		arguments[count++] = daemon->node;
	}
	if (ready_fd >= 0) {
		snprintf(ready, sizeof(ready), "%d", ready_fd);
		arguments[count++] = "--ready-fd";
		arguments[count++] = ready;
	}
	while (options && *options && count < DAEMON_MAX_OPTIONS + 7)
		arguments[count++] = *options++;
	arguments[count] = NULL;
	execvp(program, (char *const *)arguments);
	perror(program);
	_exit(127);
}

int daemon_spawn(struct daemon *daemon, const char *const *options, int ready_fd, int error_fd)
{
	pid_t parent = getpid();
	sigset_t none;

	daemon->pid = fork();
	if (daemon->pid < 0) {
		perror("fork");
		daemon->pid = 0;
		return -1;
	}
	if (daemon->pid)
		return 0;
	/* Whatever happens to us, it does not stay behind. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (error_fd >= 0)
		dup2(error_fd, STDERR_FILENO);
	if (ready_fd >= 0)
		fcntl(ready_fd, F_SETFD, 0);
	execute(daemon, options, ready_fd);
	return -1;
}

static int wait_until_ready(struct daemon *daemon, int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char line[64];
	ssize_t size;

	if (poll(&poll_fd, 1, DAEMON_PATIENCE_MS) <= 0) {
		fprintf(stderr, "the daemon is not ready after %d ms\n", DAEMON_PATIENCE_MS);
		return -1;
	}
	size = read(fd, line, sizeof(line));
	if (size <= 0) {
		fprintf(stderr, "the daemon ended before it was ready\n");
		return -1;
	}
	return 0;
}

int daemon_start(struct daemon *daemon, const char *const *options)
{
	int ready[2], result;

	if (pipe2(ready, O_CLOEXEC) < 0) {
		perror("pipe");
		return -1;
	}
	result = daemon_spawn(daemon, options, ready[1], -1);
	close(ready[1]);
	if (result == 0)
		result = wait_until_ready(daemon, ready[0]);
	close(ready[0]);
	if (result < 0 && daemon->pid) {
		kill(daemon->pid, SIGKILL);
		daemon_wait(daemon);
	}
	return result;
}

int daemon_wait(struct daemon *daemon)
{
	struct pollfd poll_fd = { .fd = syscall(SYS_pidfd_open, daemon->pid, 0), .events = POLLIN };
	int ready, status;

	do
		ready = poll(&poll_fd, 1, DAEMON_PATIENCE_MS);
	while (ready < 0 && errno == EINTR);
	close(poll_fd.fd);
	if (ready <= 0) {
		fprintf(stderr, "the daemon does not end within %d ms\n", DAEMON_PATIENCE_MS);
		return -1;
	}
	if (waitpid(daemon->pid, &status, 0) < 0) {
		perror("waitpid");
		return -1;
	}
	daemon->pid = 0;
	return status;
}

int daemon_stop(struct daemon *daemon)
{
	kill(daemon->pid, SIGTERM);
	return daemon_wait(daemon);
}

int daemon_fail(struct daemon *daemon, const char *const *options, char *output, size_t size)
{
	int error[2], status;
	size_t length = 0;
	ssize_t part;

	if (pipe2(error, O_CLOEXEC) < 0 || daemon_spawn(daemon, options, -1, error[1]) < 0) {
		perror("pipe");
		return -1;
	}
	close(error[1]);
	status = daemon_wait(daemon);
	if (status < 0) {
		kill(daemon->pid, SIGKILL);
		daemon_wait(daemon);
	}
	while (length < size - 1 && (part = read(error[0], output + length, size - 1 - length)) > 0)
		length += part;
	output[length] = '\0';
	close(error[0]);
	return status;
}

bool is_mounted(const char *path)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[PATH_MAX + 512], point[PATH_MAX];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %*s %*s %*s %4095s", point) == 1 &&
			strcmp(point, path) == 0;
	if (file)
		fclose(file);
	return found;
}

int count_fds(pid_t pid)
{
	struct dirent *entry;
	DIR *directory;
	char path[64];
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	if (!directory)
		return -1;
	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	closedir(directory);
	/* Our own look at ourselves is one of them. */
	return pid == getpid() ? count - 1 : count;
}
