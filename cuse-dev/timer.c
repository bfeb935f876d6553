/* SPDX-License-Identifier: MIT */
/*
 * timer.c - a binary heap of timers and the thread that waits for the first.
 *
 * The thread is only told when a timer is earlier than what it sleeps for. It is not told when that
 * one is cancelled: it wakes up once, finds nothing due and sleeps until the next; a device with no
 * timer set sleeps for good.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "device.h"
#include "timer.h"

static void place(struct device *device, uint32_t at, struct timer *timer)
{
	device->timers[at - 1] = timer;
	timer->place = at;
}

static struct timer *in(struct device *device, uint32_t at)
{
	return device->timers[at - 1];
}

static void sift_up(struct device *device, uint32_t at, struct timer *timer)
{
	for (; at > 1 && in(device, at / 2)->at > timer->at; at /= 2)
		place(device, at, in(device, at / 2));
	place(device, at, timer);
}

static void sift_down(struct device *device, uint32_t at, struct timer *timer)
{
	for (;;) {
		uint32_t child = at * 2;

		if (child > device->timer_count)
			break;
		if (child < device->timer_count &&
		    in(device, child + 1)->at < in(device, child)->at)
			child++;
		if (in(device, child)->at >= timer->at)
			break;
		place(device, at, in(device, child));
		at = child;
	}
	place(device, at, timer);
}

int timer_set(struct device *device, struct timer *timer, int64_t at,
	      void (*fired)(struct timer *timer))
{
	if (device->timer_count == device->timer_capacity) {
		unsigned int capacity = device->timer_capacity ? device->timer_capacity * 2 : 64;
		struct timer **grown = realloc(device->timers, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		device->timers = grown;
		device->timer_capacity = capacity;
	}
	timer->at = at;
	timer->fired = fired;
	device->timer_count++;
	sift_up(device, device->timer_count, timer);
	if (at < device->timer_wakes_at) {
		device->timer_wakes_at = at;
		pthread_cond_signal(&device->timer_changed);
	}
	return 0;
}

void timer_cancel(struct device *device, struct timer *timer)
{
	uint32_t at = timer->place;
	struct timer *last;

	if (!at)
		return;
	timer->place = 0;
	last = in(device, device->timer_count);
	device->timer_count--;
	if (last == timer)
		return;
	if (at > 1 && in(device, at / 2)->at > last->at)
		sift_up(device, at, last);
	else
		sift_down(device, at, last);
}

static void *timer_thread(void *data)
{
	struct device *device = data;

	device_lock(device);
	while (!device->stopping) {
		struct timer *first = device->timer_count ? in(device, 1) : NULL;

		if (!first) {
			device->timer_wakes_at = INT64_MAX;
			pthread_cond_wait(&device->timer_changed, &device->lock);
		} else if (first->at > dma_fence_now()) {
			struct timespec until = {
				.tv_sec = first->at / 1000000000,
				.tv_nsec = first->at % 1000000000,
			};

			device->timer_wakes_at = first->at;
			pthread_cond_timedwait(&device->timer_changed, &device->lock, &until);
		} else {
			timer_cancel(device, first);
			first->fired(first);
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
	free(device->timers);
}
