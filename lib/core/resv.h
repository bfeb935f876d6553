/* SPDX-License-Identifier: MIT */
/*
 * resv.h - a reservation: the fences of one buffer, each with what it is there for. It stands free
 * of any buffer: embed one.
 *
 * Lifetime: a reservation has no references; it lives as long as its owner, which embeds it. A
 * caller holds a reference of its own to the owner: during each call, from dma_resv_iter_begin() to
 * dma_resv_iter_end(), and from the lock until dma_resv_unlock() has returned. A reference that
 * goes with a fence, as that by which a pending fence keeps its buffer, is not enough. Polling a
 * fence may signal it (see dma_fence_is_signaled()), and dropping one may release it: callbacks and
 * release functions run in the calling thread then, take the fence off the reservation, and may
 * drop the last reference to the owner. The functions that add fences poll the one that they are
 * given and drop those that are gone; the functions that ask, wait and iterate poll all that they
 * come across.
 *
 * Two locks are not to be mixed up. What the reservation consists of is kept in order by a lock of
 * its own, which nobody sees. The lock that dma_resv_lock() takes is a ww_mutex (ww_mutex.h): it is
 * for those who add fences to several reservations as one operation. While it is held, what its
 * holder adds is *staged*: others see it once it is committed or the lock is given back, all
 * together. Without it a fence is there for all as soon as it is added. To look, and to take off,
 * needs no lock; who does so is given a snapshot, which stays as it is.
 *
 * Thread-safety: every function may be called from any thread, on the same reservation, unless it
 * says that it is the holder's. A signaled fence counts as gone from the moment its state is
 * visible, hence before its callbacks run. Errors are negative errno values.
 */
#ifndef DMA_FENCE_CORE_RESV_H
#define DMA_FENCE_CORE_RESV_H

#include "fence.h"
#include "readers.h"
#include "ww_mutex.h"

#pragma GCC visibility push(default)

/* Who asks for a usage is given the fences of that usage and of those before it. */
enum dma_resv_usage {
	DMA_RESV_USAGE_KERNEL,
	DMA_RESV_USAGE_WRITE,
	DMA_RESV_USAGE_READ,
	DMA_RESV_USAGE_BOOKKEEP,
};

/* What a new reader (write false) or writer (true) has to wait for. */
static inline enum dma_resv_usage dma_resv_usage_rw(bool write)
{
	return write ? DMA_RESV_USAGE_READ : DMA_RESV_USAGE_WRITE;
}

struct dma_resv_entry;
struct dma_resv_list;

/* The fields are this library's, except that ww may be locked, with the functions of ww_mutex.h. */
struct dma_resv {
	struct ww_mutex ww; /* give it back with dma_resv_unlock() */
	pthread_mutex_t lock;
	struct dma_resv_entry *entries;		/* slots: see resv.c */
	unsigned int capacity;			/* of slots: 0 or a power of two */
	unsigned int count;			/* slots that hold a fence */
	unsigned int used;			/* slots that ever did */
	unsigned int free;			/* the first of those that do no more */
	unsigned int reserved;			/* free slots that are the holder's */
	uint64_t last_order;			/* of what was added last */
	struct dma_resv_list *_Atomic snapshot; /* the last one taken, if it is still true */
	struct dma_readers readers;		/* those who take that up */
};

/* The class of all reservations, for ww_acquire_init(). */
extern struct ww_class reservation_ww_class;

void dma_resv_init(struct dma_resv *resv);
/*
 * Drops its references. It is not locked, and nobody else uses it any more, except for the
 * callbacks of fences that go with it: they find it empty.
 */
void dma_resv_fini(struct dma_resv *resv);

/*
 * ---- locking ----
 *
 * As the functions of ww_mutex.h with the same names, under a context of reservation_ww_class or
 * NULL. The asynchronous half is ww_mutex_lock_async() on &resv->ww.
 */
