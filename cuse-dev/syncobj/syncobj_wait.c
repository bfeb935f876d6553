/* SPDX-License-Identifier: MIT */
/*
 * syncobj_wait.c - see syncobj_wait.h.
 *
 * An entry has no fence until one is submitted for its point; then it has a callback on that until
 * it is signaled, unless to be available is all that is waited for. It is done then, and has given
 * the fence back. A fence that is waited for is charged: the syncobj may be rid of it long before.
 *
 * Whatever ends a wait - a callback of either kind, the timer, an interrupt - does so under
 * device->lock and takes all the others off before it lets go, so only one of them ever does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "file/file.h"
#include "linux_drm_syncobj.h"
#include "syncobj/syncobj_array.h"
#include "syncobj/syncobj_wait.h"
#include "device/timer.h"

struct wait;

struct wait_entry {
	struct syncobj_cb submitted; /* added while there is no fence */
	struct dma_fence_cb signaled;
	struct wait *wait;
	struct device_syncobj *syncobj; /* a reference */
	uint64_t point;
	struct dma_fence *fence; /* a reference; NULL: not submitted yet, or done */
	bool waits_for_submit;	 /* the callback on the syncobj is added */
	bool waits_for_signal;	 /* that on the fence is */
	bool charged;		 /* the fence is */
	bool done;
};

struct wait {
	struct parked parked;
	struct timer timer;
	struct syncobj_wait_terms terms;
	uint32_t done;
	bool is_busy; /* it is gone through: callbacks count, but do not end it */
	bool failed;  /* a fence was too much for the account */
	uint64_t charge;
	size_t answer_size;
	union {
		char argument[SYNCOBJ_ARGUMENT_MAX];
		uint64_t alignment;
	};
	struct wait_entry entries[];
};

static struct account *account_of(const struct wait *wait)
{
	return wait->parked.file->account;
}

static bool is_over(const struct wait *wait)
{
	bool all = wait->terms.flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL;

	return wait->done >= (all ? wait->terms.count : 1);
}

/* It has no callback on it. */
static void drop_fence(struct wait_entry *entry)
{
	if (entry->charged)
		account_uncharge(account_of(entry->wait), account_fence_cost(entry->fence));
	entry->charged = false;
	dma_fence_put(entry->fence);
	entry->fence = NULL;
}

static void entry_done(struct wait_entry *entry)
{
	entry->done = true;
	entry->wait->done++;
	drop_fence(entry);
}

/* Is this one what is waited for? Looks, for callbacks come one by one. It has none by now. */
static bool look(struct wait_entry *entry)
{
	bool available = entry->wait->terms.flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;

	if (entry->fence && (available || dma_fence_is_signaled(entry->fence)))
		entry_done(entry);
	return entry->done;
}

/* Takes it off everything that could end it. */
static void detach(struct wait *wait)
{
	timer_cancel(wait->parked.file->device, &wait->timer);
	for (uint32_t i = 0; i < wait->terms.count; i++) {
		struct wait_entry *entry = &wait->entries[i];

		if (entry->waits_for_submit)
			syncobj_remove_callback(entry->syncobj->syncobj, &entry->submitted);
		if (entry->waits_for_signal)
			dma_fence_remove_callback(entry->fence, &entry->signaled);
		entry->waits_for_submit = entry->waits_for_signal = false;
	}
}

static void wait_free(struct wait *wait)
{
	struct account *account = account_of(wait);

	/* Those behind the first without a syncobj have not been filled in. */
	for (uint32_t i = 0; i < wait->terms.count && wait->entries[i].syncobj; i++) {
		drop_fence(&wait->entries[i]);
		device_syncobj_put(wait->entries[i].syncobj);
	}
	account_uncharge(account, wait->charge);
	free(wait);
}

static void interrupted(struct parked *parked)
{
	struct wait *wait = (struct wait *)parked;

	detach(wait);
	wait_free(wait);
}

/* The first of those that are done goes to where the answer has it. */
static void tell_first(struct wait *wait)
{
	uint32_t first = 0;

	while (!look(&wait->entries[first]))
		first++;
	memcpy(wait->argument + wait->terms.first_signaled, &first, sizeof(first));
}

static void finish(struct wait *wait, int result)
{
	struct open_file *file = wait->parked.file;
	fuse_req_t fuse = wait->parked.fuse;

	detach(wait);
	if (!result)
		tell_first(wait);
	/* At the end of the device the request may hold the last reference. */
	file_get(file);
	unpark(&wait->parked);
	request_reply(fuse, result, wait->argument, wait->answer_size);
	wait_free(wait);
	file_put(file);
}

static void finish_if_over(struct wait *wait)
{
	if (wait->is_busy)
		return;
	if (wait->failed)
		finish(wait, -ENOMEM);
	else if (is_over(wait))
		finish(wait, 0);
}

static void one_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct wait_entry *entry =
		(struct wait_entry *)((char *)callback - offsetof(struct wait_entry, signaled));

	entry->waits_for_signal = false;
	entry_done(entry);
	finish_if_over(entry->wait);
}

