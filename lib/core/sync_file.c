/* SPDX-License-Identifier: MIT */
/*
 * sync_file.c - a fence with a name, and the answers to SYNC_IOC_FILE_INFO.
 *
 * Who owns what: a sync_file holds a reference to its fence, from init to fini. What can race: only
 * the state of the fence, which is thread-safe and is read field by field.
 */
#include <stdio.h>
#include <string.h>

#include "fence_internal.h"
#include "sync_file.h"
#include "unwrap.h"

static void copy_name(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

void sync_file_init(struct sync_file *sync_file, struct dma_fence *fence, const char *name)
{
	sync_file->fence = dma_fence_get(fence);
	copy_name(sync_file->user_name, sizeof(sync_file->user_name), name ? name : "");
}

void sync_file_fini(struct sync_file *sync_file)
{
	dma_fence_put(sync_file->fence);
	sync_file->fence = NULL;
}

void sync_file_get_name(struct sync_file *sync_file, char name[SYNC_FILE_NAME_SIZE])
{
	struct dma_fence *fence = sync_file->fence;

	if (sync_file->user_name[0])
		copy_name(name, SYNC_FILE_NAME_SIZE, sync_file->user_name);
	else
		snprintf(name, SYNC_FILE_NAME_SIZE, "%s-%s%llu-%lld", dma_fence_driver_name(fence),
			 dma_fence_timeline_name(fence), (unsigned long long)fence->context,
			 (long long)fence->seqno);
}

void sync_file_fill_info(struct sync_file *sync_file, struct sync_file_info *info)
{
	info->status = dma_fence_get_status(sync_file->fence);
	memset(info->name, 0, sizeof(info->name));
	sync_file_get_name(sync_file, info->name);
}

unsigned int sync_file_fence_count(struct sync_file *sync_file)
{
	return dma_fence_member_count(sync_file->fence);
}

static void fill_fence_info(struct dma_fence *fence, struct sync_fence_info *info)
{
	memset(info, 0, sizeof(*info));
	/* First, because this poll may signal the fence. */
	info->status = dma_fence_get_status(fence);
	copy_name(info->obj_name, sizeof(info->obj_name), dma_fence_timeline_name(fence));
	copy_name(info->driver_name, sizeof(info->driver_name), dma_fence_driver_name(fence));
	info->timestamp_ns = dma_fence_timestamp(fence);
}

unsigned int sync_file_fill_fence_info(struct sync_file *sync_file, struct sync_fence_info *info,
				       unsigned int capacity)
{
	struct dma_fence_unwrap cursor;
	struct dma_fence *fence;
	unsigned int count = 0;

	for (fence = dma_fence_unwrap_first(sync_file->fence, &cursor); fence && count < capacity;
	     fence = dma_fence_unwrap_next(&cursor))
		fill_fence_info(fence, &info[count++]);
	dma_fence_unwrap_end(&cursor);
	return count;
}
