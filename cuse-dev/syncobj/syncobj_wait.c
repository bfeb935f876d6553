/* SPDX-License-Identifier: MIT */
/*
 * syncobj_wait.c - see syncobj_wait.h.
 *
 * An entry has no fence until one is submitted for its point; then it has a callback on that until
 * it is signaled, unless availability is all that is waited for. It is done then, and drops the
 * fence: at the latest when the wait starts, because a hint of the deadline goes to all fences
 * before. A fence that is waited for is charged: the syncobj may have dropped it long before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "container_of.h"
#include "linux_drm_syncobj.h"
#include "syncobj/syncobj_array.h"
#include "syncobj/syncobj_wait.h"

struct wait;

struct wait_entry {
	struct syncobj_cb submitted; /* added while there is no fence */
	struct dma_fence_cb signaled;
	struct wait *wait;
	struct device_syncobj *syncobj; /* a reference */
	uint64_t point;
	struct dma_fence *fence; /* a reference; NULL: not submitted yet, or dropped */
	bool waits_for_submit;	 /* the callback on the syncobj is added */
	bool waits_for_signal;	 /* that on the fence is */
	bool charged;		 /* the fence is */
	bool done;
};

struct wait {
	struct pending pending;
	struct account *account; /* of the request's file */
	struct syncobj_wait_terms terms;
	uint32_t done;
	bool is_busy; /* its entries are gone through: callbacks count, but do not complete it */
	bool failed;  /* a fence could not be charged */
	char argument[SYNCOBJ_ARGUMENT_MAX] __attribute__((aligned(8)));
	struct wait_entry entries[];
};

static struct wait *to_wait(struct pending *pending)
{
	return container_of(pending, struct wait, pending);
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
		account_uncharge(entry->wait->account, account_fence_cost(entry->fence));
	entry->charged = false;
	dma_fence_put(entry->fence);
	entry->fence = NULL;
}

static void mark_done(struct wait_entry *entry)
{
	entry->done = true;
	entry->wait->done++;
}

static void entry_done(struct wait_entry *entry)
{
	mark_done(entry);
	drop_fence(entry);
}

/* Is it done? It has no callback, so its state is asked for. It keeps its fence. */
static bool poll_entry(struct wait_entry *entry)
{
	bool available = entry->wait->terms.flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;

	if (!entry->done && entry->fence && (available || dma_fence_is_signaled(entry->fence)))
		mark_done(entry);
	return entry->done;
}

/* The first of those that are done goes to its field of the answer. */
static void set_first(struct wait *wait)
{
	uint32_t first = 0;

	while (!poll_entry(&wait->entries[first]))
		first++;
	memcpy(wait->argument + wait->terms.first_signaled, &first, sizeof(first));
}

static void end(struct pending *pending, int result)
{
	struct wait *wait = to_wait(pending);

	for (uint32_t i = 0; i < wait->terms.count; i++) {
		struct wait_entry *entry = &wait->entries[i];

		if (entry->waits_for_submit)
			syncobj_remove_callback(entry->syncobj->syncobj, &entry->submitted);
		if (entry->waits_for_signal)
			dma_fence_remove_callback(entry->fence, &entry->signaled);
		entry->waits_for_submit = entry->waits_for_signal = false;
	}
	if (!result)
		set_first(wait);
}

static void wait_free(struct pending *pending)
{
	struct wait *wait = to_wait(pending);

	/* Those behind the first without a syncobj have not been filled in. */
	for (uint32_t i = 0; i < wait->terms.count && wait->entries[i].syncobj; i++) {
		drop_fence(&wait->entries[i]);
		device_syncobj_put(wait->entries[i].syncobj);
	}
	free(wait);
}

static const struct pending_ops wait_ops = { .end = end, .free = wait_free, .is_wait = true };

static void complete_if_over(struct wait *wait)
{
	if (wait->is_busy)
		return;
	if (wait->failed)
		pending_complete(&wait->pending, -ENOMEM);
	else if (is_over(wait))
		pending_complete(&wait->pending, 0);
}

static void one_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct wait_entry *entry = container_of(callback, struct wait_entry, signaled);

	entry->waits_for_signal = false;
	entry_done(entry);
	complete_if_over(entry->wait);
}

/* It has a fence: adds the callback unless it is done. */
static void wait_for_signal(struct wait_entry *entry)
{
	struct wait *wait = entry->wait;

	if (poll_entry(entry)) {
		drop_fence(entry);
		return;
	}
	entry->charged = !account_charge(wait->account, account_fence_cost(entry->fence));
	if (!entry->charged)
		wait->failed = true;
	else if (dma_fence_add_callback(entry->fence, &entry->signaled, one_signaled))
		entry_done(entry);
	else
		entry->waits_for_signal = true;
}

/*
 * To ask for the fence, or to add a callback to it, may signal others that this wait has callbacks
 * on: those must not free it.
 */
static void one_submitted(struct syncobj *syncobj, struct syncobj_cb *callback)
{
	struct wait_entry *entry = container_of(callback, struct wait_entry, submitted);
	struct wait *wait = entry->wait;

	if (syncobj_find_fence(syncobj, entry->point, &entry->fence))
		return;
	syncobj_remove_callback(syncobj, callback);
	entry->waits_for_submit = false;
	wait->is_busy = true;
	wait_for_signal(entry);
	wait->is_busy = false;
	complete_if_over(wait);
}

static struct wait *wait_create(const struct request *request, const void *argument,
				const struct syncobj_wait_terms *terms)
{
	struct wait *wait = calloc(1, sizeof(*wait) + terms->count * sizeof(struct wait_entry));

	if (!wait)
		return NULL;
	wait->account = request->file->account;
	wait->terms = *terms;
	memcpy(wait->argument, argument, request->reply_size);
	wait->pending.answer = wait->argument;
	return wait;
}

/*
 * Asking for the state of fences takes time in proportion to their members, under the lock: so
 * these are limited. -EINVAL: nothing is submitted, and the flags do not allow to wait for it.
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
		poll_entry(entry);
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

/* It is pending: gives it what may complete it. */
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
		complete_if_over(wait);
	else if (pending_set_deadline(&wait->pending, wait->terms.timeout_ns))
		pending_complete(&wait->pending, -ENOMEM);
}

int syncobj_wait(const struct request *request, void *argument,
		 const struct syncobj_wait_terms *terms, struct device_syncobj **syncobjs,
		 const uint64_t *points)
{
	struct wait *wait = wait_create(request, argument, terms);
	int ret;

	if (!wait)
		return -ENOMEM;
	ret = fill_entries(wait, syncobjs, points);
	if (!ret && is_over(wait)) {
		set_first(wait);
		memcpy(argument, wait->argument, request->reply_size);
		goto out;
	}
	if (!ret) {
		hint_deadline(wait);
		ret = deadline_has_passed(terms->timeout_ns) ? -ETIME : 0;
	}
	if (!ret)
		ret = pending_start(&wait->pending, &wait_ops, request,
				    sizeof(*wait) + terms->count * sizeof(struct wait_entry));
	if (!ret) {
		start(wait);
		return REQUEST_BLOCKED;
	}
out:
	wait_free(&wait->pending);
	return ret;
}
