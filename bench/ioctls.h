/* SPDX-License-Identifier: MIT */
/*
 * ioctls.h - how long one request takes: every request of the native ABI, and those of a sync_file.
 */
#ifndef BENCH_IOCTLS_H
#define BENCH_IOCTLS_H

#include "linux_sync_file.h"
#include "measure.h"
#include "stage.h"

/* The samples of a batch, and those before them that only warm up what the other side left cold. */
#define IOCTL_BATCH_SAMPLES 64
#define IOCTL_BATCH_WARM_UP 8
#define IOCTL_BATCH_MAX	    (IOCTL_BATCH_WARM_UP + IOCTL_BATCH_SAMPLES)

struct ioctl_signal {
	struct dma_fence_signal head;
	__u32 handle;
};

struct ioctl_wait {
	struct dma_fence_wait head;
	struct dma_fence_wait_item item;
};

struct ioctl_merge {
	struct dma_fence_merge head;
	__u32 handle[2];
};

struct ioctl_resv_lock {
	struct dma_fence_resv_lock head;
	__s32 fd;
};

union ioctl_argument {
#define REQUEST(number, NAME, name, type, ...) struct dma_fence_##type name;
#include "requests.def"
#undef REQUEST
	/* With their arrays. */
	struct ioctl_signal signal_one;
	struct ioctl_wait wait_for_one;
	struct ioctl_merge merge_two;
	struct ioctl_resv_lock resv_lock_one;
	struct sync_file_info file_info;
	struct sync_set_deadline file_set_deadline;
};

/* What the requests of one batch are issued on. */
enum ioctl_subject {
	ON_NODE,       /* an open file of the node */
	ON_SYNC_FILE,  /* an exported fence */
	ON_FRESH_NODE, /* the node, opened before and closed after each: in the time that is taken
			*/
};

/* One batch of the device. All that it makes is gone when its files are closed. */
struct ioctl_batch {
	struct stage *stage;
	unsigned int count;
	int file; /* an open of the node without state; ON_NODE: what the requests are issued on */
	int sync_file; /* of setup(), -1: none; ON_SYNC_FILE: likewise */
	__u32 handle;  /* of setup(): a fence, a timeline or the like for all requests, 0: none */
	int buffer_fd[IOCTL_BATCH_MAX]; /* of fill(), 0: none */
	struct sync_fence_info fence_info;
	union ioctl_argument argument[IOCTL_BATCH_MAX];
};

struct ioctl_case {
	const char *name;
	unsigned long request;
	enum ioctl_subject subject;
	/* At the median, pinned, at most this many times the baseline; 0: no limit. */
	double limit;
	/* DMA_FENCE_FEATURE_* that it needs. */
	uint64_t features;
	/* What all requests of a batch have in common, and then the argument of each; NULL:
	 * nothing. */
	int (*setup)(struct ioctl_batch *batch);
	int (*fill)(struct ioctl_batch *batch, unsigned int i);
};

extern const struct ioctl_case ioctl_cases[];
extern const unsigned int ioctl_case_count;

int ioctl_measure(const struct ioctl_case *row, struct stage *stage, unsigned int samples,
		  struct measurement *measurement);

#endif /* BENCH_IOCTLS_H */
