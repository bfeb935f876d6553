/* SPDX-License-Identifier: MIT */
/*
 * resv.c - a reservation: the fences of one buffer.
 *
 * The entries are slots of one array, linked in the order of adding, and found by their context
 * through a hash: chains of slot numbers, whose heads are in the same allocation. So all that an
 * entry needs is there when its slot is, which a hash that allocates by itself cannot promise, and
 * adding costs the same however many there are. When the slots run out, what is still pending moves
 * into a new array, at least half of which is free.
 *
 * Who owns what: an entry owns a reference to its fence, the reservation its entries. What can
 * race: everything but init and fini, with everything and with the fences' signaling. Fences are
 * asked for no more than their signaled bit under the lock, and references are dropped outside of
 * it: both may otherwise run callbacks and release functions, which may come back here.
 */
#include <stdlib.h>

#include "internal.h"
#include "merge.h"
#include "resv.h"

#define SMALLEST_CAPACITY 4u
#define LARGEST_CAPACITY (1u << 30)
#define USAGE_COUNT (DMA_RESV_USAGE_BOOKKEEP + 1)

/*
 * Signaled entries that one adding takes off, if it finds them first in line: more than it adds, so
 * that they get fewer.
 */
#define PRUNED_PER_ADD 2

/* Slot 0 holds no fence: its links are the two ends of the order. So 0 stands for none. */
struct dma_resv_entry {
	struct dma_fence *fence; /* NULL: free */
	uint64_t context;	 /* the fence's, to find it without touching that */
	uint32_t older, newer;	 /* by the order of adding */
	uint32_t chain;		 /* the next with this hash, or the next that is free */
	uint32_t usage;
};

/* References to be dropped without the lock. */
struct dropped {
	struct dma_fence *fences[USAGE_COUNT + PRUNED_PER_ADD];
	unsigned int count;
	struct dma_resv_entry *entries; /* a replaced array, with those that have not moved on */
	unsigned int used;
};

static void drop(struct dropped *dropped)
{
	unsigned int i;

	for (i = 0; i < dropped->count; i++)
		dma_fence_put(dropped->fences[i]);
	for (i = 1; i <= dropped->used; i++)
		dma_fence_put(dropped->entries[i].fence);
	free(dropped->entries);
}

/* The first on the chain that a context is on. The heads follow the slots, one for each. */
static uint32_t *chain_head(struct dma_resv *resv, uint64_t context)
{
	uint32_t *heads = (uint32_t *)(resv->entries + resv->capacity + 1);
	/* Contexts are mostly consecutive numbers: the golden ratio spreads them. */
	uint64_t hash = context * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	return &heads[hash & (resv->capacity - 1)];
}

static uint32_t first_of_context(struct dma_resv *resv, uint64_t context)
{
	return resv->capacity ? *chain_head(resv, context) : 0;
}

static uint32_t oldest(const struct dma_resv *resv)
{
	return resv->capacity ? resv->entries[0].newer : 0;
}

static uint32_t newest(const struct dma_resv *resv)
{
	return resv->capacity ? resv->entries[0].older : 0;
}

/* There is room. The reference becomes the reservation's. */
static void append(struct dma_resv *resv, struct dma_fence *fence, uint32_t usage)
{
	struct dma_resv_entry *entries = resv->entries;
	uint32_t *head = chain_head(resv, fence->context);
	uint32_t slot = resv->free, last = newest(resv);

	if (slot)
		resv->free = entries[slot].chain;
	else
		slot = ++resv->used;
	entries[slot] = (struct dma_resv_entry){
		.fence = fence,
		.context = fence->context,
		.older = last,
		.chain = *head,
		.usage = usage,
	};
	*head = slot;
	entries[last].newer = slot;
	entries[0].older = slot;
	resv->count++;
}

/* Takes an entry off, and returns the reference that it held. */
static struct dma_fence *take(struct dma_resv *resv, uint32_t slot)
{
	struct dma_resv_entry *entries = resv->entries, *entry = &entries[slot];
	uint32_t *link = chain_head(resv, entry->context);
	struct dma_fence *fence = entry->fence;

	while (*link != slot)
		link = &entries[*link].chain;
	*link = entry->chain;
	entries[entry->older].newer = entry->newer;
	entries[entry->newer].older = entry->older;
	entry->fence = NULL;
	entry->chain = resv->free;
	resv->free = slot;
	resv->count--;
	return fence;
}

