/* SPDX-License-Identifier: MIT */
/*
 * chain.c - a timeline of points.
 *
 * Who owns what: a link owns a reference to its contained fence, one to its predecessor (prev) and,
 * once it waits, one to the fence before it that it waits for (awaited). It needs no reference of
 * its own to wait, as in array.c: it is released with its last outside reference, and then removes
 * its callbacks.
 *
 * A link with a waiter has two callbacks: on its contained fence, and on the nearest pending link
 * before it, which thereby has a waiter too. A callback only counts. It may be called with the lock
 * of its fence held. So neither the callback nor anything that it causes, up to the signal of
 * links, takes a lock other than those of links.
 *
 * What can race:
 * - Walkers with each other. prev is replaced, always by a fence further back and finally by NULL,
 *   while others read it. A reader must get its reference before the replacing thread drops the
 *   link's reference. So both take the link's lock, only to copy a pointer and count a reference,
 *   and never with another lock inside. The fence has this lock anyway. A walker holds at most two
 *   references and no lock between steps. If prev was replaced meanwhile, it reads prev again.
 * - The callbacks with each other and with release: see count_down().
 * - A poll and the last callback may find at the same time that all is signaled: the signaled bit
 *   decides which of them signals the link. Both compute the same timestamp.
 *
 * Nothing here recurses along the chain or into containers in it. A link that starts to wait makes
 * the one before it wait, a signaled link signals the one after it, and a freed link may free the
 * one before it: see container_do().
 */
#include <stdlib.h>

#include "chain.h"
#include "container_internal.h"
#include "fence_internal.h"

/* The counts that an enabled link waits for: the fence, prev, and the enabling itself. */
enum { PENDING_FENCE_PREV_AND_ENABLING = 3 };

struct dma_fence_chain {
	struct dma_fence base;
	pthread_mutex_t lock;
	struct dma_fence *prev;	   /* under lock: a reference, or NULL */
	int64_t collected_ns;	   /* under lock: when the last removed link was signaled */
	struct dma_fence *fence;   /* a reference */
	struct dma_fence *awaited; /* a reference to the fence of prev_callback, or NULL */
	struct dma_fence_cb fence_callback, prev_callback;
	_Atomic unsigned int pending;
	uint64_t prev_seqno;
	struct container_work work;
	void (*freed)(void *data); /* may be NULL */
	void *freed_data;
};

static const struct container_ops chain_ops;

static struct dma_fence_chain *chain_of(struct dma_fence *fence)
{
	return container_of(fence, struct dma_fence_chain, base);
}

static struct dma_fence_chain *chain_of_work(struct container_work *work)
{
	return container_of(work, struct dma_fence_chain, work);
}

static const char *chain_driver_name(struct dma_fence *fence)
{
	return "dma_fence_chain";
}

static const char *chain_timeline_name(struct dma_fence *fence)
{
	return "unbound";
}

static int64_t later_of(int64_t a_ns, int64_t b_ns)
{
	return a_ns > b_ns ? a_ns : b_ns;
}

/*
 * Returns a reference to the predecessor, and the time of the last signal among the links removed
 * in between.
 */
static struct dma_fence *get_prev(struct dma_fence_chain *chain, int64_t *collected_ns)
{
	bool taken = fence_lock(&chain->lock);
	struct dma_fence *prev = dma_fence_get(chain->prev);

	*collected_ns = chain->collected_ns;
	fence_unlock(&chain->lock, taken);
	return prev;
}

/*
 * Unless another thread has replaced prev first: the link's reference to prev passes to the caller,
 * and the caller's reference to replacement to the link. prev cannot return meanwhile, because
 * links are only removed.
 */
static bool replace_prev(struct dma_fence_chain *chain, struct dma_fence *prev,
			 struct dma_fence *replacement, int64_t collected_ns)
{
	bool taken = fence_lock(&chain->lock);
	bool replaced = chain->prev == prev;

	if (replaced) {
		chain->prev = replacement;
		chain->collected_ns = later_of(chain->collected_ns, collected_ns);
	}
	fence_unlock(&chain->lock, taken);
	return replaced;
}

/* Is the contained fence signaled? Links before it may still be pending. */
static bool is_over(struct dma_fence *prev)
{
	return fence_is_marked(prev) ||
	       container_member_is_signaled(dma_fence_chain_contained(prev));
}

/*
 * Removes the links before this one, back to the nearest whose contained fence is not signaled.
 * Returns a reference to that one, or NULL.
 */
static struct dma_fence *collect(struct dma_fence_chain *chain)
{
	struct dma_fence *prev;
	int64_t ignored_ns;

