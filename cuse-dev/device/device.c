/* SPDX-License-Identifier: MIT */
/* device.c - start and end of the device, accounts of its users, and poll handles that are due. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "array.h"
#include "container.h"
#include "device/eventfd_signaler.h"
#include "file/file.h"
#include "caller/worker.h"
#include "memory/memory_fence.h"
#include "memory/memory_watch.h"
#include "merge.h"
#include "device/timer.h"

/*
 * What a reference to a fence costs, with its place in some table; and a member of an array on top,
 * with its callback.
 */
#define FENCE_COST  256
#define MEMBER_COST 48

/*
 * The fds of ours that all clients together may have us keep: as many as we are allowed; and one
 * user a quarter of them.
 */
static unsigned int allow_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 64;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur > MAX_ATTACHMENTS * 4 ? MAX_ATTACHMENTS
						    : (unsigned int)limit.rlim_cur / 4;
}

int device_init(struct device *device, uint64_t fence_timeout_ns, uint64_t resv_hold_ns)
{
	int ret;

	memset(device, 0, sizeof(*device));
	pthread_mutex_init(&device->lock, NULL);
	pthread_mutex_init(&device->fence_lock, NULL);
	memory_watches_init(device);
	device->fence_timeout_ns = fence_timeout_ns;
	device->resv_hold_ns = resv_hold_ns;
	device->max_fds = allow_fds();
	device->eventfd_signaler = eventfd_signaler_create();
	ret = lanes_start(device);
	if (!ret)
		ret = timer_thread_start(device);
	return ret;
}

void device_end_work(struct device *device)
{
	struct open_file *file;

	device_lock(device);
	device->is_ending = true;
	memory_fences_cancel_all(device);
	DL_FOREACH(device->files, file)
		file_cancel(file);
	/* Waits for fences have their results by now, and events their records. */
	parked_abort_all(device, false);
	DL_FOREACH(device->files, file)
		file_became_readable(file);
	device_unlock_and_notify(device);
}

bool device_is_drained(struct device *device)
{
	struct open_file *file;
	bool is_drained;

	device_lock(device);
	/* Answers that are still being written. */
	is_drained = !device->parked;
	DL_FOREACH(device->files, file)
		is_drained = is_drained && !file_is_needed(file);
	device_unlock(device);
	return is_drained;
}

void device_stop(struct device *device)
{
	struct open_file *file, *next;

	timer_thread_stop(device);
	device_lock(device);
	parked_abort_all(device, true);
	DL_FOREACH_SAFE(device->files, file, next)
		file_release(file);
	device_unlock_and_notify(device);
	memory_watches_stop(device);
	device->session_is_busy = !lanes_have_answered(device);
}

void device_fini(struct device *device)
{
	lanes_stop(device);
	/*
	 * A thread that hangs in a caller's memory looks at the device again when it wakes up; the
	 * process is about to end.
	 */
	if (device->lanes || device->memory_watches)
		return;
	timers_fini(device);
	eventfd_signaler_destroy(device->eventfd_signaler);
	free(device->due);
	pthread_cond_destroy(&device->watch_ended);
	pthread_mutex_destroy(&device->fence_lock);
	pthread_mutex_destroy(&device->lock);
}

void device_poll_is_due(struct device *device, struct fuse_pollhandle *handle)
{
	if (device->due_count == device->due_capacity) {
		unsigned int capacity = device->due_capacity ? device->due_capacity * 2 : 16;
		struct fuse_pollhandle **grown = realloc(device->due, capacity * sizeof(*grown));

		if (!grown) {
			/* Out of turn is better than never. */
			fuse_lowlevel_notify_poll(handle);
			fuse_pollhandle_destroy(handle);
			return;
		}
		device->due = grown;
		device->due_capacity = capacity;
	}
	device->due[device->due_count++] = handle;
}

/*
 * Takes the list away, so that the lock is not held while the kernel is told. Most of the time
 * there is at most one.
 */
void device_unlock_and_notify(struct device *device)
{
	struct fuse_pollhandle *one = NULL, **many = NULL;
	unsigned int count = device->due_count;
	unsigned int lanes = device->lanes_due;

	device->lanes_due = 0;
	if (count == 1) {
		one = device->due[0];
		device->due_count = 0;
	} else if (count) {
		many = device->due;
		device->due = NULL;
		device->due_count = device->due_capacity = 0;
	}
	device_unlock(device);
	if (lanes)
		lanes_wake(device, lanes);
	for (unsigned int i = 0; i < count; i++) {
		struct fuse_pollhandle *handle = many ? many[i] : one;

		fuse_lowlevel_notify_poll(handle);
		fuse_pollhandle_destroy(handle);
	}
	free(many);
}

void device_notify(struct device *device)
{
	device_lock(device);
	device_unlock_and_notify(device);
}

struct account *account_get(struct device *device, uid_t uid)
{
	struct account *account;

	HASH_FIND(hh, device->accounts, &uid, sizeof(uid), account);
	if (!account) {
		account = calloc(1, sizeof(*account));
		if (!account)
			return NULL;
		account->uid = uid;
		HASH_ADD(hh, device->accounts, uid, sizeof(account->uid), account);
		if (!account->hh.tbl) {
			free(account);
			return NULL;
		}
	}
	account->users++;
	return account;
}

void account_put(struct device *device, struct account *account)
{
	if (--account->users)
		return;
	HASH_DEL(device->accounts, account);
	free(account);
}

int account_charge(struct account *account, uint64_t bytes)
{
	if (bytes > MAX_BYTES - account->bytes)
		return -ENOMEM;
	account->bytes += bytes;
	return 0;
}

void account_uncharge(struct account *account, uint64_t bytes)
{
	account->bytes -= bytes;
}

uint64_t account_fence_cost(struct dma_fence *fence)
{
	/*
	 * An array keeps all that it is made of alive, however deep and whoever else does. A chain
	 * does so only while it is pending, and what is given back has to be what was taken: its
	 * links are their makers' to answer for.
	 */
	if (!fence || !dma_fence_is_array(fence))
		return FENCE_COST;
	return FENCE_COST + dma_fence_leaf_count(fence) * (FENCE_COST + MEMBER_COST);
}
