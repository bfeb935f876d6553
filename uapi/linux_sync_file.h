/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * linux_sync_file.h - <linux/sync_file.h>, and what of it the headers that we build with may lack.
 *
 * For the parts of this project; programs take the kernel's own header.
 */
#ifndef DMA_FENCE_LINUX_SYNC_FILE_H
#define DMA_FENCE_LINUX_SYNC_FILE_H

#include <linux/ioctl.h>
#include <linux/sync_file.h>
#include <linux/types.h>

/* Since Linux 6.6. */
#ifndef SYNC_IOC_SET_DEADLINE
struct sync_set_deadline {
	__u64 deadline_ns;
	__u64 pad;
};
#define SYNC_IOC_SET_DEADLINE _IOW(SYNC_IOC_MAGIC, 5, struct sync_set_deadline)
#endif

#endif /* DMA_FENCE_LINUX_SYNC_FILE_H */