	while ((prev = get_prev(chain, &ignored_ns)) && is_over(prev)) {
		struct dma_fence *replacement = NULL;
		int64_t collected_ns = 0;

		if (dma_fence_is_chain(prev))
			replacement = get_prev(chain_of(prev), &collected_ns);
		collected_ns = later_of(collected_ns,
					dma_fence_timestamp(dma_fence_chain_contained(prev)));
		collected_ns = later_of(collected_ns, dma_fence_timestamp(prev));
		if (replace_prev(chain, prev, replacement, collected_ns))
			dma_fence_put(prev);
		else
			dma_fence_put(replacement);
		dma_fence_put(prev);
	}
	return prev;
}

/* Signals a link whose contained fence is signaled and that has no predecessor left. */
static void signal_done(struct dma_fence_chain *chain)
{
	bool taken = fence_lock(&chain->lock);
	int64_t done_ns = later_of(chain->collected_ns, dma_fence_timestamp(chain->fence));

	fence_unlock(&chain->lock, taken);
	dma_fence_signal_timestamp(&chain->base, done_ns);
}

/*
 * The count is complete. All remaining links before this one are signaled, with their contained
 * fences, so removing them calls no implementation. Takes over the reference.
 */
static void finish(struct container_work *work)
{
	struct dma_fence_chain *chain = chain_of_work(work);

	dma_fence_put(collect(chain));
	dma_fence_put(chain->awaited);
	chain->awaited = NULL;
	signal_done(chain);
	dma_fence_put(&chain->base);
}

/*
 * Decrements the count of pending events. The link may be losing its last reference at this moment.
 * A callback that is not the last to count does not access the link afterwards. The last one takes
 * a reference before it counts. If there is none left, it does not count: release then sees that an
 * event is pending, removes the callbacks, and so waits for this one. If nothing is pending,
 * release need not remove them.
 */
static void count_down(struct dma_fence_chain *chain)
{
	unsigned int pending = atomic_load_explicit(&chain->pending, memory_order_acquire);

	while (pending > 1) {
		if (atomic_compare_exchange_weak_explicit(&chain->pending, &pending, pending - 1,
							  memory_order_acq_rel,
							  memory_order_acquire))
			return;
	}
	if (!dma_fence_get_unless_zero(&chain->base))
		return;
	atomic_store_explicit(&chain->pending, 0, memory_order_release);
	container_do(&chain->work, finish);
}

static void fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	count_down(container_of(callback, struct dma_fence_chain, fence_callback));
}

static void prev_signaled(struct dma_fence *prev, struct dma_fence_cb *callback)
{
	count_down(container_of(callback, struct dma_fence_chain, prev_callback));
}

/* Is there a pending fence before the link to wait for? Adds the callback to it. */
static bool wait_for_prev(struct dma_fence_chain *chain)
{
	struct dma_fence *prev;

	while ((prev = collect(chain))) {
		chain->awaited = prev;
		if (!dma_fence_add_callback(prev, &chain->prev_callback, prev_signaled))
			return true;
		chain->awaited = NULL;
		dma_fence_put(prev);
	}
	return false;
}

/* Takes over the reference. */
static void begin_waiting(struct container_work *work)
{
	struct dma_fence_chain *chain = chain_of_work(work);

	if (dma_fence_add_callback(chain->fence, &chain->fence_callback, fence_signaled))
		count_down(chain);
	if (!wait_for_prev(chain))
		count_down(chain);
	count_down(chain);
	dma_fence_put(&chain->base);
}

static bool chain_enable_signaling(struct dma_fence *fence)
{
	struct dma_fence_chain *chain = chain_of(fence);

	dma_fence_get(fence);
	pthread_mutex_unlock(&chain->lock);
	container_do(&chain->work, begin_waiting);
	pthread_mutex_lock(&chain->lock);
	/* Otherwise this thread has signaled the link or will do so. */
	return true;
}

static bool chain_signaled(struct dma_fence *fence)
{
	struct dma_fence_chain *chain = chain_of(fence);
	struct dma_fence *prev;

	if (!container_member_is_signaled(chain->fence))
		return false;
	prev = collect(chain);
	if (prev) {
		dma_fence_put(prev);
		return false;
	}
	signal_done(chain);
	return true;
}

static void chain_set_deadline(struct dma_fence *fence, int64_t deadline_ns)
{
	struct dma_fence *link;

	dma_fence_chain_for_each(link, fence)
		container_set_member_deadline(dma_fence_chain_contained(link), deadline_ns);
}

