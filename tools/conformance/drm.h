/* SPDX-License-Identifier: MIT */
/*
 * drm.h - the requests of DRM that are issued here, by number and layout: the headers that we build
 * with may lack them, or their newest fields. They are not those of uapi/, so that a mistake there
 * is found.
 */
#ifndef CONFORMANCE_DRM_H
#define CONFORMANCE_DRM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DRM_REQUEST(number, type) _IOWR('d', number, type)

struct drm_version {
	__s32 major;
	__s32 minor;
	__s32 patch;
	__u64 name_length;
	__u64 name;
	__u64 date_length;
	__u64 date;
	__u64 description_length;
	__u64 description;
};
#define DRM_VERSION DRM_REQUEST(0x00, struct drm_version)

struct drm_unique {
	__u64 length;
	__u64 unique;
};
#define DRM_GET_UNIQUE DRM_REQUEST(0x01, struct drm_unique)

struct drm_auth {
	__u32 magic;
};
#define DRM_GET_MAGIC  _IOR('d', 0x02, struct drm_auth)
#define DRM_AUTH_MAGIC _IOW('d', 0x11, struct drm_auth)

struct drm_client {
	__s32 index;
	__s32 authenticated;
	__u64 pid;
	__u64 uid;
	__u64 magic;
	__u64 iocs;
};
#define DRM_GET_CLIENT DRM_REQUEST(0x05, struct drm_client)

struct drm_set_version {
	__s32 interface_major;
	__s32 interface_minor;
	__s32 driver_major;
	__s32 driver_minor;
};
#define DRM_SET_VERSION DRM_REQUEST(0x07, struct drm_set_version)

struct drm_gem_close {
	__u32 handle;
	__u32 pad;
};
#define DRM_GEM_CLOSE _IOW('d', 0x09, struct drm_gem_close)

struct drm_cap {
	__u64 capability;
	__u64 value;
};
#define DRM_GET_CAP	   DRM_REQUEST(0x0c, struct drm_cap)
#define DRM_SET_CLIENT_CAP _IOW('d', 0x0d, struct drm_cap)

#define DRM_CAP_SYNCOBJ		 0x13
#define DRM_CAP_SYNCOBJ_TIMELINE 0x14

#define DRM_SET_MASTER	_IO('d', 0x1e)
#define DRM_DROP_MASTER _IO('d', 0x1f)

struct drm_prime {
	__u32 handle;
	__u32 flags;
	__s32 fd;
};
#define DRM_PRIME_HANDLE_TO_FD DRM_REQUEST(0x2d, struct drm_prime)

struct drm_dumb {
	__u32 height;
	__u32 width;
	__u32 bits_per_pixel;
	__u32 flags;
	__u32 handle;
	__u32 pitch;
	__u64 size;
};
#define DRM_CREATE_DUMB DRM_REQUEST(0xb2, struct drm_dumb)

struct drm_vgem_attach {
	__u32 handle;
	__u32 flags;
	__u32 fence;
	__u32 pad;
};
#define DRM_VGEM_ATTACH	      DRM_REQUEST(0x41, struct drm_vgem_attach)
#define DRM_VGEM_ATTACH_WRITE (1u << 0)

struct drm_vgem_signal {
	__u32 fence;
	__u32 flags;
};
#define DRM_VGEM_SIGNAL _IOW('d', 0x42, struct drm_vgem_signal)

struct syncobj_create {
	__u32 handle;
	__u32 flags;
};
#define SYNCOBJ_CREATE		DRM_REQUEST(0xbf, struct syncobj_create)
#define SYNCOBJ_CREATE_SIGNALED (1u << 0)

struct syncobj_destroy {
	__u32 handle;
	__u32 pad;
};
#define SYNCOBJ_DESTROY DRM_REQUEST(0xc0, struct syncobj_destroy)

/* Without its last field in the headers of Linux 6.15 and before. */
struct syncobj_fd {
	__u32 handle;
	__u32 flags;
	__s32 fd;
	__u32 pad;
	__u64 point;
};
struct syncobj_fd_short {
	__u32 handle;
	__u32 flags;
	__s32 fd;
	__u32 pad;
};
#define SYNCOBJ_TO_FD	      DRM_REQUEST(0xc1, struct syncobj_fd_short)
#define SYNCOBJ_TO_FD_POINT   DRM_REQUEST(0xc1, struct syncobj_fd)
#define SYNCOBJ_FROM_FD	      DRM_REQUEST(0xc2, struct syncobj_fd_short)
#define SYNCOBJ_FROM_FD_POINT DRM_REQUEST(0xc2, struct syncobj_fd)
/* The same bit both ways. */
#define SYNCOBJ_FD_SYNC_FILE (1u << 0)

/* Without its last field in the headers of Linux 6.5 and before. */
struct syncobj_wait {
	__u64 handles;
	__s64 timeout_ns;
	__u32 count;
	__u32 flags;
	__u32 first_signaled;
	__u32 pad;
	__u64 deadline_ns;
};
#define SYNCOBJ_WAIT_SHORT_SIZE 32
#define SYNCOBJ_WAIT		_IOC(_IOC_READ | _IOC_WRITE, 'd', 0xc3, SYNCOBJ_WAIT_SHORT_SIZE)
#define SYNCOBJ_WAIT_DEADLINE	DRM_REQUEST(0xc3, struct syncobj_wait)

#define WAIT_ALL	(1u << 0)
#define WAIT_FOR_SUBMIT (1u << 1)
#define WAIT_AVAILABLE	(1u << 2)
#define WAIT_DEADLINE	(1u << 3)

struct syncobj_array {
	__u64 handles;
	__u32 count;
	__u32 pad;
};
#define SYNCOBJ_RESET  DRM_REQUEST(0xc4, struct syncobj_array)
#define SYNCOBJ_SIGNAL DRM_REQUEST(0xc5, struct syncobj_array)

struct syncobj_timeline_wait {
	__u64 handles;
	__u64 points;
	__s64 timeout_ns;
	__u32 count;
	__u32 flags;
	__u32 first_signaled;
	__u32 pad;
	__u64 deadline_ns;
};
#define SYNCOBJ_TIMELINE_WAIT_SHORT_SIZE 40
#define SYNCOBJ_TIMELINE_WAIT \
	_IOC(_IOC_READ | _IOC_WRITE, 'd', 0xca, SYNCOBJ_TIMELINE_WAIT_SHORT_SIZE)
#define SYNCOBJ_TIMELINE_WAIT_DEADLINE DRM_REQUEST(0xca, struct syncobj_timeline_wait)

struct syncobj_timeline_array {
	__u64 handles;
	__u64 points;
	__u32 count;
	__u32 flags;
};
#define SYNCOBJ_QUERY		     DRM_REQUEST(0xcb, struct syncobj_timeline_array)
#define SYNCOBJ_TIMELINE_SIGNAL	     DRM_REQUEST(0xcd, struct syncobj_timeline_array)
#define SYNCOBJ_QUERY_LAST_SUBMITTED (1u << 0)

struct syncobj_transfer {
	__u32 source;
	__u32 destination;
	__u64 source_point;
	__u64 destination_point;
	__u32 flags;
	__u32 pad;
};
#define SYNCOBJ_TRANSFER DRM_REQUEST(0xcc, struct syncobj_transfer)

struct syncobj_eventfd {
	__u32 handle;
	__u32 flags;
	__u64 point;
	__s32 fd;
	__u32 pad;
};
#define SYNCOBJ_EVENTFD DRM_REQUEST(0xcf, struct syncobj_eventfd)

#endif /* CONFORMANCE_DRM_H */