int dma_resv_lock(struct dma_resv *resv, struct ww_acquire_ctx *ctx);
int dma_resv_lock_interruptible(struct dma_resv *resv, struct ww_acquire_ctx *ctx);
void dma_resv_lock_slow(struct dma_resv *resv, struct ww_acquire_ctx *ctx);
int dma_resv_lock_slow_interruptible(struct dma_resv *resv, struct ww_acquire_ctx *ctx);
bool dma_resv_trylock(struct dma_resv *resv); /* without a context */
bool dma_resv_is_locked(const struct dma_resv *resv);
struct ww_acquire_ctx *dma_resv_locking_ctx(const struct dma_resv *resv);
/* Commits, and gives the lock back. The holder's. */
void dma_resv_unlock(struct dma_resv *resv);
/*
 * Makes what is staged visible, all of it in one step, and keeps the lock. Does not fail. The
 * holder's.
 */
void dma_resv_commit(struct dma_resv *resv);
/* Drops what is staged: nobody has seen it, nobody will. The holder's, or who ends it. */
void dma_resv_discard(struct dma_resv *resv);

/* ---- adding and taking off ---- */

/*
 * Room for count more, so that as many dma_resv_add_fence() cannot fail. -ENOMEM. For the holder
 * until it unlocks, whatever others do meanwhile; without the lock if nobody else adds in between.
 */
int dma_resv_reserve_fences(struct dma_resv *resv, unsigned int count);
/*
 * Adds a fence (a reference of its own). A fence of the same context that is not later is replaced,
 * if it is not there for more (a lower usage); an equal or later one of at least the same usage
 * stays instead. So the usage of a fence may be raised, and is never lowered. Signaled ones are
 * dropped on the way. While the reservation is locked it is staged, hence the holder's; what it
 * replaces goes with the commit. Needs room: without a reservation it tries to make some, -ENOMEM.
 * -EINVAL: no such usage.
 */
int dma_resv_add_fence(struct dma_resv *resv, struct dma_fence *fence, enum dma_resv_usage usage);
/*
 * The same, visible at once whoever holds the lock: for DMA_RESV_USAGE_BOOKKEEP, which takes no
 * part in implicit synchronisation. -ENOMEM.
 */
int dma_resv_add_fence_unlocked(struct dma_resv *resv, struct dma_fence *fence);
/* Takes this very fence off, staged or not. */
void dma_resv_remove_fence(struct dma_resv *resv, struct dma_fence *fence);
/*
 * Puts replacement, for usage, in the place of the fences of a context, whatever they are there
 * for; where there are none it does nothing. For work that will not touch the buffer any more, its
 * fence being signaled or not. At once, for staged ones in their stage. Needs no room. -EINVAL: no
 * such usage. The holder's.
 */
int dma_resv_replace_fences(struct dma_resv *resv, uint64_t context, struct dma_fence *replacement,
			    enum dma_resv_usage usage);
/*
 * Gives dst the fences that are pending on src, with their usages, instead of those visible there,
 * in one step and at once. What is staged on dst stays so. -ENOMEM: nothing has changed. The
 * holder's, of dst.
 */
int dma_resv_copy_fences(struct dma_resv *dst, struct dma_resv *src);

/*
 * ---- asking: what is visible; staged fences are not ----
 *
 * dma_resv_test_signaled(), dma_resv_get_fences(), dma_resv_get_singleton() and
 * dma_resv_get_latest() poll each fence at most once, and use the reservation no more once they
 * have polled the first: it may end with a fence that they signal. The caller does not use it then
 * either, unless it holds the owner.
 */

/* Is nothing pending there for usage? As dma_resv_get_latest(). */
bool dma_resv_test_signaled(struct dma_resv *resv, enum dma_resv_usage usage);
/*
 * The pending fences for usage, in the order of adding: an array to be freed, with a reference of
 * the caller's own for each. 0 or -ENOMEM.
 */
int dma_resv_get_fences(struct dma_resv *resv, enum dma_resv_usage usage, unsigned int *count,
			struct dma_fence ***fences);
/*
 * The same as one fence (merge.h): a single one is that fence itself; a stub when nothing is
 * pending. NULL: no memory. *count (may be NULL): how many they were.
 */
struct dma_fence *dma_resv_get_singleton(struct dma_resv *resv, enum dma_resv_usage usage,
					 unsigned int *count);
