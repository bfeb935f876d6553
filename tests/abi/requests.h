/* SPDX-License-Identifier: MIT */
/*
 * requests.h - every native request once, ready to be issued as it should be: a test then spoils
 * one thing of it.
 */
#ifndef DMA_FENCE_TESTS_REQUESTS_H
#define DMA_FENCE_TESTS_REQUESTS_H

#include <stdbool.h>

#include "raw.h"

enum request_kind {
#define REQUEST(number, NAME, name, ...) REQUEST_##name,
#include "requests.def"
#undef REQUEST
};

/* What requests.def says of one. */
struct request_row {
	unsigned long command; /* with the struct alone */
	size_t minimum;	       /* up to the end of the last field that it needs */
	bool has_array, may_block;
};

extern const struct request_row request_rows[]; /* by enum request_kind */

struct prepared {
	unsigned long request; /* as it should be issued: the size of the struct and of its array */
	int target;	       /* on this fd; borrowed, but for BIND, where it is fd */
	int fd; /* what the request is about: a buffer, a sync_file, a fresh open; -1 */
	union {
#define REQUEST(number, NAME, name, type, ...) struct dma_fence_##type name;
#include "requests.def"
#undef REQUEST
		/* The array behind the struct. */
		struct {
			struct dma_fence_resv_lock resv_lock_head;
			int32_t resv_lock_fds[1];
		};
		struct {
			struct dma_fence_signal signal_head;
			uint32_t signal_handles[1];
		};
		struct {
			struct dma_fence_wait wait_head;
			struct dma_fence_wait_item wait_items[1];
		};
		struct {
			struct dma_fence_merge merge_head;
			uint32_t merge_handles[1];
		};
		unsigned char bytes[DMA_FENCE_INLINE_MAX + 1];
	};
};

/* Makes on device whatever the request needs. */
void prepare(struct prepared *prepared, enum request_kind kind, int device);
/* Closes what prepare() opened. The handles go with the device. */
void prepared_close(struct prepared *prepared);
/* 0 or a negative errno. */
int issue(struct prepared *prepared);
/* With another size in the request number; bytes[] is all that is passed. */
int issue_with_size(struct prepared *prepared, size_t size);
size_t prepared_size(const struct prepared *prepared);

/* Issues it, and states that it is refused like this and that nothing in the device has changed. */
void expect_refused(struct prepared *prepared, int error, const char *what);

#endif /* DMA_FENCE_TESTS_REQUESTS_H */
