/* SPDX-License-Identifier: MIT */
/*
 * stub.c - fences that are signaled from the start, for callers that must return a fence and have
 * nothing to wait for.
 *
 * Who owns what: this file owns the common stub, which is never freed. A private stub belongs to
 * its references. All stubs share one lock, which is never contended. What can race: only the
 * reference count; a signaled fence does not change.
 */
#include <stdlib.h>

#include "fence_internal.h"

static const char *stub_name(struct dma_fence *fence)
{
	return "stub";
}

static const struct dma_fence_ops stub_ops = {
	.get_driver_name = stub_name,
	.get_timeline_name = stub_name,
};

static pthread_mutex_t stub_lock = PTHREAD_MUTEX_INITIALIZER;
static struct dma_fence common_stub;

static void init_stub(struct dma_fence *stub, int64_t timestamp_ns)
{
	fence_init(stub, &stub_ops, &stub_lock, 0, 0, 1u << DMA_FENCE_FLAG_NAMES_STAY_BIT);
	/* No other thread knows the fence yet, so the lock is not needed. */
	dma_fence_mark_signaled_locked(stub, timestamp_ns);
}

static void init_common_stub(void)
{
	init_stub(&common_stub, dma_fence_now());
}

struct dma_fence *dma_fence_get_stub(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_common_stub);
	return dma_fence_get(&common_stub);
}

struct dma_fence *dma_fence_allocate_private_stub(int64_t timestamp_ns)
{
	struct dma_fence *stub = malloc(sizeof(*stub));

	if (stub)
		init_stub(stub, timestamp_ns);
	return stub;
}
