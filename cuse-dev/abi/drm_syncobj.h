/* SPDX-License-Identifier: MIT */
/*
 * drm_syncobj.h - the handlers of the syncobj requests, for the table in drm.c. All under
 * device->lock: see ioctl.h.
 */
#ifndef DMA_FENCED_DRM_SYNCOBJ_H
#define DMA_FENCED_DRM_SYNCOBJ_H

#include "file/pending.h"

int drm_syncobj_create(const struct request *request, void *argument);
int drm_syncobj_destroy(const struct request *request, void *argument);
int drm_syncobj_handle_to_fd(const struct request *request, void *argument);
int drm_syncobj_fd_to_handle(const struct request *request, void *argument);
int drm_syncobj_wait(const struct request *request, void *argument);
int drm_syncobj_timeline_wait(const struct request *request, void *argument);
int drm_syncobj_reset(const struct request *request, void *argument);
int drm_syncobj_signal(const struct request *request, void *argument);
int drm_syncobj_timeline_signal(const struct request *request, void *argument);
int drm_syncobj_query(const struct request *request, void *argument);
int drm_syncobj_transfer(const struct request *request, void *argument);
int drm_syncobj_eventfd(const struct request *request, void *argument);

#endif /* DMA_FENCED_DRM_SYNCOBJ_H */
