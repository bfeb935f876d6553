/* SPDX-License-Identifier: MIT */
/*
 * wait.c - sleeping until a fence is signaled: a callback that sets a futex word.
 *
 * Who owns what: the waiter owns callback and word. A callback that was called does not use them
 * any more; one that was not called is removed. What can race: the word, between signaler and
 * waiter. It is stored with release and loaded with acquire.
 */
#include <stdlib.h>

#include "fence_internal.h"

struct fence_waiter {
	struct dma_fence_cb callback;
	_Atomic uint32_t *woken; /* 0: not woken yet */
	uint32_t index;		 /* the value to store in *woken, from 1 */
};

static void wake_waiter(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct fence_waiter *waiter = container_of(callback, struct fence_waiter, callback);
	_Atomic uint32_t *woken = waiter->woken;
	uint32_t nobody = 0;

	/*
	 * The waiter and its stack may be gone after this exchange. The wake only uses the address:
	 * another thread that sleeps there by then gets a spurious wake-up, which every user of a
	 * futex must tolerate.
	 */
	if (atomic_compare_exchange_strong_explicit(woken, &nobody, waiter->index,
						    memory_order_release, memory_order_relaxed))
		futex_wake_all(woken);
}

/* 0, -ETIMEDOUT or -EINTR. The index is in *woken. */
static int sleep_until(_Atomic uint32_t *woken, bool interruptible, int64_t deadline_ns)
{
	while (!atomic_load_explicit(woken, memory_order_acquire)) {
		int error = futex_wait(woken, 0, deadline_ns);

		if (error == -ETIMEDOUT || (error == -EINTR && interruptible))
			return error;
	}
	return 0;
}

int64_t dma_fence_default_wait(struct dma_fence *fence, bool interruptible, int64_t timeout_ns)
{
	_Atomic uint32_t woken = 0;
	struct fence_waiter waiter = { .woken = &woken, .index = 1 };
	int64_t deadline_ns;
	int error;

	if (dma_fence_is_signaled(fence))
		return timeout_ns > 0 ? timeout_ns : 1;
	if (!timeout_ns)
		return 0;
	deadline_ns = deadline_after(timeout_ns);
	if (dma_fence_add_callback(fence, &waiter.callback, wake_waiter))
		return time_left(deadline_ns);
	error = sleep_until(&woken, interruptible, deadline_ns);
	/* If the callback cannot be removed, the fence was signaled just now. */
	if (!error || !dma_fence_remove_callback(fence, &waiter.callback))
		return time_left(deadline_ns);
	return error == -EINTR ? -ERESTARTSYS : 0;
}

int64_t dma_fence_wait_timeout(struct dma_fence *fence, bool interruptible, int64_t timeout_ns)
{
	if (timeout_ns < 0)
		return -EINVAL;
	if (fence->ops->wait)
		return fence->ops->wait(fence, interruptible, timeout_ns);
	return dma_fence_default_wait(fence, interruptible, timeout_ns);
}

int dma_fence_wait(struct dma_fence *fence, bool interruptible)
{
	int64_t left;

	do {
		left = dma_fence_wait_timeout(fence, interruptible, DMA_FENCE_FOREVER);
	} while (!left);
	return left < 0 ? (int)left : 0;
}

/* Polls the fences. Returns the number, from 1, of the first that is signaled, or 0. */
static uint32_t look(struct dma_fence **fences, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (dma_fence_is_signaled(fences[i]))
			return i + 1;
	}
	return 0;
}

/* As look(), but sleeps until a fence is signaled. Or a negative errno. */
static int64_t sleep_for_any(struct dma_fence **fences, unsigned int count, bool interruptible,
			     int64_t deadline_ns)
{
	struct fence_waiter *waiters = calloc(count, sizeof(*waiters));
	_Atomic uint32_t woken = 0;
	unsigned int added;
	int64_t first;
	int error;

	if (!waiters)
		return -ENOMEM;
	for (added = 0; added < count; added++) {
		waiters[added].woken = &woken;
		waiters[added].index = added + 1;
		if (dma_fence_add_callback(fences[added], &waiters[added].callback, wake_waiter)) {
			wake_waiter(fences[added], &waiters[added].callback);
			break;
		}
	}
	error = sleep_until(&woken, interruptible, deadline_ns);
	while (added--)
		dma_fence_remove_callback(fences[added], &waiters[added].callback);
	free(waiters);
	first = woken;
	return first ? first : error;
}

int64_t dma_fence_wait_any_timeout(struct dma_fence **fences, unsigned int count,
				   bool interruptible, int64_t timeout_ns, unsigned int *index)
{
	int64_t deadline_ns, first;

	if (!count || timeout_ns < 0)
		return -EINVAL;
	deadline_ns = deadline_after(timeout_ns);
	first = look(fences, count);
	if (!first && timeout_ns)
		first = sleep_for_any(fences, count, interruptible, deadline_ns);
	if (first > 0) {
		if (index)
			*index = (unsigned int)first - 1;
		return time_left(deadline_ns);
	}
	if (first == -EINTR)
		return -ERESTARTSYS;
	return first == -ETIMEDOUT ? 0 : first;
}
