/* SPDX-License-Identifier: MIT */
/*
 * resv.c - a reservation: the fences of one buffer, how they are added and removed, and lists of
 * them. Locking and staging are in resv_lock.c, snapshots in resv_list.c, iteration in resv_iter.c,
 * queries in resv_query.c: these use this file, which uses none of them.
 *
 * The entries are slots of one array. They are linked in the order in which they were added, and
 * found by their context through a hash: chains of slot numbers, whose heads are in the same
 * allocation. So everything that an entry needs exists when its slot exists. A hash that allocates
 * by itself cannot guarantee that. The cost of adding does not depend on the number of entries.
 * When no slot is free, the pending entries move to a new array, at least half of which is free.
 * Visible and staged entries are two lists in the same array, so a commit only changes links and
 * needs no capacity. If many entries may have to be removed at once, they move to a third list
 * (RESV_DOOMED) and are dropped from there.
 *
 * Who owns what: an entry owns a reference to its fence, the reservation its entries.
 *
 * What can race: all functions except init and fini, with each other and with the signaling of
 * fences. Under the lock, only the signaled bit of a fence is read, and no references are dropped:
 * polling and dropping may run callbacks and release functions, which may call this file again. The
 * lock does not depend on the ww_mutex; whether the ww_mutex is held only decides to which set a
 * fence is added.
 */
#include <stdlib.h>

#include "resv_internal.h"

DEFINE_WD_CLASS(reservation_ww_class);

#define SMALLEST_CAPACITY 4u
#define LARGEST_CAPACITY  (1u << 30)

void resv_drop(struct dma_resv *resv, struct resv_dropped *dropped)
{
	unsigned int i;

	if (dropped->snapshot) {
		dma_readers_wait(&resv->readers);
		dma_resv_list_put(dropped->snapshot);
	}
	for (i = 0; i < dropped->count; i++)
		dma_fence_put(dropped->fences[i]);
	for (i = 0; i < dropped->used; i++)
		dma_fence_put(dropped->entries[RESV_SETS + i].fence);
	free(dropped->entries);
}

void resv_changed(struct dma_resv *resv, struct resv_dropped *dropped)
{
	/* Usually there is none, which is cheap to check. It is made under the lock. */
	if (atomic_load_explicit(&resv->snapshot, memory_order_relaxed))
		dropped->snapshot = atomic_exchange(&resv->snapshot, NULL);
}

/* The head of the chain of a context. The heads follow the slots, one for each slot. */
static uint32_t *chain_head(struct dma_resv *resv, uint64_t context)
{
	uint32_t *heads = (uint32_t *)(resv->entries + resv->capacity + RESV_SETS);
	/* Contexts are mostly consecutive numbers: the golden ratio spreads them. */
	uint64_t hash = context * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	return &heads[hash & (resv->capacity - 1)];
}

uint32_t resv_first_of_context(struct dma_resv *resv, uint64_t context)
{
	return resv->capacity ? *chain_head(resv, context) : 0;
}

static void link_newest(struct dma_resv *resv, uint32_t slot, enum resv_set set)
{
	struct dma_resv_entry *entries = resv->entries;
	uint32_t last = entries[set].older;

	entries[slot].set = set;
	entries[slot].older = last;
	entries[slot].newer = set;
	entries[last].newer = slot;
	entries[set].older = slot;
}

static void unlink_from_order(struct dma_resv *resv, uint32_t slot)
{
	struct dma_resv_entry *entries = resv->entries, *entry = &entries[slot];

	entries[entry->older].newer = entry->newer;
	entries[entry->newer].older = entry->older;
}

static void unlink_from_hash(struct dma_resv *resv, uint32_t slot)
{
	struct dma_resv_entry *entries = resv->entries;
	uint32_t *link = chain_head(resv, entries[slot].context);

	while (*link != slot)
		link = &entries[*link].chain;
	*link = entries[slot].chain;
}

/* There must be capacity. Takes over the reference. */
static void append(struct dma_resv *resv, struct dma_fence *fence, uint32_t usage, uint64_t order,
		   enum resv_set set)
{
	struct dma_resv_entry *entries = resv->entries;
	uint32_t *head = chain_head(resv, fence->context);
	uint32_t slot = resv->free;

	if (slot)
		resv->free = entries[slot].chain;
	else
		slot = RESV_SETS + resv->used++;
	entries[slot].fence = fence;
	entries[slot].context = fence->context;
	entries[slot].order = order;
	entries[slot].chain = *head;
	entries[slot].usage = usage;
	*head = slot;
	link_newest(resv, slot, set);
	resv->count++;
}

