/* SPDX-License-Identifier: MIT */
/*
 * memory_fence.h - MEM_FENCE: a fence that is signaled when memory in a buffer has reached a value.
 *
 * A plain store signals it, so somebody has to look. Whoever asks for its state does, where the
 * memory can be touched without waiting for anybody; else a lane does, and the state is known a
 * little later. For those who wait there is memory_watch.h. Under device->lock, all of it.
 */
#ifndef DMA_FENCED_MEMORY_FENCE_H
#define DMA_FENCED_MEMORY_FENCE_H

#include "buffer/buffer_memory.h"
#include "mem_fence.h"
#include "device/timer.h"

struct memory_fence {
	struct mem_fence base;
	struct device *device;
	/* A use and a reference; NULL once it is signaled. */
	struct window *window;
	struct buffer *buffer;
	struct account *account;	  /* whose doing it is; NULL once it is signaled */
	struct buffer_key key;		  /* of the buffer, which may be gone by now */
	struct memory_fence *prev, *next; /* of one of its buffer's lists */
	struct memory_fence *device_prev, *device_next; /* of device->memory_fences */
	struct memory_fence *watch_prev, *watch_next;	/* of its watch's fences */
	struct timer timer;				/* its timeout */
	int64_t deadline;				/* the earliest hint, INT64_MAX: none */
	int64_t glimpsed_until;				/* what was seen is recent: memory_look.c */
	uint32_t seen;	     /* the low half of what the last look has found */
	bool seen_is_recent; /* the last look has found something */
	bool is_reached;     /* found to be: on buffer->reached_fences */
	bool is_watched;
	int error; /* it will have, where it is reached */
	char name[DMA_FENCE_NAME_SIZE];
};

/* NULL for a fence that MEM_FENCE did not make. */
struct memory_fence *to_memory_fence(struct dma_fence *fence);
/* All that are active, at the end of the device: who waits for one hears of its end. */
void memory_fences_cancel_all(struct device *device);

/* The requests. MEM_FENCE goes on a lane, KICK where it has to. */
int memory_fence_request(struct request *request, const struct dma_fence_mem_fence *argument);
int memory_fence_location(struct open_file *file, struct dma_fence_mem_fence_location *location);
int memory_fence_kick(struct request *request, struct dma_fence_mem_fence_kick *kick);

/* memory_look.c: what a look has found. */
enum look {
	LOOK_ACTIVE,
	LOOK_REACHED,
	LOOK_GONE,  /* the memory, for good */
	LOOK_LATER, /* it may have to wait: memory_look_on_lane() */
};
/* Only looks. */
enum look memory_look(struct memory_fence *fence);
/* Has a lane look at all memory fences of the buffer; where one is about to already, it does. */
void memory_look_on_lane(struct buffer *buffer, struct account *account);
/*
 * Looks at all memory fences of a buffer and signals what is reached, in the order of creation. How
 * many that were. At once, where none may have to wait; or without the lock, on a lane. The caller
 * has a reference to the buffer, unless it does not need the buffer after memory_look_at_once().
 */
bool memory_look_may_wait(struct buffer *buffer);
uint32_t memory_look_at_once(struct buffer *buffer);
uint32_t memory_look_without_haste(struct buffer *buffer);

/* Takes it off everything, and signals it. */
void memory_fence_signal(struct memory_fence *fence, int error);

#endif /* DMA_FENCED_MEMORY_FENCE_H */
