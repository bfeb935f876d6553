/* SPDX-License-Identifier: MIT */
/*
 * array.c - several fences as one.
 *
 * Who owns what: the array owns a reference to each member, its lock, and from the first waiter on
 * also a callback on each member. The callbacks own nothing: the array needs no reference of its
 * own to wait for its members. It is released with its last outside reference, and then removes the
 * callbacks.
 *
 * Members may be containers. Nothing here recurses into them: see container_do().
 *
 * What can race: other threads signal members while the array is enabled, polled or released.
 * - Enabling adds the callbacks without the array's lock: a member may be signaled with its own
 *   lock held, and its callback takes the array's lock. So a member's lock is never taken inside
 *   the array's.
 * - A poll and the last callback may find at the same time that the array is complete: the signaled
 *   bit decides which of them signals it. Both compute the same result from the members.
 * - Release against a running callback: see member_signaled().
 */
#include <stdlib.h>

#include "array.h"
#include "container_internal.h"
#include "fence_internal.h"

struct array_member {
	struct dma_fence_cb callback;
	struct dma_fence_array *array;
	struct dma_fence *fence; /* a reference */
};

struct dma_fence_array {
	struct dma_fence base;
	pthread_mutex_t lock;
	_Atomic int pending;		/* decisive callbacks that have not run; any: 1 or less */
	_Atomic unsigned int looked_at; /* all: members from the first, known to be signaled */
	struct container_size size;
	struct container_work work;
	unsigned int count;
	bool signal_on_any;
	struct array_member members[];
};

static const struct container_ops array_ops;

static struct dma_fence_array *array_of(struct dma_fence *fence)
{
	return container_of(fence, struct dma_fence_array, base);
}

static const char *array_driver_name(struct dma_fence *fence)
{
	return "dma_fence_array";
}

static const char *array_timeline_name(struct dma_fence *fence)
{
	return "unbound";
}

/*
 * Marks a complete array, with the time and the error of its members. All: the latest time, and the
 * error of the first member that failed. Any: the time and status of the first signaled member.
 * Returns whether this call marked it. Lock held.
 */
static bool mark_done_locked(struct dma_fence_array *array)
{
	struct dma_fence *decisive = NULL;
	int64_t done_ns = 0;
	unsigned int i;

	if (fence_is_marked(&array->base))
		return false;
	for (i = 0; i < array->count; i++) {
		struct dma_fence *member = array->members[i].fence;
		int status = dma_fence_get_status_locked(member);
		int64_t signaled_ns = dma_fence_timestamp(member);

		if (!status)
			continue;
		if (signaled_ns > done_ns)
			done_ns = signaled_ns;
		if ((array->signal_on_any || status < 0) &&
		    (!decisive || signaled_ns < dma_fence_timestamp(decisive)))
			decisive = member;
	}
	if (array->signal_on_any && decisive)
		done_ns = dma_fence_timestamp(decisive);
	if (decisive)
		dma_fence_set_error(&array->base, dma_fence_get_status_locked(decisive));
	return !dma_fence_mark_signaled_locked(&array->base, done_ns);
}

static void signal_done(struct dma_fence_array *array)
{
	bool taken = fence_lock(&array->lock);
	bool marked = mark_done_locked(array);

	fence_unlock(&array->lock, taken);
	if (marked)
		dma_fence_run_callbacks(&array->base);
}

/* Decrements pending. Was this the last member that the array waited for? */
static bool member_is_last(struct dma_fence_array *array)
{
	return atomic_fetch_sub_explicit(&array->pending, 1, memory_order_acq_rel) == 1;
}

/* Takes over the reference. */
static void finish(struct container_work *work)
{
	struct dma_fence_array *array = container_of(work, struct dma_fence_array, work);

	signal_done(array);
	dma_fence_put(&array->base);
}

/*
 * A member's callback. The array may be losing its last reference at this moment. Its memory stays
 * valid, because free_array() waits for this member's callback to return. The work holds its own
 * reference, if one is left: a callback of the array may drop what was the last one.
 */
static void member_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct array_member *member = container_of(callback, struct array_member, callback);
	struct dma_fence_array *array = member->array;

	if (member_is_last(array) && dma_fence_get_unless_zero(&array->base))
		container_do(&array->work, finish);
}

/*
 * Takes over the reference. If another thread asks for finish() meanwhile, that is safe: this work
 * has been removed from its list, and the callback that asks was added before.
 */
