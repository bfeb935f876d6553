/* SPDX-License-Identifier: MIT */
/*
 * memory_fence.h - a fence that is signaled when memory in a buffer has reached a value: its state
 * and its end. It is created and asked for its state in memory_request.c. Under device->lock.
 */
#ifndef DMA_FENCED_MEMORY_FENCE_H
#define DMA_FENCED_MEMORY_FENCE_H

#include "buffer/buffer_memory.h"
#include "mem_fence.h"
#include "memory/memory_watch.h"

struct memory_fence {
	struct mem_fence base;
	struct device *device;
	/* A use and a reference; NULL once it is signaled. */
	struct window *window;
	struct buffer *buffer;
	struct account *account; /* a reference: of the user who created it; NULL once signaled */
	struct buffer_key key;	 /* of the buffer, which may be gone by now */
	struct memory_fence *prev, *next;		/* of one of its buffer's lists */
	struct memory_fence *active_prev, *active_next; /* of all that are active */
	struct watched_fence watched;			/* while it has waiters */
	struct timer timer;				/* its timeout */
	int64_t deadline;				/* the earliest hint, INT64_MAX: none */
	/* memory_poll.c: */
	int64_t peeked_until; /* what was seen in the file is recent */
	bool is_reached;      /* found to be: on buffer->reached_fences */
	int error;	      /* the fence's, where it is reached */
	char name[DMA_FENCE_NAME_SIZE];
};

static inline const struct mem_fence_location *
memory_fence_location(const struct memory_fence *fence)
{
	return &fence->base.location;
}

/* It is initialised: makes it active, and takes over the mapped place. */
void memory_fence_activate(struct memory_fence *fence, struct account *account,
			   struct mapped_place *mapped);
/* Takes it off everything, and signals it. */
void memory_fence_signal(struct memory_fence *fence, int error);
/* Its last reference is gone. */
void memory_fence_release(struct memory_fence *fence);
/* All that are active, at the end of the device. */
void memory_fences_cancel_all(void);

#endif /* DMA_FENCED_MEMORY_FENCE_H */
