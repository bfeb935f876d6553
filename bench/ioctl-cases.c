/* SPDX-License-Identifier: MIT */
/*
 * ioctl-cases.c - the requests that are measured, one row each, and what each needs on the device
 * before its time is taken.
 */
#include <errno.h>
#include <string.h>

#include "ioctls.h"

/* Fence requests that a program issues all the time; the rest is told, not judged. */
#define LIMIT 1.10

/* Seqno writes go here, behind the word that wake-ups use. */
#define SEQNO_OFFSET 4096

/* ---- what the requests of a batch have in common ---- */

static int setup_fence(struct ioctl_batch *batch)
{
	return dma_fence_device_create(batch->file, "bench", &batch->handle) < 0 ? -errno : 0;
}

static int setup_signaled_fence(struct ioctl_batch *batch)
{
	int ret = setup_fence(batch);

	if (ret == 0 && dma_fence_device_signal(batch->file, batch->handle, 0) < 0)
		ret = -errno;
	return ret;
}

static int setup_timeline(struct ioctl_batch *batch)
{
	return dma_fence_device_timeline_create(batch->file, "bench", 0, &batch->handle) < 0
		       ? -errno
		       : 0;
}

static int setup_sync_file(struct ioctl_batch *batch)
{
	int ret = setup_fence(batch);

	if (ret < 0)
		return ret;
	batch->sync_file = dma_fence_device_export(batch->file, batch->handle);
	return batch->sync_file < 0 ? -errno : 0;
}

static int setup_buffer(struct ioctl_batch *batch)
{
	int ret = setup_fence(batch);

	if (ret == 0 && dma_fence_device_attach(batch->file, batch->stage->memory_fd, batch->handle,
						DMA_FENCE_USAGE_WRITE) < 0)
		ret = -errno;
	return ret;
}

/* ---- the argument of each ---- */

static int new_fence(struct ioctl_batch *batch, __u32 *handle)
{
	return dma_fence_device_create(batch->file, "bench", handle) < 0 ? -errno : 0;
}

static int fill_create(struct ioctl_batch *batch, unsigned int i)
{
	strcpy(batch->argument[i].create.name, "bench");
	return 0;
}

static int fill_timeline_create(struct ioctl_batch *batch, unsigned int i)
{
	strcpy(batch->argument[i].timeline_create.name, "bench");
	return 0;
}

/* Each advance signals one point. */
static int fill_timeline_advance(struct ioctl_batch *batch, unsigned int i)
{
	struct dma_fence_timeline_advance *advance = &batch->argument[i].timeline_advance;
	__u32 point;

	advance->handle = batch->handle;
	advance->value = i + 1;
	return dma_fence_device_timeline_point(batch->file, batch->handle, NULL, &point) < 0
		       ? -errno
		       : 0;
}

static int fill_signal(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].signal.head.count = 1;
	return new_fence(batch, &batch->argument[i].signal.handle);
}

static int fill_wait(struct ioctl_batch *batch, unsigned int i)
{
	struct ioctl_wait *wait = &batch->argument[i].wait;

	wait->head.count = 1;
	wait->head.deadline_ns = DMA_FENCE_WAIT_FOREVER;
	wait->item.handle = batch->handle;
	return 0;
}

static int fill_query(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].query.handle = batch->handle;
	return 0;
}

static int fill_attach(struct ioctl_batch *batch, unsigned int i)
{
	struct dma_fence_attach *attach = &batch->argument[i].attach;

	attach->fd = batch->stage->memory_fd;
	attach->usage = DMA_FENCE_USAGE_WRITE;
	return new_fence(batch, &attach->handle);
}

static int fill_buffer_fences(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].buffer_fences.fd = batch->stage->memory_fd;
	batch->argument[i].buffer_fences.usage = DMA_FENCE_USAGE_WRITE;
	return 0;
}

static int fill_export(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].export.handle = batch->handle;
	batch->argument[i].export.kind = DMA_FENCE_EXPORT_SYNC_FILE;
	return 0;
}

static int fill_bind(struct ioctl_batch *batch, unsigned int i)
{
	struct dma_fence_bind *bind = &batch->argument[i].bind;
	uint64_t token[2];

	if (dma_fence_device_export_token(batch->file, batch->handle, token) < 0)
		return -errno;
	bind->token[0] = token[0];
	bind->token[1] = token[1];
	bind->kind = DMA_FENCE_EXPORT_SYNC_FILE;
	return 0;
}

static int fill_import(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].import.fd = batch->sync_file;
	return 0;
}

static int fill_merge(struct ioctl_batch *batch, unsigned int i)
{
	struct ioctl_merge *merge = &batch->argument[i].merge;

	merge->head.count = 2;
	merge->handle[0] = batch->handle;
	return new_fence(batch, &merge->handle[1]);
}

static int fill_seqno_write(struct ioctl_batch *batch, unsigned int i)
{
	struct dma_fence_seqno_write *write = &batch->argument[i].seqno_write;

	write->fd = batch->stage->memory_fd;
	write->offset = SEQNO_OFFSET + i * sizeof(uint64_t);
	write->value = 1;
	write->size = sizeof(uint64_t);
	return new_fence(batch, &write->handle);
}

static int fill_event_add(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].event_add.eventfd = -1;
	return new_fence(batch, &batch->argument[i].event_add.handle);
}

static int fill_event_add_eventfd(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].event_add.eventfd = batch->stage->event_fd;
	return new_fence(batch, &batch->argument[i].event_add.handle);
}

