/* SPDX-License-Identifier: MIT */
/*
 * chain.h - a timeline of points, for syncobj: each link is a fence that is signaled once its own
 * fence is and all the links before it are.
 *
 * A link holds a reference to its fence and one to the link before it, so who has the newest link,
 * the head, has them all. Links whose own fence is signaled are taken out of the chain by whoever
 * walks over them: a chain stays as long as what is pending in it, if it is walked now and then
 * (dma_fence_chain_for_each() over the old head, whenever a link is added).
 *
 * The first waiter for a link makes all that is pending before it be waited for too. As with an
 * array, a link that nobody holds any more waits for nothing: it goes, and who waits for it even so
 * is called with -EDEADLK.
 *
 * A link of a chain has no error of its own: its status after the signal is 1. Each fence in it
 * tells its own; unwrap.h finds them. Its timestamp is the latest of theirs, whoever looks.
 *
 * Thread-safety: as in fence.h. Walking, waiting, signaling and releasing may happen at the same
 * time on one chain, however long; none of it takes more stack for a longer one.
 */
#ifndef DMA_FENCE_CORE_CHAIN_H
#define DMA_FENCE_CORE_CHAIN_H

#include "fence.h"

#pragma GCC visibility push(default)

struct dma_fence_chain;

/*
 * Memory for a link, so that making one later cannot fail. NULL: no memory. free is for one that
 * never was initialised; it takes NULL.
 */
struct dma_fence_chain *dma_fence_chain_alloc(void);
void dma_fence_chain_free(struct dma_fence_chain *chain);
/*
 * Has freed called with data when the link, which is not initialised yet, has lost its last
 * reference and is gone: by whoever gave that up, with whatever locks it has. For who accounts
 * for what links cost. Not called by dma_fence_chain_free().
 */
void dma_fence_chain_set_freed(struct dma_fence_chain *chain, void (*freed)(void *data),
			       void *data);
/*
 * Makes chain the link after prev, with one reference, which is the caller's: from now on
 * dma_fence_put() gives it up. Takes over the caller's references to prev and fence. prev may be a
 * link, any other fence, for what was there before the chain, or NULL. fence should be no chain.
 *
 * The link is of prev's context where prev is a link of an earlier seqno. Else it begins a context
 * of its own, and where prev is a link it takes over the larger of the two seqnos: a head never
 * goes back.
 */
void dma_fence_chain_init(struct dma_fence_chain *chain, struct dma_fence *prev,
			  struct dma_fence *fence, uint64_t seqno);

/* The fence that the link is: borrowed, lives as long as the link's last reference. */
struct dma_fence *dma_fence_chain_base(struct dma_fence_chain *chain);
bool dma_fence_is_chain(const struct dma_fence *fence);
/* NULL when fence is no chain, or NULL. */
struct dma_fence_chain *to_dma_fence_chain(struct dma_fence *fence);
/* The link's own fence; fence itself when it is no chain, or NULL. Borrowed from it. */
struct dma_fence *dma_fence_chain_contained(struct dma_fence *fence);
/*
 * The seqno of the link before, as it was when this one was made; 0 for the first of a context.
 * Once all before this link are signaled, the timeline has come as far as that.
 */
uint64_t dma_fence_chain_prev_seqno(const struct dma_fence_chain *chain);

/*
 * One step back: the nearest link before fence whose own fence is not signaled, or what lies before
 * the chain if that is not; NULL when there is none. Takes fence's reference, gives one; takes
 * NULL. Takes out of the chain what it steps over.
 */
struct dma_fence *dma_fence_chain_walk(struct dma_fence *fence);
/*
 * All links from head on back: head itself, signaled or not, then the pending ones. iterator holds
 * a reference: who leaves the loop early puts it.
 */
#define dma_fence_chain_for_each(iterator, head) \
	for (iterator = dma_fence_get(head); iterator; iterator = dma_fence_chain_walk(iterator))

/*
 * Which link has to be waited for, so that the point seqno of the timeline is reached? *fence is
 * the head, the caller's reference to it is exchanged for one to the link: the first, from the past
 * on, that is not earlier than seqno. Links that are out of the chain already are passed over; when
 * nothing is left to wait for *fence may be NULL. seqno 0 leaves *fence as it is. -EINVAL: *fence
 * is no chain, or seqno is beyond it; *fence is as it was.
 */
int dma_fence_chain_find_seqno(struct dma_fence **fence, uint64_t seqno);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_CHAIN_H */
