/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * linux_dma_buf.h - <linux/dma-buf.h>, and what of it the headers that we build with may lack.
 *
 * For the parts of this project; programs take the kernel's own header.
 */
#ifndef DMA_FENCE_LINUX_DMA_BUF_H
#define DMA_FENCE_LINUX_DMA_BUF_H

#include <linux/dma-buf.h>
#include <linux/ioctl.h>
#include <linux/types.h>

/* Since Linux 6.0. */
#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE
struct dma_buf_export_sync_file {
	__u32 flags;
	__s32 fd;
};
struct dma_buf_import_sync_file {
	__u32 flags;
	__s32 fd;
};
#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE _IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE _IOW(DMA_BUF_BASE, 3, struct dma_buf_import_sync_file)
#endif

#endif /* DMA_FENCE_LINUX_DMA_BUF_H */
