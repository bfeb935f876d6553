/* SPDX-License-Identifier: MIT */
/*
 * The screen: the queue of flips, what a vertical blank does with it, the scanout that reads every
 * pixel, and the release of the buffers. It has no clock: display.c decides when things happen.
 *
 * Functions that return int return STATUS_CLEAN, or STATUS_FAILED after reporting the cause.
 */
#ifndef PAGE_FLIP_SCREEN_H
#define PAGE_FLIP_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "run.h"

/*
 * The scanout of a frame is spread over this part of the period, in bands; the rest of the period
 * is the blank.
 */
#define SCANOUT_PERCENT 75
#define SCANOUT_BANDS	16

enum vblank_outcome {
	VBLANK_IDLE,	/* before the first frame */
	VBLANK_FLIPPED,
	VBLANK_REPEATED,	/* no new frame was ready: missed */
	VBLANK_OVERSLEPT,	/* the display was not woken in time; the frame stayed, as above */
};

struct vblank {
	int64_t time_ns;	/* when it was due */
	enum vblank_outcome outcome;
	uint32_t frame;	/* on screen from here on, unless VBLANK_IDLE */
};

struct flip {
	int in_fence;		/* a sync_file of the renderer's, -1: none, or done with */
	uint32_t out_fence;	/* a handle of the display's own, 0: none, or signaled */
};

struct screen {
	struct run *run;
	int device;				/* -1 with --no-fences */
	const uint32_t *buffers[BUFFERS_MAX];	/* mapped, read only */
	struct flip *flips;			/* one a frame */
	uint32_t oldest;			/* the frames oldest to received - 1 are queued */
	uint32_t received;
	int64_t on_screen;	/* a frame, -1: none yet */
	uint32_t bands;		/* of on_screen, scanned since the last vertical blank */
	struct vblank *vblanks;	/* all so far */
	size_t vblank_count;
	size_t vblank_capacity;
	uint32_t shown, torn;	/* frames so far */
	uint32_t repeated;	/* vertical blanks so far */
};

/* device stays the caller's. */
int screen_init(struct screen *screen, struct run *run, int device);
void screen_destroy(struct screen *screen);

/* The memfd of a buffer: maps it, and does not keep it. */
int screen_add_buffer(struct screen *screen, uint32_t index, int memory);
/*
 * A flip to the next frame. Takes in_fence, -1 for a frame that is ready, and the handle out_fence.
 */
int screen_queue_flip(struct screen *screen, uint32_t frame, uint32_t buffer, int in_fence,
		      uint32_t out_fence);
/* The in-fence of a queued frame is signaled. */
int screen_fence_signaled(struct screen *screen, uint32_t frame);
/*
 * The vertical blank that was due at time_ns: flips if a frame is ready. overslept: no, it is long
 * past.
 */
int screen_vblank(struct screen *screen, int64_t time_ns, bool overslept);
/* Scans the next band out. */
void screen_scan_band(struct screen *screen);
/* Is there anything on screen that has not been scanned out? */
bool screen_scanning(const struct screen *screen);
/* Are there flips that wait? */
bool screen_has_flips(const struct screen *screen);

#endif /* PAGE_FLIP_SCREEN_H */
