/* SPDX-License-Identifier: MIT */
/*
 * native.h - the handlers of the native requests, for the table in native.c. All under
 * device->lock: see ioctl.h.
 */
#ifndef DMA_FENCED_NATIVE_H
#define DMA_FENCED_NATIVE_H

#include "file/pending.h"

/* native_fence.c: what needs nothing of the caller. */
int native_create(struct request *request, void *argument);
int native_timeline_create(struct request *request, void *argument);
int native_timeline_advance(struct request *request, void *argument);
int native_signal(struct request *request, void *argument);
int native_wait(struct request *request, void *argument);
int native_query(struct request *request, void *argument);
int native_merge(struct request *request, void *argument);
int native_set_deadline(struct request *request, void *argument);
int native_close(struct request *request, void *argument);

/* native_exchange.c: what borrows an fd of the caller, or gives something away. */
int native_get_caps(struct request *request, void *argument);
int native_get_stats(struct request *request, void *argument);
int native_attach(struct request *request, void *argument);
int native_buffer_fences(struct request *request, void *argument);
int native_buffer_wait(struct request *request, void *argument);
int native_export(struct request *request, void *argument);
int native_bind(struct request *request, void *argument);
int native_import(struct request *request, void *argument);
int native_seqno_write(struct request *request, void *argument);
int native_mem_fence(struct request *request, void *argument);
int native_mem_fence_location(struct request *request, void *argument);
int native_mem_fence_kick(struct request *request, void *argument);
int native_event_add(struct request *request, void *argument);
int native_event_cancel(struct request *request, void *argument);

/* native_resv.c: buffers that are locked under a ticket. */
int native_resv_lock(struct request *request, void *argument);
int native_resv_commit(struct request *request, void *argument);
int native_resv_unlock(struct request *request, void *argument);

/* native_token.c: requests of the kernel that return an fd, answered with a token instead. */
int native_sync_file_merge(struct request *request, void *argument);
int native_sw_sync_create_fence(struct request *request, void *argument);
int native_syncobj_to_fd(struct request *request, void *argument);

#endif /* DMA_FENCED_NATIVE_H */