static void free_link(struct container_work *work)
{
	struct dma_fence_chain *chain = chain_of_work(work);
	bool enabled = atomic_load_explicit(&chain->base.flags, memory_order_relaxed) &
		       (1u << DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT);
	void (*freed)(void *data) = chain->freed;
	void *data = chain->freed_data;

	if (enabled && atomic_load_explicit(&chain->pending, memory_order_acquire)) {
		dma_fence_remove_callback(chain->fence, &chain->fence_callback);
		if (chain->awaited)
			dma_fence_remove_callback(chain->awaited, &chain->prev_callback);
	}
	dma_fence_put(chain->fence);
	dma_fence_put(chain->awaited);
	dma_fence_put(chain->prev);
	pthread_mutex_destroy(&chain->lock);
	free(chain);
	if (freed)
		freed(data);
}

static void chain_release(struct dma_fence *fence)
{
	container_do(&chain_of(fence)->work, free_link);
}

static struct container_size chain_size(struct dma_fence *fence)
{
	struct container_size size = { .depth = 1 };
	struct dma_fence *link;

	if (!container_enter())
		return (struct container_size){ .depth = UINT_MAX, .leaves = UINT64_MAX };
	dma_fence_chain_for_each(link, fence)
		container_size_add(&size, dma_fence_chain_contained(link));
	container_leave();
	return size;
}

static const struct container_ops chain_ops = {
	.base.get_driver_name = chain_driver_name,
	.base.get_timeline_name = chain_timeline_name,
	.base.enable_signaling = chain_enable_signaling,
	.base.signaled = chain_signaled,
	.base.release = chain_release,
	.base.set_deadline = chain_set_deadline,
	.size = chain_size,
};

struct dma_fence_chain *dma_fence_chain_alloc(void)
{
	return calloc(1, sizeof(struct dma_fence_chain));
}

void dma_fence_chain_free(struct dma_fence_chain *chain)
{
	free(chain);
}

void dma_fence_chain_set_freed(struct dma_fence_chain *chain, void (*freed)(void *data), void *data)
{
	chain->freed = freed;
	chain->freed_data = data;
}

void dma_fence_chain_init(struct dma_fence_chain *chain, struct dma_fence *prev,
			  struct dma_fence *fence, uint64_t seqno)
{
	bool after_link = prev && dma_fence_is_chain(prev);
	uint64_t context, prev_seqno = 0;

	if (after_link && seqno > prev->seqno) {
		context = prev->context;
		prev_seqno = prev->seqno;
	} else {
		context = dma_fence_context_alloc(1);
		if (after_link)
			seqno = prev->seqno;
	}
	*chain = (struct dma_fence_chain){
		.prev = prev,
		.fence = fence,
		.pending = PENDING_FENCE_PREV_AND_ENABLING,
		.prev_seqno = prev_seqno,
		.freed = chain->freed,
		.freed_data = chain->freed_data,
	};
	pthread_mutex_init(&chain->lock, NULL);
	fence_init(&chain->base, &chain_ops.base, &chain->lock, context, seqno,
		   1u << DMA_FENCE_FLAG_NAMES_STAY_BIT | 1u << DMA_FENCE_FLAG_CONTAINER_BIT);
}

struct dma_fence *dma_fence_chain_base(struct dma_fence_chain *chain)
{
	return &chain->base;
}

bool dma_fence_is_chain(const struct dma_fence *fence)
{
	return fence->ops == &chain_ops.base;
}

struct dma_fence_chain *to_dma_fence_chain(struct dma_fence *fence)
{
	return fence && dma_fence_is_chain(fence) ? chain_of(fence) : NULL;
}

struct dma_fence *dma_fence_chain_contained(struct dma_fence *fence)
{
	struct dma_fence_chain *chain = to_dma_fence_chain(fence);

	return chain ? chain->fence : fence;
}

uint64_t dma_fence_chain_prev_seqno(const struct dma_fence_chain *chain)
{
	return chain->prev_seqno;
}

struct dma_fence *dma_fence_chain_walk(struct dma_fence *fence)
{
	struct dma_fence_chain *chain = to_dma_fence_chain(fence);
	struct dma_fence *prev = chain ? collect(chain) : NULL;

	dma_fence_put(fence);
	return prev;
}

/* In the timeline of head, is this the link to wait for to reach seqno? */
static bool is_link_of_seqno(struct dma_fence *link, const struct dma_fence *head, uint64_t seqno)
{
	return link->context != head->context || !dma_fence_is_chain(link) ||
	       chain_of(link)->prev_seqno < seqno;
}

int dma_fence_chain_find_seqno(struct dma_fence **fence, uint64_t seqno)
{
	struct dma_fence *head = *fence, *link;

	if (!seqno)
		return 0;
	if (!to_dma_fence_chain(head) || head->seqno < seqno)
		return -EINVAL;
	dma_fence_chain_for_each(link, head)
	{
		if (is_link_of_seqno(link, head, seqno))
			break;
	}
	dma_fence_put(head);
	*fence = link;
	return 0;
}