/* Removes an entry, whose reference is dropped later. */
static void take(struct dma_resv *resv, uint32_t slot, struct resv_dropped *dropped)
{
	struct dma_resv_entry *entry = &resv->entries[slot];

	if (entry->set == RESV_VISIBLE)
		resv_changed(resv, dropped);
	if (entry->set != RESV_DOOMED)
		unlink_from_hash(resv, slot);
	unlink_from_order(resv, slot);
	dropped->fences[dropped->count++] = entry->fence;
	entry->fence = NULL;
	entry->chain = resv->free;
	resv->free = slot;
	resv->count--;
}

void resv_move(struct dma_resv *resv, uint32_t slot, enum resv_set set)
{
	if (set == RESV_DOOMED)
		unlink_from_hash(resv, slot);
	unlink_from_order(resv, slot);
	link_newest(resv, slot, set);
	resv->entries[slot].order = ++resv->last_order;
}

void resv_drop_doomed(struct dma_resv *resv)
{
	bool more;

	do {
		struct resv_dropped dropped;

		resv_dropped_init(&dropped);
		pthread_mutex_lock(&resv->lock);
		while (resv_oldest(resv, RESV_DOOMED) != RESV_DOOMED && dropped.count < RESV_USAGES)
			take(resv, resv_oldest(resv, RESV_DOOMED), &dropped);
		more = resv_oldest(resv, RESV_DOOMED) != RESV_DOOMED;
		pthread_mutex_unlock(&resv->lock);
		resv_drop(resv, &dropped);
	} while (more);
}

/* Allocates zeroed slots for the existing fences and room more. NULL: no memory. */
static struct dma_resv_entry *allocate_entries(uint64_t room, uint32_t *capacity)
{
	struct dma_resv_entry *entries;
	uint32_t set;

	if (room > LARGEST_CAPACITY / 2)
		return NULL;
	*capacity = SMALLEST_CAPACITY;
	while (*capacity < 2 * room)
		*capacity *= 2;
	entries = calloc(1, ((size_t)*capacity + RESV_SETS) * sizeof(*entries) +
				    *capacity * sizeof(uint32_t));
	for (set = 0; entries && set < RESV_SETS; set++)
		entries[set].older = entries[set].newer = set;
	return entries;
}

static uint64_t count_pending(const struct dma_resv *resv, enum resv_set set)
{
	uint64_t pending = 0;
	uint32_t slot;

	for (slot = resv_oldest(resv, set); slot != set; slot = resv->entries[slot].newer)
		pending += !fence_is_marked(resv->entries[slot].fence);
	return pending;
}

/* The oldest entry of a set, in an array that has been replaced. */
static uint32_t oldest_of(const struct dma_resv_entry *entries, enum resv_set set)
{
	return entries ? entries[set].newer : (uint32_t)set;
}

/* Takes over the pending entries of a set, from an array that has been replaced. */
static void move_pending(struct dma_resv *resv, struct dma_resv_entry *from, enum resv_set set)
{
	uint32_t slot;

	for (slot = oldest_of(from, set); slot != set; slot = from[slot].newer) {
		/* More entries may be signaled by now. */
		if (fence_is_marked(from[slot].fence))
			continue;
		append(resv, from[slot].fence, from[slot].usage, from[slot].order, set);
		from[slot].fence = NULL;
	}
}

/* Starts with new, empty slots. The old ones are in dropped. */
static void replace_entries(struct dma_resv *resv, struct dma_resv_entry *entries,
			    uint32_t capacity, struct resv_dropped *dropped)
{
	dropped->entries = resv->entries;
	dropped->used = resv->used;
	resv->entries = entries;
	resv->capacity = capacity;
	resv->count = resv->used = resv->free = 0;
}

/* Moves the pending entries to a new array with more capacity. */
static int make_room(struct dma_resv *resv, uint64_t room, struct resv_dropped *dropped)
{
	uint64_t pending = count_pending(resv, RESV_VISIBLE) + count_pending(resv, RESV_STAGED);
	struct dma_resv_entry *entries;
	uint32_t capacity;

	entries = allocate_entries(pending + room, &capacity);
	if (!entries)
		return -ENOMEM;
	replace_entries(resv, entries, capacity, dropped);
	move_pending(resv, dropped->entries, RESV_VISIBLE);
	move_pending(resv, dropped->entries, RESV_STAGED);
	return 0;
}

/* Ensures capacity for that many fences. */
static int ensure_room(struct dma_resv *resv, uint64_t room, struct resv_dropped *dropped)
{
	return resv->capacity - resv->count < room ? make_room(resv, room, dropped) : 0;
}

