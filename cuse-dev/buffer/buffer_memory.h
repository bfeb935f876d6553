/* SPDX-License-Identifier: MIT */
/*
 * buffer_memory.h - the memory of buffers: ranges of it mapped, and loads and stores in them that
 * survive what the owner of the file does meanwhile.
 *
 * An owner may truncate the file at any time, which turns an access into a SIGBUS: the thread that
 * makes one has set a place to return to beforehand. And the owner may be punching a hole, which
 * makes an access to a page that is not present block for as long as the hole is large:
 * memory_state() tells where that matters, and a worker makes the access then.
 */
#ifndef DMA_FENCED_BUFFER_MEMORY_H
#define DMA_FENCED_BUFFER_MEMORY_H

#include "buffer/buffer.h"

/* Catches the SIGBUS of an access to memory whose file was truncated. Once, at the start. */
int buffer_memory_init(void);

/* Where in a buffer the memory is, and how it is accessed. */
struct memory_place {
	uint64_t offset; /* a multiple of size */
	uint32_t size;	 /* 4 or 8 */
	bool writable;
};

/* Size and alignment. -EINVAL. */
int memory_place_check(const struct memory_place *place);

/* A place in a caller's buffer: mapped, and its page present. */
struct mapped_place {
	struct taken_buffer taken;
	struct buffer *buffer; /* a reference; NULL once it is taken over */
	struct window *window; /* a use, the same */
};
/*
 * On a worker, without the lock. The caller's own rights to the fd count: the buffer's may have
 * others. As buffer_take(); -EACCES, -EPERM (sealed), -EINVAL: it is not within the buffer;
 * -ENOSPC, -ENOMEM. mapped_place_release() is due in any case.
 */
int mapped_place_take(struct worker_job *job, int fd, const struct memory_place *place,
		      struct mapped_place *mapped);
void mapped_place_release(struct device *device, struct mapped_place *mapped);

/* Gives back a use. Under the lock. */
void window_put(struct window *window);

static inline void *window_address(const struct window *window, uint64_t offset)
{
	return window->address + (offset - window->offset);
}

/* What an access to a file's memory would meet at the worst, now or a moment later. */
enum memory_state {
	MEMORY_IS_PRESENT,
	MEMORY_MAY_BLOCK, /* for a hole that takes time to punch */
};
/* fd is the buffer's, and no dma-buf; size: of the file. Does not block. */
enum memory_state memory_state(int fd, uint64_t *size);
/*
 * Reads what is there from the file: so it does not block for a hole, and may be torn. A hint that
 * saves an access to the memory. false: it cannot be read.
 */
bool memory_peek(int fd, uint64_t offset, uint32_t size, uint64_t *value);

/* false: the memory is gone. */
bool memory_store(void *address, uint32_t size, uint64_t value);
bool memory_load(const void *address, uint32_t size, uint64_t *value);

/*
 * Around an access to a dma-buf, on a worker; nothing for others. Errors of the exporter are
 * ignored.
 */
void buffer_begin_access(const struct buffer *buffer, bool write);
void buffer_end_access(const struct buffer *buffer, bool write);

#endif /* DMA_FENCED_BUFFER_MEMORY_H */
