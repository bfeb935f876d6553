/* SPDX-License-Identifier: MIT */
/*
 * manual.h - what examples of the manual define that poll a sync_file: manual.c, which consists of
 * the pages.
 */
#ifndef DMA_FENCE_TESTS_MANUAL_H
#define DMA_FENCE_TESTS_MANUAL_H

/* dma_fence_sync_file(4) */
int wait_for_sync_file(int sync_file, int milliseconds, int *status);
/* dma-fence(7) */
int may_be_shown(int in_fence);

#endif /* DMA_FENCE_TESTS_MANUAL_H */