void dma_resv_init(struct dma_resv *resv)
{
	*resv = (struct dma_resv){ 0 };
	ww_mutex_init(&resv->ww, &reservation_ww_class);
	pthread_mutex_init(&resv->lock, NULL);
	dma_readers_init(&resv->readers);
}

void dma_resv_fini(struct dma_resv *resv)
{
	struct resv_dropped dropped;

	resv_dropped_init(&dropped);
	/*
	 * So the reservation is empty for the callbacks of the fences that lose their last
	 * reference here.
	 */
	replace_entries(resv, NULL, 0, &dropped);
	dropped.snapshot = atomic_exchange(&resv->snapshot, NULL);
	resv_drop(resv, &dropped);
	dma_readers_fini(&resv->readers);
	pthread_mutex_destroy(&resv->lock);
	ww_mutex_destroy(&resv->ww);
}

int dma_resv_reserve_fences(struct dma_resv *resv, unsigned int count)
{
	struct resv_dropped dropped;
	int error;

	resv_dropped_init(&dropped);
	pthread_mutex_lock(&resv->lock);
	error = ensure_room(resv, count, &dropped);
	if (!error && ww_mutex_is_locked(&resv->ww) && resv->reserved < count)
		resv->reserved = count;
	pthread_mutex_unlock(&resv->lock);
	resv_drop(resv, &dropped);
	return error;
}

/* Removes the oldest first: fences are mostly signaled in the order in which they were added. */
static void prune(struct dma_resv *resv, struct resv_dropped *dropped)
{
	unsigned int pruned;

	for (pruned = 0; pruned < PRUNED_PER_ADD; pruned++) {
		uint32_t slot = resv_oldest(resv, RESV_VISIBLE);

		if (slot == RESV_VISIBLE || !fence_is_marked(resv->entries[slot].fence))
			return;
		take(resv, slot, dropped);
	}
}

/*
 * Removes the entries of its context that a fence supersedes in a set or that are signaled. Returns
 * whether a remaining one makes the fence unnecessary. There is at most one entry for each usage of
 * a context.
 */
static bool replace(struct dma_resv *resv, const struct dma_resv_entry *entry, enum resv_set set,
		    struct resv_dropped *dropped)
{
	uint32_t next, slot = resv_first_of_context(resv, entry->context);
	bool needless = false;

	for (; slot && !needless; slot = next) {
		struct dma_resv_entry *other = &resv->entries[slot];

		next = other->chain;
		if (other->context != entry->context)
			continue;
		if (fence_is_marked(other->fence))
			take(resv, slot, dropped);
		else if (other->set != set)
			continue;
		else if (resv_supersedes(other, entry))
			needless = true;
		else if (resv_supersedes(entry, other))
			take(resv, slot, dropped);
	}
	return needless;
}

/* There must be capacity, or an entry of its context has just been removed. */
static void add(struct dma_resv *resv, struct dma_fence *fence, enum dma_resv_usage usage,
		enum resv_set set, struct resv_dropped *dropped)
{
	struct dma_resv_entry entry = {
		.fence = fence,
		.context = fence->context,
		.usage = usage,
	};

	if (replace(resv, &entry, set, dropped))
		return;
	append(resv, dma_fence_get(fence), usage, ++resv->last_order, set);
	if (set == RESV_VISIBLE)
		resv_changed(resv, dropped);
}

int dma_resv_add_fence(struct dma_resv *resv, struct dma_fence *fence, enum dma_resv_usage usage)
{
	struct resv_dropped dropped;
	int error;

	if ((unsigned int)usage >= RESV_USAGES)
		return -EINVAL;
	if (dma_fence_is_signaled(fence))
		return 0;

	resv_dropped_init(&dropped);
	pthread_mutex_lock(&resv->lock);
	error = ensure_room(resv, 1, &dropped);
	if (!error) {
		enum resv_set set = ww_mutex_is_locked(&resv->ww) ? RESV_STAGED : RESV_VISIBLE;

		if (resv->reserved)
			resv->reserved--;
		prune(resv, &dropped);
		add(resv, fence, usage, set, &dropped);
	}
	pthread_mutex_unlock(&resv->lock);
	resv_drop(resv, &dropped);
	return error;
}

