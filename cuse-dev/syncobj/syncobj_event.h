/* SPDX-License-Identifier: MIT */
/*
 * syncobj_event.h - SYNCOBJ_EVENTFD: 1 is added to an eventfd of the caller's when a point is
 * reached.
 *
 * It is pending until then, unless its open file is closed, or the syncobj is gone before anything
 * was submitted for the point. All under device->lock.
 */
#ifndef DMA_FENCED_SYNCOBJ_EVENT_H
#define DMA_FENCED_SYNCOBJ_EVENT_H

#include "syncobj/device_syncobj.h"
#include "file/pending.h"

struct drm_syncobj_eventfd;

/* The request. -EINVAL, -ENOENT, -EOPNOTSUPP, or REQUEST_PARKED: -EBADF, -ENOMEM and others later.
 */
int syncobj_event_request(struct request *request, const struct drm_syncobj_eventfd *argument);
/* The syncobj goes: those that wait for something to be put in never will be. */
void syncobj_events_drop(struct device_syncobj *syncobj);
/* The open file goes. */
void syncobj_events_drop_all(struct open_file *file);

#endif /* DMA_FENCED_SYNCOBJ_EVENT_H */
