/* SPDX-License-Identifier: MIT */
/*
 * init.c - process 1 of the test guest: brings up a root, runs one command in it, and says how it
 * ended.
 *
 * The root is the host's, read-only over 9p, under a tmpfs that takes every write and is gone with
 * the guest. What the command writes goes to two virtio-serial ports, its exit status to a third.
 * Which command that is stands in the file guest_job= of the kernel's command line: strings that
 * each end in a NUL, the working directory, the environment, an empty string, the arguments.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NEW_ROOT "/writable/root"
#define OPTIONS_9P "trans=virtio,version=9p2000.L,msize=524288,cache=loose"
#define OPTIONS_OVERLAY \
	"lowerdir=/host,upperdir=/writable/upper,workdir=/writable/work," \
	"index=off,metacopy=off,xino=off"

/* One of the command's two streams: what is read from the pipe is written to the port. */
struct stream {
	int pipe;	/* read end, non-blocking; -1 once it has ended */
	int port;
};

struct job {
	const char *directory;
	char **environment;
	char **arguments;
};

/* The last line of the console tells the runner on the host why there is no exit status. */
static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "guest: %s: %s\n", what, strerror(errno));
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void mount_or_die(const char *source, const char *target, const char *type,
			 unsigned long flags, const char *options)
{
	if (mount(source, target, type, flags, options))
		die(target);
}

static void take_console(void)
{
	int console = open("/dev/console", O_RDWR);

	for (int fd = 0; console >= 0 && fd < 3; fd++)
		dup2(console, fd);
	if (console > 2)
		close(console);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The modules that the root needs, numbered in the order of their dependencies. */
static void load_modules(const char *directory)
{
	struct dirent **modules;
	int count = scandir(directory, &modules, NULL, by_name);
	char path[512];

	for (int i = 0; i < count; i++) {
		int fd;

		if (modules[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, modules[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			die(path);
		close(fd);
	}
}

/* The node of the port that QEMU calls by this name, or -1: not there (yet). */
static int try_open_port(const char *name)
{
	DIR *ports = opendir("/sys/class/virtio-ports");
	struct dirent *port;
	int found = -1;

	while (ports && found < 0 && (port = readdir(ports))) {
		char path[512], text[64] = "";
		int fd;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", port->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, text, sizeof(text) - 1) > 0)
			text[strcspn(text, "\n")] = '\0';
		close(fd);
		if (strcmp(text, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", port->d_name);
		found = open(path, O_WRONLY | O_CLOEXEC);
	}
	if (ports)
		closedir(ports);
	return found;
}

/* Ports show up some time after their module was loaded. */
static int open_port(const char *name)
{
	const struct timespec pause = { .tv_nsec = 2000000 };

	for (int tries = 0; tries < 1000; tries++) {
		int fd = try_open_port(name);

		if (fd >= 0)
			return fd;
		nanosleep(&pause, NULL);
	}
	errno = ENODEV;
	die(name);
}

static void mount_root(const char *modules)
{
	char path[512];

	mount_or_die("host", "/host", "9p", MS_RDONLY, OPTIONS_9P);
	mount_or_die("writable", "/writable", "tmpfs", 0, "mode=755,size=75%");
	mkdir("/writable/upper", 0755);
	mkdir("/writable/work", 0755);
	mkdir(NEW_ROOT, 0755);
	mount_or_die("root", NEW_ROOT, "overlay", 0, OPTIONS_OVERLAY);

	/*
	 * The running kernel's modules, from where setup has unpacked them, at the place where
	 * modprobe looks.
	 */
	mkdir(NEW_ROOT "/usr/lib/modules", 0755);
	snprintf(path, sizeof(path), NEW_ROOT "%s", modules);
	mount_or_die(path, NEW_ROOT "/usr/lib/modules", NULL, MS_BIND, NULL);
}

static void switch_root(void)
{
	static const char *const kept[] = { "/dev", "/proc", "/sys" };
	char path[64];

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		snprintf(path, sizeof(path), NEW_ROOT "%s", kept[i]);
		mount_or_die(kept[i], path, NULL, MS_MOVE, NULL);
	}
	if (chdir(NEW_ROOT))
		die(NEW_ROOT);
	mount_or_die(".", "/", NULL, MS_MOVE, NULL);
	if (chroot(".") || chdir("/"))
		die("chroot");
}

/* What a program may expect of any Linux system. */
static void furnish_root(void)
{
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		ioctl(fd, SIOCSIFFLAGS, &loopback);
		close(fd);
	}
	sethostname("guest", 5);
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 01777);
	mount_or_die("devpts", "/dev/pts", "devpts", 0, "mode=620,ptmxmode=666");
	mount_or_die("shm", "/dev/shm", "tmpfs", 0, "mode=1777");
	/* The host's sockets and locks mean nothing here. */
	mount_or_die("run", "/run", "tmpfs", 0, "mode=755");
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (symlink("/proc/self/fd", "/dev/fd") || symlink("fd/0", "/dev/stdin") ||
	    symlink("fd/1", "/dev/stdout") || symlink("fd/2", "/dev/stderr"))
		die("/dev/fd");
}

/* The whole file, with one more NUL behind it; the guest owns it to its end. */
static char *read_file(const char *path, size_t *size)
{
	struct stat status;
	char *text;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status))
		die(path);
	*size = status.st_size;
	text = calloc(1, *size + 1);
	if (!text || read(fd, text, *size) != (ssize_t)*size)
		die(path);
	close(fd);
	return text;
}

/*
 * One vector for all strings: the directory, the environment, the empty string, which becomes the
 * NULL that ends the environment, and the arguments, of which any may be empty.
 */
static struct job read_job(const char *path)
{
	size_t size, count = 0, separator = 0;
	char *text = read_file(path, &size);
	char **strings = calloc(size + 1, sizeof(*strings));

	if (!strings)
		die(path);
	for (char *at = text; at < text + size; at += strlen(at) + 1) {
		if (!*at && !separator)
			separator = count;
		strings[count++] = at;
	}
	if (!separator || separator + 1 >= count) {
		errno = EINVAL;
		die(path);
	}
	strings[separator] = NULL;
	return (struct job){ strings[0], strings + 1, strings + separator + 1 };
}

static void __attribute__((noreturn)) run_job(const struct job *job, int output, int errors)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	close(null);
	environ = job->environment;
	if (chdir(job->directory))
		fprintf(stderr, "guest: %s: %s\n", job->directory, strerror(errno));
	else if (execvp(job->arguments[0], job->arguments))
		fprintf(stderr, "guest: %s: %s\n", job->arguments[0], strerror(errno));
	_exit(127);
}

