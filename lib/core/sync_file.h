/* SPDX-License-Identifier: MIT */
/*
 * sync_file.h - a fence with a name, and what SYNC_IOC_FILE_INFO tells of it. The fd around it is
 * somebody else's. The caller holds what the sync_file is part of: the functions that fill in poll
 * its fence, which may drop other references (fence.h).
 */
#ifndef DMA_FENCE_CORE_SYNC_FILE_H
#define DMA_FENCE_CORE_SYNC_FILE_H

#include <linux/sync_file.h>

#include "fence.h"

#pragma GCC visibility push(default)

#define SYNC_FILE_NAME_SIZE 32

struct sync_file {
	struct dma_fence *fence;	     /* a reference of its own */
	char user_name[SYNC_FILE_NAME_SIZE]; /* "" : the default name */
};

/* name may be NULL or "". */
void sync_file_init(struct sync_file *sync_file, struct dma_fence *fence, const char *name);
void sync_file_fini(struct sync_file *sync_file);
/* The user's name, or DRIVER-TIMELINE<context>-<seqno>, cut to 31 bytes. */
void sync_file_get_name(struct sync_file *sync_file, char name[SYNC_FILE_NAME_SIZE]);
/* Everything but flags, num_fences and sync_fence_info. */
void sync_file_fill_info(struct sync_file *sync_file, struct sync_file_info *info);
/*
 * How many fences FILE_INFO has to tell of, and what of each, at most capacity of them: returns of
 * how many it was told. Between the two a chain may have become shorter, nothing becomes longer.
 */
unsigned int sync_file_fence_count(struct sync_file *sync_file);
unsigned int sync_file_fill_fence_info(struct sync_file *sync_file, struct sync_fence_info *info,
				       unsigned int capacity);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_SYNC_FILE_H */
