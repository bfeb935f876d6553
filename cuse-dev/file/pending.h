/* SPDX-License-Identifier: MIT */
/*
 * request.h - one ioctl on its way through the device, and requests that are parked until something
 * happens.
 *
 * A request lives on the reader's stack. A handler, under device->lock, answers with 0 (the
 * argument goes back), a negative errno, or REQUEST_PARKED: then it has put a struct parked into
 * the device's table, whose owner answers later.
 *
 * Who may answer a parked request at the same time: whatever it waits for (any thread), an
 * interrupt (the reader), and the end of the device. All hold device->lock, and whoever takes it
 * out of the table answers; the others find nothing.
 */
#ifndef DMA_FENCED_REQUEST_H
#define DMA_FENCED_REQUEST_H

#define FUSE_USE_VERSION 35
#include <fuse_lowlevel.h>

#include "device/device.h"

#define REQUEST_PARKED 1

struct request {
	fuse_req_t fuse;
	struct device *device;
	struct open_file *file;
	pid_t thread; /* of the caller, 0 where it is out of sight */
	unsigned int command;
	bool is_32_bit; /* the caller, where the device is not: its pointers are narrower */
	size_t size;	/* of the argument: what the request number says, and we know */
	/*
	 * Of what goes back of it, now or later: 0 where the number has no _IOC_READ. More would
	 * have the kernel answer EIO.
	 */
	size_t answer_size;
	/* Of DRM: it goes back after a failure too, with zeros behind where nothing came in. */
	bool answer_always;
	size_t answer_zeros;
};

struct parked {
	fuse_req_t fuse; /* the key */
	struct open_file *file;
	/*
	 * Called under the lock when somebody else has answered: the client was interrupted, or the
	 * device stops. Frees.
	 */
	void (*interrupted)(struct parked *parked);
	/*
	 * May be NULL. Under the lock: true where an interrupt has to wait; then it is the owner's
	 * to call parked_interrupt().
	 */
	bool (*defer)(struct parked *parked);
	bool is_wait; /* for others, hence one of the stats' waits; set before park() */
	/* Its result is there, and on its way to the caller's memory; set before park(). */
	bool is_answer;
	UT_hash_handle hh;
};

/*
 * Puts a request into the table. -ENOMEM, or -ENOSPC where its open file has too many. Under the
 * lock.
 */
int park(struct parked *parked, fuse_req_t fuse, struct open_file *file,
	 void (*interrupted)(struct parked *parked));
/* Takes it out, so that the caller may answer it. Under the lock. */
void unpark(struct parked *parked);

/* Before the handler of a request that may park, without the lock: see request.c. */
void request_may_park(struct device *device, fuse_req_t fuse);
/* Answers as an interrupted call, and tells the owner. Under the lock. */
void parked_interrupt(struct parked *parked);
/* Answers all that are parked, or all but the answers, with ECONNABORTED. Under the lock. */
void parked_abort_all(struct device *device, bool answers_too);

/*
 * result 0 or a negative errno; size bytes of the argument, the request's answer_size, go back on
 * 0, and on -ETIME, -EDEADLK, -EALREADY and -EBUSY.
 */
void request_reply(fuse_req_t fuse, int result, const void *argument, size_t size);
/* The same; the argument goes back on any result, and so many zeros behind it. */
void request_reply_always(fuse_req_t fuse, int result, const void *argument, size_t size,
			  size_t zeros);

#endif /* DMA_FENCED_REQUEST_H */
