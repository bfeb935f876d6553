/* SPDX-License-Identifier: MIT */
/*
 * device_fence.h - the fences that CREATE makes, and timelines: who may signal them, for how long,
 * and what happens when that is not possible any more.
 *
 * A fence of its own context is signaled through its one CREATE handle. A point is signaled by its
 * timeline, or through its CREATE handle, which advances the timeline to it; so a handle can signal
 * its point and all before it. When the timeline's handle is closed, the points behind the last one
 * whose handle is open cannot be signaled any more: they are cancelled when that one is signaled,
 * or all at once where there is none, so that they always are signaled in order. A point that times
 * out takes those before it along. All under device->lock.
 */
#ifndef DMA_FENCED_DEVICE_FENCE_H
#define DMA_FENCED_DEVICE_FENCE_H

#include "device/timer.h"
#include "file/file.h"
#include "timeline.h"

struct device_timeline {
	struct device *device;
	struct sync_timeline *timeline;
	struct device_fence *signalable; /* utlist, in order: points with an open CREATE handle */
	bool handle_open;
	unsigned int references; /* its handle's, and one for each of its points */
};

struct device_fence {
	union {
		struct dma_fence base; /* of its own context */
		struct sync_point point;
	};
	struct device *device;
	struct timer timer; /* its timeout, or the end of the simulated job */
	int64_t deadline;   /* the earliest hint, INT64_MAX: none */
	union {
		char *name; /* of its own context; NULL: "" */
		struct {
			struct device_timeline *timeline; /* a reference */
			/* Of timeline->signalable, while the CREATE handle is open. */
			struct device_fence *next, *prev;
		};
	};
	struct record *enable; /* a lazy one's: not delivered yet; else NULL */
	int job_error;	       /* how the simulated job ends */
	bool is_point;
	bool is_listed; /* scratch of SIGNAL: it was in the list before */
};

/* The handle of CREATE, through which the fence is signaled; and that of a timeline. */
extern const struct handle_class created_fence_class;
extern const struct handle_class timeline_class;

/* NULL for a fence that CREATE did not make. */
struct device_fence *to_device_fence(struct dma_fence *fence);

/*
 * A new fence, with one reference, the caller's, for a handle that may signal. timeline NULL: of
 * its own context, named name. errno values: -EINVAL for a point that is not later than the last,
 * -ENOMEM.
 */
int device_fence_create(struct device *device, const char *name, struct device_timeline *timeline,
			uint64_t seqno, struct device_fence **created);
/* timeout_ns 0: none. delay_ns < 0: no simulated job. -ENOMEM. */
int device_fence_set_times(struct device_fence *fence, uint64_t timeout_ns, int64_t delay_ns,
			   int error);
/* Its creator gets a record when the first waiter comes. -ENOMEM. */
int device_fence_make_lazy(struct device_fence *fence, struct open_file *creator);
/* Through its handle. Signals nothing where it is signaled. */
void device_fence_signal(struct device_fence *fence, int error);
/* For one handle. NULL: no memory. */
struct device_timeline *device_timeline_create(struct device *device, const char *name,
					       uint64_t value);
int device_timeline_advance(struct device_timeline *timeline, uint64_t value, int error,
			    unsigned int *signaled);

#endif /* DMA_FENCED_DEVICE_FENCE_H */
