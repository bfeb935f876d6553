/* SPDX-License-Identifier: MIT */
/* native_table.c - the table of the native requests. */
#include <stddef.h>

#include "abi/ioctl.h"
#include "abi/native.h"
#include "descriptor/identify.h"

#define END_OF(type, field) (offsetof(struct type, field) + sizeof(((struct type *)0)->field))

#define ROW(request, function, type, last_needed, ...)                                    \
	{                                                                                 \
		.command = DMA_FENCE_IOC_##request, .minimum = END_OF(type, last_needed), \
		.size = sizeof(struct type), .handler = native_##function, __VA_ARGS__    \
	}

/* Those that are called most come first. */
static const struct ioctl_row rows[] = {
	ROW(CREATE, create, dma_fence_create, handle),
	ROW(SIGNAL, signal, dma_fence_signal, pointer, .has_array = true, .may_block = true),
	ROW(WAIT, wait, dma_fence_wait, signaled, .has_array = true, .may_block = true),
	ROW(QUERY, query, dma_fence_query, timeline_name, .has_array = true),
	ROW(CLOSE, close, dma_fence_close, handle),
	ROW(GET_CAPS, get_caps, dma_fence_caps, features, .may_block = true),
	ROW(TIMELINE_CREATE, timeline_create, dma_fence_timeline_create, handle),
	ROW(TIMELINE_ADVANCE, timeline_advance, dma_fence_timeline_advance, value),
	ROW(ATTACH, attach, dma_fence_attach, usage, .may_block = true),
	ROW(BUFFER_FENCES, buffer_fences, dma_fence_buffer_fences, handle, .may_block = true),
	ROW(BUFFER_WAIT, buffer_wait, dma_fence_buffer_wait, deadline_ns, .may_block = true),
	ROW(RESV_LOCK, resv_lock, dma_fence_resv_lock, pointer, .has_array = true,
	    .may_block = true),
	ROW(RESV_COMMIT, resv_commit, dma_fence_resv_commit, flags),
	ROW(RESV_UNLOCK, resv_unlock, dma_fence_resv_unlock, flags),
	ROW(EXPORT, export, dma_fence_export, token),
	ROW(BIND, bind, dma_fence_bind, kind),
	ROW(IMPORT, import, dma_fence_import, handle, .may_block = true),
	ROW(MERGE, merge, dma_fence_merge, reserved, .has_array = true, .may_block = true),
	ROW(SEQNO_WRITE, seqno_write, dma_fence_seqno_write, size, .may_block = true),
	ROW(MEM_FENCE, mem_fence, dma_fence_mem_fence, handle, .may_block = true),
	ROW(MEM_FENCE_LOCATION, mem_fence_location, dma_fence_mem_fence_location, device_minor),
	ROW(MEM_FENCE_KICK, mem_fence_kick, dma_fence_mem_fence_kick, signaled, .may_block = true),
	ROW(EVENT_ADD, event_add, dma_fence_event_add, event, .may_block = true),
	ROW(EVENT_CANCEL, event_cancel, dma_fence_event_cancel, event),
	ROW(SET_DEADLINE, set_deadline, dma_fence_set_deadline, deadline_ns),
	ROW(SYNC_FILE_MERGE, sync_file_merge, dma_fence_sync_file_merge, token, .may_block = true),
	ROW(SW_SYNC_CREATE_FENCE, sw_sync_create_fence, dma_fence_sw_sync_create_fence, token),
	ROW(SYNCOBJ_TO_FD, syncobj_to_fd, dma_fence_syncobj_to_fd, token),
	ROW(GET_STATS, get_stats, dma_fence_stats, files),
	{ .command = DMA_FENCE_IOC_IDENTIFY, .any_file = true, .handler = native_identify },
};

const struct ioctl_table native_table = {
	.type = DMA_FENCE_IOC_TYPE,
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};
