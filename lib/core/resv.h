/* SPDX-License-Identifier: MIT */
/*
 * resv.h - a reservation: the fences of one buffer, each with its usage. It does not depend on a
 * buffer: embed it in any structure.
 *
 * Lifetime: a reservation is not reference counted; it lives as long as its owner, which embeds it.
 * A caller holds its own reference to the owner during each call, from dma_resv_iter_begin() to
 * dma_resv_iter_end(), and from the lock until dma_resv_unlock() has returned. A reference that
 * ends with a fence is not enough, for example the one by which a pending fence keeps its buffer.
 * The reason: a poll may signal a fence (see dma_fence_is_signaled()), and a dropped reference may
 * release one. Callbacks and release functions then run in the calling thread, remove the fence
 * from the reservation, and may drop the last reference to the owner. The functions that add fences
 * poll the fence that they are given and drop signaled ones. The functions that query, wait and
 * iterate poll all fences that they visit.
 *
 * There are two locks. An internal lock protects the state of the reservation; callers never see
 * it. The lock that dma_resv_lock() takes is a ww_mutex (ww_mutex.h), for callers that add fences
 * to several reservations as one operation. While it is held, the fences that its holder adds are
 * *staged*: they become visible to others all together, at the commit or the unlock. Without the
 * lock a fence is visible as soon as it is added. Queries and removals need no lock; a query gets a
 * snapshot, which does not change.
 *
 * Thread-safety: any thread may call every function on the same reservation, unless its comment
 * restricts it to the holder of the lock. A fence counts as signaled as soon as its state is
 * visible, so before its callbacks run. Errors are negative errno values.
 */
#ifndef DMA_FENCE_CORE_RESV_H
#define DMA_FENCE_CORE_RESV_H

#include "fence.h"
#include "readers.h"
#include "ww_mutex.h"

#pragma GCC visibility push(default)

/* A query for a usage returns the fences of that usage and of all earlier ones in this list. */
enum dma_resv_usage {
	DMA_RESV_USAGE_KERNEL,
	DMA_RESV_USAGE_WRITE,
	DMA_RESV_USAGE_READ,
	DMA_RESV_USAGE_BOOKKEEP,
};

/* The usage that a new reader (write false) or writer (true) waits for. */
static inline enum dma_resv_usage dma_resv_usage_rw(bool write)
{
	return write ? DMA_RESV_USAGE_READ : DMA_RESV_USAGE_WRITE;
}

struct dma_resv_entry;
struct dma_resv_list;

/* The fields belong to the library. Callers may lock ww with the functions of ww_mutex.h. */
struct dma_resv {
	struct ww_mutex ww; /* unlock it with dma_resv_unlock() */
	pthread_mutex_t lock;
	struct dma_resv_entry *entries;		/* slots: see resv.c */
	unsigned int capacity;			/* of slots: 0 or a power of two */
	unsigned int count;			/* slots that hold a fence */
	unsigned int used;			/* slots that have ever held one */
	unsigned int free;			/* the first of those that hold none any more */
	unsigned int reserved;			/* free slots reserved for the holder */
	uint64_t last_order;			/* of the entry that was added last */
	struct dma_resv_list *_Atomic snapshot; /* the cached one, or NULL if fences have changed */
	struct dma_readers readers;		/* look-ups of the snapshot in progress */
};

/* The class of all reservations, for ww_acquire_init(). */
extern struct ww_class reservation_ww_class;

void dma_resv_init(struct dma_resv *resv);
/*
 * Drops its references. It must not be locked or in use by other threads, except by callbacks of
 * fences that are released with it: they find it empty.
 */
void dma_resv_fini(struct dma_resv *resv);

/*
 * ---- locking ----
 *
 * As the functions of ww_mutex.h with the same names, under a context of reservation_ww_class or
 * NULL. Without sleeping: ww_mutex_lock_async() on &resv->ww.
 */
int dma_resv_lock(struct dma_resv *resv, struct ww_acquire_ctx *ctx);
int dma_resv_lock_interruptible(struct dma_resv *resv, struct ww_acquire_ctx *ctx);
void dma_resv_lock_slow(struct dma_resv *resv, struct ww_acquire_ctx *ctx);
int dma_resv_lock_slow_interruptible(struct dma_resv *resv, struct ww_acquire_ctx *ctx);
bool dma_resv_trylock(struct dma_resv *resv); /* without a context */
bool dma_resv_is_locked(const struct dma_resv *resv);
struct ww_acquire_ctx *dma_resv_locking_ctx(const struct dma_resv *resv);
/* Commits and releases the lock. Only for the holder. */
void dma_resv_unlock(struct dma_resv *resv);
/*
 * Makes all staged fences visible in one step and keeps the lock. Cannot fail. Only for the holder.
 */
