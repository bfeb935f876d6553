/* SPDX-License-Identifier: MIT */
/*
 * floor-server.c - the least that a server on either transport can do: libfuse's own loop on one
 * thread, one reply a request. What a device costs beyond this is its own doing.
 *
 * Nothing here is made faster than libfuse makes it, and nothing is looked at that need not be: it
 * trusts its client, which is dma-fence-bench.
 */
#define FUSE_USE_VERSION 35
#include <cuse_lowlevel.h>
#include <fuse_lowlevel.h>

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "floor.h"

/* The largest struct that a request number can describe. */
#define PAYLOAD_MAX (1 << _IOC_SIZEBITS)

static int event_fd = -1;
static uint64_t *memory;
static int ready_fd = -1;

/* The waiters. A request belongs to us until it is replied to, a poll handle until it is destroyed.
 */
static fuse_req_t parked_ioctl;
static size_t parked_ioctl_size;
static fuse_req_t parked_read;
static size_t parked_read_size;
static struct fuse_pollhandle *poll_handle;
static bool readable;

static const unsigned char zeros[PAYLOAD_MAX];

static void say_ready(void)
{
	if (ready_fd < 0)
		return;
	if (write(ready_fd, "ready\n", 6) < 0)
		perror("floor-server: --ready-fd");
	close(ready_fd);
	ready_fd = -1;
}

static bool wake_parked(void)
{
	if (!parked_ioctl)
		return false;
	fuse_reply_ioctl(parked_ioctl, 0, zeros, parked_ioctl_size);
	parked_ioctl = NULL;
	return true;
}

static bool wake_read(void)
{
	if (!parked_read)
		return false;
	fuse_reply_buf(parked_read, (const char *)zeros, parked_read_size);
	parked_read = NULL;
	return true;
}

static bool wake_eventfd(void)
{
	return event_fd >= 0 && eventfd_write(event_fd, 1) == 0;
}

