/* SPDX-License-Identifier: MIT */
/*
 * libdmafence.h - the requests of <dma-fence/dma_fence.h> as functions, and what an ioctl cannot
 * do.
 *
 * A device is a file descriptor of the node, as dma_fence_device_open() or open(2) returns it; a
 * fence or a timeline is a handle of that open file; a sync_file is a file descriptor of its own.
 * The library keeps no state: every function may be called from any thread at any time, on the same
 * device too, and after fork(). Close what it returns with close(2) or
 * dma_fence_device_close_handle().
 *
 * Unless a function says otherwise it returns 0, or -1 with errno set. Errors that every function
 * may have: EBADF (no open fd), ENOTTY (an fd, but not of this device), EINTR (a signal handler
 * without SA_RESTART ran), ENOTCONN and ECONNABORTED (the device is gone). The errors of a request
 * are on its page in section 2 of the manual, those of a function on its page in section 3.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC; deadlines are absolute.
 */
#ifndef LIBDMAFENCE_H
#define LIBDMAFENCE_H

#include <stddef.h>
#include <stdint.h>

#include <linux/sync_file.h>

#ifdef DMA_FENCE_IN_TREE
#include "dma_fence.h"
#else
#include <dma-fence/dma_fence.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library at run time, "0.1.0". */
const char *dma_fence_library_version(void);

/* ---- the device ---- */

/* The path that dma_fence_device_open(NULL) takes: $DMA_FENCE_DEVICE, or /dev/dma_fence. */
const char *dma_fence_device_default_path(void);
/*
 * Opens the node (NULL: the default path), close-on-exec, and makes sure that it is one: a new fd,
 * or -1 (ENOTTY: something else).
 */
int dma_fence_device_open(const char *path);
/*
 * A second open of the same node, without a path: close-on-exec, no state. EACCES: the node's mode
 * forbids it.
 */
int dma_fence_device_reopen(int device);
int dma_fence_device_get_caps(int device, struct dma_fence_caps *caps);
int dma_fence_device_get_stats(int device, struct dma_fence_stats *stats);

/* ---- fences ---- */

/* A fence of its own context, with the device's default timeout; name may be NULL. */
int dma_fence_device_create(int device, const char *name, uint32_t *handle);
/* All that CREATE can do; create is read and written. */
int dma_fence_device_create_full(int device, struct dma_fence_create *create);
/* error: 0 or a negative errno. Several at once, all or none. */
int dma_fence_device_signal(int device, uint32_t handle, int error);
int dma_fence_device_signal_many(int device, const uint32_t *handles, size_t count, int error);
/*
 * Waits until the fence is signaled. 0, also where it was signaled with an error: *status (may be
 * NULL) tells. ETIME: deadline.
 */
int dma_fence_device_wait(int device, uint32_t handle, int64_t deadline_ns, int *status);
/*
 * Waits for the first, or for all (DMA_FENCE_WAIT_ALL). Every item's status is written, on ETIME
 * too; first may be NULL.
 */
int dma_fence_device_wait_many(int device, struct dma_fence_wait_item *items, size_t count,
			       uint32_t flags, int64_t deadline_ns, uint32_t *first);
/* members may be NULL with capacity 0; query->member_count tells how many there are. */
int dma_fence_device_query(int device, uint32_t handle, struct dma_fence_query *query,
			   struct dma_fence_member *members, size_t capacity);
/* 0 active, 1 signaled, negative errno: in *status. */
int dma_fence_device_get_status(int device, uint32_t handle, int *status);
int dma_fence_device_set_deadline(int device, uint32_t handle, int64_t deadline_ns);
/* flags: 0 for all, DMA_FENCE_MERGE_ANY. The handles stay valid. */
int dma_fence_device_merge(int device, const uint32_t *handles, size_t count, uint32_t flags,
			   uint32_t *handle);
/* Drops the handle of a fence or timeline. */
int dma_fence_device_close_handle(int device, uint32_t handle);

/* ---- timelines ---- */

int dma_fence_device_timeline_create(int device, const char *name, uint64_t value,
				     uint32_t *timeline);
