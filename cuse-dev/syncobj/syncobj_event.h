/* SPDX-License-Identifier: MIT */
/*
 * syncobj_event.h - SYNCOBJ_EVENTFD: 1 is added to an eventfd of the caller's when a point is
 * reached.
 *
 * It is pending until then, unless its open file is closed, or the syncobj is gone before a fence
 * was submitted for the point. All under device->lock.
 */
#ifndef DMA_FENCED_SYNCOBJ_EVENT_H
#define DMA_FENCED_SYNCOBJ_EVENT_H

#include "file/pending.h"
#include "syncobj/device_syncobj.h"

struct drm_syncobj_eventfd;

/* -EINVAL, -ENOENT, -EOPNOTSUPP, or REQUEST_BLOCKED: -EBADF, -ENOMEM and others later. */
int syncobj_event_request(const struct request *request,
			  const struct drm_syncobj_eventfd *argument);

#endif /* DMA_FENCED_SYNCOBJ_EVENT_H */
