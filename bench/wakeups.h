/* SPDX-License-Identifier: MIT */
/*
 * wakeups.h - how long it takes from a request that signals until the waiter is back in user space,
 * for every way to wait.
 */
#ifndef BENCH_WAKEUPS_H
#define BENCH_WAKEUPS_H

#include <liburing.h>
#include <stdatomic.h>

#include "floor.h"
#include "ioctls.h"
#include "measure.h"
#include "stage.h"

#define WAKEUP_BATCH_SAMPLES 32
#define WAKEUP_BATCH_WARM_UP 4
#define WAKEUP_BATCH_MAX     (WAKEUP_BATCH_WARM_UP + WAKEUP_BATCH_SAMPLES)

/* What signaler and waiter, two processes, tell each other. */
struct wakeup_shared {
	atomic_uint entered; /* waits that the waiter has begun */
	atomic_uint woken;   /* waits that have ended; the signaler sleeps on it as a futex */
	int error;	     /* of the wait that ended last: 0 or a negative errno */
	uint64_t woken_ns[WAKEUP_BATCH_MAX];
};

/* One batch of one side. The waiter has a copy of it, from when it was forked. */
struct wakeup_batch {
	struct stage *stage;
	const struct target *target;
	unsigned int count;
	int file; /* an open of the node without state, which both processes use */
	unsigned long wake_request;
	struct ioctl_signal wake[WAKEUP_BATCH_MAX];
	struct wakeup_shared *shared;

	/* For the rows: what each sample waits for. */
	unsigned long wait_request;
	struct ioctl_wait wait[WAKEUP_BATCH_MAX];
	int pollable[WAKEUP_BATCH_MAX]; /* -1: none */
	uint64_t seqno;			/* that was in the memory before the first */
	struct io_uring ring;		/* of the waiter */
};

struct wakeup_case {
	const char *name;
	/* At the median, pinned, at most this many times the baseline; 0: no limit. */
	double limit;
	/* DMA_FENCE_FEATURE_* that it needs. */
	uint64_t features;
	/* The waiter does not sleep, so it needs a CPU of its own. */
	bool spins;
	/* How the baseline server does the same. */
	enum floor_request floor_wake;
	/* Before the fork, for each sample: the fence of wake[i].handle is there. NULL: nothing. */
	int (*prepare_device)(struct wakeup_batch *batch, unsigned int i);
	int (*prepare_floor)(struct wakeup_batch *batch, unsigned int i);
	/* In the waiter: once, may be NULL; and for each sample, until it is woken. */
	int (*enter)(struct wakeup_batch *batch);
	int (*wait)(struct wakeup_batch *batch, unsigned int i);
};

extern const struct wakeup_case wakeup_cases[];
extern const unsigned int wakeup_case_count;

int wakeup_measure(const struct wakeup_case *row, struct stage *stage, unsigned int samples,
		   struct measurement *measurement);

#endif /* BENCH_WAKEUPS_H */
