/* SPDX-License-Identifier: MIT */
/*
 * file_io.c - read() and poll() of an open file.
 *
 * A poll handle is replaced before the state is looked at, both under the lock that whoever changes
 * the state holds: either poll() sees the change, or the change sees the handle.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

#include "fence/event.h"
#include "file/file.h"

/*
 * The most records of one read(). The kernel cuts a large read() into requests, and goes on with
 * the next after one that was filled to the brim; that would block though there is something to
 * return. So none is ever filled: the smallest cut is larger than this.
 */
#define READ_RECORDS_MAX 256

struct parked_read {
	struct parked parked;
	struct parked_read *prev, *next; /* of file->readers */
	unsigned int capacity;		 /* records */
};

/*
 * What poll() says. A syncobj is always ready, as a file of the kernel's that cannot be polled.
 * When the device ends the node has nothing more to tell, once its records are read.
 */
static unsigned int ready_events(struct open_file *file)
{
	if (file->bound && file->bound->syncobj)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	if (file->bound)
		return dma_fence_is_signaled(file->bound->sync_file.fence) ? POLLIN : 0;
	if (file->ready)
		return POLLIN;
	return file->device->is_ending ? POLLERR : 0;
}

static void reply_records(struct open_file *file, fuse_req_t fuse, unsigned int capacity)
{
	struct dma_fence_event records[READ_RECORDS_MAX];
	unsigned int count = events_take(file, records, capacity);

	fuse_reply_buf(fuse, (const char *)records, count * sizeof(records[0]));
}

void file_read_interrupted(struct parked *parked)
{
	struct parked_read *reader = (struct parked_read *)parked;

	DL_DELETE(parked->file->readers, reader);
	free(reader);
}

static int park_reader(struct open_file *file, fuse_req_t fuse, unsigned int capacity)
{
	struct parked_read *reader = calloc(1, sizeof(*reader));
	int ret;

	if (!reader)
		return -ENOMEM;
	reader->capacity = capacity;
	reader->parked.is_wait = true;
	ret = park(&reader->parked, fuse, file, file_read_interrupted);
	if (ret)
		free(reader);
	else
		DL_APPEND(file->readers, reader);
	return ret;
}

void file_read(struct open_file *file, fuse_req_t fuse, size_t size, int flags)
{
	size_t capacity = size / sizeof(struct dma_fence_event);
	int ret = 0;

	if (capacity > READ_RECORDS_MAX)
		capacity = READ_RECORDS_MAX;
	request_may_park(file->device, fuse);
	device_lock(file->device);
	if (file->bound || !capacity)
		ret = -EINVAL;
	else if (file->ready && !file->readers)
		reply_records(file, fuse, capacity);
	else if (file->device->is_ending)
		ret = -ENOTCONN;
	else if (flags & O_NONBLOCK)
		ret = -EAGAIN;
	else
		ret = park_reader(file, fuse, capacity);
	device_unlock(file->device);
	if (ret)
		fuse_reply_err(fuse, -ret);
}

void file_became_readable(struct open_file *file)
{
	while (file->readers && file->ready) {
		struct parked_read *reader = file->readers;
		fuse_req_t fuse = reader->parked.fuse;

		DL_DELETE(file->readers, reader);
		unpark(&reader->parked);
		reply_records(file, fuse, reader->capacity);
		free(reader);
	}
	if (file->poll_handle && ready_events(file)) {
		device_poll_is_due(file->device, file->poll_handle);
		file->poll_handle = NULL;
	}
}

static void bound_fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct bound *bound = (struct bound *)((char *)callback - offsetof(struct bound, callback));

	bound->callback_added = false;
	file_became_readable(bound->file);
}

void file_watch_bound(struct open_file *file)
{
	struct bound *bound = file->bound;

	if (bound->callback_added)
		return;
	bound->callback_added = dma_fence_add_callback(bound->sync_file.fence, &bound->callback,
						       bound_fence_signaled) == 0;
	if (!bound->callback_added)
		file_became_readable(file);
}

void file_poll(struct open_file *file, fuse_req_t fuse, struct fuse_pollhandle *handle)
{
	unsigned int events;

	device_lock(file->device);
	if (handle) {
		if (file->poll_handle)
			fuse_pollhandle_destroy(file->poll_handle);
		file->poll_handle = handle;
	}
	events = ready_events(file);
	/* A container may turn out to be signaled only now: then the handle is due at once. */
	if (handle && !events && file->bound)
		file_watch_bound(file);
	device_unlock(file->device);
	fuse_reply_poll(fuse, events);
}