static void begin_waiting(struct container_work *work)
{
	struct dma_fence_array *array = container_of(work, struct dma_fence_array, work);
	bool done = false;
	unsigned int i;

	for (i = 0; i < array->count && atomic_load(&array->pending) > 0; i++) {
		struct array_member *member = &array->members[i];

		/* Refused: the member is signaled, so the callback will not run. */
		if (dma_fence_add_callback(member->fence, &member->callback, member_signaled))
			done = member_is_last(array);
	}
	if (done)
		signal_done(array);
	dma_fence_put(&array->base);
}

static bool array_enable_signaling(struct dma_fence *fence)
{
	struct dma_fence_array *array = array_of(fence);

	dma_fence_get(fence);
	pthread_mutex_unlock(&array->lock);
	container_do(&array->work, begin_waiting);
	pthread_mutex_lock(&array->lock);
	/* Otherwise this thread has signaled the array or will do so. */
	return true;
}

/*
 * Any: the first signaled member decides; all: the first pending one. A fence stays signaled, so
 * the next poll of an "all" array may start there. A thread that stores an older index only makes a
 * later poll slower.
 */
static bool array_signaled(struct dma_fence *fence)
{
	struct dma_fence_array *array = array_of(fence);
	unsigned int i = 0;

	if (!array->signal_on_any)
		i = atomic_load_explicit(&array->looked_at, memory_order_acquire);
	for (; i < array->count; i++) {
		if (container_member_is_signaled(array->members[i].fence) == array->signal_on_any)
			break;
	}
	if (!array->signal_on_any)
		atomic_store_explicit(&array->looked_at, i, memory_order_release);
	if ((i < array->count) != array->signal_on_any)
		return false;
	signal_done(array);
	return true;
}

static void free_array(struct container_work *work)
{
	struct dma_fence_array *array = container_of(work, struct dma_fence_array, work);
	bool enabled = atomic_load_explicit(&array->base.flags, memory_order_relaxed) &
		       (1u << DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT);
	unsigned int i;

	for (i = 0; i < array->count; i++) {
		struct array_member *member = &array->members[i];

		if (enabled)
			dma_fence_remove_callback(member->fence, &member->callback);
		dma_fence_put(member->fence);
	}
	pthread_mutex_destroy(&array->lock);
	free(array);
}

static void array_release(struct dma_fence *fence)
{
	container_do(&array_of(fence)->work, free_array);
}

static void array_set_deadline(struct dma_fence *fence, int64_t deadline_ns)
{
	struct dma_fence_array *array = array_of(fence);
	unsigned int i;

	for (i = 0; i < array->count; i++)
		container_set_member_deadline(array->members[i].fence, deadline_ns);
}

static struct container_size array_size(struct dma_fence *fence)
{
	return array_of(fence)->size;
}

static const struct container_ops array_ops = {
	.base.get_driver_name = array_driver_name,
	.base.get_timeline_name = array_timeline_name,
	.base.enable_signaling = array_enable_signaling,
	.base.signaled = array_signaled,
	.base.release = array_release,
	.base.set_deadline = array_set_deadline,
	.size = array_size,
};

struct dma_fence_array *dma_fence_array_create(unsigned int count, struct dma_fence **fences,
					       uint64_t context, uint64_t seqno, bool signal_on_any)
{
	struct dma_fence_array *array;
	unsigned int i;

	array = calloc(1, sizeof(*array) + count * sizeof(array->members[0]));
	if (!array)
		return NULL;
	pthread_mutex_init(&array->lock, NULL);
	fence_init(&array->base, &array_ops.base, &array->lock, context, seqno,
		   1u << DMA_FENCE_FLAG_NAMES_STAY_BIT | 1u << DMA_FENCE_FLAG_CONTAINER_BIT);
	array->pending = signal_on_any ? 1 : (int)count;
	array->count = count;
	array->signal_on_any = signal_on_any;
	array->size.depth = 1;
	for (i = 0; i < count; i++) {
		array->members[i].array = array;
		array->members[i].fence = fences[i];
		container_size_add(&array->size, fences[i]);
	}
	return array;
}

struct dma_fence *dma_fence_array_base(struct dma_fence_array *array)
{
	return &array->base;
}

bool dma_fence_is_array(const struct dma_fence *fence)
{
	return fence->ops == &array_ops.base;
}

struct dma_fence_array *to_dma_fence_array(struct dma_fence *fence)
{
	return fence && dma_fence_is_array(fence) ? array_of(fence) : NULL;
}

unsigned int dma_fence_array_count(const struct dma_fence_array *array)
{
	return array->count;
}

bool dma_fence_array_signals_on_any(const struct dma_fence_array *array)
{
	return array->signal_on_any;
}

struct dma_fence *dma_fence_array_member(const struct dma_fence_array *array, unsigned int index)
{
	return index < array->count ? array->members[index].fence : NULL;
}
