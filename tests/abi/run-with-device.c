/* SPDX-License-Identifier: MIT */
/*
 * run-with-device.c - run-with-device [--daemon FILE] [--patience SECONDS]
 * [--transport fuse|cuse] [--] PROGRAM [ARGUMENT]...
 *
 * Starts a daemon for the program alone, runs the program with $DMA_FENCE_DEVICE telling the node,
 * and then proves that nothing is left: no process, no fd in the daemon, no object in the device,
 * no mount, node or file; and that the daemon ends in order. What is about to go is given so many
 * seconds (60). What was left is one line on stderr, and makes a program that succeeded fail. The
 * program finds in its environment DMA_FENCE_DEVICE, DMA_FENCED (the daemon's file),
 * DMA_FENCED_PID, and a TMPDIR of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "dma_fence.h"

/* What limits its time is the driver; this is for a run without one. */
#define PROGRAM_PATIENCE_MS (3600 * 1000)

static int patience_ms = 60000; /* with what is about to go */
static const char *directory; /* of this run alone; the program's TMPDIR is in it */
static volatile sig_atomic_t interrupted;
static bool violated;

static void __attribute__((format(printf, 1, 2))) violation(const char *format, ...)
{
	va_list arguments;

	fputs("run-with-device: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	violated = true;
}

static void sleep_ms(int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static void on_signal(int number)
{
	interrupted = number;
}

/* ---- the state of the device: what must be the same before and after ---- */

struct state {
	struct dma_fence_stats stats;
	int fds;
};

static const struct {
	const char *name;
	size_t offset;
} counters[] = {
	{ "files", offsetof(struct dma_fence_stats, files) },
	{ "handles", offsetof(struct dma_fence_stats, handles) },
	{ "fences", offsetof(struct dma_fence_stats, fences) },
	{ "timelines", offsetof(struct dma_fence_stats, timelines) },
	{ "waits", offsetof(struct dma_fence_stats, waits) },
	{ "exports", offsetof(struct dma_fence_stats, exports) },
	{ "events", offsetof(struct dma_fence_stats, events) },
	{ "buffers", offsetof(struct dma_fence_stats, buffers) },
	{ "attachments", offsetof(struct dma_fence_stats, attachments) },
	{ "seqno_writes", offsetof(struct dma_fence_stats, seqno_writes) },
	{ "workers", offsetof(struct dma_fence_stats, workers) },
};

#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

static uint64_t counter(const struct state *state, size_t index)
{
	uint64_t value;

	memcpy(&value, (const char *)&state->stats + counters[index].offset, sizeof(value));
	return value;
}

static int look(const struct daemon *daemon, struct state *state)
{
	int fd = open(daemon->node, O_RDWR | O_CLOEXEC), result;

	if (fd < 0)
		return -1;
	memset(&state->stats, 0, sizeof(state->stats));
	result = ioctl(fd, DMA_FENCE_IOC_GET_STATS, &state->stats);
	close(fd);
	state->fds = count_fds(daemon->pid);
	return result;
}

static bool same(const struct state *a, const struct state *b)
{
	size_t i;

	for (i = 0; i < COUNTERS; i++)
		if (counter(a, i) != counter(b, i))
			return false;
	return a->fds == b->fds;
}

static void list_fds(pid_t pid)
{
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	while (fds && (entry = readdir(fds))) {
		char target[PATH_MAX] = "";

		if (readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1) > 0)
			fprintf(stderr, "\t%s: %s\n", entry->d_name, target);
	}
	if (fds)
		closedir(fds);
}

static void expect_same(const struct daemon *daemon, const struct state *before)
{
	struct state after;
	int waited;
	size_t i;

	for (waited = 0;; waited += 20) {
		if (look(daemon, &after) < 0) {
			violation("the device does not answer any more: %s", strerror(errno));
			return;
		}
		if (same(before, &after))
			return;
		if (waited >= patience_ms)
			break;
		sleep_ms(20);
	}
	for (i = 0; i < COUNTERS; i++)
		if (counter(before, i) != counter(&after, i))
			violation("the device has %llu %s, and had %llu",
				  (unsigned long long)counter(&after, i), counters[i].name,
				  (unsigned long long)counter(before, i));
	if (before->fds != after.fds) {
		violation("the daemon has %d fds open, and had %d:", after.fds, before->fds);
		list_fds(daemon->pid);
	}
}

/* ---- the program ---- */

static pid_t start_program(char **arguments)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	execvp(arguments[0], arguments);
	perror(arguments[0]);
	_exit(127);
}