static int fill_event_cancel(struct ioctl_batch *batch, unsigned int i)
{
	return dma_fence_device_event_add(batch->file, batch->handle, i,
					  &batch->argument[i].event_cancel.event) < 0
		       ? -errno
		       : 0;
}

/* Each is earlier than the one before it, so that each is taken. */
static int fill_set_deadline(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].set_deadline.handle = batch->handle;
	batch->argument[i].set_deadline.deadline_ns = now_ns() + NSEC_PER_SEC - i * 1000000;
	return 0;
}

static int fill_close(struct ioctl_batch *batch, unsigned int i)
{
	return new_fence(batch, &batch->argument[i].close.handle);
}

static int fill_file_info_fences(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].file_info.num_fences = 1;
	batch->argument[i].file_info.sync_fence_info = (uintptr_t)&batch->fence_info;
	return 0;
}

static int fill_file_set_deadline(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].file_set_deadline.deadline_ns = now_ns() + NSEC_PER_SEC - i * 1000000;
	return 0;
}

#define CALLER_FDS    DMA_FENCE_FEATURE_CALLER_FDS
#define CALLER_MEMORY DMA_FENCE_FEATURE_CALLER_MEMORY

const struct ioctl_case ioctl_cases[] = {
	{.name = "GET_CAPS", .request = DMA_FENCE_IOC_GET_CAPS},
	{.name = "GET_STATS", .request = DMA_FENCE_IOC_GET_STATS},
	{
		.name = "CREATE",
		.request = DMA_FENCE_IOC_CREATE,
		.limit = LIMIT,
		.fill = fill_create,
	},
	{
		.name = "SIGNAL",
		.request = DMA_FENCE_IOC_SIGNAL_INLINE(1),
		.limit = LIMIT,
		.fill = fill_signal,
	},
	{
		.name = "QUERY",
		.request = DMA_FENCE_IOC_QUERY,
		.limit = LIMIT,
		.setup = setup_fence,
		.fill = fill_query,
	},
	{
		.name = "WAIT",
		.request = DMA_FENCE_IOC_WAIT_INLINE(1),
		.limit = LIMIT,
		.setup = setup_signaled_fence,
		.fill = fill_wait,
	},
	{.name = "CLOSE", .request = DMA_FENCE_IOC_CLOSE, .fill = fill_close},
	{
		.name = "TIMELINE_CREATE",
		.request = DMA_FENCE_IOC_TIMELINE_CREATE,
		.fill = fill_timeline_create,
	},
	{
		.name = "TIMELINE_ADVANCE",
		.request = DMA_FENCE_IOC_TIMELINE_ADVANCE,
		.setup = setup_timeline,
		.fill = fill_timeline_advance,
	},
	{
		.name = "MERGE",
		.request = DMA_FENCE_IOC_MERGE_INLINE(2),
		.setup = setup_fence,
		.fill = fill_merge,
	},
	{
		.name = "SET_DEADLINE",
		.request = DMA_FENCE_IOC_SET_DEADLINE,
		.setup = setup_fence,
		.fill = fill_set_deadline,
	},
	{.name = "EVENT_ADD", .request = DMA_FENCE_IOC_EVENT_ADD, .fill = fill_event_add},
	{
		.name = "EVENT_ADD-eventfd",
		.request = DMA_FENCE_IOC_EVENT_ADD,
		.features = CALLER_FDS,
		.fill = fill_event_add_eventfd,
	},
	{
		.name = "EVENT_CANCEL",
		.request = DMA_FENCE_IOC_EVENT_CANCEL,
		.setup = setup_fence,
		.fill = fill_event_cancel,
	},
	{
		.name = "EXPORT",
		.request = DMA_FENCE_IOC_EXPORT,
		.setup = setup_fence,
		.fill = fill_export,
	},
	{
		.name = "open+BIND+close",
		.request = DMA_FENCE_IOC_BIND,
		.subject = ON_FRESH_NODE,
		.setup = setup_fence,
		.fill = fill_bind,
	},
	{
		.name = "IMPORT",
		.request = DMA_FENCE_IOC_IMPORT,
		.features = CALLER_FDS,
		.setup = setup_sync_file,
		.fill = fill_import,
	},
	{
		.name = "ATTACH",
		.request = DMA_FENCE_IOC_ATTACH,
		.features = CALLER_FDS,
		.fill = fill_attach,
	},
	{
		.name = "BUFFER_FENCES",
		.request = DMA_FENCE_IOC_BUFFER_FENCES,
		.features = CALLER_FDS,
		.setup = setup_buffer,
		.fill = fill_buffer_fences,
	},
	{
		.name = "SEQNO_WRITE",
		.request = DMA_FENCE_IOC_SEQNO_WRITE,
		.features = CALLER_FDS,
		.fill = fill_seqno_write,
	},
	{
		.name = "FILE_INFO",
		.request = SYNC_IOC_FILE_INFO,
		.subject = ON_SYNC_FILE,
		.setup = setup_sync_file,
	},
	{
		.name = "FILE_INFO-fences",
		.request = SYNC_IOC_FILE_INFO,
		.subject = ON_SYNC_FILE,
		.features = CALLER_MEMORY,
		.setup = setup_sync_file,
		.fill = fill_file_info_fences,
	},
	{
		.name = "FILE_SET_DEADLINE",
		.request = SYNC_IOC_SET_DEADLINE,
		.subject = ON_SYNC_FILE,
		.setup = setup_sync_file,
		.fill = fill_file_set_deadline,
	},
};

const unsigned int ioctl_case_count = sizeof(ioctl_cases) / sizeof(ioctl_cases[0]);