void dma_resv_commit(struct dma_resv *resv);
/*
 * Drops the staged fences; they never become visible. Only for the holder, or a caller that ends
 * it.
 */
void dma_resv_discard(struct dma_resv *resv);

/* ---- adding and taking off ---- */

/*
 * Reserves capacity for count more fences, so that this number of dma_resv_add_fence() calls cannot
 * fail. -ENOMEM. The capacity belongs to the holder until it unlocks, whatever other threads do
 * meanwhile. Without the lock it is usable only if no other thread adds in between.
 */
int dma_resv_reserve_fences(struct dma_resv *resv, unsigned int count);
/*
 * Adds a fence, with a new reference. It replaces the earlier fences of its context, except those
 * with a lower usage. It is not added if its context has an equal or later fence with the same or a
 * lower usage. So the usage of a fence can be changed to a lower one, which more waiters see, but
 * never to a higher one. Signaled fences are dropped on the way. While the reservation is locked,
 * the fence is staged, so only the holder may call this; the fences that it replaces are dropped at
 * the commit. Needs capacity: without reserved capacity it tries to allocate some, -ENOMEM.
 * -EINVAL: usage is not a usage.
 */
int dma_resv_add_fence(struct dma_resv *resv, struct dma_fence *fence, enum dma_resv_usage usage);
/*
 * The same with DMA_RESV_USAGE_BOOKKEEP, visible at once even if the reservation is locked, because
 * such a fence takes no part in implicit synchronisation. -ENOMEM.
 */
int dma_resv_add_fence_unlocked(struct dma_resv *resv, struct dma_fence *fence);
/* Removes fence, staged or not. */
void dma_resv_remove_fence(struct dma_resv *resv, struct dma_fence *fence);
/*
 * Replaces the fences of a context, of any usage, by replacement with usage; without such fences it
 * does nothing. For work that will not access the buffer any more, whether its fence is signaled or
 * not. Visible fences are replaced at once, staged ones by a staged one. Needs no capacity.
 * -EINVAL: usage is not a usage. Only for the holder.
 */
int dma_resv_replace_fences(struct dma_resv *resv, uint64_t context, struct dma_fence *replacement,
			    enum dma_resv_usage usage);
/*
 * Replaces the visible fences of dst by the pending fences of src, with their usages, in one step
 * and at once. Staged fences of dst stay. -ENOMEM: nothing has changed. Only for the holder of dst.
 */
int dma_resv_copy_fences(struct dma_resv *dst, struct dma_resv *src);

/*
 * ---- queries: of visible fences, not of staged ones ----
 *
 * dma_resv_test_signaled(), dma_resv_get_fences(), dma_resv_get_singleton() and
 * dma_resv_get_latest() poll each fence at most once, and do not access the reservation after the
 * first poll: it may end with a fence that they signal. The caller does not access it afterwards
 * either, unless it holds a reference to the owner.
 */

/* Is no fence pending for usage? As dma_resv_get_latest(). */
bool dma_resv_test_signaled(struct dma_resv *resv, enum dma_resv_usage usage);
/*
 * The pending fences for usage, in the order in which they were added: an array for the caller to
 * free, with a reference to each fence. 0 or -ENOMEM.
 */
int dma_resv_get_fences(struct dma_resv *resv, enum dma_resv_usage usage, unsigned int *count,
			struct dma_fence ***fences);
/*
 * The same as one fence (merge.h): a single one is that fence itself; a stub if nothing is pending.
 * NULL: no memory. Stores the number of fences in *count (may be NULL).
 */
struct dma_fence *dma_resv_get_singleton(struct dma_resv *resv, enum dma_resv_usage usage,
					 unsigned int *count);
/*
 * The pending fence that was added last, with a reference for the caller; NULL: none. Without
 * memory for a snapshot the fence is not polled and may turn out to be signaled.
 */
struct dma_fence *dma_resv_get_latest(struct dma_resv *resv, enum dma_resv_usage usage);
/* Does not wait for fences that are added meanwhile. Returns as dma_fence_wait_timeout(). */
int64_t dma_resv_wait_timeout(struct dma_resv *resv, enum dma_resv_usage usage, bool interruptible,
			      int64_t timeout_ns);
/* Calls dma_fence_set_deadline() for all fences that are pending for usage. */
void dma_resv_set_deadline(struct dma_resv *resv, enum dma_resv_usage usage, int64_t deadline_ns);

