/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * linux_drm_syncobj.h - the requests of a DRM render node that have to do with syncobjs, and those
 * that a client asks before: names, numbers and layouts are those of <drm/drm.h>, so include one of
 * the two.
 *
 * DRM identifies requests by type letter and number alone, and does not check the size: the missing
 * fields of a shorter struct are zero, the rest of a longer one is ignored. So the fields that
 * newer kernels have added (deadline_nsec, a point where an fd is made or taken) are there in this
 * one.
 */
#ifndef DMA_FENCE_LINUX_DRM_SYNCOBJ_H
#define DMA_FENCE_LINUX_DRM_SYNCOBJ_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DRM_IOCTL_BASE 'd'
#define DRM_IOWR(number, type) _IOWR(DRM_IOCTL_BASE, number, type)

/* ---- who are you, and what can you do ---- */

/* Strings have no NUL; the lengths that come back are the strings', whatever room there was. */
struct drm_version {
	int version_major;	/* out */
	int version_minor;	/* out */
	int version_patchlevel;	/* out */
	__kernel_size_t name_len;	/* in: room; out: length */
	char *name;
	__kernel_size_t date_len;
	char *date;
	__kernel_size_t desc_len;
	char *desc;
};

#define DRM_CAP_DUMB_BUFFER 0x1
#define DRM_CAP_VBLANK_HIGH_CRTC 0x2
#define DRM_CAP_DUMB_PREFERRED_DEPTH 0x3
#define DRM_CAP_DUMB_PREFER_SHADOW 0x4
#define DRM_CAP_PRIME 0x5
#define DRM_CAP_TIMESTAMP_MONOTONIC 0x6
#define DRM_CAP_ASYNC_PAGE_FLIP 0x7
#define DRM_CAP_CURSOR_WIDTH 0x8
#define DRM_CAP_CURSOR_HEIGHT 0x9
#define DRM_CAP_ADDFB2_MODIFIERS 0x10
#define DRM_CAP_PAGE_FLIP_TARGET 0x11
#define DRM_CAP_CRTC_IN_VBLANK_EVENT 0x12
#define DRM_CAP_SYNCOBJ 0x13
#define DRM_CAP_SYNCOBJ_TIMELINE 0x14
#define DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP 0x15

struct drm_get_cap {
	__u64 capability;	/* in: DRM_CAP_* */
	__u64 value;		/* out */
};

#define DRM_IOCTL_VERSION DRM_IOWR(0x00, struct drm_version)
#define DRM_IOCTL_GET_CAP DRM_IOWR(0x0c, struct drm_get_cap)

/* ---- syncobjs ---- */

#define DRM_SYNCOBJ_CREATE_SIGNALED (1 << 0)

struct drm_syncobj_create {
	__u32 handle;	/* out */
	__u32 flags;	/* in: DRM_SYNCOBJ_CREATE_* */
};

struct drm_syncobj_destroy {
	__u32 handle;	/* in */
	__u32 pad;	/* in: 0 */
};

/* The fd is, or becomes, a sync_file: of the syncobj's fence, not the syncobj itself. */
#define DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE (1 << 0)
#define DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE (1 << 0)
/* And it is the point's. */
#define DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_TIMELINE (1 << 1)
#define DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE (1 << 1)

struct drm_syncobj_handle {
	__u32 handle;	/* in, or out */
	__u32 flags;	/* in */
	__s32 fd;	/* out, or in */
	__u32 pad;	/* in: 0 */
	__u64 point;	/* in: with TIMELINE */
};

/* The struct without the point. */
#define DRM_SYNCOBJ_HANDLE_SIZE_OLD 16

#define DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL (1 << 0)
/* Where nothing was submitted yet, wait for that first. */
#define DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT (1 << 1)
/* Wait for that alone. */
#define DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE (1 << 2)
/* deadline_nsec is a hint to the fences. */
#define DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE (1 << 3)

