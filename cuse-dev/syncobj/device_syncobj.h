/* SPDX-License-Identifier: MIT */
/*
 * device_syncobj.h - a syncobj of the device: what refers to it, and who pays for what it holds.
 *
 * Its references are handles, exported descriptors and requests. The user who puts a fence in pays
 * for it until it is taken out; a point of a timeline is paid for until its link of the chain is
 * gone, whatever holds that. All under device->lock.
 */
#ifndef DMA_FENCED_DEVICE_SYNCOBJ_H
#define DMA_FENCED_DEVICE_SYNCOBJ_H

#include "device/account.h"
#include "hash.h"
#include "syncobj.h"

struct fence_charge;

/* What a reference of a handle or a descriptor is charged with: the syncobj, and a stub in it. */
#define SYNCOBJ_COST 512

/* What waits for the syncobj without a reference. Embed it. */
struct syncobj_listener {
	struct syncobj_listener *prev, *next; /* of syncobj->listeners */
	/* The syncobj goes: takes itself off the list. */
	void (*gone)(struct syncobj_listener *listener);
};

struct device_syncobj {
	struct device *device;
	struct syncobj *syncobj;
	unsigned int references;
	struct fence_charge *charge;	    /* of what it holds; NULL: a chain, a stub or nothing */
	struct syncobj_listener *listeners; /* utlist */
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
 * Puts fence on top as a point of the timeline; of a chain its members. account pays. -ENOMEM: also
 * where more fences would be pending in the timeline than the MAX_COUNT of a request.
 */
int device_syncobj_add_point(struct device_syncobj *syncobj, struct account *account,
			     struct dma_fence *fence, uint64_t point);

#endif /* DMA_FENCED_DEVICE_SYNCOBJ_H */
