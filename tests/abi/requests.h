/* SPDX-License-Identifier: MIT */
/*
 * requests.h - every native request once, ready to be issued as it should be: a test then spoils
 * one thing of it.
 */
#ifndef DMA_FENCE_TESTS_REQUESTS_H
#define DMA_FENCE_TESTS_REQUESTS_H

#include "raw.h"

/* clang-format off */
#define REQUESTS(X) \
	X(get_caps) X(create) X(timeline_create) X(timeline_advance) X(signal) X(wait) X(query) \
	X(attach) X(buffer_fences) X(export) X(bind) X(import) X(merge) X(seqno_write) \
	X(event_add) X(event_cancel) X(set_deadline) X(close) X(get_stats) X(buffer_wait) \
	X(resv_lock) X(resv_commit) X(resv_unlock) X(mem_fence) X(mem_fence_location) \
	X(mem_fence_kick) X(sync_file_merge) X(sw_sync_create_fence) \
	X(syncobj_to_fd)
/* clang-format on */

enum request_kind {
#define REQUEST_KIND(name) REQUEST_##name,
	REQUESTS(REQUEST_KIND)
#undef REQUEST_KIND
};

struct prepared {
	unsigned long request; /* as it should be issued: the size of the struct and of its array */
	int target;	       /* on this fd; borrowed, but for BIND, where it is fd */
	int fd; /* what the request is about: a buffer, a sync_file, a fresh open; -1 */
	union {
		struct dma_fence_caps get_caps;
		struct dma_fence_create create;
		struct dma_fence_timeline_create timeline_create;
		struct dma_fence_timeline_advance timeline_advance;
		struct dma_fence_query query;
		struct dma_fence_attach attach;
		struct dma_fence_buffer_fences buffer_fences;
		struct dma_fence_export export;
		struct dma_fence_bind bind;
		struct dma_fence_import import;
		struct dma_fence_seqno_write seqno_write;
		struct dma_fence_event_add event_add;
		struct dma_fence_event_cancel event_cancel;
		struct dma_fence_set_deadline set_deadline;
		struct dma_fence_close close;
		struct dma_fence_stats get_stats;
		struct dma_fence_buffer_wait buffer_wait;
		struct dma_fence_mem_fence mem_fence;
		struct dma_fence_mem_fence_location mem_fence_location;
		struct dma_fence_mem_fence_kick mem_fence_kick;
		struct dma_fence_sync_file_merge sync_file_merge;
		struct dma_fence_sw_sync_create_fence sw_sync_create_fence;
		struct dma_fence_syncobj_to_fd syncobj_to_fd;
		struct dma_fence_resv_commit resv_commit;
		struct dma_fence_resv_unlock resv_unlock;
		struct {
			struct dma_fence_resv_lock resv_lock;
			int32_t resv_lock_fds[1];
		};
		struct {
			struct dma_fence_signal signal;
			uint32_t signal_handles[1];
		};
		struct {
			struct dma_fence_wait wait;
			struct dma_fence_wait_item wait_items[1];
		};
		struct {
			struct dma_fence_merge merge;
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
