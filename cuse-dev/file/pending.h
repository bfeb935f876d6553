/* SPDX-License-Identifier: MIT */
/*
 * pending.h - one ioctl on its way through the device, and requests that block until something
 * completes them.
 *
 * A request lives on the stack of the FUSE loop thread. A handler, under device->lock, returns 0
 * (the argument goes back), a negative errno, or REQUEST_BLOCKED: then it has started a struct
 * pending, which is completed later.
 *
 * Several things may complete a pending request: what it waits for (any thread), its deadline (the
 * timer thread), an interrupt (the FUSE loop thread), the end of the device. All hold device->lock,
 * and all go through pending_complete(), which takes the request out of the table first: so exactly
 * one of them answers it.
 */
#ifndef DMA_FENCED_PENDING_H
#define DMA_FENCED_PENDING_H

#include "device/timer.h"
#include "file/file.h"

#define REQUEST_BLOCKED 1

struct request {
	fuse_req_t fuse;
	struct device *device;
	struct open_file *file;
	pid_t thread; /* of the caller, 0 where it is out of sight */
	unsigned int command;
	size_t size; /* of the argument: what the request number says, or less */
	/*
	 * Of what goes back of it, and of zeros behind that: 0 where the number has no _IOC_READ.
	 * More would have the kernel answer EIO.
	 */
	size_t reply_size, reply_zeros;
	bool always_replies; /* the argument goes back on every failure, as DRM does it */
	bool is_32_bit;	     /* the caller, where the device is not: its pointers are narrower */
	bool may_block;	     /* its interrupts were asked for: request_prepare_to_block() */
};

struct pending;

struct pending_ops {
	/*
	 * The request is over with this result: 0 or a negative errno, -ERESTARTSYS for an
	 * interrupt. Takes it off everything else that could complete it, and fills in the answer.
	 */
	void (*end)(struct pending *pending, int result);
	/* Answers with 0 or an errno. NULL: request_reply() with pending->answer. */
	void (*reply)(struct pending *pending, int result);
	/* Last: drops what it owns, and its memory. */
	void (*free)(struct pending *pending);
	/*
	 * May be NULL. true: an interrupt has to wait, and the owner completes the request with
	 * -ERESTARTSYS when it may go ahead.
	 */
	bool (*defer_interrupt)(struct pending *pending);
	/* For other clients, hence one of the stats' waits. */
	bool is_wait;
	/* Its answer has no field for -ERESTARTSYS: a signal is EINTR. */
	bool is_read;
};

/* Embed it at the start of your own structure, one allocation. */
struct pending {
	struct request request; /* with a reference to its file */
	const struct pending_ops *ops;
	struct timer deadline;
	uint64_t charge;
	const void *answer; /* request.reply_size bytes inside your structure */
	bool is_answer;	    /* its result is there, and on its way to the caller's memory */
	UT_hash_handle hh;  /* by request.fuse */
};

/*
 * Makes the request pending, and its open file's user pays charge bytes until it is complete.
 * -ENOMEM, or -ENOSPC: its open file has too many; then the memory stays the caller's. Under the
 * lock.
 */
int pending_start(struct pending *pending, const struct pending_ops *ops,
		  const struct request *request, uint64_t charge);
/* Completes it with -ETIME then; INT64_MAX: never. -ENOMEM. Under the lock. */
int pending_set_deadline(struct pending *pending, int64_t deadline_ns);
/* Answers it, and has ops free it. Under the lock. */
void pending_complete(struct pending *pending, int result);
/*
 * Takes it out of the table without an answer: the caller answers, or makes it pending once more.
 * Uncharges it; ops are not called. Its file is only valid as long as the caller has a reference.
 * Under the lock.
 */
void pending_take_out(struct pending *pending);
/* Completes all, or all but the answers, with -ECONNABORTED. Under the lock. */
void pending_abort_all(bool answers_too);
/* Under the lock. */
bool pending_is_any(void);

/* Is this absolute CLOCK_MONOTONIC time over? A time of 0 or less always is, INT64_MAX never. */
bool deadline_has_passed(int64_t deadline_ns);

/* Before the handler of a request that may block, without the lock: see pending.c. */
void request_prepare_to_block(struct request *request);

/*
 * Answers with 0 or a negative errno. The argument goes back on 0, and on -ETIME, -EDEADLK,
 * -EALREADY and -EBUSY, which it explains.
 */
void request_reply(const struct request *request, int result, const void *argument);

#endif /* DMA_FENCED_PENDING_H */
