/* SPDX-License-Identifier: MIT */
/* foreign.c - a FUSE server that keeps people waiting: see foreign.h. */
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fixture.h"
#include "foreign.h"
#include "process.h"

struct server {
	int fuse;
	struct foreign_control *control;
};

static void answer(int fuse, uint64_t unique, int error, const void *data, size_t size)
{
	struct fuse_out_header header = {
		.len = sizeof(header) + size,
		.error = error,
		.unique = unique,
	};
	struct iovec parts[] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = size },
	};

	/* The caller may be gone. */
	if (writev(fuse, parts, 2) < 0 && errno != ENOENT)
		_exit(0);
}

static bool is_thread_of_the_daemon(pid_t thread)
{
	const char *daemon = getenv("DMA_FENCED_PID");
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/task/%d", daemon ? daemon : "none", thread);
	return access(path, F_OK) == 0;
}

static void serve_getattr(int fuse, uint64_t unique)
{
	struct fuse_attr_out attributes = {
		/* Not valid for a moment: the next lookup asks again. */
		.attr = { .ino = 1, .size = FOREIGN_SIZE, .mode = S_IFREG | 0666, .nlink = 1 },
	};

	answer(fuse, unique, 0, &attributes, sizeof(attributes));
}

static void serve_init(int fuse, uint64_t unique)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_readahead = 4096,
		.max_write = 4096,
		.max_background = 1000,
	};

	answer(fuse, unique, 0, &init, sizeof(init));
}

static void serve(struct server *server, const struct fuse_in_header *in)
{
	struct foreign_control *control = server->control;
	struct fuse_open_out open = { .open_flags = 0 };

	switch (in->opcode) {
	case FUSE_INIT:
		serve_init(server->fuse, in->unique);
		return;
	case FUSE_OPEN:
		answer(server->fuse, in->unique, 0, &open, sizeof(open));
		return;
	case FUSE_RELEASE:
		answer(server->fuse, in->unique, 0, NULL, 0);
		return;
	case FUSE_FORGET:
	case FUSE_INTERRUPT:
		return;
	case FUSE_FLUSH:
		if (!control->hang_flush || !is_thread_of_the_daemon(in->pid)) {
			answer(server->fuse, in->unique, 0, NULL, 0);
			return;
		}
		control->unanswered_flushes++;
		break;
	case FUSE_GETATTR:
		if (!control->hang) {
			serve_getattr(server->fuse, in->unique);
			return;
		}
		break;
	default:
		if (!control->hang) {
			answer(server->fuse, in->unique, -ENOSYS, NULL, 0);
			return;
		}
	}
	control->unanswered++;
}

static void serve_for_ever(void *data)
{
	static char buffer[FUSE_MIN_READ_BUFFER * 2] __attribute__((aligned(8)));
	struct server *server = data;

	/* Until the file is unmounted, or we are killed. */
	while (read(server->fuse, buffer, sizeof(buffer)) > 0 || errno == EINTR || errno == ENOENT)
		serve(server, (const struct fuse_in_header *)buffer);
}

void foreign_start(struct foreign *foreign, const char *name)
{
	struct server server = { .fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC) };
	const char *directory = getenv("TMPDIR");
	char options[128];
	int file;

	if (server.fuse < 0)
		cr_skip_test("no /dev/fuse for a foreign server");
	snprintf(foreign->path, sizeof(foreign->path), "%s/%s", directory ? directory : "/tmp",
		 name);
	file = must(open(foreign->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
	must(close(file));
	snprintf(options, sizeof(options), "fd=%d,rootmode=100666,user_id=0,group_id=0,allow_other",
		 server.fuse);
	if (mount("foreign", foreign->path, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		close(server.fuse);
		unlink(foreign->path);
		cr_skip_test("no permission to mount a foreign server");
	}
	foreign->control = must(mmap(NULL, sizeof(*foreign->control), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	server.control = foreign->control;
	foreign->server = spawn(serve_for_ever, &server);
	must(close(server.fuse));
}

int foreign_open(const struct foreign *foreign)
{
	int fd = must(open(foreign->path, O_RDWR | O_CLOEXEC));
	struct stat stat;

	must(fstat(fd, &stat));
	expect(stat.st_size, FOREIGN_SIZE);
	return fd;
}

void foreign_stop(struct foreign *foreign)
{
	/* The last fd of its connection goes with it, so all that hangs is aborted. */
	kill_child(foreign->server);
	must(umount2(foreign->path, MNT_DETACH));
	must(unlink(foreign->path));
	must(munmap(foreign->control, sizeof(*foreign->control)));
}