/* Moves what is pending into a new array with room for more. The old one is in dropped. */
static int make_room(struct dma_resv *resv, unsigned int room, struct dropped *dropped)
{
	struct dma_resv_entry *entries, *old = resv->entries;
	uint32_t slot, first = oldest(resv), capacity = SMALLEST_CAPACITY;
	uint64_t needed = room;

	for (slot = first; slot; slot = old[slot].newer)
		needed += !fence_is_marked(old[slot].fence);
	if (needed > LARGEST_CAPACITY / 2)
		return -ENOMEM;
	while (capacity < 2 * needed)
		capacity *= 2;
	entries = calloc(1, (capacity + 1) * sizeof(*entries) + capacity * sizeof(uint32_t));
	if (!entries)
		return -ENOMEM;

	dropped->entries = old;
	dropped->used = resv->used;
	resv->entries = entries;
	resv->capacity = capacity;
	resv->count = resv->used = resv->free = 0;
	for (slot = first; slot; slot = old[slot].newer) {
		/* Some more may be signaled by now. */
		if (fence_is_marked(old[slot].fence))
			continue;
		append(resv, old[slot].fence, old[slot].usage);
		old[slot].fence = NULL;
	}
	return 0;
}

/* Is there room for that many? If not, makes it. */
static int ensure_room(struct dma_resv *resv, unsigned int room, struct dropped *dropped)
{
	return resv->capacity - resv->count < room ? make_room(resv, room, dropped) : 0;
}

void dma_resv_init(struct dma_resv *resv)
{
	*resv = (struct dma_resv){ 0 };
	pthread_mutex_init(&resv->lock, NULL);
}

void dma_resv_fini(struct dma_resv *resv)
{
	struct dropped dropped = { .entries = resv->entries, .used = resv->used };

	drop(&dropped);
	pthread_mutex_destroy(&resv->lock);
}

int dma_resv_reserve_fences(struct dma_resv *resv, unsigned int count)
{
	struct dropped dropped = { 0 };
	int error;

	pthread_mutex_lock(&resv->lock);
	error = ensure_room(resv, count, &dropped);
	pthread_mutex_unlock(&resv->lock);
	drop(&dropped);
	return error;
}

/* The oldest first: fences mostly become signaled in the order of adding. */
static void prune(struct dma_resv *resv, struct dropped *dropped)
{
	unsigned int pruned;

	for (pruned = 0; pruned < PRUNED_PER_ADD && resv->count; pruned++) {
		uint32_t slot = oldest(resv);

		if (!fence_is_marked(resv->entries[slot].fence))
			return;
		dropped->fences[dropped->count++] = take(resv, slot);
	}
}

/*
 * Takes off what a fence replaces: of its context, and not later, and not there for more; or
 * signaled anyway. Does one that stays make it needless? There is at most one entry for each usage
 * of a context.
 */
static bool replace(struct dma_resv *resv, struct dma_fence *fence, uint32_t usage,
		    struct dropped *dropped)
{
	uint32_t next, slot = first_of_context(resv, fence->context);
	bool needless = false;

	for (; slot && !needless; slot = next) {
		struct dma_resv_entry *entry = &resv->entries[slot];

		next = entry->chain;
		if (entry->context != fence->context)
			continue;
		if (fence_is_marked(entry->fence))
			dropped->fences[dropped->count++] = take(resv, slot);
		else if (entry->usage <= usage && !dma_fence_is_later(fence, entry->fence))
			needless = true;
		else if (entry->usage >= usage && !dma_fence_is_later(entry->fence, fence))
			dropped->fences[dropped->count++] = take(resv, slot);
	}
	return needless;
}

int dma_resv_add_fence(struct dma_resv *resv, struct dma_fence *fence, enum dma_resv_usage usage)
{
	struct dropped dropped = { 0 };
	int error;

	if ((unsigned int)usage >= USAGE_COUNT)
		return -EINVAL;
	if (dma_fence_is_signaled(fence))
		return 0;

	pthread_mutex_lock(&resv->lock);
	error = ensure_room(resv, 1, &dropped);
	if (!error) {
		prune(resv, &dropped);
		if (!replace(resv, fence, usage, &dropped))
			append(resv, dma_fence_get(fence), usage);
	}
	pthread_mutex_unlock(&resv->lock);
	drop(&dropped);
	return error;
}

