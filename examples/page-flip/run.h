/* SPDX-License-Identifier: MIT */
/*
 * What the renderer and the display have in common: the options, one record for each frame in
 * shared memory, the clock, and how a failure is told. Who writes which field of a record is said
 * there; the other process reads it only after the frame's fence, or after the end of the writer.
 */
#ifndef PAGE_FLIP_RUN_H
#define PAGE_FLIP_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "options.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS     1000000.0
#define NS_PER_US     1000.0

/* The exit statuses. */
enum {
	STATUS_CLEAN = 0,
	STATUS_TORN = 1,
	STATUS_FAILED = 2,
};

enum frame_fate {
	FATE_NONE,	/* the display has not heard of it */
	FATE_QUEUED,	/* its flip is queued, its fence is pending */
	FATE_READY,	/* its fence is signaled: to be flipped to at a vblank */
	FATE_SHOWN,	/* it is on screen, or was */
	FATE_DROPPED,	/* mailbox: a newer one was ready first */
	FATE_FAILED,	/* its fence was signaled with an error */
};

/* Times are nanoseconds of CLOCK_MONOTONIC; 0: it did not happen. */
struct frame_record {
	/* Written by the renderer. */
	int64_t wait_ns;	/* it starts to look for a free buffer */
	int64_t render_ns;	/* it has one, has queued the flip, and draws the first pixel */
	int64_t signal_ns;	/* the last pixel is drawn, and the fence is signaled */
	/* Written by the display. */
	int64_t queued_ns;	/* the flip came in */
	int64_t ready_ns;	/* the display heard that the fence is signaled */
	int64_t flip_ns;	/* it came on screen */
	int64_t leave_ns;	/* the next frame came on screen: the buffer is free */
	uint32_t buffer;
	enum frame_fate fate;
	bool torn;	/* a scanout saw pixels that are not of this frame */
};

/* In memory that both processes share. */
struct shared {
	atomic_bool failure_told;
	struct frame_record frames[];
};

struct run {
	struct options options;
	struct shared *shared;
	bool progress_line;	/* one may stand on the terminal, to be wiped first */
};

/* options must be filled in. 0, or a negative errno. */
int run_init(struct run *run);
void run_destroy(struct run *run);

/*
 * Says on standard error what went wrong, unless one of the two processes has done so already: when
 * one fails the other sees that it is gone, and the user is to read the cause, not its echo.
 * Returns STATUS_FAILED.
 */
int run_fail(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a call to the device that has just failed: what it was, and errno. */
int run_fail_device(struct run *run, const char *what);
/* An open of the device, the caller's to close, or -1 when the cause has been told. */
int run_open_device(struct run *run);

int64_t clock_now(void);

/*
 * Ends the process, and before it the process `peer` (0: none), when watchdog_feed() has not been
 * called for twice limit_ns: a call to the device that never returns can be ended by nothing else.
 * One a process. 0, or a negative errno.
 */
int watchdog_start(struct run *run, int64_t limit_ns, int peer);
void watchdog_feed(void);
void watchdog_stop(void);

#endif /* PAGE_FLIP_RUN_H */
