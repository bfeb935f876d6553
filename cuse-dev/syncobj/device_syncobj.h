/* SPDX-License-Identifier: MIT */
/*
 * device_syncobj.h - a syncobj as the device has it: what refers to it, and who pays for what it
 * holds.
 *
 * Its references are handles, exported descriptors and requests that are at work on it. Whoever
 * puts a fence in pays for it, on the account of the user, until it is taken out; a point of a
 * timeline is paid for until its link of the chain is gone, whoever holds that. All under
 * device->lock.
 */
#ifndef DMA_FENCED_DEVICE_SYNCOBJ_H
#define DMA_FENCED_DEVICE_SYNCOBJ_H

#include "device/device.h"
#include "syncobj.h"

struct syncobj_event;
struct fence_charge;

/* What a reference of a handle's or a descriptor's is charged with: the syncobj, and a stub in it.
 */
#define SYNCOBJ_COST 512

struct device_syncobj {
	struct device *device;
	struct syncobj *syncobj;
	unsigned int references;
	struct fence_charge *charge;  /* of what it holds; NULL: a chain, a stub or nothing */
	struct syncobj_event *events; /* utlist: wait for a fence to be put in */
};

/* One reference. NULL: no memory. */
struct device_syncobj *device_syncobj_create(struct device *device);
struct device_syncobj *device_syncobj_get(struct device_syncobj *syncobj);
void device_syncobj_put(struct device_syncobj *syncobj);

/* Takes out what is there. */
void device_syncobj_reset(struct device_syncobj *syncobj);
/* Replaces it by a fence that is signaled now. -ENOMEM. */
int device_syncobj_signal(struct device_syncobj *syncobj);
/* Replaces it by fence, for which account pays. -ENOMEM. */
int device_syncobj_replace(struct device_syncobj *syncobj, struct account *account,
			   struct dma_fence *fence);
/*
 * Puts fence on top as a point of the timeline, taken apart if it is a chain. account pays.
 * -ENOMEM: also where more would be pending in the timeline than a request may be about.
 */
int device_syncobj_add_point(struct device_syncobj *syncobj, struct account *account,
			     struct dma_fence *fence, uint64_t point);

#endif /* DMA_FENCED_DEVICE_SYNCOBJ_H */
