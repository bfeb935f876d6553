/* SPDX-License-Identifier: MIT */
/* read.c - see read.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "container_of.h"
#include "file/read.h"

/*
 * The most records of one read(). The kernel cuts a large read() into requests, and continues with
 * the next after one that was filled completely; that would block though there is something to
 * return. So the smallest cut, 256 pages or segments of a readv(), each with a record, is not filled.
 */
#define READ_RECORDS_MAX 255

/* A read() that blocks. */
struct reader {
	struct pending pending;
	struct record_listener listener;
	unsigned int capacity; /* records */
};

static struct reader *to_reader(struct pending *pending)
{
	return container_of(pending, struct reader, pending);
}

static void reply_records(const struct request *request, unsigned int capacity)
{
	struct dma_fence_event events[READ_RECORDS_MAX];
	unsigned int count = records_take(&request->file->records, events, capacity);

	fuse_reply_buf(request->fuse, (const char *)events, count * sizeof(events[0]));
}

static void end(struct pending *pending, int result)
{
	DL_DELETE(pending->request.file->records.listeners, &to_reader(pending)->listener);
}

static void reply(struct pending *pending, int result)
{
	if (result)
		fuse_reply_err(pending->request.fuse, -result);
	else
		reply_records(&pending->request, to_reader(pending)->capacity);
}

static void reader_free(struct pending *pending)
{
	free(to_reader(pending));
}

static const struct pending_ops reader_ops = {
	.end = end,
	.reply = reply,
	.free = reader_free,
	.is_wait = true,
	.is_read = true,
};

static void records_are_ready(struct record_listener *listener)
{
	pending_complete(&container_of(listener, struct reader, listener)->pending, 0);
}

static int block(const struct request *request, unsigned int capacity)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int ret;

	if (!reader)
		return -ENOMEM;
	reader->capacity = capacity;
	reader->listener.ready = records_are_ready;
	ret = pending_start(&reader->pending, &reader_ops, request, sizeof(*reader));
	if (ret)
		free(reader);
	else
		DL_APPEND(request->file->records.listeners, &reader->listener);
	return ret;
}

void file_read(struct request *request, size_t size, int flags)
{
	struct record_queue *records = &request->file->records;
	size_t capacity = size / sizeof(struct dma_fence_event);
	int ret = 0;

	if (capacity > READ_RECORDS_MAX)
		capacity = READ_RECORDS_MAX;
	request_prepare_to_block(request);
	device_lock(request->device);
	if (request->file->operations || !capacity)
		ret = -EINVAL;
	else if (records->ready && !records->listeners)
		reply_records(request, (unsigned int)capacity);
	else if (request->device->is_ending)
		ret = -ENOTCONN;
	else if (flags & O_NONBLOCK)
		ret = -EAGAIN;
	else
		ret = block(request, (unsigned int)capacity);
	device_unlock(request->device);
	if (ret)
		fuse_reply_err(request->fuse, -ret);
}
