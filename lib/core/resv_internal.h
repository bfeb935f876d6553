/* SPDX-License-Identifier: MIT */
/*
 * resv_internal.h - what the files of a reservation share: its entries, and the references to drop
 * without its lock. The comment at the top of resv.c describes the layout.
 */
#ifndef DMA_FENCE_CORE_RESV_INTERNAL_H
#define DMA_FENCE_CORE_RESV_INTERNAL_H

#include "fence_internal.h"
#include "readers_internal.h"
#include "resv.h"

#define RESV_USAGES (DMA_RESV_USAGE_BOOKKEEP + 1)

/*
 * The set of an entry. It is also the number of a slot that holds no fence; the links of this slot
 * are the two ends of the set.
 */
enum resv_set {
	RESV_VISIBLE,
	RESV_STAGED,
	RESV_DOOMED, /* not found any more, to be dropped without the lock */
	RESV_SETS,
};

struct dma_resv_entry {
	struct dma_fence *fence; /* NULL: free */
	uint64_t context;	 /* the fence's, so that a search need not access the fence */
	uint64_t order;		 /* of adding: increases along the visible and the staged set */
	uint32_t older, newer;	 /* in the order of the set */
	uint32_t chain;		 /* the next with this hash, or the next free one; 0: none */
	uint8_t usage, set;
};

struct dma_resv_list {
	_Atomic uint32_t refcount;
	unsigned int count;
	uintptr_t fences[]; /* each with its usage in the two low bits */
};

/* How many signaled entries one call that adds removes, if they are the oldest: see prune(). */
#define PRUNED_PER_ADD 2

/*
 * References that were removed under the lock, to be dropped without it. A context has at most one
 * visible entry and one staged entry for each usage; at most two contexts are changed.
 */
struct resv_dropped {
	unsigned int count, used;
	struct dma_resv_entry *entries; /* a replaced array, with the entries that were not moved */
	struct dma_resv_list *snapshot; /* a look-up of it may be in progress */
	struct dma_fence *fences[4 * RESV_USAGES + PRUNED_PER_ADD];
};

static inline void resv_dropped_init(struct resv_dropped *dropped)
{
	/* fences[] is not cleared: that would cost as much as adding a fence. */
	dropped->count = dropped->used = 0;
	dropped->entries = NULL;
	dropped->snapshot = NULL;
}

/* Called with resv->lock held, except the last four, which are called without it. */

/* The oldest and the newest slot of a set; set itself: none. */
static inline uint32_t resv_oldest(const struct dma_resv *resv, enum resv_set set)
{
	return resv->capacity ? resv->entries[set].newer : (uint32_t)set;
}
static inline uint32_t resv_newest(const struct dma_resv *resv, enum resv_set set)
{
	return resv->capacity ? resv->entries[set].older : (uint32_t)set;
}
/* The first entry with the hash of a context; 0: none. */
uint32_t resv_first_of_context(struct dma_resv *resv, uint64_t context);
/*
 * Does a make b, of the same context, unnecessary? True if its usage is not higher and it is not
 * earlier.
 */
static inline bool resv_supersedes(const struct dma_resv_entry *a, const struct dma_resv_entry *b)
{
	return a->usage <= b->usage && !dma_fence_is_later(b->fence, a->fence);
}

/* Will a commit drop the entry, because another one of its context makes it unnecessary? */
bool resv_goes_with_commit(struct dma_resv *resv, const struct dma_resv_entry *entry);
/* Moves an entry to the end of another set. In RESV_DOOMED it is not found any more. */
void resv_move(struct dma_resv *resv, uint32_t slot, enum resv_set set);
/* The visible fences have changed: invalidates the snapshot. */
void resv_changed(struct dma_resv *resv, struct resv_dropped *dropped);
void resv_drop(struct dma_resv *resv, struct resv_dropped *dropped);
/* Drops the doomed entries, in batches, because there may be many. */
void resv_drop_doomed(struct dma_resv *resv);
/* Replaces the visible fences with the pending ones of a list. -ENOMEM: nothing has changed. */
int resv_copy_list(struct dma_resv *dst, const struct dma_resv_list *list);
/*
 * The fences that will be pending after a commit of the staged ones, in the order in which they
 * were added. A reference for the caller; NULL: no memory.
 */
struct dma_resv_list *resv_list_after_commit(struct dma_resv *resv);

#endif /* DMA_FENCE_CORE_RESV_INTERNAL_H */
