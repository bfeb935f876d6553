/* SPDX-License-Identifier: MIT */
/*
 * wakeup-cases.c - the ways to wait, one row each. A way is the same code on both sides: only what
 * is waited on differs.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "wakeups.h"

#define LIMIT 1.15

/* Long enough to see a store that comes soon, as a waiter does who knows that it will. */
#define SPIN_NS	     2000
#define SPIN_ONLY_NS NSEC_PER_SEC

/* ---- WAIT ---- */

static int prepare_wait(struct wakeup_batch *batch, unsigned int i)
{
	batch->wait[i].head.count = 1;
	batch->wait[i].head.deadline_ns = DMA_FENCE_WAIT_FOREVER;
	batch->wait[i].item.handle = batch->wake[i].handle;
	return 0;
}

static int wait_ioctl(struct wakeup_batch *batch, unsigned int i)
{
	return ioctl(batch->file, batch->wait_request, &batch->wait[i]) < 0 ? -errno : 0;
}

/* ---- poll() and io_uring on a sync_file ---- */

static int prepare_sync_file(struct wakeup_batch *batch, unsigned int i)
{
	batch->pollable[i] = dma_fence_device_export(batch->file, batch->wake[i].handle);
	return batch->pollable[i] < 0 ? -errno : 0;
}

static int prepare_open(struct wakeup_batch *batch, unsigned int i)
{
	batch->pollable[i] = open(batch->target->path, O_RDONLY | O_CLOEXEC);
	return batch->pollable[i] < 0 ? -errno : 0;
}

static int wait_poll(struct wakeup_batch *batch, unsigned int i)
{
	struct pollfd pollable = {.fd = batch->pollable[i], .events = POLLIN};

	if (poll(&pollable, 1, -1) < 0)
		return -errno;
	return pollable.revents == POLLIN ? 0 : -EIO;
}

static int enter_io_uring(struct wakeup_batch *batch)
{
	return io_uring_queue_init(4, &batch->ring, 0);
}

static int wait_io_uring(struct wakeup_batch *batch, unsigned int i)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(&batch->ring);
	struct io_uring_cqe *completion;
	int ret;

	if (!entry)
		return -EBUSY;
	io_uring_prep_poll_add(entry, batch->pollable[i], POLLIN);
	ret = io_uring_submit_and_wait(&batch->ring, 1);
	if (ret < 0)
		return ret;
	ret = io_uring_peek_cqe(&batch->ring, &completion);
	if (ret < 0)
		return ret;
	ret = completion->res < 0 ? completion->res : completion->res & POLLIN ? 0 : -EIO;
	io_uring_cqe_seen(&batch->ring, completion);
	return ret;
}

/* ---- events ---- */

static int prepare_eventfd(struct wakeup_batch *batch, unsigned int i)
{
	__u32 event;

	return dma_fence_device_eventfd_add(batch->file, batch->wake[i].handle,
					    batch->stage->event_fd, &event) < 0
		       ? -errno
		       : 0;
}

/* What others have left in it. */
static int enter_eventfd(struct wakeup_batch *batch)
{
	struct pollfd poll_fd = {.fd = batch->stage->event_fd, .events = POLLIN};
	eventfd_t count;

	if (poll(&poll_fd, 1, 0) > 0 && eventfd_read(batch->stage->event_fd, &count) < 0)
		return -errno;
	return 0;
}

static int wait_eventfd(struct wakeup_batch *batch, unsigned int i)
{
	eventfd_t count;

	return eventfd_read(batch->stage->event_fd, &count) < 0 ? -errno : 0;
}

static int prepare_event(struct wakeup_batch *batch, unsigned int i)
{
	__u32 event;

	return dma_fence_device_event_add(batch->file, batch->wake[i].handle, i, &event) < 0
		       ? -errno
		       : 0;
}

static int wait_read(struct wakeup_batch *batch, unsigned int i)
{
	struct dma_fence_event event;
	ssize_t size = read(batch->file, &event, sizeof(event));

	if (size < 0)
		return -errno;
	return size == sizeof(event) ? 0 : -EIO;
}

/* ---- seqno writes ---- */

static int prepare_seqno(struct wakeup_batch *batch, unsigned int i)
{
	return dma_fence_device_seqno_write(batch->file, batch->wake[i].handle,
					    batch->stage->memory_fd, 0, batch->seqno + i + 1,
					    sizeof(uint64_t)) < 0
		       ? -errno
		       : 0;
}

static int wait_seqno(struct wakeup_batch *batch, unsigned int i)
{
	return dma_fence_seqno_wait(batch->stage->memory, sizeof(uint64_t), batch->seqno + i + 1,
				    SPIN_NS, DMA_FENCE_WAIT_FOREVER) < 0
		       ? -errno
		       : 0;
}

static int wait_seqno_spinning(struct wakeup_batch *batch, unsigned int i)
{
	return dma_fence_seqno_wait(batch->stage->memory, sizeof(uint64_t), batch->seqno + i + 1,
				    SPIN_ONLY_NS, DMA_FENCE_WAIT_FOREVER) < 0
		       ? -errno
		       : 0;
}

const struct wakeup_case wakeup_cases[] = {
	{
		.name = "wake-wait",
		.limit = LIMIT,
		.floor_wake = FLOOR_WAKE_PARKED,
		.prepare_device = prepare_wait,
		.wait = wait_ioctl,
	},
	{
		.name = "wake-poll",
		.limit = LIMIT,
		.floor_wake = FLOOR_WAKE_POLL,
		.prepare_device = prepare_sync_file,
		.prepare_floor = prepare_open,
		.wait = wait_poll,
	},
	{
		.name = "wake-io_uring",
		.limit = LIMIT,
		.floor_wake = FLOOR_WAKE_POLL,
		.prepare_device = prepare_sync_file,
		.prepare_floor = prepare_open,
		.enter = enter_io_uring,
		.wait = wait_io_uring,
	},
	{
		.name = "wake-eventfd",
		.limit = LIMIT,
		.features = DMA_FENCE_FEATURE_CALLER_FDS,
		.floor_wake = FLOOR_WAKE_EVENTFD,
		.prepare_device = prepare_eventfd,
		.enter = enter_eventfd,
		.wait = wait_eventfd,
	},
	{
		.name = "wake-read",
		.limit = LIMIT,
		.floor_wake = FLOOR_WAKE_READ,
		.prepare_device = prepare_event,
		.wait = wait_read,
	},
	{
		.name = "wake-seqno",
		.limit = LIMIT,
		.features = DMA_FENCE_FEATURE_CALLER_FDS,
		.floor_wake = FLOOR_WAKE_MEMORY,
		.prepare_device = prepare_seqno,
		.wait = wait_seqno,
	},
	{
		.name = "wake-seqno-spin",
		.features = DMA_FENCE_FEATURE_CALLER_FDS,
		.spins = true,
		.floor_wake = FLOOR_WAKE_MEMORY,
		.prepare_device = prepare_seqno,
		.wait = wait_seqno_spinning,
	},
};

const unsigned int wakeup_case_count = sizeof(wakeup_cases) / sizeof(wakeup_cases[0]);