static void write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, data, size);

		if (written < 0)
			die("port");
		data += written;
		size -= written;
	}
}

/* Moves on what the pipe holds at this moment. */
static void relay(struct stream *stream)
{
	static char buffer[65536];
	ssize_t size;

	while (stream->pipe >= 0 && (size = read(stream->pipe, buffer, sizeof(buffer))) >= 0) {
		write_all(stream->port, buffer, size);
		if (size == 0) {
			close(stream->pipe);
			stream->pipe = -1;
		}
	}
}

/*
 * Buries every child that has died; true: the command was among them, and *status is how it ended.
 */
static bool reap(pid_t command, int *status)
{
	bool ended = false;
	int child_status;
	pid_t child;

	while ((child = waitpid(-1, &child_status, WNOHANG)) > 0) {
		if (child != command)
			continue;
		ended = true;
		*status = child_status;
	}
	return ended;
}

/*
 * Until the command itself has ended: processes that it left behind may hold the pipes for ever,
 * and end with the guest. Returns what a shell would have in $?.
 */
static int attend(pid_t command, struct stream streams[2], int children)
{
	bool ended = false;
	int status = 0;

	while (!ended) {
		struct signalfd_siginfo signal;
		struct pollfd polls[] = {
			{ .fd = streams[0].pipe, .events = POLLIN },
			{ .fd = streams[1].pipe, .events = POLLIN },
			{ .fd = children, .events = POLLIN },
		};

		if (poll(polls, 3, -1) < 0)
			die("poll");
		if (polls[2].revents && read(children, &signal, sizeof(signal)) > 0)
			ended = reap(command, &status);
		relay(&streams[0]);
		relay(&streams[1]);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const struct job *job, struct stream streams[2])
{
	sigset_t child_signal;
	int pipes[2][2], children;
	pid_t command;

	sigemptyset(&child_signal);
	sigaddset(&child_signal, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_signal, NULL);
	children = signalfd(-1, &child_signal, SFD_CLOEXEC);
	if (children < 0 || pipe2(pipes[0], O_CLOEXEC) || pipe2(pipes[1], O_CLOEXEC))
		die("pipe");
	command = fork();
	if (command < 0)
		die("fork");
	if (command == 0)
		run_job(job, pipes[0][1], pipes[1][1]);
	for (int i = 0; i < 2; i++) {
		close(pipes[i][1]);
		/*
		 * Only this end is non-blocking: the flag belongs to the open file, and the command
		 * has the other.
		 */
		fcntl(pipes[i][0], F_SETFL, O_NONBLOCK);
		streams[i].pipe = pipes[i][0];
	}
	return attend(command, streams, children);
}

int main(void)
{
	struct stream streams[2];
	const char *job_path, *modules;
	char line[16], path[512];
	struct job job;
	int status_port;

	mkdir("/host", 0755);
	mkdir("/writable", 0755);
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	take_console();
	mount_or_die("proc", "/proc", "proc", 0, NULL);
	mount_or_die("sysfs", "/sys", "sysfs", 0, NULL);
	/* The kernel hands over as environment what it does not know itself. */
	job_path = getenv("guest_job");
	modules = getenv("guest_modules");
	if (!job_path || !modules) {
		errno = EINVAL;
		die("guest_job= and guest_modules= of the kernel's command line");
	}

	load_modules("/modules");
	streams[0].port = open_port("output");
	streams[1].port = open_port("errors");
	status_port = open_port("status");
	mount_root(modules);
	snprintf(path, sizeof(path), NEW_ROOT "%s", job_path);
	job = read_job(path);
	switch_root();
	furnish_root();

	snprintf(line, sizeof(line), "%d\n", run(&job, streams));
	write_all(status_port, line, strlen(line));

	/*
	 * A write to a port returns before the host has taken it; a close is answered by the host,
	 * which takes what was written earlier first. So nothing is lost in the reboot, which is
	 * QEMU's end.
	 */
	close(streams[0].port);
	close(streams[1].port);
	close(status_port);
	reboot(RB_AUTOBOOT);
	die("reboot");
}