/*
 * The next point (seqno may be NULL, else *seqno: 0 for the next or the point wanted; the point on
 * return).
 */
int dma_fence_device_timeline_point(int device, uint32_t timeline, uint64_t *seqno,
				    uint32_t *handle);
/* To value; *signaled (may be NULL): how many points that signaled. */
int dma_fence_device_timeline_advance(int device, uint32_t timeline, uint64_t value, int error,
				      uint32_t *signaled);

/* ---- sync_files ---- */

/*
 * A new sync_file of the fence: an fd, close-on-exec, or -1. EACCES: the node cannot be opened a
 * second time.
 */
int dma_fence_device_export(int device, uint32_t handle);
/*
 * The first half alone: a token for a process that can open the node. The second half: binds a
 * fresh open of the node.
 */
int dma_fence_device_export_token(int device, uint32_t handle, uint64_t token[2]);
int dma_fence_device_bind(int fresh, const uint64_t token[2]);
/* A handle of this open for the fence of a sync_file. EINVAL: not a sync_file of this device. */
int dma_fence_device_import(int device, int sync_file, uint32_t *handle);
/*
 * A sync_file of that name (NULL: the default) that is signaled when both are: an fd, or -1. Both
 * stay valid.
 */
int dma_fence_device_merge_sync_files(int device, const char *name, int sync_file_a,
				      int sync_file_b);

/* These take the sync_file alone. */

/*
 * poll(2) until the deadline. ETIME. *status as above, may be NULL. EINTR: as poll(2), whatever
 * SA_RESTART says.
 */
int dma_fence_sync_file_wait(int sync_file, int64_t deadline_ns, int *status);
/*
 * SYNC_IOC_FILE_INFO: fences may be NULL with capacity 0; info->num_fences tells how many there
 * are.
 */
int dma_fence_sync_file_info(int sync_file, struct sync_file_info *info,
			     struct sync_fence_info *fences, size_t capacity);
int dma_fence_sync_file_get_status(int sync_file, int *status);
int dma_fence_sync_file_set_deadline(int sync_file, int64_t deadline_ns);

/* ---- sw_sync: an open of the node that is nothing but a timeline of 32-bit values ---- */

/* A sync_file that is signaled when the timeline's value has reached this one: an fd, or -1. */
int dma_fence_sw_sync_fence_create(int timeline, uint32_t value);
int dma_fence_sw_sync_timeline_inc(int timeline, uint32_t by);

/* ---- syncobjs: those of DRM_IOCTL_SYNCOBJ_CREATE, on an open of the node ---- */

/*
 * What DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD does, with its flags: an fd that is the syncobj, or a
 * sync_file of the fence in it, that of a point maybe. -1 with errno.
 */
int dma_fence_syncobj_to_fd(int device, uint32_t handle, uint32_t flags, uint64_t point);

/* ---- buffers ---- */

/* buffer: a memfd, a file on tmpfs, or a dma-buf; usage: DMA_FENCE_USAGE_*. */
int dma_fence_device_attach(int device, int buffer, uint32_t handle, uint32_t usage);
/* All that ATTACH can do: under a ticket, with a hint. */
int dma_fence_device_attach_full(int device, struct dma_fence_attach *attach);
/*
 * One fence for what is pending on it; *count (may be NULL): how many that is. flags: 0 or
 * DMA_FENCE_BUFFER_LATEST.
 */
int dma_fence_device_buffer_fences(int device, int buffer, uint32_t usage, uint32_t flags,
				   uint32_t *handle, uint32_t *count);
/*
 * Waits for what is pending on it, as DMA_FENCE_USAGE_RW() says; not for what is attached later.
 * *count: how many that was; *error: 0 or the first negative errno among them; both may be NULL,
 * and are written on ETIME too.
 */
int dma_fence_device_buffer_wait(int device, int buffer, uint32_t usage, int64_t deadline_ns,
				 uint32_t *count, int *error);
/*
 * One operation on one buffer, of usage DMA_FENCE_USAGE_WRITE or _READ. Puts a fence on it (*handle)
 * and waits for what was there before; on a dma-buf, begins the access to its memory. ETIME:
 * deadline; then nothing has begun.
 */
