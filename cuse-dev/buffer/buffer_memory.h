/* SPDX-License-Identifier: MIT */
/*
 * buffer_memory.h - the memory of buffers: parts of it mapped, and loads and stores in them that
 * survive whatever its owner does meanwhile.
 *
 * An owner may cut the file off at any time, which turns an access into a SIGBUS: the thread that
 * makes one says so beforehand and is sent back to there. And he may be punching a hole, which
 * makes a page that is not present wait for as long as the hole is large: memory_state() tells
 * where that matters, and a lane does it then.
 */
#ifndef DMA_FENCED_BUFFER_MEMORY_H
#define DMA_FENCED_BUFFER_MEMORY_H

#include "buffer/buffer.h"

/*
 * Catches the SIGBUS of an access to memory whose file was cut off. Once, at the start.
 */
int buffer_memory_init(void);

/* What of a buffer is accessed, and how. */
struct memory_place {
	uint64_t offset; /* a multiple of size */
	uint32_t size;	 /* 4 or 8 */
	bool writable;
};

/* A buffer's file: how large it is, and in what units it is mapped. */
struct buffer_measure {
	uint64_t size, page, window;
};

/* Size and alignment. -EINVAL. */
int memory_place_check(const struct memory_place *place);

/*
 * All without the lock, on a lane that has taken fd from the caller. It is the caller's own rights
 * that count: the fd that the buffer has may have come with others.
 *
 * -EACCES, -EPERM (sealed), -EINVAL: it lies not within the buffer.
 */
int buffer_measure(int fd, bool is_dmabuf, const struct memory_place *place,
		   struct buffer_measure *measure);
/*
 * A window that the place is in, with a use of it. Takes and drops the lock. -ENOSPC, -ENOMEM,
 * -EACCES, -EPERM, -EINVAL.
 */
int window_get(struct buffer *buffer, struct account *account, int fd,
	       const struct memory_place *place, const struct buffer_measure *measure,
	       struct window **got);
/* So that an access finds its page, and need not wait for one. -ENOMEM, -ENOSPC, -EINVAL. */
int window_make_present(const struct window *window, int fd, const struct memory_place *place,
			const struct buffer_measure *measure);
/* Gives up a use. Under the lock. */
void window_put(struct window *window);

static inline void *window_address(const struct window *window, uint64_t offset)
{
	return window->address + (offset - window->offset);
}

/* What an access to a file's memory would meet at the worst, now or a moment later. */
enum memory_state {
	MEMORY_IS_THERE,
	MEMORY_MAY_WAIT, /* for a hole that takes time to punch */
};
/* fd is the buffer's, and no dma-buf; size: of the file. Waits for nobody. */
enum memory_state memory_state(int fd, uint64_t *size);
/*
 * What is there, read from the file: so it waits for no hole, and may be torn. A hint, for who
 * would rather not touch the memory. false: nothing is to be had.
 */
bool memory_glimpse(int fd, uint64_t offset, uint32_t size, uint64_t *value);

/* false: the memory is gone. */
bool memory_store(void *address, uint32_t size, uint64_t value);
bool memory_load(const void *address, uint32_t size, uint64_t *value);

/*
 * Around an access to a dma-buf, on a lane; nothing for others. What the exporter answers is of no
 * consequence.
 */
void buffer_begin_access(const struct buffer *buffer, bool write);
void buffer_end_access(const struct buffer *buffer, bool write);

#endif /* DMA_FENCED_BUFFER_MEMORY_H */
