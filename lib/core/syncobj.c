/* SPDX-License-Identifier: MIT */
/*
 * syncobj.c - see syncobj.h.
 *
 * Who owns what: a syncobj owns a reference to its fence. Callbacks belong to their owners.
 *
 * What can race: look-ups, replacements and callbacks, from any threads. The lock protects the
 * fence and the list. References are dropped without the lock, because a release may run any code.
 * Callbacks run with the lock held: the fence that they are called for is still stored then, and a
 * callback that another thread removes has either finished or not begun. Only the thread that runs
 * the callbacks may call these functions meanwhile, so the lock is recursive.
 */
#include <stdlib.h>
#include <utlist.h>

#include "fence_internal.h"
#include "syncobj.h"

struct syncobj {
	pthread_mutex_t lock;
	_Atomic uint32_t refcount;
	struct dma_fence *fence;      /* under lock: a reference, or NULL */
	struct syncobj_cb *callbacks; /* under lock */
	uint64_t round;		      /* under lock: how often the callbacks have been called */
};

struct syncobj *syncobj_create(struct dma_fence *fence)
{
	struct syncobj *syncobj = calloc(1, sizeof(*syncobj));
	pthread_mutexattr_t attributes;

	if (!syncobj)
		return NULL;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&syncobj->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	syncobj->refcount = 1;
	syncobj->fence = dma_fence_get(fence);
	return syncobj;
}

struct syncobj *syncobj_get(struct syncobj *syncobj)
{
	atomic_fetch_add_explicit(&syncobj->refcount, 1, memory_order_relaxed);
	return syncobj;
}

void syncobj_put(struct syncobj *syncobj)
{
	if (atomic_fetch_sub_explicit(&syncobj->refcount, 1, memory_order_acq_rel) != 1)
		return;
	dma_fence_put(syncobj->fence);
	pthread_mutex_destroy(&syncobj->lock);
	free(syncobj);
}

struct dma_fence *syncobj_fence_get(struct syncobj *syncobj)
{
	struct dma_fence *fence;

	pthread_mutex_lock(&syncobj->lock);
	fence = dma_fence_get(syncobj->fence);
	pthread_mutex_unlock(&syncobj->lock);
	return fence;
}

/*
 * Calls the callbacks. Lock held. A callback may remove others or store a fence itself. So each
 * callback moves to the end of the list before its call, and the first one is always the next.
 */
static void call_all(struct syncobj *syncobj)
{
	uint64_t round = ++syncobj->round;
	struct syncobj_cb *cb;

	while ((cb = syncobj->callbacks) && cb->round < round) {
		DL_DELETE(syncobj->callbacks, cb);
		DL_APPEND(syncobj->callbacks, cb);
		cb->round = round;
		cb->func(syncobj, cb);
	}
}

/*
 * Stores fence and takes over its reference; returns the old fence with its reference. Lock held.
 */
static struct dma_fence *put_in(struct syncobj *syncobj, struct dma_fence *fence)
{
	struct dma_fence *old = syncobj->fence;

	syncobj->fence = fence;
	if (fence && fence != old)
		call_all(syncobj);
	return old;
}

void syncobj_replace_fence(struct syncobj *syncobj, struct dma_fence *fence)
{
	struct dma_fence *old;

	pthread_mutex_lock(&syncobj->lock);
	old = put_in(syncobj, dma_fence_get(fence));
	pthread_mutex_unlock(&syncobj->lock);
	dma_fence_put(old);
}

void syncobj_add_point(struct syncobj *syncobj, struct dma_fence_chain *chain,
		       struct dma_fence *fence, uint64_t point)
{
	struct dma_fence *head, *iterator;

	pthread_mutex_lock(&syncobj->lock);
	/* The link takes over the syncobj's reference to the old fence. */
	dma_fence_chain_init(chain, syncobj->fence, dma_fence_get(fence), point);
	head = dma_fence_get(dma_fence_chain_base(chain));
	put_in(syncobj, dma_fence_chain_base(chain));
	pthread_mutex_unlock(&syncobj->lock);
	/* Removes signaled links, so that the chain does not grow without bound. */
	dma_fence_chain_for_each(iterator, head);
	dma_fence_put(head);
}

int syncobj_find_fence(struct syncobj *syncobj, uint64_t point, struct dma_fence **found)
{
	struct dma_fence *fence = syncobj_fence_get(syncobj);
	int error = fence ? dma_fence_chain_find_seqno(&fence, point) : -EINVAL;

	if (error) {
		dma_fence_put(fence);
		return error;
	}
	*found = fence ? fence : dma_fence_get_stub();
	return 0;
}

/*
 * The oldest remaining link of the head's context shows the progress of the timeline: its own seqno
 * if it is signaled, else the seqno of the link before it. A link of seqno 0 is no point: it holds
 * what comes before the timeline, like a fence that is no link.
 */
static uint64_t last_signaled(struct dma_fence *head)
{
	struct dma_fence *iterator, *last = dma_fence_get(head);
	uint64_t point;

	dma_fence_chain_for_each(iterator, head)
	{
		if (iterator->context != head->context || !iterator->seqno) {
			dma_fence_put(iterator);
			break;
		}
		dma_fence_put(last);
		last = dma_fence_get(iterator);
	}
	point = dma_fence_is_signaled(last) ? last->seqno
					    : dma_fence_chain_prev_seqno(to_dma_fence_chain(last));
	dma_fence_put(last);
	return point;
}

uint64_t syncobj_query(struct syncobj *syncobj, bool submitted)
{
	struct dma_fence *fence = syncobj_fence_get(syncobj);
	uint64_t point = 0;

	if (fence && dma_fence_is_chain(fence))
		point = submitted ? fence->seqno : last_signaled(fence);
	dma_fence_put(fence);
	return point;
}

void syncobj_add_callback(struct syncobj *syncobj, struct syncobj_cb *cb, syncobj_func_t func)
{
	cb->func = func;
	pthread_mutex_lock(&syncobj->lock);
	/* The callback is not called for fences that were stored before. */
	cb->round = syncobj->round;
	DL_APPEND(syncobj->callbacks, cb);
	pthread_mutex_unlock(&syncobj->lock);
}

void syncobj_remove_callback(struct syncobj *syncobj, struct syncobj_cb *cb)
{
	pthread_mutex_lock(&syncobj->lock);
	if (cb->prev) {
		DL_DELETE(syncobj->callbacks, cb);
		cb->next = cb->prev = NULL;
	}
	pthread_mutex_unlock(&syncobj->lock);
}
