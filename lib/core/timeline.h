/* SPDX-License-Identifier: MIT */
/*
 * timeline.h - ordered fences of one context: a counter, and points that are signaled when it
 * reaches them.
 *
 * The points share the lock of their timeline, so every observer sees them become signaled in
 * order. A timeline holds no reference to its points; a point holds one to its timeline.
 */
#ifndef DMA_FENCE_CORE_TIMELINE_H
#define DMA_FENCE_CORE_TIMELINE_H

#include "fence.h"

#pragma GCC visibility push(default)

struct sync_timeline;

/* Embed it in your own structure; base comes first. */
struct sync_point {
	struct dma_fence base;
	struct sync_timeline *timeline;
	struct sync_point *next, *prev; /* owned by the timeline, under its lock, while pending */
};

/*
 * Creates a timeline with one reference for the caller. At most 31 bytes of name are copied. NULL:
 * no memory.
 */
struct sync_timeline *sync_timeline_create(const char *name, uint64_t value);
struct sync_timeline *sync_timeline_get(struct sync_timeline *timeline);
void sync_timeline_put(struct sync_timeline *timeline);
const char *sync_timeline_name(const struct sync_timeline *timeline);
uint64_t sync_timeline_context(const struct sync_timeline *timeline);
uint64_t sync_timeline_value(struct sync_timeline *timeline);
/* The seqno of the last point, or the initial value. */
uint64_t sync_timeline_last_point(struct sync_timeline *timeline);

/*
 * Initialises *point as a fence. seqno 0: the one after the last point; otherwise it must be larger
 * than that of the last point (-EINVAL). The point is signaled from the start if the timeline has
 * already reached it. The release function in ops must call sync_point_fini().
 */
int sync_point_init(struct sync_timeline *timeline, struct sync_point *point,
		    const struct dma_fence_ops *ops, uint64_t seqno);
/* Removes a point from its timeline and drops its reference to the timeline. */
void sync_point_fini(struct sync_point *point);

/*
 * Sets the value, which must not decrease (-EINVAL), and signals all pending points up to it, in
 * order, with error unless that is 0. Stores their number in *signaled (may be NULL).
 */
int sync_timeline_advance(struct sync_timeline *timeline, uint64_t value, int error,
			  unsigned int *signaled);
/*
 * Signals, in order and with error, the pending points with a seqno larger than after, and does not
 * change the value: for a timeline that has lost its signaler. Returns their number.
 */
unsigned int sync_timeline_cancel(struct sync_timeline *timeline, uint64_t after, int error);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_TIMELINE_H */