/*
 * The one that was added last and is pending, a reference of the caller's own; NULL: none. Without
 * memory for a snapshot that one is not polled, and may turn out to be signaled.
 */
struct dma_fence *dma_resv_get_latest(struct dma_resv *resv, enum dma_resv_usage usage);
/* What is added meanwhile is not waited for. Returns as dma_fence_wait_timeout(). */
int64_t dma_resv_wait_timeout(struct dma_resv *resv, enum dma_resv_usage usage, bool interruptible,
			      int64_t timeout_ns);
/* dma_fence_set_deadline() of all that is pending for usage. */
void dma_resv_set_deadline(struct dma_resv *resv, enum dma_resv_usage usage, int64_t deadline_ns);

/*
 * ---- snapshots ----
 *
 * The visible fences of all usages, in the order of adding, as they were when it was asked for: it
 * never changes, except that fences in it become signaled. Made when it is asked for, and kept by
 * the reservation until something changes there: until then it is had without a lock, in a fixed
 * number of steps. A reference of the caller's own; NULL: no memory.
 */
struct dma_resv_list *dma_resv_snapshot(struct dma_resv *resv);
/* References; get returns list, put takes NULL. */
struct dma_resv_list *dma_resv_list_get(struct dma_resv_list *list);
void dma_resv_list_put(struct dma_resv_list *list);
unsigned int dma_resv_list_count(const struct dma_resv_list *list);
/*
 * The fence at index, which is the list's: take a reference to keep it longer. *usage (may be NULL)
 * is what it is there for.
 */
struct dma_fence *dma_resv_list_fence(const struct dma_resv_list *list, unsigned int index,
				      enum dma_resv_usage *usage);

/*
 * ---- iteration ----
 *
 * Over what is pending for a usage, in the order of adding. A cursor is one thread's. The fence
 * that it stands at is the cursor's: take a reference to keep it longer.
 *
 * Unlocked: over a snapshot. Locked, the holder's: over what the reservation will be when what is
 * staged has been committed. It is not committed or discarded meanwhile. Both go through a list
 * that the first step makes, and do not visit what is added later. Without memory for the list they
 * walk through the reservation, and what is taken off meanwhile may be left out: there is no error.
 */
struct dma_resv_iter {
	struct dma_resv *resv;
	enum dma_resv_usage usage;
	enum dma_resv_usage fence_usage;
	struct dma_fence *fence;    /* with a reference, or NULL */
	struct dma_resv_list *list; /* with memory */
	unsigned int index;	    /* there, of the next */
	uint32_t set, slot;	    /* otherwise: where the fence was found; see resv_iter.c */
	uint64_t order;		    /* of the fence, */
	uint64_t last_order;	    /* and of the last one that counts */
	bool is_locked;
	bool is_restarted;
};

void dma_resv_iter_begin(struct dma_resv_iter *cursor, struct dma_resv *resv,
			 enum dma_resv_usage usage);
/* Drops its references. Once more does no harm, so it may be left at any time. */
void dma_resv_iter_end(struct dma_resv_iter *cursor);
/* The fence, or NULL when there are no more. first may be called again: it begins anew. */
struct dma_fence *dma_resv_iter_first_unlocked(struct dma_resv_iter *cursor);
struct dma_fence *dma_resv_iter_next_unlocked(struct dma_resv_iter *cursor);
struct dma_fence *dma_resv_iter_first(struct dma_resv_iter *cursor);
struct dma_fence *dma_resv_iter_next(struct dma_resv_iter *cursor);

/* What the fence that the cursor stands at is there for. */
static inline enum dma_resv_usage dma_resv_iter_usage(const struct dma_resv_iter *cursor)
{
	return cursor->fence_usage;
}

/*
 * Is it the first fence, so that what was gathered before is void? As in the kernel, where an
 * unlocked iteration may begin anew by itself; here it does not.
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
 * for loops. Locked: begins and ends by itself, also when it is left by break, return or goto. The
 * fence is borrowed until then, whereas in the kernel it stays as long as the lock is held: take a
 * reference before leaving with it. Unlocked: between dma_resv_iter_begin() and
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