int dma_resv_add_fence_unlocked(struct dma_resv *resv, struct dma_fence *fence)
{
	struct resv_dropped dropped;
	int error;

	if (dma_fence_is_signaled(fence))
		return 0;

	resv_dropped_init(&dropped);
	pthread_mutex_lock(&resv->lock);
	/* The holder's reserved capacity is not used. */
	error = ensure_room(resv, (uint64_t)resv->reserved + 1, &dropped);
	if (!error) {
		prune(resv, &dropped);
		add(resv, fence, DMA_RESV_USAGE_BOOKKEEP, RESV_VISIBLE, &dropped);
	}
	pthread_mutex_unlock(&resv->lock);
	resv_drop(resv, &dropped);
	return error;
}

void dma_resv_remove_fence(struct dma_resv *resv, struct dma_fence *fence)
{
	struct resv_dropped dropped;
	uint32_t next, slot;

	resv_dropped_init(&dropped);
	pthread_mutex_lock(&resv->lock);
	for (slot = resv_first_of_context(resv, fence->context); slot; slot = next) {
		next = resv->entries[slot].chain;
		if (resv->entries[slot].fence == fence)
			take(resv, slot, &dropped);
	}
	pthread_mutex_unlock(&resv->lock);
	resv_drop(resv, &dropped);
}

int dma_resv_replace_fences(struct dma_resv *resv, uint64_t context, struct dma_fence *replacement,
			    enum dma_resv_usage usage)
{
	bool signaled = dma_fence_is_signaled(replacement), found[RESV_SETS] = { false };
	struct resv_dropped dropped;
	uint32_t next, slot;

	if ((unsigned int)usage >= RESV_USAGES)
		return -EINVAL;
	resv_dropped_init(&dropped);
	pthread_mutex_lock(&resv->lock);
	for (slot = resv_first_of_context(resv, context); slot; slot = next) {
		next = resv->entries[slot].chain;
		if (resv->entries[slot].context != context)
			continue;
		found[resv->entries[slot].set] = true;
		take(resv, slot, &dropped);
	}
	if (found[RESV_VISIBLE] && !signaled)
		add(resv, replacement, usage, RESV_VISIBLE, &dropped);
	if (found[RESV_STAGED] && !signaled)
		add(resv, replacement, usage, RESV_STAGED, &dropped);
	pthread_mutex_unlock(&resv->lock);
	resv_drop(resv, &dropped);
	return 0;
}

/* The two low bits of a pointer to a fence are free and hold the usage. */
#define USAGE_MASK ((uintptr_t)3)
_Static_assert(RESV_USAGES - 1 <= USAGE_MASK && _Alignof(struct dma_fence) > USAGE_MASK,
	       "a usage fits in a pointer");

struct dma_resv_list *dma_resv_list_get(struct dma_resv_list *list)
{
	atomic_fetch_add_explicit(&list->refcount, 1, memory_order_relaxed);
	return list;
}

unsigned int dma_resv_list_count(const struct dma_resv_list *list)
{
	return list->count;
}

struct dma_fence *dma_resv_list_fence(const struct dma_resv_list *list, unsigned int index,
				      enum dma_resv_usage *usage)
{
	if (usage)
		*usage = (enum dma_resv_usage)(list->fences[index] & USAGE_MASK);
	return (struct dma_fence *)(list->fences[index] & ~USAGE_MASK);
}

void dma_resv_list_put(struct dma_resv_list *list)
{
	unsigned int i;

	if (!list || atomic_fetch_sub_explicit(&list->refcount, 1, memory_order_acq_rel) != 1)
		return;
	for (i = 0; i < list->count; i++)
		dma_fence_put(dma_resv_list_fence(list, i, NULL));
	free(list);
}

int resv_copy_list(struct dma_resv *dst, const struct dma_resv_list *list)
{
	unsigned int i, count = dma_resv_list_count(list);
	struct resv_dropped dropped;
	struct dma_resv_entry *entries;
	uint32_t capacity;

	resv_dropped_init(&dropped);
	pthread_mutex_lock(&dst->lock);
	entries = allocate_entries(count + count_pending(dst, RESV_STAGED) + dst->reserved,
				   &capacity);
	if (entries) {
		replace_entries(dst, entries, capacity, &dropped);
		for (i = 0; i < count; i++) {
			enum dma_resv_usage usage;
			struct dma_fence *fence = dma_resv_list_fence(list, i, &usage);

			if (!fence_is_marked(fence))
				append(dst, dma_fence_get(fence), usage, ++dst->last_order,
				       RESV_VISIBLE);
		}
		move_pending(dst, dropped.entries, RESV_STAGED);
		resv_changed(dst, &dropped);
	}
	pthread_mutex_unlock(&dst->lock);
	resv_drop(dst, &dropped);
	return entries ? 0 : -ENOMEM;
}
