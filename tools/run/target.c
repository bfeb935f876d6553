/* SPDX-License-Identifier: MIT */
/* target.c - see target.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "target.h"

/* Since Linux 6.9: of a thread, not of its process. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

bool target_is_valid(const struct target *target)
{
	return !ioctl(target->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &target->notification);
}

/* The process of a thread, 0 where it is out of sight. */
static pid_t process_of(pid_t thread)
{
	char path[64], line[128];
	int process = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)thread);
	status = fopen(path, "re");
	if (!status)
		return 0;
	while (!process && fgets(line, sizeof(line), status))
		sscanf(line, "Tgid: %d", &process);
	fclose(status);
	return process;
}

/* A thread may have a table of descriptors of its own, which older kernels do not let one name. */
static int open_target(const struct target *target)
{
	int fd = (int)syscall(SYS_pidfd_open, target->thread, PIDFD_THREAD);
	pid_t process;

	if (fd >= 0 || errno != EINVAL)
		return fd < 0 ? -errno : fd;
	process = process_of(target->thread);
	fd = process ? (int)syscall(SYS_pidfd_open, process, 0) : -1;
	return fd < 0 ? -ESRCH : fd;
}

int target_take_fd(const struct target *target, int fd)
{
	int process = open_target(target), taken;

	if (process < 0)
		return process;
	taken = fd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	if (taken < 0)
		taken = fd < 0 ? -EBADF : -errno;
	close(process);
	if (taken < 0)
		return taken;
	/* Was it that thread's number all the time? And the kernel does not take a mere path
	 * either. */
	if (!target_is_valid(target) || fcntl(taken, F_GETFL) & O_PATH) {
		close(taken);
		return -EBADF;
	}
	return taken;
}

static int transfer(const struct target *target, uint64_t address, void *local, size_t size,
		    ssize_t (*move)(pid_t, const struct iovec *, unsigned long,
				    const struct iovec *, unsigned long, unsigned long))
{
	struct iovec here = { .iov_base = local, .iov_len = size };
	struct iovec there = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };
	ssize_t moved;

	if (!target_is_valid(target))
		return -ESRCH;
	moved = move(target->thread, &here, 1, &there, 1, 0);
	if (moved == (ssize_t)size)
		return 0;
	return moved < 0 && errno == EPERM ? -EPERM : -EFAULT;
}

int target_read(const struct target *target, uint64_t address, void *to, size_t size)
{
	return transfer(target, address, to, size, process_vm_readv);
}

int target_write(const struct target *target, uint64_t address, const void *from, size_t size)
{
	return transfer(target, address, (void *)(uintptr_t)from, size, process_vm_writev);
}

int target_add_fd(const struct target *target, int fd)
{
	struct seccomp_notif_addfd add = {
		.id = target->notification,
		.srcfd = (uint32_t)fd,
		.newfd_flags = O_CLOEXEC,
	};
	int added = ioctl(target->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

	return added < 0 ? -errno : added;
}
