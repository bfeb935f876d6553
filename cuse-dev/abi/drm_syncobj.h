/* SPDX-License-Identifier: MIT */
/*
 * syncobj_ioctl.h - the handlers of the syncobj requests, for the table in drm_ioctl.c. All under
 * device->lock: see ioctl.h.
 */
#ifndef DMA_FENCED_SYNCOBJ_IOCTL_H
#define DMA_FENCED_SYNCOBJ_IOCTL_H

#include "file/pending.h"

int syncobj_ioctl_create(struct request *request, void *argument);
int syncobj_ioctl_destroy(struct request *request, void *argument);
int syncobj_ioctl_handle_to_fd(struct request *request, void *argument);
int syncobj_ioctl_fd_to_handle(struct request *request, void *argument);
int syncobj_ioctl_wait(struct request *request, void *argument);
int syncobj_ioctl_timeline_wait(struct request *request, void *argument);
int syncobj_ioctl_reset(struct request *request, void *argument);
int syncobj_ioctl_signal(struct request *request, void *argument);
int syncobj_ioctl_timeline_signal(struct request *request, void *argument);
int syncobj_ioctl_query(struct request *request, void *argument);
int syncobj_ioctl_transfer(struct request *request, void *argument);
int syncobj_ioctl_eventfd(struct request *request, void *argument);

#endif /* DMA_FENCED_SYNCOBJ_IOCTL_H */
