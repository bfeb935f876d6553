/* SPDX-License-Identifier: MIT */
/*
 * timeline.h - ordered fences of one context: a counter, and points that are signaled when it
 * reaches them.
 *
 * A point's lock is its timeline's, so points become signaled in their order, for whoever looks. A
 * timeline holds no reference to its points, a point holds one to its timeline.
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
	struct sync_point *next, *prev; /* the timeline's, under its lock, while pending */
};

/* name is copied, at most 31 bytes of it. One reference, the caller's. NULL: no memory. */
struct sync_timeline *sync_timeline_create(const char *name, uint64_t value);
struct sync_timeline *sync_timeline_get(struct sync_timeline *timeline);
void sync_timeline_put(struct sync_timeline *timeline);
const char *sync_timeline_name(const struct sync_timeline *timeline);
uint64_t sync_timeline_context(const struct sync_timeline *timeline);
uint64_t sync_timeline_value(struct sync_timeline *timeline);
/* The latest point that was ever made, or the first value. */
uint64_t sync_timeline_last_point(struct sync_timeline *timeline);

/*
 * Makes a fence of *point: with seqno 0 the next after the last one; else that one, which must be
 * later than the last (-EINVAL). It is born signaled where the timeline is there already. The ops'
 * release must call sync_point_fini().
 */
int sync_point_init(struct sync_timeline *timeline, struct sync_point *point,
		    const struct dma_fence_ops *ops, uint64_t seqno);
/* Takes a point that goes off its timeline, and drops its reference to that. */
void sync_point_fini(struct sync_point *point);

/*
 * Sets the value, which does not go back (-EINVAL), and signals all pending points up to it, in
 * order, with error where it is not 0. *signaled (may be NULL) tells how many.
 */
int sync_timeline_advance(struct sync_timeline *timeline, uint64_t value, int error,
			  unsigned int *signaled);
/*
 * Signals, in order and with error, the pending points later than after, without moving the value:
 * for a timeline whose signaler has gone. Returns how many.
 */
unsigned int sync_timeline_cancel(struct sync_timeline *timeline, uint64_t after, int error);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_TIMELINE_H */
