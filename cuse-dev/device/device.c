/* SPDX-License-Identifier: MIT */
/* device.c - see device.h. */
#define FUSE_USE_VERSION 35
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"

void device_init(struct device *device)
{
	memset(device, 0, sizeof(*device));
	pthread_mutex_init(&device->lock, NULL);
	pthread_mutex_init(&device->fence_lock, NULL);
}

void device_fini(struct device *device)
{
	free(device->due);
	pthread_mutex_destroy(&device->fence_lock);
	pthread_mutex_destroy(&device->lock);
}

void device_condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

int device_wait(struct device *device, pthread_cond_t *condition, const struct timespec *until)
{
	int ret;

	device_assert_held(device);
	device->is_held = false;
	ret = until ? pthread_cond_timedwait(condition, &device->lock, until)
		    : pthread_cond_wait(condition, &device->lock);
	device->holder = pthread_self();
	device->is_held = true;
	return ret;
}

void device_seconds_from_now(struct timespec *until, int seconds)
{
	clock_gettime(CLOCK_MONOTONIC, until);
	until->tv_sec += seconds;
}

static void notify(struct fuse_pollhandle *handle)
{
	fuse_lowlevel_notify_poll(handle);
	fuse_pollhandle_destroy(handle);
}

void device_notify_later(struct device *device, struct fuse_pollhandle *handle)
{
	if (device->due_count == device->due_capacity) {
		unsigned int capacity = device->due_capacity ? device->due_capacity * 2 : 16;
		struct fuse_pollhandle **grown = realloc(device->due, capacity * sizeof(*grown));

		if (!grown) {
			/* Notified before the others is better than never. */
			notify(handle);
			return;
		}
		device->due = grown;
		device->due_capacity = capacity;
	}
	device->due[device->due_count++] = handle;
}

void device_wake_later(struct device *device, pthread_cond_t *condition)
{
	assert(!device->due_condition || device->due_condition == condition);
	device->due_condition = condition;
	device->due_wakeups++;
}

/* Takes the list away, so that the lock is not held meanwhile. Mostly there is at most one. */
void device_unlock_and_notify(struct device *device)
{
	struct fuse_pollhandle *one = NULL, **many = NULL;
	unsigned int count = device->due_count;
	unsigned int wakeups = device->due_wakeups;
	pthread_cond_t *condition = device->due_condition;

	device->due_wakeups = 0;
	if (count == 1) {
		one = device->due[0];
		device->due_count = 0;
	} else if (count) {
		many = device->due;
		device->due = NULL;
		device->due_count = device->due_capacity = 0;
	}
	device_unlock(device);
	if (wakeups == 1)
		pthread_cond_signal(condition);
	else if (wakeups)
		pthread_cond_broadcast(condition);
	for (unsigned int i = 0; i < count; i++)
		notify(many ? many[i] : one);
	free(many);
}

void device_notify(struct device *device)
{
	device_lock(device);
	device_unlock_and_notify(device);
}
