/* SPDX-License-Identifier: MIT */
/*
 * resv_entries.h - what the files of a reservation share: its entries, and what is to be dropped
 * without its lock. The comment on top of resv.c tells how it is laid out.
 */
#ifndef DMA_FENCE_CORE_RESV_ENTRIES_H
#define DMA_FENCE_CORE_RESV_ENTRIES_H

#include "internal.h"
#include "resv.h"

#define RESV_USAGES (DMA_RESV_USAGE_BOOKKEEP + 1)

/*
 * What an entry belongs to; also the number of the slot that holds no fence, whose links are the
 * two ends of that set.
 */
enum resv_set {
	RESV_VISIBLE,
	RESV_STAGED,
	RESV_DOOMED, /* found by nobody any more, and to be dropped without the lock */
	RESV_SETS,
};

struct dma_resv_entry {
	struct dma_fence *fence; /* NULL: free */
	uint64_t context;	 /* the fence's, to find it without touching that */
	uint64_t order;		 /* of adding: grows along visible and staged ones */
	uint32_t older, newer;	 /* in the order of the set */
	uint32_t chain;		 /* the next with this hash, or the next that is free; 0: none */
	uint8_t usage, set;
};

/* Signaled entries that one adding takes off, if it finds them first in line: see prune(). */
#define PRUNED_PER_ADD 2

/*
 * What is let go under the lock, to be dropped without. A context has at most one entry for each
 * usage that is visible, and one that is staged; two contexts are touched at most.
 */
struct resv_dropped {
	unsigned int count, used;
	struct dma_resv_entry *entries; /* a replaced array, with those that have not moved on */
	struct dma_resv_list *snapshot; /* may be in the middle of being taken up */
	struct dma_fence *fences[4 * RESV_USAGES + PRUNED_PER_ADD];
};

static inline void resv_dropped_init(struct resv_dropped *dropped)
{
	/* Not the fences: adding one is a matter of a few ns. */
	dropped->count = dropped->used = 0;
	dropped->entries = NULL;
	dropped->snapshot = NULL;
}

/* All of these with resv->lock held, except the last three, which want it free. */

/* The first of a set and the one after it; set itself: none. */
static inline uint32_t resv_oldest(const struct dma_resv *resv, enum resv_set set)
{
	return resv->capacity ? resv->entries[set].newer : (uint32_t)set;
}
static inline uint32_t resv_newest(const struct dma_resv *resv, enum resv_set set)
{
	return resv->capacity ? resv->entries[set].older : (uint32_t)set;
}
/* The first that has the hash of a context; 0: none. */
uint32_t resv_first_of_context(struct dma_resv *resv, uint64_t context);
/*
 * Is a at least as good as b, of the same context: there for as much, and not earlier? Only one of
 * the two has to be there then.
 */
static inline bool resv_supersedes(const struct dma_resv_entry *a, const struct dma_resv_entry *b)
{
	return a->usage <= b->usage && !dma_fence_is_later(b->fence, a->fence);
}

/* Will a commit drop it, because another one of its context makes it needless? */
bool resv_goes_with_commit(struct dma_resv *resv, const struct dma_resv_entry *entry);
/* Moves an entry to the end of another set, which is none that is found when that is DOOMED. */
void resv_move(struct dma_resv *resv, uint32_t slot, enum resv_set set);
/* Something visible has changed: the snapshot is not true any more. */
void resv_changed(struct dma_resv *resv, struct resv_dropped *dropped);
void resv_drop(struct dma_resv *resv, struct resv_dropped *dropped);
/* What is doomed, in a few at a time, so that it may be many. */
void resv_drop_doomed(struct dma_resv *resv);
/*
 * What is pending there, in the order of adding, once what is staged has been committed. A
 * reference of the caller's own; NULL: no memory.
 */
struct dma_resv_list *resv_list_after_commit(struct dma_resv *resv);

#endif /* DMA_FENCE_CORE_RESV_ENTRIES_H */
