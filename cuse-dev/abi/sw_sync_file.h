/* SPDX-License-Identifier: MIT */
/* sw_sync_ioctl.h - an open file as a sw_sync timeline. All under device->lock. */
#ifndef DMA_FENCED_SW_SYNC_IOCTL_H
#define DMA_FENCED_SW_SYNC_IOCTL_H

#include "file/pending.h"
#include "sw_sync.h"

/* The timeline that the file of the request is; with the first such request it becomes one.
 * -ENOMEM. */
int sw_sync_timeline_of(struct request *request, struct sw_sync_timeline **timeline);
/* The file goes: what is pending on its timeline, if it is one, ends with -ENOENT. */
void sw_sync_drop(struct open_file *file);

#endif /* DMA_FENCED_SW_SYNC_IOCTL_H */
