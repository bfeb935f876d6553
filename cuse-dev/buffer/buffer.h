/* SPDX-License-Identifier: MIT */
/*
 * buffer.h - buffers of callers that the device knows: their reservations, and memory in them that
 * is written to.
 *
 * A buffer is known by the device and inode of its file. It is there, and its file pinned by an fd
 * of ours, for as long as somebody holds a reference: a pending attachment, a lock, or a request at
 * work.
 * Under device->lock unless it says otherwise.
 */
#ifndef DMA_FENCED_BUFFER_H
#define DMA_FENCED_BUFFER_H

#include "caller/caller.h"
#include "resv.h"

struct buffer_key {
	uint64_t inode;
	uint32_t major, minor;
};

struct disposal;
struct locked_buffer;

/* A part of a buffer, mapped: buffer_memory.h. Not all of its pages need be present. */
struct window {
	struct buffer *buffer;
	struct account *account;    /* of who needed it first: it counts among its windows */
	struct window *prev, *next; /* of buffer->windows */
	uint64_t offset;
	size_t length;
	char *address;
	bool writable;
	unsigned int users;
};

struct buffer {
	struct device *device;
	struct account *account; /* of who made it known: pays for the fd */
	struct buffer_key key;
	struct dma_resv resv;
	struct locked_buffer *locked; /* under which ticket; NULL: under none */
	struct window *windows;	      /* utlist */
	struct memory_write *late;    /* utlist: on a lane (the first) or waiting for it */
	/* utlist, in the order of creation: active; and found to be reached, about to be signaled
	 */
	struct memory_fence *memory_fences, *reached_fences;
	int64_t measured_until; /* how its file was not long ago: memory_look.c */
	uint64_t file_size;
	bool is_little;
	unsigned int window_count;
	unsigned int references;
	int fd; /* owned: the pin */
	bool is_dmabuf;
	bool dead;	   /* its memory has gone away below a write */
	bool is_named;	   /* scratch of RESV_LOCK: it was in the list before */
	bool is_looked_at; /* for its memory fences, by a lane */
	UT_hash_handle hh;
	struct disposal *disposal; /* made beforehand: giving it up cannot fail */
};

/* Without the lock: what a duplicate of a caller's fd is. -EINVAL: not a buffer; -ENOSPC, -ENOMEM.
 */
int buffer_identify(struct device *device, int fd, struct buffer_key *key, bool *is_dmabuf);
/*
 * A reference, or NULL where it is not known. It is needed to ask for any fence of the buffer: a
 * memory fence that turns out to be reached is signaled by that, with all others that are, and with
 * the last of them go the references of the attachments.
 */
struct buffer *buffer_find(struct device *device, const struct buffer_key *key);
/* A reference, to a new one if need be; then *fd is taken over and set to -1. -ENOSPC, -ENOMEM. */
int buffer_get(struct device *device, struct account *account, const struct buffer_key *key,
	       bool is_dmabuf, int *fd, struct buffer **buffer);
/* NULL: nothing. */
void buffer_put(struct buffer *buffer);

/* Takes a window that nobody uses off its buffer. */
void window_free(struct window *window);

/*
 * Puts a fence on a buffer until it is signaled; nothing where it is. passive: nobody need signal
 * it for the buffer's sake. -ENOSPC, -ENOMEM.
 */
int buffer_attach(struct buffer *buffer, struct account *account, struct dma_fence *fence,
		  enum dma_resv_usage usage, bool passive);

#endif /* DMA_FENCED_BUFFER_H */
