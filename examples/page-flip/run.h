/* SPDX-License-Identifier: MIT */
/*
 * What the renderer and the display have in common: the options, and one record for each frame in
 * shared memory. The record states which process writes a field; the other process reads it only
 * after the frame's fence, or after the end of the writer.
 */
#ifndef PAGE_FLIP_RUN_H
#define PAGE_FLIP_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "program.h"

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

struct run {
	struct options options;
	struct frame_record *frames;	/* in memory that both processes share */
};

/* options must be filled in. 0, or a negative errno. */
int run_init(struct run *run);
void run_destroy(struct run *run);

#endif /* PAGE_FLIP_RUN_H */