void dma_resv_remove_fence(struct dma_resv *resv, struct dma_fence *fence)
{
	struct dma_fence *removed = NULL;
	uint32_t slot;

	pthread_mutex_lock(&resv->lock);
	slot = first_of_context(resv, fence->context);
	while (slot && resv->entries[slot].fence != fence)
		slot = resv->entries[slot].chain;
	if (slot)
		removed = take(resv, slot);
	pthread_mutex_unlock(&resv->lock);
	dma_fence_put(removed);
}

/* Is it there for usage, and does its bit say pending? */
static bool is_pending(const struct dma_resv_entry *entry, enum dma_resv_usage usage)
{
	return entry->usage <= (uint32_t)usage && !fence_is_marked(entry->fence);
}

/* The last one added that is pending as far as its bit says, with a reference, or NULL. */
static struct dma_fence *last_unmarked(struct dma_resv *resv, enum dma_resv_usage usage)
{
	struct dma_fence *fence = NULL;
	uint32_t slot;

	pthread_mutex_lock(&resv->lock);
	slot = newest(resv);
	while (slot && !is_pending(&resv->entries[slot], usage))
		slot = resv->entries[slot].older;
	if (slot)
		fence = dma_fence_get(resv->entries[slot].fence);
	pthread_mutex_unlock(&resv->lock);
	return fence;
}

struct dma_fence *dma_resv_get_latest(struct dma_resv *resv, enum dma_resv_usage usage)
{
	struct dma_fence *fence;

	/* One that turns out to be signaled has its bit set after that, and is not found again. */
	while ((fence = last_unmarked(resv, usage)) && dma_fence_is_signaled(fence))
		dma_fence_put(fence);
	return fence;
}

bool dma_resv_test_signaled(struct dma_resv *resv, enum dma_resv_usage usage)
{
	struct dma_fence *fence = dma_resv_get_latest(resv, usage);

	dma_fence_put(fence);
	return !fence;
}

/* References to those whose bits say pending: the snapshot as such. */
static int copy_unmarked(struct dma_resv *resv, enum dma_resv_usage usage, unsigned int *count,
			 struct dma_fence ***fences)
{
	unsigned int copied = 0;
	int error = -ENOMEM;
	uint32_t slot;

	pthread_mutex_lock(&resv->lock);
	*fences = calloc(resv->count + 1, sizeof(**fences));
	if (*fences) {
		for (slot = oldest(resv); slot; slot = resv->entries[slot].newer) {
			if (is_pending(&resv->entries[slot], usage))
				(*fences)[copied++] = dma_fence_get(resv->entries[slot].fence);
		}
		error = 0;
	}
	pthread_mutex_unlock(&resv->lock);
	*count = copied;
	return error;
}

static void put_fences(unsigned int count, struct dma_fence **fences)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		dma_fence_put(fences[i]);
	free(fences);
}

int dma_resv_get_fences(struct dma_resv *resv, enum dma_resv_usage usage, unsigned int *count,
			struct dma_fence ***fences)
{
	unsigned int i, copied, kept = 0;
	int error = copy_unmarked(resv, usage, &copied, fences);

	/* Now that the lock is gone they may be asked properly. */
	for (i = 0; i < copied; i++) {
		struct dma_fence *fence = (*fences)[i];

		if (dma_fence_is_signaled(fence))
			dma_fence_put(fence);
		else
			(*fences)[kept++] = fence;
	}
	*count = kept;
	return error;
}

struct dma_fence *dma_resv_get_singleton(struct dma_resv *resv, enum dma_resv_usage usage,
					 unsigned int *count)
{
	struct dma_fence **fences, *singleton;
	unsigned int pending;

	if (dma_resv_get_fences(resv, usage, &pending, &fences))
		return NULL;
	singleton = dma_fence_merge_all(pending, fences);
	put_fences(pending, fences);
	if (count)
		*count = pending;
	return singleton;
}

int64_t dma_resv_wait_timeout(struct dma_resv *resv, enum dma_resv_usage usage, bool interruptible,
			      int64_t timeout_ns)
{
	int64_t left = timeout_ns;
	struct dma_fence **fences;
	unsigned int count, i;
	int error;

	if (timeout_ns < 0)
		return -EINVAL;
	if (!timeout_ns)
		return dma_resv_test_signaled(resv, usage);
	/* What is added from here on is not waited for, so this ends. */
	error = dma_resv_get_fences(resv, usage, &count, &fences);
	if (error)
		return error;
	for (i = 0; i < count && left > 0; i++)
		left = dma_fence_wait_timeout(fences[i], interruptible, left);
	put_fences(count, fences);
	return left;
}
