/* SPDX-License-Identifier: MIT */
/* pending.c - pending requests and their interrupts, and answers. pending.h says what may race. */
#include <errno.h>

#include "container_of.h"
#include "file/pending.h"

static struct pending *table; /* hash by request.fuse */

bool deadline_has_passed(int64_t deadline_ns)
{
	return deadline_ns <= 0 || (deadline_ns != INT64_MAX && deadline_ns <= dma_fence_now());
}

int pending_start(struct pending *pending, const struct pending_ops *ops,
		  const struct request *request, uint64_t charge)
{
	struct open_file *file = request->file;
	unsigned int *count = ops->is_wait ? &file->waits : &file->jobs;

	device_assert_held(request->device);
	/* Otherwise a signal could not interrupt it, and its process could not be killed. */
	assert(request->may_block);
	if (*count >= MAX_WAITS)
		return -ENOSPC;
	if (account_charge(file->account, charge))
		return -ENOMEM;
	pending->request = *request;
	pending->ops = ops;
	pending->charge = charge;
	HASH_ADD_PTR(table, request.fuse, pending);
	if (!pending->hh.tbl) {
		account_uncharge(file->account, charge);
		return -ENOMEM;
	}
	(*count)++;
	file_get(file);
	request->device->stats.waits += ops->is_wait;
	return 0;
}

static void deadline_is_over(struct timer *timer)
{
	pending_complete(container_of(timer, struct pending, deadline), -ETIME);
}

int pending_set_deadline(struct pending *pending, int64_t deadline_ns)
{
	if (deadline_ns == INT64_MAX)
		return 0;
	return timer_set(&pending->deadline, deadline_ns, deadline_is_over);
}

void pending_take_out(struct pending *pending)
{
	struct open_file *file = pending->request.file;
	struct device *device = pending->request.device;

	device_assert_held(device);
	timer_cancel(&pending->deadline);
	HASH_DEL(table, pending);
	(*(pending->ops->is_wait ? &file->waits : &file->jobs))--;
	device->stats.waits -= pending->ops->is_wait;
	account_uncharge(file->account, pending->charge);
	file_put(file);
}

static void reply(struct pending *pending, int result)
{
	const struct request *request = &pending->request;

	if (result == -ERESTARTSYS && pending->ops->is_read)
		fuse_reply_err(request->fuse, EINTR);
	else if (result == -ERESTARTSYS)
		fuse_reply_ioctl(request->fuse, result, NULL, 0);
	else if (pending->ops->reply)
		pending->ops->reply(pending, result);
	else
		request_reply(request, result, pending->answer);
}

void pending_complete(struct pending *pending, int result)
{
	struct open_file *file = pending->request.file;

	/* At the end of the device the request may hold the last reference. */
	file_get(file);
	pending_take_out(pending);
	pending->ops->end(pending, result);
	reply(pending, result);
	pending->ops->free(pending);
	file_put(file);
}

void pending_abort_all(bool answers_too)
{
	struct pending *pending = table;

	while (pending) {
		if (pending->is_answer && !answers_too) {
			pending = pending->hh.next;
			continue;
		}
		pending_complete(pending, -ECONNABORTED);
		/* It may have completed the next one as well: both are gone then. */
		pending = table;
	}
}

bool pending_is_any(void)
{
	return table != NULL;
}

/*
 * The loop thread has read an INTERRUPT for a request. libfuse holds the request alive meanwhile,
 * but what it had as data could be gone: a worker or the timer may have answered since libfuse
 * looked it up. So data is the device, and the table says whether there is anything to complete.
 */
static void on_interrupt(fuse_req_t fuse, void *data)
{
	struct device *device = data;
	struct pending *pending;

	device_lock(device);
	HASH_FIND_PTR(table, &fuse, pending);
	if (pending && !(pending->ops->defer_interrupt && pending->ops->defer_interrupt(pending)))
		pending_complete(pending, -ERESTARTSYS);
	device_unlock_and_notify(device);
}

/*
 * libfuse takes the request's lock here, and holds the same while it calls on_interrupt(), which
 * takes the device's: so the device's must not be held here. The kernel sends an INTERRUPT only for
 * a request that has been read, and this is the thread that reads: none can come between this and
 * pending_start().
 */
void request_prepare_to_block(struct request *request)
{
	fuse_req_interrupt_func(request->fuse, on_interrupt, request->device);
	request->may_block = true;
}

/* The argument says more about these. */
static bool is_explained(int result)
{
	return result == 0 || result == -ETIME || result == -EDEADLK || result == -EALREADY ||
	       result == -EBUSY;
}

void request_reply(const struct request *request, int result, const void *argument)
{
	static const char zeros[DMA_FENCE_INLINE_MAX];
	const struct iovec parts[] = {
		{ .iov_base = (void *)(uintptr_t)argument, .iov_len = request->reply_size },
		{ .iov_base = (void *)(uintptr_t)zeros, .iov_len = request->reply_zeros },
	};

	if (!request->always_replies && !is_explained(result))
		fuse_reply_err(request->fuse, -result);
	else if (request->reply_zeros)
		fuse_reply_ioctl_iov(request->fuse, result, parts, 2);
	else
		fuse_reply_ioctl(request->fuse, result, argument, request->reply_size);
}
