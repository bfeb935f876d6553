/* SPDX-License-Identifier: MIT */
/*
 * ioctl-cases.c - the requests that are measured, one row each, and what each needs on the device
 * before its time is taken.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ioctls.h"
#include "linux_drm_syncobj.h"

/* Fence requests that a program issues all the time; the rest is reported, and has no limit. */
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

static int setup_ticket(struct ioctl_batch *batch)
{
	return dma_fence_device_resv_lock(batch->file, &batch->stage->memory_fd, 1, 0,
					  DMA_FENCE_WAIT_FOREVER, &batch->handle, NULL) < 0
		       ? -errno
		       : 0;
}

/* The word never gets there. */
static void fill_location(struct ioctl_batch *batch, unsigned int i, struct dma_fence_mem_fence *at)
{
	at->fd = batch->stage->memory_fd;
	at->offset = SEQNO_OFFSET + i * sizeof(uint64_t);
	at->value = INT64_MAX;
	at->size = sizeof(uint64_t);
}

static int setup_mem_fence(struct ioctl_batch *batch)
{
	struct dma_fence_mem_fence mem_fence = { .handle = 0 };

	fill_location(batch, 0, &mem_fence);
	if (dma_fence_device_mem_fence(batch->file, &mem_fence) < 0)
		return -errno;
	batch->handle = mem_fence.handle;
	return 0;
}

static int setup_syncobj(struct ioctl_batch *batch)
{
	struct drm_syncobj_create create = { .flags = 0 };

	if (ioctl(batch->file, DRM_IOCTL_SYNCOBJ_CREATE, &create) < 0)
		return -errno;
	batch->handle = create.handle;
	return 0;
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
	batch->argument[i].signal_one.head.count = 1;
	return new_fence(batch, &batch->argument[i].signal_one.handle);
}

static int fill_wait(struct ioctl_batch *batch, unsigned int i)
{
	struct ioctl_wait *wait = &batch->argument[i].wait_for_one;

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

/* Nothing is pending there. */
static int fill_buffer_wait(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].buffer_wait.fd = batch->stage->memory_fd;
	batch->argument[i].buffer_wait.usage = DMA_FENCE_USAGE_WRITE;
	return 0;
}

/* Each locks a buffer of its own. */
static int fill_resv_lock(struct ioctl_batch *batch, unsigned int i)
{
	struct ioctl_resv_lock *lock = &batch->argument[i].resv_lock_one;

	batch->buffer_fd[i] = memfd_create("dma-fence-bench", MFD_CLOEXEC);
	if (batch->buffer_fd[i] < 0 || ftruncate(batch->buffer_fd[i], 4096) < 0)
		return -errno;
	lock->head.count = 1;
	lock->head.deadline_ns = DMA_FENCE_WAIT_FOREVER;
	lock->fd = batch->buffer_fd[i];
	return 0;
}

static int fill_resv_commit(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].resv_commit.ticket = batch->handle;
	return 0;
}

static int fill_resv_unlock(struct ioctl_batch *batch, unsigned int i)
{
	union ioctl_argument *argument = &batch->argument[i];
	int ret = fill_resv_lock(batch, i);
	__u32 ticket;

	if (ret < 0)
		return ret;
	if (ioctl(batch->file, DMA_FENCE_IOC_RESV_LOCK_INLINE(1), argument) < 0)
		return -errno;
	ticket = argument->resv_lock.ticket;
	argument->resv_unlock = (struct dma_fence_resv_unlock){ .ticket = ticket };
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
	struct ioctl_merge *merge = &batch->argument[i].merge_two;

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

static int fill_mem_fence(struct ioctl_batch *batch, unsigned int i)
{
	fill_location(batch, i, &batch->argument[i].mem_fence);
	return 0;
}

static int fill_mem_fence_location(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].mem_fence_location.handle = batch->handle;
	return 0;
}

static int fill_mem_fence_kick(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].mem_fence_kick.handle = batch->handle;
	return 0;
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

static int fill_sync_file_merge(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].sync_file_merge.fd1 = batch->sync_file;
	batch->argument[i].sync_file_merge.fd2 = batch->sync_file;
	return 0;
}

static int fill_sw_sync_create_fence(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].sw_sync_create_fence.value = i + 1;
	return 0;
}

static int fill_syncobj_to_fd(struct ioctl_batch *batch, unsigned int i)
{
	batch->argument[i].syncobj_to_fd.handle = batch->handle;
	return 0;
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
	{ .name = "GET_CAPS", .request = DMA_FENCE_IOC_GET_CAPS },
	{ .name = "GET_STATS", .request = DMA_FENCE_IOC_GET_STATS },
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
	{ .name = "CLOSE", .request = DMA_FENCE_IOC_CLOSE, .fill = fill_close },
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
	{ .name = "EVENT_ADD", .request = DMA_FENCE_IOC_EVENT_ADD, .fill = fill_event_add },
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
		.name = "BUFFER_WAIT",
		.request = DMA_FENCE_IOC_BUFFER_WAIT,
		.features = CALLER_FDS,
		.fill = fill_buffer_wait,
	},
	{
		.name = "RESV_LOCK",
		.request = DMA_FENCE_IOC_RESV_LOCK_INLINE(1),
		.features = CALLER_FDS,
		.fill = fill_resv_lock,
	},
	{
		.name = "RESV_COMMIT",
		.request = DMA_FENCE_IOC_RESV_COMMIT,
		.features = CALLER_FDS,
		.setup = setup_ticket,
		.fill = fill_resv_commit,
	},
	{
		.name = "RESV_UNLOCK",
		.request = DMA_FENCE_IOC_RESV_UNLOCK,
		.features = CALLER_FDS,
		.fill = fill_resv_unlock,
	},
	{
		.name = "MEM_FENCE",
		.request = DMA_FENCE_IOC_MEM_FENCE,
		.features = CALLER_FDS,
		.fill = fill_mem_fence,
	},
	{
		.name = "MEM_FENCE_LOCATION",
		.request = DMA_FENCE_IOC_MEM_FENCE_LOCATION,
		.features = CALLER_FDS,
		.setup = setup_mem_fence,
		.fill = fill_mem_fence_location,
	},
	{
		.name = "MEM_FENCE_KICK",
		.request = DMA_FENCE_IOC_MEM_FENCE_KICK,
		.features = CALLER_FDS,
		.setup = setup_mem_fence,
		.fill = fill_mem_fence_kick,
	},
	{
		.name = "SYNC_FILE_MERGE",
		.request = DMA_FENCE_IOC_SYNC_FILE_MERGE,
		.features = CALLER_FDS,
		.setup = setup_sync_file,
		.fill = fill_sync_file_merge,
	},
	{
		.name = "SW_SYNC_CREATE_FENCE",
		.request = DMA_FENCE_IOC_SW_SYNC_CREATE_FENCE,
		.fill = fill_sw_sync_create_fence,
	},
	{
		.name = "SYNCOBJ_TO_FD",
		.request = DMA_FENCE_IOC_SYNCOBJ_TO_FD,
		.setup = setup_syncobj,
		.fill = fill_syncobj_to_fd,
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
