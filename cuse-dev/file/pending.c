/* SPDX-License-Identifier: MIT */
/*
 * request.c - parked requests and their interrupts, and the answers. request.h tells who may race.
 */
#include <errno.h>

#include "file/file.h"
#include "file/pending.h"

int park(struct parked *parked, fuse_req_t fuse, struct open_file *file,
	 void (*interrupted)(struct parked *parked))
{
	struct device *device = file->device;
	unsigned int *count = parked->is_wait ? &file->waits : &file->jobs;

	if (*count >= MAX_WAITS)
		return -ENOSPC;
	parked->fuse = fuse;
	parked->file = file;
	parked->interrupted = interrupted;
	HASH_ADD_PTR(device->parked, fuse, parked);
	if (!parked->hh.tbl)
		return -ENOMEM;
	(*count)++;
	file_get(file);
	device->stats.waits += parked->is_wait;
	return 0;
}

void unpark(struct parked *parked)
{
	struct open_file *file = parked->file;
	struct device *device = file->device;

	HASH_DEL(device->parked, parked);
	(*(parked->is_wait ? &file->waits : &file->jobs))--;
	device->stats.waits -= parked->is_wait;
	file_put(file);
}

/*
 * Answers instead of whatever the request waited for. Its owner may look at the open file once
 * more, which at the end of the device has no other reference left.
 */
static void answer_instead(struct parked *parked, int result)
{
	struct open_file *file = parked->file;
	fuse_req_t fuse = parked->fuse;

	file_get(file);
	unpark(parked);
	/* The header of an answer, all that read() has, cannot carry this number. */
	if (result == -ERESTARTSYS && parked->interrupted != file_read_interrupted)
		fuse_reply_ioctl(fuse, result, NULL, 0);
	else
		fuse_reply_err(fuse, result == -ERESTARTSYS ? EINTR : -result);
	parked->interrupted(parked);
	file_put(file);
}

void parked_interrupt(struct parked *parked)
{
	answer_instead(parked, -ERESTARTSYS);
}

/*
 * The reader has read an INTERRUPT for a request. libfuse holds the request alive meanwhile, but
 * data could be gone: a lane or the timer may have answered since libfuse looked. So data is the
 * device, and the table tells whether there is anything to end.
 */
static void on_interrupt(fuse_req_t fuse, void *data)
{
	struct device *device = data;
	struct parked *parked;

	device_lock(device);
	HASH_FIND_PTR(device->parked, &fuse, parked);
	if (parked && !(parked->defer && parked->defer(parked)))
		parked_interrupt(parked);
	device_unlock_and_notify(device);
}

/*
 * libfuse takes the request's lock here, and holds the same while it calls on_interrupt(), which
 * takes the device's: so the device's must not be held here. The kernel sends an INTERRUPT only for
 * a request that has been read, and the reader is this thread: none can come between this and the
 * parking.
 */
void request_may_park(struct device *device, fuse_req_t fuse)
{
	fuse_req_interrupt_func(fuse, on_interrupt, device);
}

void parked_abort_all(struct device *device, bool answers_too)
{
	struct parked *parked = device->parked;

	while (parked) {
		if (parked->is_answer && !answers_too) {
			parked = parked->hh.next;
			continue;
		}
		answer_instead(parked, -ECONNABORTED);
		/* It may be what the next one waited for: both are gone then. */
		parked = device->parked;
	}
}

/* The argument tells more about these. */
static bool is_explained(int result)
{
	return result == 0 || result == -ETIME || result == -EDEADLK || result == -EALREADY ||
	       result == -EBUSY;
}

void request_reply(fuse_req_t fuse, int result, const void *argument, size_t size)
{
	if (is_explained(result))
		fuse_reply_ioctl(fuse, result, argument, size);
	else
		fuse_reply_err(fuse, -result);
}

void request_reply_always(fuse_req_t fuse, int result, const void *argument, size_t size,
			  size_t zeros)
{
	static const char nothing[DMA_FENCE_INLINE_MAX] = { 0 };
	const struct iovec parts[] = {
		{ .iov_base = (void *)(uintptr_t)argument, .iov_len = size },
		{ .iov_base = (void *)(uintptr_t)nothing, .iov_len = zeros },
	};

	if (zeros)
		fuse_reply_ioctl_iov(fuse, result, parts, 2);
	else
		fuse_reply_ioctl(fuse, result, argument, size);
}
