/* SPDX-License-Identifier: MIT */
/*
 * timer.h - one thread that calls back at a time: timeouts of fences, simulated jobs, deadlines of
 * waits.
 *
 * Timers are embedded in what they are for and owned by it. All functions are called under
 * device->lock, and fired() is too.
 */
#ifndef DMA_FENCED_TIMER_H
#define DMA_FENCED_TIMER_H

#include <stdint.h>

#include "heap.h"

struct device;

struct timer {
	struct heap_node node; /* its key is the time: CLOCK_MONOTONIC, ns */
	/* The timer is idle by then, and may be set again or freed. */
	void (*fired)(struct timer *timer);
};

/* -ENOMEM. The timer must be idle (zeroed at first). */
int timer_set(struct timer *timer, int64_t at, void (*fired)(struct timer *timer));
/* Does nothing where it is idle. */
void timer_cancel(struct timer *timer);

int timer_thread_start(struct device *device);
/* Without the lock. Sets device->stopping. Timers may still be cancelled, but none fires any more.
 */
void timer_thread_stop(struct device *device);
/* When nothing is left that has a timer. */
void timers_fini(void);

#endif /* DMA_FENCED_TIMER_H */
