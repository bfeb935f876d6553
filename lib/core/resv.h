/* SPDX-License-Identifier: MIT */
/*
 * resv.h - a reservation: the fences of one buffer, each with what it is there for. It stands free
 * of any buffer: embed one.
 *
 * Thread-safe by a lock of its own. A signaled fence counts as gone from the moment its state is
 * visible, hence before its callbacks run.
 */
#ifndef DMA_FENCE_CORE_RESV_H
#define DMA_FENCE_CORE_RESV_H

#include "fence.h"

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

/* The fields are this library's. */
struct dma_resv {
	pthread_mutex_t lock;
	struct dma_resv_entry *entries; /* slots: see resv.c */
	unsigned int capacity;		/* of slots: 0 or a power of two */
	unsigned int count;		/* slots that hold a fence */
	unsigned int used;		/* slots that ever did */
	unsigned int free;		/* the first of those that do no more */
};

void dma_resv_init(struct dma_resv *resv);
/* Drops its references. Nobody else may use it any more. */
void dma_resv_fini(struct dma_resv *resv);

/* Room for count more, so that as many dma_resv_add_fence() cannot fail. -ENOMEM. */
int dma_resv_reserve_fences(struct dma_resv *resv, unsigned int count);
/*
 * Adds a fence (a reference of its own). A fence of the same context that is not later is replaced,
 * if it is not there for more (a lower usage); an equal or later one of at least the same usage
 * stays instead. Signaled ones are dropped on the way. Needs room: without a reservation it tries
 * to make some, -ENOMEM.
 */
int dma_resv_add_fence(struct dma_resv *resv, struct dma_fence *fence, enum dma_resv_usage usage);
/* Takes this very fence off. */
void dma_resv_remove_fence(struct dma_resv *resv, struct dma_fence *fence);

/* Is nothing pending there for usage? */
bool dma_resv_test_signaled(struct dma_resv *resv, enum dma_resv_usage usage);
/*
 * The pending fences for usage, in the order of adding: an array to be freed, with a reference of
 * the caller's own for each. 0 or -ENOMEM.
 */
int dma_resv_get_fences(struct dma_resv *resv, enum dma_resv_usage usage, unsigned int *count,
			struct dma_fence ***fences);
/*
 * The same as one fence (merge.h); a stub when nothing is pending. NULL: no memory. *count (may be
 * NULL): how many they were.
 */
struct dma_fence *dma_resv_get_singleton(struct dma_resv *resv, enum dma_resv_usage usage,
					 unsigned int *count);
/* The one that was added last and is pending, a reference of the caller's own; NULL: none. */
struct dma_fence *dma_resv_get_latest(struct dma_resv *resv, enum dma_resv_usage usage);
/* Returns as dma_fence_wait_timeout(). */
int64_t dma_resv_wait_timeout(struct dma_resv *resv, enum dma_resv_usage usage, bool interruptible,
			      int64_t timeout_ns);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_RESV_H */
