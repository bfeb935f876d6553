/* SPDX-License-Identifier: MIT */
/*
 * buffer.h - buffers of clients that the device knows: their reservations, and the file behind
 * them.
 *
 * A buffer is identified by the device and inode of its file. The device knows it, and pins its
 * file by an fd, as long as there is a reference: a pending attachment, a lock, or a request.
 * Asking the fences of its reservation for their state may drop references (a memory fence that is
 * found reached leaves its buffer), so the caller holds one of its own. Under device->lock, except
 * where noted.
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

/* A range of a buffer, mapped: buffer_memory.h. Its pages need not all be present. */
struct window {
	struct buffer *buffer;
	struct account *account;    /* of the user who needed it first */
	struct window *prev, *next; /* of buffer->windows */
	uint64_t offset;
	size_t length;
	char *address;
	bool writable;
	unsigned int users;
};

struct buffer {
	struct device *device;
	struct account *account; /* of the user who made it known: pays for the fd */
	struct buffer_key key;
	struct dma_resv resv;
	struct locked_buffer *locked; /* by which ticket; NULL: by none (ticket.c) */
	struct window *windows;	      /* utlist (buffer_memory.c) */
	/* utlist: on a worker (the first) or waiting for it (memory/memory_write.c) */
	struct memory_write *deferred_writes;
	/* memory/memory_poll.c: utlist, in the order of creation: active, and found reached */
	struct memory_fence *memory_fences, *reached_fences;
	int64_t measured_until; /* file_size and is_small were true not long ago */
	uint64_t file_size;
	bool is_small;
	bool is_polled; /* a worker polls its memory fences */
	unsigned int window_count;
	unsigned int references;
	int fd; /* owned: the pin */
	bool is_dmabuf;
	bool faulted;	/* its memory was gone when it was written to */
	bool is_listed; /* scratch of RESV_LOCK: it was in the list before */
	UT_hash_handle hh;
	struct disposal *disposal; /* allocated beforehand: releasing it cannot fail */
};

/* A caller's buffer, taken but not known yet. */
struct taken_buffer {
	int fd; /* the duplicate, until a buffer has it; else -1 */
	struct buffer_key key;
	bool is_dmabuf;
};

/*
 * On a worker, without the lock: takes the caller's fd and finds out which buffer it is. -EINVAL:
 * it is none; or as caller_take_fd(). taken_buffer_close() is due in any case.
 */
int buffer_take(struct worker_job *job, int fd, struct taken_buffer *taken);
void taken_buffer_close(struct taken_buffer *taken);

/* A reference to the buffer, which takes the fd over where it is new. -ENOSPC, -ENOMEM. */
int buffer_of_taken(struct device *device, struct account *account, struct taken_buffer *taken,
		    struct buffer **buffer);
/* A reference, or NULL where the device does not know it. */
struct buffer *buffer_find(const struct buffer_key *key);
struct buffer *buffer_get(struct buffer *buffer);
/* NULL too. */
void buffer_put(struct buffer *buffer);

/* Takes a window that has no users off its buffer. */
void window_free(struct window *window);

#endif /* DMA_FENCED_BUFFER_H */