/* It has a fence, which is waited for if need be. */
static void wait_for_signal(struct wait_entry *entry)
{
	struct wait *wait = entry->wait;

	if (look(entry))
		return;
	entry->charged = !account_charge(account_of(wait), account_fence_cost(entry->fence));
	if (!entry->charged)
		wait->failed = true;
	else if (dma_fence_add_callback(entry->fence, &entry->signaled, one_signaled))
		entry_done(entry);
	else
		entry->waits_for_signal = true;
}

/*
 * To ask for the fence, or to wait for it, may signal others that this wait has callbacks on: it
 * must not be freed by those.
 */
static void one_submitted(struct syncobj *syncobj, struct syncobj_cb *callback)
{
	struct wait_entry *entry = (struct wait_entry *)callback;
	struct wait *wait = entry->wait;

	if (syncobj_find_fence(syncobj, entry->point, &entry->fence))
		return;
	syncobj_remove_callback(syncobj, callback);
	entry->waits_for_submit = false;
	wait->is_busy = true;
	wait_for_signal(entry);
	wait->is_busy = false;
	finish_if_over(wait);
}

static void time_is_over(struct timer *timer)
{
	finish((struct wait *)((char *)timer - offsetof(struct wait, timer)), -ETIME);
}

static struct wait *wait_create(struct request *request, const void *argument,
				const struct syncobj_wait_terms *terms)
{
	uint64_t charge = sizeof(struct wait) + terms->count * sizeof(struct wait_entry);
	struct wait *wait;

	if (account_charge(request->file->account, charge))
		return NULL;
	wait = calloc(1, charge);
	if (!wait) {
		account_uncharge(request->file->account, charge);
		return NULL;
	}
	wait->parked.file = request->file;
	wait->charge = charge;
	wait->terms = *terms;
	wait->answer_size = request->answer_size;
	memcpy(wait->argument, argument, request->size);
	return wait;
}

/*
 * What each is to wait for. Looking at them takes time in proportion to what they are made of,
 * under the lock: so that is limited. -EINVAL: nothing is submitted, and nobody waits for it.
 */
static int fill_entries(struct wait *wait, struct device_syncobj **syncobjs, const uint64_t *points)
{
	const uint32_t submits =
		DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
	uint64_t leaves = 0;

	for (uint32_t i = 0; i < wait->terms.count; i++) {
		struct wait_entry *entry = &wait->entries[i];
		int ret = syncobj_find_fence(syncobjs[i]->syncobj, points[i], &entry->fence);

		if (ret && !(wait->terms.flags & submits))
			return ret;
		entry->wait = wait;
		entry->point = points[i];
		entry->syncobj = device_syncobj_get(syncobjs[i]);
		if (entry->fence)
			leaves += dma_fence_leaf_count(entry->fence);
		if (leaves > MAX_COUNT)
			return -ENOMEM;
		look(entry);
	}
	return 0;
}

static void hint_deadline(struct wait *wait)
{
	uint64_t at = wait->terms.deadline_ns;

	if (!(wait->terms.flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE))
		return;
	for (uint32_t i = 0; i < wait->terms.count; i++) {
		if (wait->entries[i].fence)
			dma_fence_set_deadline(wait->entries[i].fence,
					       at > INT64_MAX ? INT64_MAX : (int64_t)at);
	}
}

static bool has_passed(int64_t timeout_ns)
{
	return timeout_ns <= 0 || (timeout_ns != INT64_MAX && timeout_ns <= dma_fence_now());
}

/* It is in the table: gives it what may end it. */
static void start(struct wait *wait)
{
	wait->is_busy = true;
	for (uint32_t i = 0; i < wait->terms.count; i++) {
		struct wait_entry *entry = &wait->entries[i];

		if (entry->fence) {
			wait_for_signal(entry);
		} else if (!entry->done) {
			syncobj_add_callback(entry->syncobj->syncobj, &entry->submitted,
					     one_submitted);
			entry->waits_for_submit = true;
		}
	}
	wait->is_busy = false;
	if (wait->failed || is_over(wait))
		finish_if_over(wait);
	else if (wait->terms.timeout_ns != INT64_MAX &&
		 timer_set(wait->parked.file->device, &wait->timer, wait->terms.timeout_ns,
			   time_is_over))
		finish(wait, -ENOMEM);
}

int syncobj_wait(struct request *request, void *argument, const struct syncobj_wait_terms *terms,
		 struct device_syncobj **syncobjs, const uint64_t *points)
{
	struct wait *wait = wait_create(request, argument, terms);
	int ret;

	if (!wait)
		return -ENOMEM;
	ret = fill_entries(wait, syncobjs, points);
	if (!ret && is_over(wait)) {
		tell_first(wait);
		memcpy(argument, wait->argument, request->size);
		goto out;
	}
	if (!ret) {
		hint_deadline(wait);
		ret = has_passed(terms->timeout_ns) ? -ETIME : 0;
	}
	if (!ret) {
		wait->parked.is_wait = true;
		ret = park(&wait->parked, request->fuse, request->file, interrupted);
	}
	if (!ret) {
		start(wait);
		return REQUEST_PARKED;
	}
out:
	wait_free(wait);
	return ret;
}
