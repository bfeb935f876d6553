/* SPDX-License-Identifier: MIT */
/*
 * fuse.c - a mount of FUSE whose root is a regular file, on a file: for kernels without
 * CUSE, for containers, and unprivileged.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device/log.h"
#include "transport/loop.h"
#include "transport/transport.h"

#define FUSE_DEVICE "/dev/fuse"

/* The attributes never change behind the kernel's back. */
#define ATTRIBUTES_VALID_SECONDS 86400

extern char **environ;

static char *node_path;
static bool node_is_ours; /* made by us: removed at the end */
static bool is_left_over; /* a killed daemon's mount was there */
static struct stat attributes;

static void fuse_init(void *data, struct fuse_conn_info *connection)
{
	transport_is_ready();
}

static void fuse_getattr(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *info)
{
	fuse_reply_attr(fuse, &attributes, ATTRIBUTES_VALID_SECONDS);
}

/*
 * "> node" opens with O_TRUNC, which does nothing to a device; everything else stays as the options
 * have it.
 */
static void fuse_setattr(fuse_req_t fuse, fuse_ino_t inode, struct stat *wanted, int which,
			 struct fuse_file_info *info)
{
	if (which & ~FUSE_SET_ATTR_SIZE)
		fuse_reply_err(fuse, EPERM);
	else
		fuse_reply_attr(fuse, &attributes, ATTRIBUTES_VALID_SECONDS);
}

/*
 * The file must be a stream: a regular file's read() holds the lock of the file position, so of two
 * that block in it the second could not even be killed. libfuse has no way to say so, hence the
 * answer is written here; what remains is to have libfuse forget the request.
 */
static void reply_open_as_stream(fuse_req_t fuse, struct device *device, struct open_file *file)
{
	struct {
		struct fuse_out_header header;
		struct fuse_open_out open;
	} answer = {
		.header = { .len = sizeof(answer), .unique = loop_request_unique() },
		.open = { .fh = (uintptr_t)file, .open_flags = FOPEN_DIRECT_IO | FOPEN_STREAM },
	};

	if (write(fuse_session_fd(device->session), &answer, sizeof(answer)) < 0) {
		/* The open was interrupted: no RELEASE will come. */
		device_lock(device);
		file_release(file);
		device_unlock(device);
	}
	fuse_reply_none(fuse);
}

static void fuse_open(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *info)
{
	struct open_file *file;
	int ret = transport_open(fuse, &file);

	if (ret)
		fuse_reply_err(fuse, -ret);
	else
		reply_open_as_stream(fuse, fuse_req_userdata(fuse), file);
}

static void fuse_release(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *info)
{
	transport_release(fuse, info);
}

static void fuse_read(fuse_req_t fuse, fuse_ino_t inode, size_t size, off_t offset,
		      struct fuse_file_info *info)
{
	transport_read(fuse, size, info);
}

static void fuse_write(fuse_req_t fuse, fuse_ino_t inode, const char *buffer, size_t size,
		       off_t offset, struct fuse_file_info *info)
{
	fuse_reply_err(fuse, EINVAL);
}

/* As a character device, and the kernel's own fence fds: there is nothing that could be synced. */
static void fuse_fsync(fuse_req_t fuse, fuse_ino_t inode, int data_only,
		       struct fuse_file_info *info)
{
	fuse_reply_err(fuse, EINVAL);
}

static void fuse_ioctl(fuse_req_t fuse, fuse_ino_t inode, unsigned int command, void *argument,
		       struct fuse_file_info *info, unsigned int flags, const void *input,
		       size_t input_size, size_t output_size)
{
	transport_ioctl(fuse, command, info, flags, input, input_size);
}

static void fuse_poll(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *info,
		      struct fuse_pollhandle *handle)
{
	transport_poll(fuse, info, handle);
}

/*
 * No flush: after one ENOSYS the kernel never asks again, so that closing an fd, our own
 * duplicates included, waits for no answer.
 */
static const struct fuse_lowlevel_ops operations = {
	.init = fuse_init,
	.getattr = fuse_getattr,
	.setattr = fuse_setattr,
	.open = fuse_open,
	.release = fuse_release,
	.read = fuse_read,
	.write = fuse_write,
	.fsync = fuse_fsync,
	.ioctl = fuse_ioctl,
	.poll = fuse_poll,
};

