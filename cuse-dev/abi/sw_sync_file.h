/* SPDX-License-Identifier: MIT */
/* sw_sync_file.h - an open file as a sw_sync timeline. All under device->lock. */
#ifndef DMA_FENCED_SW_SYNC_FILE_H
#define DMA_FENCED_SW_SYNC_FILE_H

#include "file/pending.h"

/*
 * A fence, a reference, of the timeline that the file of the request is; with the first request of
 * sw_sync it becomes one. -ENOMEM.
 */
int sw_sync_file_create_fence(const struct request *request, uint32_t value,
			      struct dma_fence **fence);
/*
 * What becomes of the request: it has succeeded, or it has failed after all, and then a file that
 * was no timeline before is none again.
 */
void sw_sync_file_succeeded(struct open_file *file);
void sw_sync_file_drop_unused(struct open_file *file);

#endif /* DMA_FENCED_SW_SYNC_FILE_H */