/*
 * ---- snapshots ----
 *
 * A list of the visible fences of all usages, in the order in which they were added. It never
 * changes, except that its fences become signaled. The reservation caches it until its fences
 * change; a call that finds it cached takes no lock and a fixed number of steps. The caller gets a
 * reference; NULL: no memory.
 */
struct dma_resv_list *dma_resv_snapshot(struct dma_resv *resv);
/* References. get returns list; put accepts NULL. */
struct dma_resv_list *dma_resv_list_get(struct dma_resv_list *list);
void dma_resv_list_put(struct dma_resv_list *list);
unsigned int dma_resv_list_count(const struct dma_resv_list *list);
/*
 * The fence at index, borrowed from the list: take a reference to keep it longer. Stores its usage
 * in *usage (may be NULL).
 */
struct dma_fence *dma_resv_list_fence(const struct dma_resv_list *list, unsigned int index,
				      enum dma_resv_usage *usage);

/*
 * ---- iteration ----
 *
 * Over the fences that are pending for a usage, in the order in which they were added. One thread
 * uses a cursor. The current fence is borrowed from the cursor: take a reference to keep it longer.
 *
 * Unlocked: over a snapshot. Locked, only for the holder: over the fences that the reservation will
 * have after a commit of the staged ones; do not commit or discard meanwhile. Both iterate over a
 * list that the first step makes, and do not visit fences that are added later. Without memory for
 * the list they walk the reservation itself, and may skip fences that are removed meanwhile; there
 * is no error.
 */
struct dma_resv_iter {
	struct dma_resv *resv;
	enum dma_resv_usage usage;
	enum dma_resv_usage fence_usage;
	struct dma_fence *fence;    /* with a reference, or NULL */
	struct dma_resv_list *list; /* NULL: no memory */
	unsigned int index;	    /* in list, of the next fence */
	uint32_t set, slot;	    /* without list: where the fence was found; see resv_iter.c */
	uint64_t order;		    /* of the fence, */
	uint64_t last_order;	    /* and of the last one to visit */
	bool is_locked;
	bool is_restarted;
};

void dma_resv_iter_begin(struct dma_resv_iter *cursor, struct dma_resv *resv,
			 enum dma_resv_usage usage);
/*
 * Drops the references of the cursor. A second call is harmless, so a loop may be left at any time.
 */
void dma_resv_iter_end(struct dma_resv_iter *cursor);
/* Returns the fence, or NULL after the last one. first may be called again and restarts. */
struct dma_fence *dma_resv_iter_first_unlocked(struct dma_resv_iter *cursor);
struct dma_fence *dma_resv_iter_next_unlocked(struct dma_resv_iter *cursor);
struct dma_fence *dma_resv_iter_first(struct dma_resv_iter *cursor);
struct dma_fence *dma_resv_iter_next(struct dma_resv_iter *cursor);

/* The usage of the current fence. */
static inline enum dma_resv_usage dma_resv_iter_usage(const struct dma_resv_iter *cursor)
{
	return cursor->fence_usage;
}

/*
 * Is the current fence the first one, so that the caller must discard earlier results? In the
 * kernel an unlocked iteration may restart by itself; here it does not.
 */
static inline bool dma_resv_iter_is_restarted(const struct dma_resv_iter *cursor)
{
	return cursor->is_restarted;
}

static inline void dma_resv_loop_end(struct dma_resv_iter **cursor)
{
	dma_resv_iter_end(*cursor);
}

#define DMA_RESV_LOOP_NAME(line)  DMA_RESV_LOOP_NAME_(line)
#define DMA_RESV_LOOP_NAME_(line) dma_resv_loop_##line

/*
 * The loops. Locked: begins and ends the cursor itself, also if break, return or goto leaves the
 * loop. The fence is borrowed until then, whereas in the kernel it stays until the unlock: take a
 * reference before you leave the loop with it. Unlocked: use it between dma_resv_iter_begin() and
 * dma_resv_iter_end().
 */
#define dma_resv_for_each_fence(cursor, resv, usage, fence)                                       \
	for (struct dma_resv_iter * DMA_RESV_LOOP_NAME(__LINE__)                                  \
					    __attribute__((cleanup(dma_resv_loop_end), unused)) = \
		     (dma_resv_iter_begin(cursor, resv, usage),                                   \
		      fence = dma_resv_iter_first(cursor), cursor);                               \
	     fence; fence = dma_resv_iter_next(cursor))

#define dma_resv_for_each_fence_unlocked(cursor, fence)           \
	for (fence = dma_resv_iter_first_unlocked(cursor); fence; \
	     fence = dma_resv_iter_next_unlocked(cursor))

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_RESV_H */