static bool fuse_available(bool complain)
{
	int fd = open(FUSE_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 && complain)
		log_error("cannot open %s: %s%s", FUSE_DEVICE, strerror(errno),
			  errno == ENOENT   ? " (try 'modprobe fuse')"
			  : errno == EACCES ? " (its mode should be 0666)"
					    : "");
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static char *default_path(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char *path;

	if (!geteuid())
		return strdup("/dev/dma_fence");
	if (!runtime || runtime[0] != '/') {
		log_error("no $XDG_RUNTIME_DIR: say where with --path=FILE");
		return NULL;
	}
	return asprintf(&path, "%s/dma_fence", runtime) < 0 ? NULL : path;
}

static void unmount_detached(const char *path)
{
	char *arguments[] = { (char[]){ "fusermount3" }, (char[]){ "-uzq" }, (char[]){ "--" },
			      node_path, NULL };
	pid_t child;

	if (!umount2(path, MNT_DETACH))
		return;
	if (!posix_spawnp(&child, arguments[0], NULL, NULL, arguments, environ))
		waitpid(child, NULL, 0);
}

/* A mount that is there already: a living daemon's, or what a killed one left behind. */
static int clear_old_mount(void)
{
	struct statx stat = { 0 };
	int fd;

	if (statx(AT_FDCWD, node_path, AT_STATX_DONT_SYNC, 0, &stat) && errno != ENOTCONN)
		return 0;
	fd = open(node_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOTCONN) {
		unmount_detached(node_path);
		is_left_over = true;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	if (!(stat.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return 0;
	log_error("%s is served already, or something else is mounted there", node_path);
	return -EBUSY;
}

static int make_file(void)
{
	struct stat stat_buffer;
	int fd = open(node_path, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0600);

	if (fd >= 0) {
		close(fd);
		node_is_ours = true;
		return 0;
	}
	if (errno != EEXIST) {
		log_error("cannot create %s: %s", node_path, strerror(errno));
		return -errno;
	}
	if (stat(node_path, &stat_buffer) || !S_ISREG(stat_buffer.st_mode)) {
		log_error("%s is not a regular file", node_path);
		return -EINVAL;
	}
	if (stat_buffer.st_size) {
		log_error("%s is not empty: what is in it would be hidden", node_path);
		return -EINVAL;
	}
	/* A killed daemon, whose mount it was under, would have removed it. */
	node_is_ours = is_left_over;
	return 0;
}

static void remove_file(void)
{
	if (node_is_ours)
		unlink(node_path);
	free(node_path);
	node_path = NULL;
}

static int mount_session(struct device *device)
{
	char program[] = "dma-fenced", flag[] = "-o",
	     everybody[] = "allow_other,default_permissions,fsname=dma-fence",
	     myself[] = "default_permissions,fsname=dma-fence";
	/* Only root may let others in, unless fuse.conf says so. */
	char *arguments[] = { program, flag, geteuid() ? myself : everybody, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, arguments);
	struct statx stat;

	device->session = fuse_session_new(&args, &operations, sizeof(operations), device);
	fuse_opt_free_args(&args);
	if (!device->session) {
		log_error("cannot set up FUSE: %s",
			  log_last_of_libfuse() ? log_last_of_libfuse() : strerror(ENOMEM));
		return -ENOMEM;
	}
	if (fuse_session_mount(device->session, node_path)) {
		/* Where libfuse says nothing fusermount3 has. */
		log_error("cannot mount on %s: %s", node_path,
			  log_last_of_libfuse() ? log_last_of_libfuse() : "see above");
		goto err_destroy;
	}
	if (statx(AT_FDCWD, node_path, AT_STATX_DONT_SYNC, 0, &stat)) {
		log_error("cannot find the mount on %s: %s", node_path, strerror(errno));
		fuse_session_unmount(device->session);
		goto err_destroy;
	}
	device->identity.character = false;
	device->identity.major = stat.stx_dev_major;
	device->identity.minor = stat.stx_dev_minor;
	return 0;

err_destroy:
	fuse_session_destroy(device->session);
	device->session = NULL;
	return -EIO;
}

static int fuse_start(struct device *device, const struct options *options)
{
	int ret;

	node_path = options->path ? strdup(options->path) : default_path();
	if (!node_path)
		return -ENOMEM;
	attributes = (struct stat){
		.st_ino = FUSE_ROOT_ID,
		.st_mode = S_IFREG | options->mode,
		.st_nlink = 1,
		.st_uid = options->owner == (uid_t)-1 ? geteuid() : options->owner,
		.st_gid = options->group == (gid_t)-1 ? getegid() : options->group,
	};
	ret = clear_old_mount();
	if (!ret)
		ret = make_file();
	if (ret) {
		free(node_path);
		node_path = NULL;
		return ret;
	}
	ret = mount_session(device);
	if (ret)
		remove_file();
	return ret;
}

static void fuse_stop(struct device *device)
{
	fuse_session_unmount(device->session);
	if (!device->session_is_busy)
		fuse_session_destroy(device->session);
	device->session = NULL;
	remove_file();
}

static const char *fuse_path(void)
{
	return node_path;
}

const struct transport fuse_transport = {
	.name = "FUSE",
	.number = DMA_FENCE_TRANSPORT_FUSE,
	.available = fuse_available,
	.start = fuse_start,
	.stop = fuse_stop,
	.path = fuse_path,
};
