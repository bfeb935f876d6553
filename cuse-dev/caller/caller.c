/* SPDX-License-Identifier: MIT */
/* caller.c - see caller.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "caller/caller.h"

/* Of <linux/pidfd.h>, younger than the headers that we build with: Linux 6.9. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/*
 * The fds of the caller are out of reach: a shortage of ours passes, a lack of rights does not, and
 * GET_CAPS reports that.
 */
static int error_of(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
		return -ENOSPC;
	case ENOMEM:
		return -ENOMEM;
	default:
		return -EPERM;
	}
}

static int open_process(pid_t thread)
{
	pid_t process = process_of_thread(thread);

	if (!process && errno != ENOENT)
		return -1;
	if (!process)
		process = thread;
	/*
	 * Its fds are those of the thread, unless that has a table of its own: out of reach then.
	 */
	if (process != thread && syscall(SYS_kcmp, thread, process, KCMP_FILES, 0, 0) != 0) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_pidfd_open, process, 0);
}

/*
 * The thread itself, since it may have an fd table of its own; its process where the kernel knows
 * no pidfds of threads. The check afterwards makes sure that the number was still the caller's when
 * it was looked up.
 */
static int open_caller(struct worker_job *job)
{
	int fd;

	if (!job->pending.request.thread)
		return -EPERM;
	fd = (int)syscall(SYS_pidfd_open, job->pending.request.thread, PIDFD_THREAD);
	if (fd < 0 && errno == EINVAL)
		fd = open_process(job->pending.request.thread);
	if (fd < 0)
		return error_of(errno);
	if (worker_job_is_abandoned(job)) {
		close(fd);
		return -ECANCELED;
	}
	return fd;
}

int caller_take_fd(struct worker_job *job, int fd)
{
	int caller = open_caller(job), taken, ret = 0;

	if (caller < 0)
		return caller;
	taken = fd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, caller, fd, 0);
	if (taken < 0)
		ret = fd < 0 || errno == EBADF ? -EBADF : error_of(errno);
	close(caller);
	if (ret)
		return ret;
	if (fcntl(taken, F_GETFL) & O_PATH) {
		close(taken);
		return -EBADF;
	}
	return taken;
}

int caller_features(struct worker_job *job, uint64_t *features)
{
	int caller = open_caller(job);

	*features = 0;
	if (caller < 0)
		return caller == -EPERM ? 0 : caller;
	/*
	 * No process has that fd: EBADF says that it was allowed to look. Memory is guarded by the
	 * same permission.
	 */
	if (syscall(SYS_pidfd_getfd, caller, INT_MAX, 0) < 0 && errno == EBADF)
		*features = DMA_FENCE_FEATURE_CALLER_FDS | DMA_FENCE_FEATURE_CALLER_MEMORY;
	close(caller);
	return 0;
}

static int transfer(struct worker_job *job, uint64_t address, void *local, size_t size,
		    ssize_t (*move)(pid_t, const struct iovec *, unsigned long,
				    const struct iovec *, unsigned long, unsigned long))
{
	struct iovec here = { .iov_base = local, .iov_len = size };
	struct iovec there = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };
	ssize_t moved;
	int error;

	if (!job->pending.request.thread)
		return -EPERM;
	if (!worker_enter_caller(job))
		return -ECANCELED;
	moved = move(job->pending.request.thread, &here, 1, &there, 1, 0);
	error = errno;
	worker_leave_caller(job);
	if (moved == (ssize_t)size)
		return 0;
	return moved < 0 && (error == EPERM || error == ENOMEM) ? -error : -EFAULT;
}

int caller_read(struct worker_job *job, uint64_t address, void *to, size_t size)
{
	return transfer(job, address, to, size, process_vm_readv);
}

int caller_write(struct worker_job *job, uint64_t address, const void *from, size_t size)
{
	return transfer(job, address, (void *)(uintptr_t)from, size, process_vm_writev);
}

static bool is_ours(struct device *device, const struct statx *stat)
{
	const struct device_identity *identity = &device->identity;

	if (identity->character)
		return S_ISCHR(stat->stx_mode) && stat->stx_rdev_major == identity->major &&
		       stat->stx_rdev_minor == identity->minor;
	return stat->stx_dev_major == identity->major && stat->stx_dev_minor == identity->minor;
}

static bool is_eventfd(int fd)
{
	char path[32], link[32];
	ssize_t length;

	/* A path in a filesystem starts with a slash, so no file can have this name. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, link, sizeof(link) - 1);
	if (length < 0)
		return false;
	link[length] = '\0';
	return !strcmp(link, "anon_inode:[eventfd]");
}

/*
 * The fdinfo of a dma-buf, and of no other file, names an exporter. The
 * link could be forged.
 */
static int dmabuf_or_foreign(int fd)
{
	int kind = DESCRIPTOR_FOREIGN;
	char path[40], line[256];
	FILE *facts;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	facts = fopen(path, "re");
	if (!facts)
		return error_of(errno) == -EPERM ? DESCRIPTOR_FOREIGN : error_of(errno);
	while (kind == DESCRIPTOR_FOREIGN && fgets(line, sizeof(line), facts)) {
		if (!strncmp(line, "exp_name:", 9))
			kind = DESCRIPTOR_DMABUF;
	}
	fclose(facts);
	return kind;
}

int descriptor_kind(struct device *device, int fd)
{
	struct statx stat;

	/*
	 * With nothing asked for and nothing to be synchronised, the answer comes from the kernel's
	 * own copy.
	 */
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &stat))
		return DESCRIPTOR_FOREIGN;
	if (is_ours(device, &stat))
		return DESCRIPTOR_OURS;
	/* Only shmem and hugetlbfs know seals. */
	if (fcntl(fd, F_GET_SEALS) >= 0)
		return DESCRIPTOR_SHMEM;
	if (is_eventfd(fd))
		return DESCRIPTOR_EVENTFD;
	return dmabuf_or_foreign(fd);
}
