/* SPDX-License-Identifier: MIT */
/*
 * timer.c - the thread that waits for the first of all timers, which are kept in a heap.
 *
 * The thread is notified only when a timer is earlier than what it sleeps for. It is not notified
 * when that one is cancelled: it wakes up once, finds nothing due and sleeps until the next. A
 * device with no timer set sleeps without end.
 */
#include <errno.h>

#include "container_of.h"
#include "device/device.h"
#include "device/timer.h"
#include "fence.h"

static struct heap timers;
static int64_t wakes_at; /* when the thread wakes up */
static pthread_cond_t changed;
static pthread_t thread;

int timer_set(struct timer *timer, int64_t at, void (*fired)(struct timer *timer))
{
	if (heap_add(&timers, &timer->node, at))
		return -ENOMEM;
	timer->fired = fired;
	if (at < wakes_at) {
		wakes_at = at;
		pthread_cond_signal(&changed);
	}
	return 0;
}

void timer_cancel(struct timer *timer)
{
	heap_remove(&timers, &timer->node);
}

static void fire(struct device *device, struct timer *timer)
{
	timer_cancel(timer);
	timer->fired(timer);
	if (device->due_count || device->due_wakeups) {
		device_unlock_and_notify(device);
		device_lock(device);
	}
}

static void sleep_until(struct device *device, int64_t at)
{
	struct timespec until = { .tv_sec = at / 1000000000, .tv_nsec = at % 1000000000 };

	wakes_at = at;
	device_wait(device, &changed, at == INT64_MAX ? NULL : &until);
}

static void *run(void *data)
{
	struct device *device = data;

	device_lock(device);
	while (!device->stopping) {
		struct heap_node *first = heap_first(&timers);

		if (first && first->key <= dma_fence_now())
			fire(device, container_of(first, struct timer, node));
		else
			sleep_until(device, first ? first->key : INT64_MAX);
	}
	device_unlock(device);
	return NULL;
}

int timer_thread_start(struct device *device)
{
	device_condition_init(&changed);
	wakes_at = INT64_MAX;
	return -pthread_create(&thread, NULL, run, device);
}

void timer_thread_stop(struct device *device)
{
	device_lock(device);
	device->stopping = true;
	pthread_cond_signal(&changed);
	device_unlock(device);
	pthread_join(thread, NULL);
}

void timers_fini(void)
{
	pthread_cond_destroy(&changed);
	heap_fini(&timers);
}
