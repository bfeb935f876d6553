/* SPDX-License-Identifier: MIT */
/*
 * timer.c - the thread that waits for the first of all timers, which are kept in a heap.
 *
 * The thread is only told when a timer is earlier than what it sleeps for. It is not told when that
 * one is cancelled: it wakes up once, finds nothing due and sleeps until the next; a device with no
 * timer set sleeps for good.
 */
#include <errno.h>
#include <stddef.h>
#include <time.h>

#include "device/device.h"
#include "device/timer.h"

static struct timer *to_timer(struct heap_node *node)
{
	return (struct timer *)((char *)node - offsetof(struct timer, node));
}

int timer_set(struct device *device, struct timer *timer, int64_t at,
	      void (*fired)(struct timer *timer))
{
	if (heap_add(&device->timers, &timer->node, at))
		return -ENOMEM;
	timer->fired = fired;
	if (at < device->timer_wakes_at) {
		device->timer_wakes_at = at;
		pthread_cond_signal(&device->timer_changed);
	}
	return 0;
}

void timer_cancel(struct device *device, struct timer *timer)
{
	heap_remove(&device->timers, &timer->node);
}

static void *timer_thread(void *data)
{
	struct device *device = data;

	device_lock(device);
	while (!device->stopping) {
		struct heap_node *first = heap_first(&device->timers);

		if (!first) {
			device->timer_wakes_at = INT64_MAX;
			pthread_cond_wait(&device->timer_changed, &device->lock);
		} else if (first->key > dma_fence_now()) {
			struct timespec until = {
				.tv_sec = first->key / 1000000000,
				.tv_nsec = first->key % 1000000000,
			};

			device->timer_wakes_at = first->key;
			pthread_cond_timedwait(&device->timer_changed, &device->lock, &until);
		} else {
			struct timer *timer = to_timer(first);

			timer_cancel(device, timer);
			timer->fired(timer);
			if (device->due_count || device->lanes_due) {
				device_unlock_and_notify(device);
				device_lock(device);
			}
		}
	}
	device_unlock(device);
	return NULL;
}

int timer_thread_start(struct device *device)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&device->timer_changed, &attributes);
	pthread_condattr_destroy(&attributes);
	device->timer_wakes_at = INT64_MAX;
	return -pthread_create(&device->timer_thread, NULL, timer_thread, device);
}

void timer_thread_stop(struct device *device)
{
	device_lock(device);
	device->stopping = true;
	pthread_cond_signal(&device->timer_changed);
	device_unlock(device);
	pthread_join(device->timer_thread, NULL);
}

void timers_fini(struct device *device)
{
	pthread_cond_destroy(&device->timer_changed);
	heap_fini(&device->timers);
}
