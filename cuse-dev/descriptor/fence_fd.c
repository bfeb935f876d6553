/* SPDX-License-Identifier: MIT */
/* fence_fd.c - see fence_fd.h. */
#include <errno.h>
#include <linux/ioctl.h>
#include <poll.h>
#include <stdlib.h>

#include "container_of.h"
#include "descriptor/fence_fd.h"
#include "linux_sync_file.h"

struct fence_fd {
	struct file_part part;
	struct device_syncobj *syncobj; /* a reference; NULL: a sync_file */
	struct sync_file sync_file;
	struct dma_fence_cb callback; /* added at the first poll() that has to wait */
	bool callback_added;
};

void fd_object_get(const struct fd_object *object)
{
	dma_fence_get(object->fence);
	if (object->syncobj)
		device_syncobj_get(object->syncobj);
}

void fd_object_put(const struct fd_object *object)
{
	dma_fence_put(object->fence);
	device_syncobj_put(object->syncobj);
}

uint64_t fd_object_cost(const struct fd_object *object)
{
	return object->syncobj ? SYNCOBJ_COST : account_fence_cost(object->fence);
}

static struct fence_fd *to_fence_fd(const struct file_part *part)
{
	return container_of(part, struct fence_fd, part);
}

static struct fd_object object_of(const struct fence_fd *fd)
{
	return (struct fd_object){
		.fence = fd->syncobj ? NULL : fd->sync_file.fence,
		.syncobj = fd->syncobj,
	};
}

static void release(struct file_part *part)
{
	struct fence_fd *fd = to_fence_fd(part);
	struct fd_object object = object_of(fd);

	if (fd->callback_added)
		dma_fence_remove_callback(fd->sync_file.fence, &fd->callback);
	file_bind(part->file, NULL);
	account_uncharge(part->file->account, fd_object_cost(&object));
	if (fd->syncobj)
		device_syncobj_put(fd->syncobj);
	else
		sync_file_fini(&fd->sync_file);
	file_part_free(part);
}

static const struct file_part_ops part_ops = {
	.size = sizeof(struct fence_fd),
	.release = release,
};

static struct fence_fd *fence_fd_of(const struct open_file *file)
{
	struct file_part *part = file_part_find(file, &part_ops);

	return part ? to_fence_fd(part) : NULL;
}

static unsigned int poll_sync_file(struct open_file *file)
{
	return dma_fence_is_signaled(fence_fd_of(file)->sync_file.fence) ? POLLIN : 0;
}

static void fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct fence_fd *fd = container_of(callback, struct fence_fd, callback);

	fd->callback_added = false;
	file_became_ready(fd->part.file);
}

static void watch_sync_file(struct open_file *file)
{
	struct fence_fd *fd = fence_fd_of(file);

	if (fd->callback_added)
		return;
	fd->callback_added =
		dma_fence_add_callback(fd->sync_file.fence, &fd->callback, fence_signaled) == 0;
	if (!fd->callback_added)
		file_became_ready(file);
}

static const struct file_operations sync_file_operations = {
	.ioctl_type = _IOC_TYPE(SYNC_IOC_MERGE),
	.poll = poll_sync_file,
	.watch = watch_sync_file,
};

/* Always ready, as a file of the kernel's that cannot be polled. */
static unsigned int poll_syncobj(struct open_file *file)
{
	return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

static const struct file_operations syncobj_operations = { .poll = poll_syncobj };

int fence_fd_bind(struct open_file *file, const struct fd_object *object, const char *name)
{
	struct fence_fd *fd;
	struct file_part *part;

	if (account_charge(file->account, fd_object_cost(object)))
		return -ENOMEM;
	part = file_part_get(file, &part_ops);
	if (!part) {
		account_uncharge(file->account, fd_object_cost(object));
		return -ENOMEM;
	}
	fd = to_fence_fd(part);
	if (object->syncobj)
		fd->syncobj = device_syncobj_get(object->syncobj);
	else
		sync_file_init(&fd->sync_file, object->fence, name);
	file_bind(file, object->syncobj ? &syncobj_operations : &sync_file_operations);
	return 0;
}

struct fd_object fence_fd_object(const struct open_file *file)
{
	struct fence_fd *fd = fence_fd_of(file);

	return fd ? object_of(fd) : (struct fd_object){ NULL, NULL };
}

struct sync_file *fence_fd_sync_file(const struct open_file *file)
{
	return &fence_fd_of(file)->sync_file;
}
