/* SPDX-License-Identifier: MIT */
/*
 * chain.h - a timeline of points, for syncobj: each link is a fence that is signaled once its
 * contained fence and all links before it are signaled.
 *
 * A link holds a reference to its contained fence and one to the link before it. So a reference to
 * the newest link, the head, keeps the whole chain. A walk over the chain removes the links whose
 * contained fence is signaled. So a chain does not grow beyond its pending links if it is walked
 * regularly: dma_fence_chain_for_each() over the old head, whenever a link is added.
 *
 * The first waiter of a link enables signaling on all pending links before it. As with an array, a
 * link without references waits for nothing: it is released, and its remaining callbacks get
 * -EDEADLK.
 *
 * A link has no error: its status after the signal is 1. The contained fences have their own
 * errors; unwrap.h finds these fences. The timestamp of a link is the latest timestamp of the
 * fences in its chain, for every observer.
 *
 * Thread-safety: as in fence.h. One chain may be walked, waited for, signaled and released at the
 * same time. The stack that this takes does not depend on the length of the chain.
 */
#ifndef DMA_FENCE_CORE_CHAIN_H
#define DMA_FENCE_CORE_CHAIN_H

#include "fence.h"

#pragma GCC visibility push(default)

struct dma_fence_chain;

/*
 * Allocates a link, so that its initialisation cannot fail later. NULL: no memory.
 * dma_fence_chain_free() is for a link that was never initialised; it accepts NULL.
 */
struct dma_fence_chain *dma_fence_chain_alloc(void);
void dma_fence_chain_free(struct dma_fence_chain *chain);
/*
 * Registers freed on a link that is not initialised yet. It is called with data after the link has
 * lost its last reference and its memory is freed, by the thread that dropped the reference, with
 * all the locks that this thread holds. For callers that account for the memory of links.
 * dma_fence_chain_free() does not call it.
 */
void dma_fence_chain_set_freed(struct dma_fence_chain *chain, void (*freed)(void *data),
			       void *data);
/*
 * Initialises chain as the link after prev, with one reference, which belongs to the caller;
 * dma_fence_put() drops it. Takes over the caller's references to prev and fence. prev is a link,
 * any other fence that comes before the chain, or NULL. fence should not be a chain.
 *
 * The link is in prev's context if prev is a link with a smaller seqno. Otherwise it starts a new
 * context; if prev is a link, it also takes prev's seqno, which is the larger one, so that the
 * seqno of the head never decreases.
 */
void dma_fence_chain_init(struct dma_fence_chain *chain, struct dma_fence *prev,
			  struct dma_fence *fence, uint64_t seqno);

/* The fence of the link. Borrowed; valid as long as the link has references. */
struct dma_fence *dma_fence_chain_base(struct dma_fence_chain *chain);
bool dma_fence_is_chain(const struct dma_fence *fence);
/* NULL if fence is not a chain, or NULL. */
struct dma_fence_chain *to_dma_fence_chain(struct dma_fence *fence);
/* The contained fence of the link; fence itself if it is not a chain, or NULL. Borrowed from it. */
struct dma_fence *dma_fence_chain_contained(struct dma_fence *fence);
/*
 * The seqno of the previous link at the time of dma_fence_chain_init(); 0 for the first link of a
 * context. Once all links before this one are signaled, the timeline has reached this seqno.
 */
uint64_t dma_fence_chain_prev_seqno(const struct dma_fence_chain *chain);

/*
 * One step back: returns the nearest link before fence whose contained fence is not signaled. If a
 * pending fence that is not a link comes before the chain, returns that one; NULL if there is none.
 * Takes over the reference to fence and returns one; accepts NULL. Removes the links that it skips
 * from the chain.
 */
struct dma_fence *dma_fence_chain_walk(struct dma_fence *fence);
/*
 * Visits head, signaled or not, and then the pending links before it. iterator holds a reference; a
 * caller that leaves the loop early drops it.
 */
#define dma_fence_chain_for_each(iterator, head) \
	for (iterator = dma_fence_get(head); iterator; iterator = dma_fence_chain_walk(iterator))

/*
 * Finds the link to wait for until the point seqno of the timeline is reached. *fence is the head.
 * The caller's reference to it is exchanged for one to the link: the first, from the oldest on,
 * whose seqno is not smaller than seqno. Links that are already removed from the chain are skipped;
 * if nothing is left to wait for, *fence may be NULL. seqno 0 leaves *fence unchanged. -EINVAL:
 * *fence is not a chain, or its seqno is smaller than seqno; *fence is unchanged.
 */
int dma_fence_chain_find_seqno(struct dma_fence **fence, uint64_t seqno);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_CHAIN_H */
