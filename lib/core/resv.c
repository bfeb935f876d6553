/* SPDX-License-Identifier: MIT */
/*
 * resv.c - a reservation: the fences of one buffer.
 *
 * The entries are one array, in the order of adding: a new one goes behind the last, one that goes
 * leaves a hole. When the array is full, what is still pending moves into a new one, of which at
 * least half is free: so adding costs the same however many there are. The same allocation holds a
 * hash of the contexts, as chains of indices through the entries: all the room that an entry needs
 * is there when the entry is, which a hash that allocates by itself cannot promise.
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

struct dma_resv_entry {
	struct dma_fence *fence; /* NULL: a hole */
	uint64_t context;	 /* the fence's, to find it without touching that */
	uint32_t usage;
	uint32_t chain; /* index + 1 of the next entry with this hash, 0: none */
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
	for (i = 0; i < dropped->used; i++)
		dma_fence_put(dropped->entries[i].fence);
	free(dropped->entries);
}

/*
 * The first index + 1 of the chain that a context is on. The heads follow the entries, one for
 * each.
 */
static uint32_t *chain_head(struct dma_resv_entry *entries, unsigned int capacity, uint64_t context)
{
	uint32_t *heads = (uint32_t *)(entries + capacity);
	/*
	 * Contexts are mostly consecutive numbers: the golden ratio spreads them, in the upper
	 * bits.
	 */
	uint64_t hash = context * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	return &heads[hash & (capacity - 1)];
}

/* The link that points to an entry. */
static uint32_t *link_to(struct dma_resv *resv, unsigned int index)
{
	struct dma_resv_entry *entries = resv->entries;
	uint32_t *link = chain_head(entries, resv->capacity, entries[index].context);

	while (*link != index + 1)
		link = &entries[*link - 1].chain;
	return link;
}

static void append(struct dma_resv *resv, struct dma_fence *fence, uint32_t usage)
{
	uint32_t *head = chain_head(resv->entries, resv->capacity, fence->context);

	resv->entries[resv->used++] = (struct dma_resv_entry){
		.fence = fence,
		.context = fence->context,
		.usage = usage,
		.chain = *head,
	};
	*head = resv->used;
	resv->count++;
}

/* Makes a hole and returns the reference that was there. */
static struct dma_fence *take(struct dma_resv *resv, unsigned int index)
{
	struct dma_resv_entry *entry = &resv->entries[index];
	struct dma_fence *fence = entry->fence;

	*link_to(resv, index) = entry->chain;
	entry->fence = NULL;
	if (!--resv->count)
		resv->first = resv->used = 0;
	return fence;
}

/*
 * Moves what is pending into a new array with room for more, and twice that. The old one is in
 * dropped.
 */
static int make_room(struct dma_resv *resv, unsigned int room, struct dropped *dropped)
{
	struct dma_resv_entry *entries, *old = resv->entries;
	unsigned int i, capacity = SMALLEST_CAPACITY;
	uint64_t needed = room;

	for (i = resv->first; i < resv->used; i++)
		needed += old[i].fence && !fence_is_marked(old[i].fence);
	if (needed > LARGEST_CAPACITY / 2)
		return -ENOMEM;
	while (capacity < 2 * needed)
		capacity *= 2;
	entries = calloc(capacity, sizeof(*entries) + sizeof(uint32_t));
	if (!entries)
		return -ENOMEM;

	dropped->entries = old;
	dropped->used = resv->used;
	resv->entries = entries;
	resv->capacity = capacity;
	resv->count = 0;
	i = resv->first;
	resv->first = resv->used = 0;
	for (; i < dropped->used; i++) {
		if (!old[i].fence || fence_is_marked(old[i].fence))
			continue;
		append(resv, old[i].fence, old[i].usage);
		old[i].fence = NULL;
	}
	return 0;
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
	int error = 0;

	pthread_mutex_lock(&resv->lock);
	if (resv->capacity - resv->used < count)
		error = make_room(resv, count, &dropped);
	pthread_mutex_unlock(&resv->lock);
	drop(&dropped);
	return error;
}

/* The oldest first: fences mostly become signaled in the order of adding. */
static void prune(struct dma_resv *resv, struct dropped *dropped)
{
	unsigned int pruned = 0;

	while (resv->first < resv->used) {
		struct dma_fence *fence = resv->entries[resv->first].fence;

		if (!fence) {
			resv->first++;
			continue;
		}
		if (!fence_is_marked(fence) || pruned == PRUNED_PER_ADD)
			return;
		dropped->fences[dropped->count++] = take(resv, resv->first);
		pruned++;
	}
}

/*
 * Takes off what a fence replaces: of its context, and not later, and not there for more; or
 * signaled anyway. Does one that stays make it needless? There is at most one pending entry for
 * each usage of a context.
 */
static bool replace(struct dma_resv *resv, struct dma_fence *fence, uint32_t usage,
		    struct dropped *dropped)
{
	uint32_t next, index = *chain_head(resv->entries, resv->capacity, fence->context);
	bool needless = false;

	for (; index && !needless; index = next) {
		struct dma_resv_entry *entry = &resv->entries[index - 1];

		next = entry->chain;
		if (entry->context != fence->context)
			continue;
		if (fence_is_marked(entry->fence))
			dropped->fences[dropped->count++] = take(resv, index - 1);
		else if (entry->usage <= usage && !dma_fence_is_later(fence, entry->fence))
			needless = true;
		else if (entry->usage >= usage && !dma_fence_is_later(entry->fence, fence))
			dropped->fences[dropped->count++] = take(resv, index - 1);
	}
	return needless;
}

int dma_resv_add_fence(struct dma_resv *resv, struct dma_fence *fence, enum dma_resv_usage usage)
{
	struct dropped dropped = { 0 };
	int error = 0;

	if ((unsigned int)usage >= USAGE_COUNT)
		return -EINVAL;
	if (dma_fence_is_signaled(fence))
		return 0;

	pthread_mutex_lock(&resv->lock);
	if (resv->used == resv->capacity)
		error = make_room(resv, 1, &dropped);
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
	uint32_t index;

	pthread_mutex_lock(&resv->lock);
	index = resv->capacity ? *chain_head(resv->entries, resv->capacity, fence->context) : 0;
	while (index && resv->entries[index - 1].fence != fence)
		index = resv->entries[index - 1].chain;
	if (index)
		removed = take(resv, index - 1);
	pthread_mutex_unlock(&resv->lock);
	dma_fence_put(removed);
}

/* Is there one, it is for usage, and its bit says pending? */
static bool is_pending(const struct dma_resv_entry *entry, enum dma_resv_usage usage)
{
	return entry->fence && entry->usage <= (uint32_t)usage && !fence_is_marked(entry->fence);
}

/* The last one added that is pending as far as its bit says, with a reference, or NULL. */
static struct dma_fence *last_unmarked(struct dma_resv *resv, enum dma_resv_usage usage)
{
	struct dma_fence *fence = NULL;
	unsigned int i;

	pthread_mutex_lock(&resv->lock);
	for (i = resv->used; i > resv->first && !fence; i--) {
		if (is_pending(&resv->entries[i - 1], usage))
			fence = dma_fence_get(resv->entries[i - 1].fence);
	}
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
	unsigned int i, copied = 0;
	int error = -ENOMEM;

	pthread_mutex_lock(&resv->lock);
	*fences = calloc(resv->count + 1, sizeof(**fences));
	if (*fences) {
		for (i = resv->first; i < resv->used; i++) {
			if (is_pending(&resv->entries[i], usage))
				(*fences)[copied++] = dma_fence_get(resv->entries[i].fence);
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
