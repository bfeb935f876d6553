/* SPDX-License-Identifier: MIT */
/*
 * pending.h - a sync_file that becomes signaled when the test says so, from any implementation that
 * has such a thing to give: sw_sync, or the kernel's vgem where that has none.
 */
#ifndef DMA_FENCE_TESTS_PENDING_H
#define DMA_FENCE_TESTS_PENDING_H

#include <stdint.h>

struct pending {
	int sync_file; /* the test's to close */
	int device;    /* the timeline, or vgem */
	int buffer;    /* vgem: the dma-buf that the fence is on; or -1 */
	uint32_t fence;
};

/* The test is skipped, with the reason, where there is neither. */
void pending_begin(struct pending *pending);
void pending_signal(const struct pending *pending);
void pending_end(const struct pending *pending);

#endif /* DMA_FENCE_TESTS_PENDING_H */
