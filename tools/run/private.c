/* SPDX-License-Identifier: MIT */
/*
 * private.c - see private.h.
 *
 * The daemon is a child of the supervisor, because the program would otherwise wait for a child
 * that it has not made. It does not share the program's standard descriptors, so that a reader of
 * the program's output sees the end of file; what it says while it starts is kept for the case that
 * it fails.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "private.h"
#include "program.h"

/* How long it may take to start, and to end. */
#define PATIENCE_MS 10000

/*
 * Lets the daemon keep what it needs of the capabilities that this process has in its namespace: to
 * mount, and to reach the descriptors and the memory of its clients. Where it has none, mounting is
 * for fusermount3.
 */
static void keep_capabilities(void)
{
	static const int kept[] = { CAP_SYS_ADMIN, CAP_SYS_PTRACE };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (!geteuid() || syscall(SYS_capget, &header, data))
		return;
	for (unsigned int i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		data[0].inheritable |= data[0].permitted & (1u << kept[i]);
	if (syscall(SYS_capset, &header, data))
		return;
	for (unsigned int i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[i], 0, 0);
}

static _Noreturn void become_daemon(pid_t supervisor, const char *daemon, const char *path,
				    int ready, int said)
{
	char path_option[PATH_MAX + 32], ready_option[32];
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	snprintf(path_option, sizeof(path_option), "--path=%s", path);
	snprintf(ready_option, sizeof(ready_option), "--ready-fd=%d", ready);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(said, STDERR_FILENO);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	keep_capabilities();
	/* If the supervisor is killed, no other process ends it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != supervisor)
		_exit(RUN_FAILED);
	fcntl(ready, F_SETFD, 0);
	execl(daemon, daemon, "--transport=fuse", path_option, ready_option, (char *)NULL);
	warn("cannot run %s", daemon);
	_exit(RUN_FAILED);
}

static void print_said(int said)
{
	char line[1024];
	ssize_t length = pread(said, line, sizeof(line), 0);

	if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
		return;
}

static bool becomes_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, PATIENCE_MS) > 0 && poll_fd.revents & POLLIN;
}

/* A path that is not from the root on means something else to each process. */
static bool is_usable(const char *parent)
{
	return parent && parent[0] == '/' && !access(parent, W_OK);
}

/* What the paths lead to now: what is mapped later may cover it. */
static void take_place(struct private_device *device)
{
	device->place = open(device->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	device->parent = openat(device->place, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void private_device_prepare(struct private_device *device)
{
	const char *parent = getenv("XDG_RUNTIME_DIR");

	if (!is_usable(parent))
		parent = getenv("TMPDIR");
	if (!is_usable(parent))
		parent = "/tmp";
	snprintf(device->folder, sizeof(device->folder), "%s/dma-fence-run-XXXXXX", parent);
	if (!mkdtemp(device->folder))
		err(RUN_FAILED, "%s", device->folder);
	/* The program may become another user; those outside do not see what is in it. */
	chmod(device->folder, 0711);
	snprintf(device->path, sizeof(device->path), "%s/dma_fence", device->folder);
	device->process = -1;
}

void private_device_start(struct private_device *device, const char *daemon)
{
	int ready[2], said = memfd_create("said", MFD_CLOEXEC);
	pid_t supervisor = getpid();
	struct stat status;
	char byte;

	if (!daemon)
		daemon = SBINDIR "/dma-fenced";
	take_place(device);
	if (said < 0 || pipe2(ready, O_CLOEXEC)) {
		warn("cannot start %s", daemon);
		private_device_end(device);
		exit(RUN_FAILED);
	}
	device->process = fork();
	if (!device->process)
		become_daemon(supervisor, daemon, device->path, ready[1], said);
	close(ready[1]);
	if (device->process < 0 || !becomes_readable(ready[0]) || read(ready[0], &byte, 1) != 1) {
		print_said(said);
		private_device_end(device);
		errx(RUN_FAILED, "there is no device");
	}
	close(ready[0]);
	close(said);
	/*
	 * Until the kernel has asked for the owner of a new mount's file it takes that for user 0,
	 * which a user namespace need not map: then no process may write to the file.
	 */
	if (stat(device->path, &status))
		warn("%s", device->path);
}

/* Has it ended within the time limit? */
static bool has_ended(pid_t process)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < PATIENCE_MS; i++) {
		if (waitpid(process, NULL, WNOHANG) == process)
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

/*
 * The daemon takes its mount and its file away, unless it has been killed. Where a map has covered
 * the folder it has taken the copy of the mount only.
 */
static void clear(const struct private_device *device)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/dma_fence", device->place);
	while (!umount2(device->path, MNT_DETACH | UMOUNT_NOFOLLOW))
		;
	while (!umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
		;
	unlinkat(device->place, "dma_fence", 0);
	unlinkat(device->parent, strrchr(device->folder, '/') + 1, AT_REMOVEDIR);
}

void private_device_end(struct private_device *device)
{
	if (device->process > 0) {
		kill(device->process, SIGTERM);
		if (!has_ended(device->process)) {
			kill(device->process, SIGKILL);
			waitpid(device->process, NULL, 0);
		}
	}
	clear(device);
}
