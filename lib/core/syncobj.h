/* SPDX-License-Identifier: MIT */
/*
 * syncobj.h - a syncobj holds a fence that can be replaced: the synchronisation object that DRM
 * drivers give to user space.
 *
 * A binary syncobj holds one fence, or none yet. A timeline syncobj holds the head of a chain,
 * whose links are its points. Both are the same object and differ only in their use, which may
 * change.
 *
 * Thread-safe: each syncobj has its own lock. References are counted. Errors are negative errno
 * values.
 */
#ifndef DMA_FENCE_CORE_SYNCOBJ_H
#define DMA_FENCE_CORE_SYNCOBJ_H

#include "chain.h"
#include "fence.h"

#pragma GCC visibility push(default)

struct syncobj;
struct syncobj_cb;

/*
 * Called when a fence has been stored in the syncobj, by the thread that stored it, with the
 * syncobj's lock held. The callback stays added. It may remove itself and free its memory, add and
 * remove other callbacks, query the syncobj, and store fences in it. Any other lock that it takes
 * nests inside the syncobj's lock. So no function here may be called with such a lock held, nor
 * from a callback of dma_fence_signal_locked() on a fence to which func adds a callback.
 */
typedef void (*syncobj_func_t)(struct syncobj *syncobj, struct syncobj_cb *cb);

/*
 * The caller owns the memory and holds a reference to the syncobj while the callback is added. Zero
 * it before it is added for the first time.
 */
struct syncobj_cb {
	struct syncobj_cb *next, *prev; /* the syncobj's, while added; otherwise prev is NULL */
	uint64_t round;			/* the syncobj's round in which it was last called */
	syncobj_func_t func;
};

/*
 * Creates a syncobj that holds a reference to fence, or no fence (NULL). The caller gets one
 * reference. NULL: no memory.
 */
struct syncobj *syncobj_create(struct dma_fence *fence);
struct syncobj *syncobj_get(struct syncobj *syncobj);
void syncobj_put(struct syncobj *syncobj);

/* The fence in the syncobj with a reference for the caller, or NULL. */
struct dma_fence *syncobj_fence_get(struct syncobj *syncobj);
/* Stores a fence, with a new reference, or removes the fence (NULL). */
void syncobj_replace_fence(struct syncobj *syncobj, struct dma_fence *fence);
/*
 * Adds a point after the fence or chain in the syncobj. chain, which is not initialised, becomes
 * the link, and the syncobj takes it over. fence is borrowed and should not be a chain:
 * dma_fence_merge_all() flattens one. A point that is not larger than the last one takes the seqno
 * of the last one and starts the timeline anew: until it is signaled syncobj_query() returns 0, as
 * in the kernel, and from then on never less than before.
 */
void syncobj_add_point(struct syncobj *syncobj, struct dma_fence_chain *chain,
		       struct dma_fence *fence, uint64_t point);

/*
 * Stores the fence to wait for until point is reached; for point 0, the fence in the syncobj. The
 * caller gets a reference. If the point has been reached, the fence may be a signaled stub.
 * -EINVAL: nothing has been submitted for the point yet.
 */
int syncobj_find_fence(struct syncobj *syncobj, uint64_t point, struct dma_fence **fence);

/*
 * The progress of the timeline: its last signaled point or, with submitted, the last one that was
 * added. 0 for a syncobj that holds no chain.
 */
uint64_t syncobj_query(struct syncobj *syncobj, bool submitted);

/*
 * Adds a callback that runs whenever a fence is stored, until it is removed. A caller that waits
 * for a fence to be stored adds the callback before it checks for the fence.
 */
void syncobj_add_callback(struct syncobj *syncobj, struct syncobj_cb *cb, syncobj_func_t func);
/*
 * After this has returned, the callback is not running and will not run, unless the callback
 * removes itself. Does nothing if the callback is not added.
 */
void syncobj_remove_callback(struct syncobj *syncobj, struct syncobj_cb *cb);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_SYNCOBJ_H */