struct drm_syncobj_wait {
	__u64 handles;		/* in: address of __u32 [count_handles] */
	__s64 timeout_nsec;	/* in: absolute, CLOCK_MONOTONIC */
	__u32 count_handles;	/* in */
	__u32 flags;		/* in: DRM_SYNCOBJ_WAIT_FLAGS_* */
	__u32 first_signaled;	/* out */
	__u32 pad;
	__u64 deadline_nsec;	/* in: with WAIT_DEADLINE */
};

struct drm_syncobj_timeline_wait {
	__u64 handles;		/* in: address of __u32 [count_handles] */
	__u64 points;		/* in: address of __u64 [count_handles]; 0: all are 0 */
	__s64 timeout_nsec;	/* in: absolute, CLOCK_MONOTONIC */
	__u32 count_handles;	/* in */
	__u32 flags;		/* in: DRM_SYNCOBJ_WAIT_FLAGS_* */
	__u32 first_signaled;	/* out */
	__u32 pad;
	__u64 deadline_nsec;	/* in: with WAIT_DEADLINE */
};

struct drm_syncobj_array {
	__u64 handles;		/* in: address of __u32 [count_handles] */
	__u32 count_handles;	/* in */
	__u32 pad;		/* in: 0 */
};

/* QUERY: the last point that was put in, signaled or not. */
#define DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED (1 << 0)

struct drm_syncobj_timeline_array {
	__u64 handles;		/* in: address of __u32 [count_handles] */
	__u64 points;		/* in: address of __u64 [count_handles]; what is there is out for QUERY */
	__u32 count_handles;	/* in */
	__u32 flags;		/* in: DRM_SYNCOBJ_QUERY_FLAGS_*; TIMELINE_SIGNAL: 0 */
};

struct drm_syncobj_transfer {
	__u32 src_handle;	/* in */
	__u32 dst_handle;	/* in */
	__u64 src_point;	/* in */
	__u64 dst_point;	/* in: 0: replaces what dst holds */
	__u32 flags;		/* in: 0 or DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT */
	__u32 pad;		/* in: 0 */
};

struct drm_syncobj_eventfd {
	__u32 handle;	/* in */
	__u32 flags;	/* in: 0 or DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE */
	__u64 point;	/* in */
	__s32 fd;	/* in: 1 is added to it, once */
	__u32 pad;	/* in: 0 */
};

#define DRM_IOCTL_SYNCOBJ_CREATE DRM_IOWR(0xbf, struct drm_syncobj_create)
#define DRM_IOCTL_SYNCOBJ_DESTROY DRM_IOWR(0xc0, struct drm_syncobj_destroy)
#define DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD DRM_IOWR(0xc1, struct drm_syncobj_handle)
#define DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE DRM_IOWR(0xc2, struct drm_syncobj_handle)
#define DRM_IOCTL_SYNCOBJ_WAIT DRM_IOWR(0xc3, struct drm_syncobj_wait)
#define DRM_IOCTL_SYNCOBJ_RESET DRM_IOWR(0xc4, struct drm_syncobj_array)
#define DRM_IOCTL_SYNCOBJ_SIGNAL DRM_IOWR(0xc5, struct drm_syncobj_array)
#define DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT DRM_IOWR(0xca, struct drm_syncobj_timeline_wait)
#define DRM_IOCTL_SYNCOBJ_QUERY DRM_IOWR(0xcb, struct drm_syncobj_timeline_array)
#define DRM_IOCTL_SYNCOBJ_TRANSFER DRM_IOWR(0xcc, struct drm_syncobj_transfer)
#define DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL DRM_IOWR(0xcd, struct drm_syncobj_timeline_array)
#define DRM_IOCTL_SYNCOBJ_EVENTFD DRM_IOWR(0xcf, struct drm_syncobj_eventfd)

#endif /* DMA_FENCE_LINUX_DRM_SYNCOBJ_H */
