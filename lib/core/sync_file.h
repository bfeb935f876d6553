/* SPDX-License-Identifier: MIT */
/*
 * sync_file.h - a fence with a name, and the answers to SYNC_IOC_FILE_INFO. The file descriptor is
 * not part of it. The caller holds a reference to the object that contains the sync_file: the
 * functions that fill in poll its fence, which may drop other references (fence.h).
 */
#ifndef DMA_FENCE_CORE_SYNC_FILE_H
#define DMA_FENCE_CORE_SYNC_FILE_H

#include <linux/sync_file.h>

#include "fence.h"

#pragma GCC visibility push(default)

#define SYNC_FILE_NAME_SIZE 32

struct sync_file {
	struct dma_fence *fence;	     /* a reference */
	char user_name[SYNC_FILE_NAME_SIZE]; /* "" : the default name */
};

/* name may be NULL or "". */
void sync_file_init(struct sync_file *sync_file, struct dma_fence *fence, const char *name);
void sync_file_fini(struct sync_file *sync_file);
/* The user's name, or DRIVER-TIMELINE<context>-<seqno>, cut to 31 bytes. */
void sync_file_get_name(struct sync_file *sync_file, char name[SYNC_FILE_NAME_SIZE]);
/* Fills in all fields except flags, num_fences and sync_fence_info. */
void sync_file_fill_info(struct sync_file *sync_file, struct sync_file_info *info);
/*
 * The number of fences that FILE_INFO reports; and the state of each, for at most capacity of them,
 * which returns the number reported. A chain may become shorter between the two calls; nothing
 * becomes longer.
 */
unsigned int sync_file_fence_count(struct sync_file *sync_file);
unsigned int sync_file_fill_fence_info(struct sync_file *sync_file, struct sync_fence_info *info,
				       unsigned int capacity);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_SYNC_FILE_H */
