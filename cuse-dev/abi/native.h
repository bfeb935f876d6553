/* SPDX-License-Identifier: MIT */
/*
 * native.h - the handlers of the native requests, for the table in native_table.c. All under
 * device->lock: see ioctl.h.
 */
#ifndef DMA_FENCED_NATIVE_H
#define DMA_FENCED_NATIVE_H

#include "file/pending.h"

/* native_fence.c: what needs nothing of the caller. */
int native_create(const struct request *request, void *argument);
int native_timeline_create(const struct request *request, void *argument);
int native_timeline_advance(const struct request *request, void *argument);
int native_signal(const struct request *request, void *argument);
int native_wait(const struct request *request, void *argument);
int native_query(const struct request *request, void *argument);
int native_merge(const struct request *request, void *argument);
int native_set_deadline(const struct request *request, void *argument);
int native_close(const struct request *request, void *argument);

/* native_buffer.c: on buffers and their memory, which are passed as fds of the caller. */
int native_attach(const struct request *request, void *argument);
int native_buffer_fences(const struct request *request, void *argument);
int native_buffer_wait(const struct request *request, void *argument);
int native_seqno_write(const struct request *request, void *argument);
int native_mem_fence(const struct request *request, void *argument);
int native_mem_fence_location(const struct request *request, void *argument);
int native_mem_fence_kick(const struct request *request, void *argument);

/* native_descriptor.c: on other fds of the caller; and what the device is. */
int native_get_caps(const struct request *request, void *argument);
int native_get_stats(const struct request *request, void *argument);
int native_export(const struct request *request, void *argument);
int native_bind(const struct request *request, void *argument);
int native_import(const struct request *request, void *argument);
int native_identify(const struct request *request, void *argument);
int native_event_add(const struct request *request, void *argument);
int native_event_cancel(const struct request *request, void *argument);

/* native_resv.c: buffers that are locked under a ticket. */
int native_resv_lock(const struct request *request, void *argument);
int native_resv_commit(const struct request *request, void *argument);
int native_resv_unlock(const struct request *request, void *argument);

/* native_fd.c: requests of the kernel that return an fd, answered with a token instead. */
int native_sync_file_merge(const struct request *request, void *argument);
int native_sw_sync_create_fence(const struct request *request, void *argument);
int native_syncobj_to_fd(const struct request *request, void *argument);

#endif /* DMA_FENCED_NATIVE_H */
