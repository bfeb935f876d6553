/* SPDX-License-Identifier: MIT */
/*
 * cuse.c - a real character device, /dev/NAME, with restricted ioctls: one round trip
 * each.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "device/log.h"
#include "transport/transport.h"

#include <cuse_lowlevel.h>

#define CUSE_DEVICE "/dev/cuse"

/* How long udev may take to make the node, in steps. */
#define NODE_TRIES   200
#define NODE_STEP_NS 10000000

static char node_path[128];
static const struct options *node_options;

static void cuse_open(fuse_req_t fuse, struct fuse_file_info *info)
{
	struct open_file *file;
	int ret = transport_open(fuse, &file);

	if (ret) {
		fuse_reply_err(fuse, -ret);
		return;
	}
	info->fh = (uintptr_t)file;
	info->direct_io = 1;
	info->nonseekable = 1;
	fuse_reply_open(fuse, info);
}

static void cuse_read(fuse_req_t fuse, size_t size, off_t offset, struct fuse_file_info *info)
{
	transport_read(fuse, size, info);
}

static void cuse_write(fuse_req_t fuse, const char *buffer, size_t size, off_t offset,
		       struct fuse_file_info *info)
{
	fuse_reply_err(fuse, EINVAL);
}

static void cuse_ioctl(fuse_req_t fuse, int command, void *argument, struct fuse_file_info *info,
		       unsigned int flags, const void *input, size_t input_size, size_t output_size)
{
	transport_ioctl(fuse, (unsigned int)command, info, flags, input, input_size);
}

/*
 * The kernel has made the device. The node may be devtmpfs' and be there, or udev's and come in a
 * moment.
 */
static int wait_for_node(struct stat *stat_buffer)
{
	const struct timespec step = { .tv_nsec = NODE_STEP_NS };

	for (int tries = 0; tries < NODE_TRIES; tries++) {
		if (!stat(node_path, stat_buffer) && S_ISCHR(stat_buffer->st_mode))
			return 0;
		nanosleep(&step, NULL);
	}
	return -ENOENT;
}

static void cuse_init_done(void *data)
{
	struct device *device = data;
	struct stat stat_buffer;

	if (wait_for_node(&stat_buffer)) {
		log_error("%s does not appear: is /dev managed by devtmpfs or udev here?",
			  node_path);
		fuse_session_exit(device->session);
		return;
	}
	if (chmod(node_path, node_options->mode) ||
	    chown(node_path, node_options->owner, node_options->group)) {
		log_error("cannot set mode and owner of %s: %s", node_path, strerror(errno));
		fuse_session_exit(device->session);
		return;
	}
	device_lock(device);
	device->identity.character = true;
	device->identity.major = major(stat_buffer.st_rdev);
	device->identity.minor = minor(stat_buffer.st_rdev);
	device_unlock(device);
	transport_is_ready();
}

static const struct cuse_lowlevel_ops operations = {
	.init_done = cuse_init_done,
	.open = cuse_open,
	.read = cuse_read,
	.write = cuse_write,
	.release = transport_release,
	.ioctl = cuse_ioctl,
	.poll = transport_poll,
};

static bool cuse_available(bool complain)
{
	int fd = open(CUSE_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 && complain)
		log_error("cannot open %s: %s%s", CUSE_DEVICE, strerror(errno),
			  errno == ENOENT ? " (try 'modprobe cuse')" : "");
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * The kernel refuses a second device of the same name by hanging up; this says so before. In sysfs
 * a slash is an exclamation mark.
 */
static bool is_taken(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/class/cuse/%s", name);
	for (char *slash = path + strlen("/sys/class/cuse/"); (slash = strchr(slash, '/'));)
		*slash = '!';
	return access(path, F_OK) == 0;
}

static int cuse_start(struct device *device, const struct options *options)
{
	char program[] = "dma-fenced", name[120], fd_path[32];
	char *arguments[] = { program, NULL };
	const char *device_info[] = { name };
	struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
	struct cuse_info info = { .dev_info_argc = 1, .dev_info_argv = device_info };
	int fd, ret;

	snprintf(node_path, sizeof(node_path), "/dev/%s", options->name);
	if (is_taken(options->name)) {
		log_error("%s is served already", node_path);
		return -EBUSY;
	}
	fd = open(CUSE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		log_error("cannot open %s: %s", CUSE_DEVICE, strerror(errno));
		return ret;
	}
	snprintf(name, sizeof(name), "DEVNAME=%s", options->name);
	node_options = options;
	device->session = cuse_lowlevel_new(&args, &info, &operations, device);
	fuse_opt_free_args(&args);
	if (!device->session) {
		log_error("cannot set up CUSE: %s",
			  log_last_of_libfuse() ? log_last_of_libfuse() : strerror(ENOMEM));
		close(fd);
		return -ENOMEM;
	}
	/* The session takes the fd over. */
	snprintf(fd_path, sizeof(fd_path), "/dev/fd/%d", fd);
	if (fuse_session_mount(device->session, fd_path)) {
		log_error("cannot set up CUSE: %s",
			  log_last_of_libfuse() ? log_last_of_libfuse() : strerror(ENOMEM));
		fuse_session_destroy(device->session);
		close(fd);
		return -EIO;
	}
	return 0;
}

static void cuse_stop(struct device *device)
{
	if (!device->session_is_busy)
		fuse_session_destroy(device->session);
	device->session = NULL;
}

static const char *cuse_path(void)
{
	return node_path;
}

const struct transport cuse_transport = {
	.name = "CUSE",
	.number = DMA_FENCE_TRANSPORT_CUSE,
	.available = cuse_available,
	.start = cuse_start,
	.stop = cuse_stop,
	.path = cuse_path,
};
