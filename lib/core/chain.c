/* SPDX-License-Identifier: MIT */
/*
 * chain.c - a timeline of points.
 *
 * Who owns what: a link owns a reference to its fence and one to what is before it, in prev; while
 * it waits, one to the fence that its callback is on. It needs no reference of its own to wait: it
 * goes when its last outside reference does, and takes the callback off.
 *
 * What can race:
 * - Walkers, and each other. prev is replaced, always by something further back and in the end by
 *   NULL, while others read it. A reader has to have its reference before the replacer gives up the
 *   link's, so both go by the link's lock: held for the moment that it takes to copy a pointer and
 *   count a reference, and never with another lock inside of it. It is there anyway, for the
 *   fence's sake. A walker has no more than two references at a time and holds no lock between
 *   steps; who finds that prev has been replaced under its eyes looks again.
 * - The callback with release: see fence_signaled(). Enabling adds the callback without the link's
 *   lock, as in array.c, and for the same reason.
 * - A look and the callback may find out at the same time that all is signaled: the signaled bit
 *   decides who says so. Both come to the same timestamp, for with prev NULL nothing changes any
 *   more.
 *
 * Nothing here recurses along the chain. A link waits for one fence at a time, its own first, then
 * those before it; for the fences, not for the links that contain them, so that a signal does not
 * run through the links as one call within another. Release of a link may drop the last reference
 * to the one before it: see chain_release().
 */
#include <stdlib.h>
#include <utlist.h>

#include "chain.h"
#include "internal.h"

struct dma_fence_chain {
	struct dma_fence base;
	pthread_mutex_t lock;
	struct dma_fence *prev;	  /* under lock: a reference, or NULL */
	int64_t collected_ns;	  /* under lock: when the last of those taken out was signaled */
	struct dma_fence *fence;  /* a reference */
	struct dma_fence *waited; /* what callback is on, a reference; NULL: not on any */
	struct dma_fence_cb callback;
	uint64_t prev_seqno;
	struct dma_fence_chain *next; /* among those that one thread is releasing */
};

static const struct dma_fence_ops chain_ops;

static struct dma_fence_chain *chain_of(struct dma_fence *fence)
{
	return container_of(fence, struct dma_fence_chain, base);
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

/* A reference to what is before the link, and when the last of what was in between was signaled. */
static struct dma_fence *get_prev(struct dma_fence_chain *chain, int64_t *collected_ns)
{
	bool taken = fence_lock(&chain->lock);
	struct dma_fence *prev = dma_fence_get(chain->prev);

	*collected_ns = chain->collected_ns;
	fence_unlock(&chain->lock, taken);
	return prev;
}

/*
 * Unless somebody was faster: the link's reference to prev becomes the caller's, that to the
 * replacement the link's. prev cannot come back meanwhile: links only go.
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

/*
 * Takes out what is before the link, up to the nearest whose fence is not signaled: a reference to
 * that, or NULL.
 */
static struct dma_fence *collect(struct dma_fence_chain *chain)
{
	struct dma_fence *prev;
	int64_t ignored_ns;

	while ((prev = get_prev(chain, &ignored_ns))) {
		struct dma_fence *fence = dma_fence_chain_contained(prev), *replacement = NULL;
		int64_t collected_ns = 0;

		if (!dma_fence_is_signaled(fence))
			break;
		if (dma_fence_is_chain(prev))
			replacement = get_prev(chain_of(prev), &collected_ns);
		collected_ns = later_of(collected_ns, dma_fence_timestamp(fence));
		if (replace_prev(chain, prev, replacement, collected_ns))
			dma_fence_put(prev);
		else
			dma_fence_put(replacement);
		dma_fence_put(prev);
	}
	return prev;
}

/* The next fence that the link has to wait for, a reference; NULL: it is done. */
static struct dma_fence *get_pending(struct dma_fence_chain *chain)
{
	struct dma_fence *prev, *pending;

	if (!dma_fence_is_signaled(chain->fence))
		return dma_fence_get(chain->fence);
	prev = collect(chain);
	if (!prev)
		return NULL;
	pending = dma_fence_get(dma_fence_chain_contained(prev));
	dma_fence_put(prev);
	return pending;
}

/* For a link whose fence is signaled and that has nothing before it. */
static void signal_done(struct dma_fence_chain *chain)
{
	bool taken = fence_lock(&chain->lock);
	int64_t collected_ns = chain->collected_ns;

	fence_unlock(&chain->lock, taken);
	dma_fence_signal_timestamp(&chain->base,
				   later_of(collected_ns, dma_fence_timestamp(chain->fence)));
}

static void fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback);

/*
 * Puts the callback on the next pending fence. The caller has a reference, and the callback is on
 * none. True: from then on it may be called, by another thread, and has waited to itself. False:
 * nothing is left to wait for.
 */