static bool wake_memory(void)
{
	uint32_t *futex = (uint32_t *)memory;

	if (!memory)
		return false;
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		futex++;
	__atomic_add_fetch(memory, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, futex, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	return true;
}

/* After the reply: a notification does not belong into the request that causes it. */
static void wake_poll(void)
{
	struct fuse_pollhandle *handle = poll_handle;

	poll_handle = NULL;
	fuse_lowlevel_notify_poll(handle);
	fuse_pollhandle_destroy(handle);
}

static void serve_ioctl(fuse_req_t req, unsigned int request, const void *in, size_t in_size,
			size_t out_size)
{
	unsigned char payload[PAYLOAD_MAX];
	bool done = true;

	if (_IOC_TYPE(request) != FLOOR_IOC_TYPE) {
		fuse_reply_err(req, ENOTTY);
		return;
	}
	switch (_IOC_NR(request)) {
	case FLOOR_ECHO:
		break;
	case FLOOR_PARK:
		parked_ioctl = req;
		parked_ioctl_size = out_size;
		return;
	case FLOOR_WAKE_PARKED:
		done = wake_parked();
		break;
	case FLOOR_WAKE_READ:
		done = wake_read();
		break;
	case FLOOR_WAKE_POLL:
		done = readable = poll_handle != NULL;
		break;
	case FLOOR_WAKE_EVENTFD:
		done = wake_eventfd();
		break;
	case FLOOR_WAKE_MEMORY:
		done = wake_memory();
		break;
	default:
		fuse_reply_err(req, ENOTTY);
		return;
	}
	if (!done) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	if (in_size)
		memcpy(payload, in, in_size);
	fuse_reply_ioctl(req, 0, in_size ? payload : zeros, out_size);
	if (_IOC_NR(request) == FLOOR_WAKE_POLL)
		wake_poll();
}

static void serve_open(fuse_req_t req, struct fuse_file_info *fi)
{
	fi->direct_io = 1;
	fi->nonseekable = 1;
	fuse_reply_open(req, fi);
}

static void serve_read(fuse_req_t req, size_t size)
{
	parked_read = req;
	parked_read_size = size < sizeof(zeros) ? size : sizeof(zeros);
}

/* Readable once: the next poll that sees it is the last. */
static void serve_poll(fuse_req_t req, struct fuse_pollhandle *handle)
{
	if (poll_handle)
		fuse_pollhandle_destroy(poll_handle);
	poll_handle = handle;
	fuse_reply_poll(req, readable ? POLLIN : 0);
	readable = false;
}

/* ---- CUSE ---- */

static void cuse_init_done(void *data)
{
	say_ready();
}

static void cuse_open(fuse_req_t req, struct fuse_file_info *fi)
{
	serve_open(req, fi);
}

static void cuse_read(fuse_req_t req, size_t size, off_t offset, struct fuse_file_info *fi)
{
	serve_read(req, size);
}

static void cuse_ioctl(fuse_req_t req, int request, void *argument, struct fuse_file_info *fi,
		       unsigned int flags, const void *in, size_t in_size, size_t out_size)
{
	serve_ioctl(req, request, in, in_size, out_size);
}

static void cuse_poll(fuse_req_t req, struct fuse_file_info *fi, struct fuse_pollhandle *handle)
{
	serve_poll(req, handle);
}

static const struct cuse_lowlevel_ops cuse_operations = {
	.init_done = cuse_init_done,
	.open = cuse_open,
	.read = cuse_read,
	.ioctl = cuse_ioctl,
	.poll = cuse_poll,
};

static int serve_cuse(char *program, const char *name)
{
	/* In the foreground, on one thread. */
	char *arguments[] = {program, "-f", "-s", NULL};
	char device_name[128];
	const char *device_info[] = {device_name};
	struct cuse_info info = {.dev_info_argc = 1, .dev_info_argv = device_info};

	snprintf(device_name, sizeof(device_name), "DEVNAME=%s", name);
	return cuse_lowlevel_main(3, arguments, &info, &cuse_operations, NULL);
}

/* ---- FUSE on one regular file ---- */

static void file_getattr(fuse_req_t req, fuse_ino_t inode, struct fuse_file_info *fi)
{
	struct stat attributes = {
		.st_ino = inode,
		.st_mode = S_IFREG | 0666,
		.st_nlink = 1,
	};

	fuse_reply_attr(req, &attributes, 3600);
}

static void file_open(fuse_req_t req, fuse_ino_t inode, struct fuse_file_info *fi)
{
	serve_open(req, fi);
}

static void file_read(fuse_req_t req, fuse_ino_t inode, size_t size, off_t offset,
		      struct fuse_file_info *fi)
{
	serve_read(req, size);
}

static void file_ioctl(fuse_req_t req, fuse_ino_t inode, unsigned int request, void *argument,
		       struct fuse_file_info *fi, unsigned int flags, const void *in,
		       size_t in_size, size_t out_size)
{
	serve_ioctl(req, request, in, in_size, out_size);
}

static void file_poll(fuse_req_t req, fuse_ino_t inode, struct fuse_file_info *fi,
		      struct fuse_pollhandle *handle)
{
	serve_poll(req, handle);
}

static const struct fuse_lowlevel_ops file_operations = {
	.getattr = file_getattr,
	.open = file_open,
	.read = file_read,
	.ioctl = file_ioctl,
	.poll = file_poll,
};

static int serve_file(char *program, const char *path)
{
	char *argv[] = {program, NULL};
	struct fuse_args arguments = FUSE_ARGS_INIT(1, argv);
	struct fuse_session *session;
	int ret = -1;

	session = fuse_session_new(&arguments, &file_operations, sizeof(file_operations), NULL);
	if (!session)
		return -1;
	if (fuse_set_signal_handlers(session) == 0) {
		if (fuse_session_mount(session, path) == 0) {
			say_ready();
			ret = fuse_session_loop(session);
			fuse_session_unmount(session);
		}
		fuse_remove_signal_handlers(session);
	}
	fuse_session_destroy(session);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"name", required_argument, NULL, 'n'},
		{"path", required_argument, NULL, 'p'},
		{"ready-fd", required_argument, NULL, 'r'},
		{"eventfd", required_argument, NULL, 'e'},
		{"memory", required_argument, NULL, 'm'},
		{NULL, 0, NULL, 0},
	};
	const char *name = NULL, *path = NULL;
	int option, ret;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n':
			name = optarg;
			break;
		case 'p':
			path = optarg;
			break;
		case 'r':
			ready_fd = atoi(optarg);
			break;
		case 'e':
			event_fd = atoi(optarg);
			break;
		case 'm':
			memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE, MAP_SHARED,
				      atoi(optarg), 0);
			if (memory == MAP_FAILED) {
				perror("floor-server: --memory");
				return 1;
			}
			break;
		default:
			return 2;
		}
	}
	if (optind != argc || !name == !path) {
		fprintf(stderr, "usage: floor-server --name=NAME | --path=FILE [--ready-fd=FD] "
				"[--eventfd=FD] [--memory=FD]\n");
		return 2;
	}
	ret = name ? serve_cuse(argv[0], name) : serve_file(argv[0], path);
	/* libfuse's loop returns the number of the signal that ended it. */
	return ret < 0;
}