/* Its wait status. It is killed when it takes for ever, or when a signal ends this program. */
static int run_program(char **arguments)
{
	struct pollfd poll_fd = { .events = POLLIN };
	pid_t pid = start_program(arguments);
	int status, ready;

	if (pid < 0) {
		violation("fork: %s", strerror(errno));
		return -1;
	}
	poll_fd.fd = syscall(SYS_pidfd_open, pid, 0);
	ready = poll(&poll_fd, 1, PROGRAM_PATIENCE_MS);
	close(poll_fd.fd);
	if (ready <= 0) {
		violation("%s is killed: %s", arguments[0],
			  interrupted ? "we are told to end" : "it does not end");
		kill(pid, SIGKILL);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* Calls seen for each child but one; returns how many there are. */
static int for_each_child(pid_t but, void (*seen)(pid_t pid))
{
	struct dirent *entry;
	DIR *processes = opendir("/proc");
	int count = 0;

	while (processes && (entry = readdir(processes))) {
		char path[NAME_MAX + 16], line[512], *rest;
		int parent;
		FILE *stat;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || !(stat = fopen(path, "re")))
			continue;
		/* PID (COMMAND) STATE PARENT, and the command may hold anything. */
		rest = fgets(line, sizeof(line), stat) ? strrchr(line, ')') : NULL;
		fclose(stat);
		if (!rest || sscanf(rest, ") %*c %d", &parent) != 1 || parent != getpid() ||
		    atoi(entry->d_name) == but)
			continue;
		count++;
		seen(atoi(entry->d_name));
	}
	if (processes)
		closedir(processes);
	return count;
}

static void reap_if_dead(pid_t pid)
{
	waitpid(pid, NULL, WNOHANG);
}

static void kill_left(pid_t pid)
{
	char path[64], command[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (file && fgets(command, sizeof(command), file))
		command[strcspn(command, "\n")] = '\0';
	if (file)
		fclose(file);
	violation("process %d (%s) is left", pid, command);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Orphans of the program are our children: we are their subreaper. */
static void expect_no_child(pid_t daemon)
{
	int waited;

	for (waited = 0; waited < patience_ms; waited += 10) {
		if (for_each_child(daemon, reap_if_dead) == 0)
			return;
		sleep_ms(10);
	}
	for_each_child(daemon, kill_left);
}

/* ---- what may be left in the file system: it is reported, and removed ---- */

static void expect_empty(const char *path)
{
	struct dirent *entry;
	DIR *entries;

	if (rmdir(path) == 0)
		return;
	entries = opendir(path);
	while (entries && (entry = readdir(entries))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		violation("%s/%s is left", path, entry->d_name);
		if (unlinkat(dirfd(entries), entry->d_name, 0))
			unlinkat(dirfd(entries), entry->d_name, AT_REMOVEDIR);
	}
	if (entries)
		closedir(entries);
	rmdir(path);
}

static void expect_no_mount(const char *node)
{
	char line[PATH_MAX + 512], point[PATH_MAX];
	FILE *file = fopen("/proc/self/mountinfo", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %*s %*s %*s %4095s", point) != 1)
			continue;
		if (strcmp(point, node) && strncmp(point, directory, strlen(directory)))
			continue;
		violation("%s is still mounted", point);
		umount2(point, MNT_DETACH);
	}
	if (file)
		fclose(file);
	if (access(node, F_OK) == 0) {
		violation("%s is left", node);
		unlink(node);
	}
}

static void stop_daemon(struct daemon *daemon)
{
	int status = daemon_stop(daemon);

	if (status < 0) {
		violation("the daemon does not end on SIGTERM");
		kill(daemon->pid, SIGKILL);
		daemon_wait(daemon);
	} else if (WIFSIGNALED(status)) {
		violation("the daemon was killed by signal %d", WTERMSIG(status));
	} else if (WEXITSTATUS(status)) {
		violation("the daemon ended with %d", WEXITSTATUS(status));
	}
}

static void usage(void)
{
	fputs("usage: run-with-device [--daemon FILE] [--patience SECONDS] "
	      "[--transport fuse|cuse] [--] PROGRAM [ARGUMENT]...\n",
	      stderr);
	exit(2);
}

static void set_up(int argc, char **argv)
{
	static const struct option options[] = {
		{ "daemon", required_argument, NULL, 'd' },
		{ "patience", required_argument, NULL, 'p' },
		{ "transport", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	struct sigaction action = { .sa_handler = on_signal };
	char path[PATH_MAX];
	int option;

	while ((option = getopt_long(argc, argv, "+d:p:t:", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			if (realpath(optarg, path))
				setenv("DMA_FENCED", path, 1);
			break;
		case 'p':
			patience_ms = 1000 * atoi(optarg);
			break;
		case 't':
			setenv("DMA_FENCE_TRANSPORT", optarg, 1);
			break;
		default:
			usage();
		}
	}
	if (optind == argc)
		usage();
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* The counters of two tests at once could not be separated. */
	setenv("CRITERION_JOBS", "1", 1);
}

int main(int argc, char **argv)
{
	/* Open to all, since tests become other users. */
	/* On a slow machine a test may take its time with what it has locked. */
	static const char *const options[] = { "--mode", "0666", "--resv-timeout", "60", NULL };
	char template[PATH_MAX], scratch[PATH_MAX + 8], number[16];
	const char *parent = getenv("TMPDIR");
	struct daemon daemon;
	struct state before;
	int status;

	set_up(argc, argv);
	snprintf(template, sizeof(template), "%s/dma-fence-test-XXXXXX",
		 parent && *parent ? parent : "/tmp");
	directory = mkdtemp(template);
	snprintf(scratch, sizeof(scratch), "%s/tmp", template);
	if (!directory || chmod(directory, 0755) < 0 || mkdir(scratch, 0755) < 0) {
		perror(template);
		return 99;
	}
	setenv("TMPDIR", directory, 1);
	daemon_place(&daemon, "device");
	setenv("TMPDIR", scratch, 1);
	if (daemon_start(&daemon, options) < 0 || look(&daemon, &before) < 0) {
		violation("no device to test");
		if (daemon.pid)
			stop_daemon(&daemon);
		unlink(daemon.node);
		rmdir(scratch);
		rmdir(directory);
		return 99;
	}
	setenv("DMA_FENCE_DEVICE", daemon.node, 1);
	snprintf(number, sizeof(number), "%d", daemon.pid);
	setenv("DMA_FENCED_PID", number, 1);
	status = run_program(argv + optind);
	expect_no_child(daemon.pid);
	expect_same(&daemon, &before);
	stop_daemon(&daemon);
	expect_no_mount(daemon.node);
	expect_empty(scratch);
	expect_empty(directory);
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status) ? WEXITSTATUS(status) : violated;
}
