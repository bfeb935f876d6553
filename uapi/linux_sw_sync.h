/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * linux_sw_sync.h - the sw_sync requests, which the kernel's headers do not carry: every program
 * that uses them brings its own copy.
 *
 * The node is /sys/kernel/debug/sync/sw_sync, or /dev/sw_sync on Android; one open is one timeline,
 * whose value begins at 0.
 */
#ifndef DMA_FENCE_LINUX_SW_SYNC_H
#define DMA_FENCE_LINUX_SW_SYNC_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct sw_sync_create_fence_data {
	__u32 value;	/* in: the timeline's value that signals it */
	char name[32];	/* in: not used */
	__s32 fence;	/* out: a sync_file */
};

struct sw_sync_get_deadline {
	__u64 deadline_ns;	/* in: 0; out: the earliest hint, CLOCK_MONOTONIC */
	__u32 pad;		/* in: 0 */
	__s32 fence_fd;		/* in: a sync_file of a sw_sync fence */
};

#define SW_SYNC_IOC_MAGIC 'W'
#define SW_SYNC_IOC_CREATE_FENCE _IOWR(SW_SYNC_IOC_MAGIC, 0, struct sw_sync_create_fence_data)
#define SW_SYNC_IOC_INC _IOW(SW_SYNC_IOC_MAGIC, 1, __u32)
#define SW_SYNC_GET_DEADLINE _IOWR(SW_SYNC_IOC_MAGIC, 2, struct sw_sync_get_deadline)

#endif /* DMA_FENCE_LINUX_SW_SYNC_H */