static bool wait_for_next(struct dma_fence_chain *chain)
{
	struct dma_fence *pending;

	while ((pending = get_pending(chain))) {
		chain->waited = pending;
		if (!dma_fence_add_callback(pending, &chain->callback, fence_signaled))
			return true;
		chain->waited = NULL;
		dma_fence_put(pending);
	}
	return false;
}

/*
 * The callback. The link may be losing its last reference at this moment; its memory stays, for
 * release does not get past waited until this function has returned. With a reference it goes on to
 * the next fence, and release finds that one in waited: who puts the last reference has seen it
 * stored.
 */
static void fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct dma_fence_chain *chain = container_of(callback, struct dma_fence_chain, callback);

	if (!dma_fence_get_unless_zero(&chain->base))
		return;
	dma_fence_put(chain->waited);
	chain->waited = NULL;
	if (!wait_for_next(chain))
		signal_done(chain);
	dma_fence_put(&chain->base);
}

static bool chain_enable_signaling(struct dma_fence *fence)
{
	struct dma_fence_chain *chain = chain_of(fence);
	bool waits;

	pthread_mutex_unlock(&chain->lock);
	waits = wait_for_next(chain);
	if (!waits)
		signal_done(chain);
	pthread_mutex_lock(&chain->lock);
	return waits;
}

static bool chain_signaled(struct dma_fence *fence)
{
	struct dma_fence_chain *chain = chain_of(fence);
	struct dma_fence *prev;

	if (!dma_fence_is_signaled(chain->fence))
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
		dma_fence_set_deadline(dma_fence_chain_contained(link), deadline_ns);
}

static void free_link(struct dma_fence_chain *chain)
{
	if (chain->waited) {
		dma_fence_remove_callback(chain->waited, &chain->callback);
		dma_fence_put(chain->waited);
	}
	dma_fence_put(chain->fence);
	dma_fence_put(chain->prev);
	pthread_mutex_destroy(&chain->lock);
	free(chain);
}

/*
 * The last reference to a link has gone. With the link's own may go the last one to the link before
 * it, in the midst of this, and so on: those are listed, and freed one after the other by the call
 * that came first.
 */
static void chain_release(struct dma_fence *fence)
{
	static _Thread_local struct dma_fence_chain *released
		__attribute__((tls_model("initial-exec")));
	static _Thread_local bool releasing __attribute__((tls_model("initial-exec")));

	LL_PREPEND(released, chain_of(fence));
	if (releasing)
		return;
	releasing = true;
	while (released) {
		struct dma_fence_chain *chain = released;

		LL_DELETE(released, chain);
		free_link(chain);
	}
	releasing = false;
}

static const struct dma_fence_ops chain_ops = {
	.get_driver_name = chain_driver_name,
	.get_timeline_name = chain_timeline_name,
	.enable_signaling = chain_enable_signaling,
	.signaled = chain_signaled,
	.release = chain_release,
	.set_deadline = chain_set_deadline,
};

struct dma_fence_chain *dma_fence_chain_alloc(void)
{
	return malloc(sizeof(struct dma_fence_chain));
}

void dma_fence_chain_free(struct dma_fence_chain *chain)
{
	free(chain);
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
		.prev_seqno = prev_seqno,
	};
	pthread_mutex_init(&chain->lock, NULL);
	dma_fence_init(&chain->base, &chain_ops, &chain->lock, context, seqno);
	atomic_fetch_or_explicit(&chain->base.flags, 1u << DMA_FENCE_FLAG_NAMES_STAY_BIT,
				 memory_order_relaxed);
}

struct dma_fence *dma_fence_chain_base(struct dma_fence_chain *chain)
{
	return &chain->base;
}

bool dma_fence_is_chain(const struct dma_fence *fence)
{
	return fence->ops == &chain_ops;
}

struct dma_fence_chain *to_dma_fence_chain(struct dma_fence *fence)
{
	return fence && dma_fence_is_chain(fence) ? chain_of(fence) : NULL;
}

struct dma_fence *dma_fence_chain_contained(struct dma_fence *fence)
{
	return dma_fence_is_chain(fence) ? chain_of(fence)->fence : fence;
}

uint64_t dma_fence_chain_prev_seqno(const struct dma_fence_chain *chain)
{
	return chain->prev_seqno;
}

struct dma_fence *dma_fence_chain_walk(struct dma_fence *fence)
{
	struct dma_fence *prev = dma_fence_is_chain(fence) ? collect(chain_of(fence)) : NULL;

	dma_fence_put(fence);
	return prev;
}

/* Of the timeline that ends in head, is this the link that seqno has to wait for? */
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