int dma_fence_device_start_dma(int device, int buffer, uint32_t usage, int64_t deadline_ns,
			       uint32_t *handle);
/*
 * The operation is over, with error 0 or a negative errno: ends the access, signals the fence, and
 * closes its handle.
 */
int dma_fence_device_end_dma(int device, int buffer, uint32_t usage, uint32_t handle, int error);
/*
 * When the fence is signaled, store value (size 4 or 8 bytes) at offset of the buffer and wake
 * futex waiters there.
 */
int dma_fence_device_seqno_write(int device, uint32_t handle, int buffer, uint64_t offset,
				 uint64_t value, uint32_t size);
/*
 * Waits until the value at address, in memory shared with a seqno write, has reached value: first
 * spinning for at most spin_ns, then in a futex. Reached is a signed comparison of the difference,
 * so it may wrap. No call to the device. size 4 or 8, and address a multiple of it. ETIME:
 * deadline. EINVAL: size or alignment. EINTR: as futex(2), whatever SA_RESTART says.
 */
int dma_fence_seqno_wait(const void *address, uint32_t size, uint64_t value, uint64_t spin_ns,
			 int64_t deadline_ns);

/* ---- several buffers in one operation ---- */

/*
 * Locks the buffers under *ticket (0: a new one), all or none of them; what the ticket held before
 * stays. *ticket is written on success and on EDEADLK: then give back all that it holds
 * (DMA_FENCE_RESV_UNLOCK_BACK_OFF), and lock again with DMA_FENCE_RESV_LOCK_SLOW, the contended
 * buffer first. *contended (may be NULL), on EDEADLK, EALREADY and EBUSY: the index of which.
 * ETIME: deadline. ETIMEDOUT: the ticket has lost what it held.
 */
int dma_fence_device_resv_lock(int device, const int *buffers, size_t count, uint32_t flags,
			       int64_t deadline_ns, uint32_t *ticket, uint32_t *contended);
/* The same with a new ticket, backing off and trying again until it has them. Never EDEADLK. */
int dma_fence_device_resv_lock_all(int device, const int *buffers, size_t count,
				   int64_t deadline_ns, uint32_t *ticket);
/* What was attached under it becomes visible, on all its buffers together. */
int dma_fence_device_resv_commit(int device, uint32_t ticket);
/* The same, and the buffers and the ticket are given back. flags: 0, or _BACK_OFF as above. */
int dma_fence_device_resv_unlock(int device, uint32_t ticket, uint32_t flags);

/* ---- memory fences ---- */

/* A fence that is signaled when memory has reached a value; mem_fence is read and written. */
int dma_fence_device_mem_fence(int device, struct dma_fence_mem_fence *mem_fence);
/*
 * The location of that memory, for waiters that use dma_fence_seqno_wait() and do not call the
 * device. EINVAL: a fence of another kind.
 */
int dma_fence_device_mem_fence_location(int device, uint32_t handle,
					struct dma_fence_mem_fence_location *location);
/*
 * "I have written": has all memory fences of the same buffer looked at. *signaled (may be NULL):
 * how many that were.
 */
int dma_fence_device_mem_fence_kick(int device, uint32_t handle, uint32_t *signaled);

/* ---- events ---- */

/*
 * A record for dma_fence_device_read_events() when the fence is signaled; *event is the number to
 * cancel it by.
 */
int dma_fence_device_event_add(int device, uint32_t handle, uint64_t user_data, uint32_t *event);
/* The same, 1 is added to the eventfd instead. */
int dma_fence_device_eventfd_add(int device, uint32_t handle, int eventfd, uint32_t *event);
/*
 * ENOENT: delivered already. *fired (may be NULL): 1 where it was signaled but not read yet.
 * Nothing is delivered after this.
 */
int dma_fence_device_event_cancel(int device, uint32_t event, uint32_t *fired);
/* Waits for records, unless the fd is O_NONBLOCK (EAGAIN): how many were read, or -1. */
int dma_fence_device_read_events(int device, struct dma_fence_event *events, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif /* LIBDMAFENCE_H */
