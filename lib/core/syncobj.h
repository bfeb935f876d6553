/* SPDX-License-Identifier: MIT */
/*
 * syncobj.h - a place for a fence, which may be replaced: what DRM drivers hand to user space.
 *
 * A binary syncobj holds a fence, or none yet; a timeline one holds the head of a chain, whose
 * links are its points. It is the same object, used in one way or the other, and may change.
 *
 * Thread-safe, each by a lock of its own. References are counted; errors are negative errno values.
 */
#ifndef DMA_FENCE_CORE_SYNCOBJ_H
#define DMA_FENCE_CORE_SYNCOBJ_H

#include "chain.h"
#include "fence.h"

#pragma GCC visibility push(default)

struct syncobj;
struct syncobj_cb;

/*
 * Called when a fence has been put into the syncobj, by the thread that did so, with the syncobj's
 * lock held. It is still added; it may remove itself and free what it is in, add and remove others,
 * look at the syncobj, and put something in. What it locks besides is locked inside of that: no
 * function here may be called with such a lock held, nor from a callback of
 * dma_fence_signal_locked() on a fence that it adds a callback to.
 */
typedef void (*syncobj_func_t)(struct syncobj *syncobj, struct syncobj_cb *cb);

/*
 * The caller's memory, and the caller has a reference to the syncobj, while it is added. Zeroed
 * before it is added for the first time.
 */
struct syncobj_cb {
	struct syncobj_cb *next, *prev; /* the syncobj's, while added; prev NULL while not */
	uint64_t round;			/* the last of the syncobj's that it was called in */
	syncobj_func_t func;
};

/* Holds a reference to fence, or none (NULL). One reference, the caller's. NULL: no memory. */
struct syncobj *syncobj_create(struct dma_fence *fence);
struct syncobj *syncobj_get(struct syncobj *syncobj);
void syncobj_put(struct syncobj *syncobj);

/* What is in it: a reference of the caller's own, or NULL. */
struct dma_fence *syncobj_fence_get(struct syncobj *syncobj);
/* Puts a fence in, or takes out what is there (NULL), with a reference of its own. */
void syncobj_replace_fence(struct syncobj *syncobj, struct dma_fence *fence);
/*
 * Puts a point on top of what is there: chain, which is not initialised, becomes its link and the
 * syncobj's; fence is borrowed, and should be no chain: dma_fence_merge_all() of one takes it
 * apart. A point that is not later than what is there takes over the seqno of that, and begins the
 * timeline anew: until it is signaled syncobj_query() tells 0, as in the kernel, and never less
 * than before from then on.
 */
void syncobj_add_point(struct syncobj *syncobj, struct dma_fence_chain *chain,
		       struct dma_fence *fence, uint64_t point);

/*
 * What has to be waited for, so that point is reached; for point 0, whatever is there. A reference
 * of the caller's own: a signaled stub where the point is passed. -EINVAL: nothing was submitted
 * for it yet.
 */
int syncobj_find_fence(struct syncobj *syncobj, uint64_t point, struct dma_fence **fence);

/*
 * How far the timeline has come: its last point that is signaled; with submitted, the last that was
 * put in. 0 for a syncobj that holds no chain.
 */
uint64_t syncobj_query(struct syncobj *syncobj, bool submitted);

/*
 * Called whenever a fence is put in, until it is removed. Who looks for a fence, finds none, and
 * waits for one adds the callback first.
 */
void syncobj_add_callback(struct syncobj *syncobj, struct syncobj_cb *cb, syncobj_func_t func);
/*
 * Once it has returned the callback is not running and will not be called, unless it is this very
 * callback that removes itself. Does nothing where it is not added.
 */
void syncobj_remove_callback(struct syncobj *syncobj, struct syncobj_cb *cb);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_SYNCOBJ_H */
