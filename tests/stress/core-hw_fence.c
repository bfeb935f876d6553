/* SPDX-License-Identifier: MIT */
/*
 * core-hw_fence.c - a ring that writes its seqno, and raises an interrupt only while that is on;
 * threads that process, and threads that submit, look, wait, and go again.
 *
 * Held up: no waiter is forgotten, though the interrupt is switched on and off all the time;
 * who sees a fence signaled sees those before it signaled; every callback is called once, or
 * removed; the interrupt is switched on and off in turns, and off in the end; nothing leaks.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "core-stress.h"
#include "hw_fence.h"

/* Beside the ring: those who process as they like, and those who submit and wait. */
#define PROCESSORS 2
#define SUBMITTERS 3
#define HELD	   4
/* A waiter that waits so long was forgotten. */
#define FOR_EVER_NS INT64_C(20000000000)

static struct {
	struct hw_fence_context context;
	uint64_t memory;
	_Atomic uint64_t submitted;
	_Atomic bool interrupt_on, released;
} ring;

static _Atomic long alive;
static _Atomic unsigned long made, signaled, switched, added, removed, called, waited, polled;
static _Atomic unsigned int submitters = SUBMITTERS;

static void enable_interrupt(struct hw_fence_context *context)
{
	STRESS_CHECK(!atomic_exchange(&ring.interrupt_on, true));
	switched++;
}

static void disable_interrupt(struct hw_fence_context *context)
{
	STRESS_CHECK(atomic_exchange(&ring.interrupt_on, false));
}

static void release_ring(struct hw_fence_context *context)
{
	STRESS_CHECK(!atomic_exchange(&ring.released, true));
}

static const struct hw_fence_context_ops ring_ops = {
	.driver_name = "stress",
	.enable_interrupt = enable_interrupt,
	.disable_interrupt = disable_interrupt,
	.release = release_ring,
};

static void release(struct dma_fence *fence)
{
	alive--;
	hw_fence_release(fence);
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = hw_fence_driver_name,
	.get_timeline_name = hw_fence_timeline_name,
	.enable_signaling = hw_fence_enable_signaling,
	.signaled = hw_fence_signaled,
	.release = release,
};

/* Works off what was submitted until no submitter is left. */
static void run_ring(uint64_t chance)
{
	uint64_t done = 0;

	while (submitters || done < ring.submitted) {
		uint64_t submitted = ring.submitted;

		if (done == submitted) {
			sched_yield();
			continue;
		}
		done += 1 + stress_random(&chance, submitted - done > 8 ? 8 : 1);
		__atomic_store_n(&ring.memory, done, __ATOMIC_SEQ_CST);
		/* Nothing else notifies the waiters: see process(). */
		if (ring.interrupt_on)
			signaled += hw_fence_context_process(&ring.context);
	}
}

/* An interrupt that is shared with others comes at any time. In the second half it does not. */
static void process(uint64_t chance)
{
	int64_t end_ns = dma_fence_now() + STRESS_DURATION / 2;

	while (dma_fence_now() < end_ns) {
		signaled += hw_fence_context_process(&ring.context);
		if (!stress_random(&chance, 4))
			sched_yield();
	}
}

struct held {
	struct dma_fence_cb callback;
	struct dma_fence *fence;
	bool added;
	int calls; /* plain: what orders it is what is tested */
};

static void count_call(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	((struct held *)callback)->calls++;
	STRESS_CHECK(dma_fence_is_signaled_locked(fence));
}

/* Only the making and the count are one step: seqnos are submitted in their order. */
static struct dma_fence *submit(void)
{
	static pthread_mutex_t submission = PTHREAD_MUTEX_INITIALIZER;
	struct hw_fence *fence = malloc(sizeof(*fence));

	STRESS_CHECK(fence);
	alive++;
	made++;
	pthread_mutex_lock(&submission);
	ring.submitted = hw_fence_init(fence, &ring.context, &fence_ops);
	pthread_mutex_unlock(&submission);
	return &fence->base.base;
}

static void drop(struct held *held)
{
	if (held->added) {
		if (dma_fence_remove_callback(held->fence, &held->callback)) {
			STRESS_CHECK(!held->calls);
			removed++;
		} else {
			STRESS_CHECK(held->calls == 1);
			called++;
		}
	}
	dma_fence_put(held->fence);
	*held = (struct held){ 0 };
}

static void begin(struct held *held, unsigned int how)
{
	held->fence = submit();
	if (how > 1)
		return;
	if (how ? !dma_fence_add_callback(held->fence, &held->callback, count_call)
		: !dma_fence_add_passive_callback(held->fence, &held->callback, count_call)) {
		held->added = true;
		added++;
	}
}

/*
 * The later first: had the earlier been looked at first, it might be signaled in between. The
 * memory is not asked, since that would signal the earlier.
 */
static void check_order(struct held *earlier, struct held *later)
{
	if (earlier->fence && later->fence && earlier->fence->seqno < later->fence->seqno &&
	    dma_fence_is_signaled_locked(later->fence))
		STRESS_CHECK(dma_fence_is_signaled_locked(earlier->fence));
}

static void submit_and_wait(uint64_t chance)
{
	struct held held[HELD] = { 0 };
	unsigned int i;

	while (stress_goes_on()) {
		struct held *some = &held[stress_random(&chance, HELD)];

		if (some->fence)
			drop(some);
		begin(some, stress_random(&chance, 4));
		switch (stress_random(&chance, 4)) {
		case 0:
			STRESS_CHECK(dma_fence_wait_timeout(some->fence, false, FOR_EVER_NS) > 0);
			waited++;
			break;
		case 1:
			STRESS_CHECK(mem_fence_wait(some->fence, false, FOR_EVER_NS) > 0);
			polled++;
			break;
		case 2:
			for (i = 0; i < HELD; i++) {
				check_order(some, &held[i]);
				check_order(&held[i], some);
			}
		}
	}
	for (i = 0; i < HELD; i++) {
		if (held[i].fence)
			drop(&held[i]);
	}
	submitters--;
}

static void *play(void *argument)
{
	uintptr_t number = (uintptr_t)argument;

	if (number == 0)
		run_ring(1);
	else if (number <= PROCESSORS)
		process(number + 1);
	else
		submit_and_wait(number + 1);
	return NULL;
}

int main(void)
{
	struct mem_fence_location seqno = { .address = &ring.memory, .size = 8 };

	STRESS_CHECK(!hw_fence_context_init(&ring.context, &ring_ops, "ring", &seqno));
	stress_run_threads(1 + PROCESSORS + SUBMITTERS, play);
	STRESS_CHECK(!ring.interrupt_on);
	STRESS_CHECK(!ring.context.pending);
	hw_fence_context_put(&ring.context);
	STRESS_CHECK(ring.released);
	STRESS_CHECK(added == called + removed);
	STRESS_CHECK(!alive);
	printf("core-hw_fence: %lu fences, %lu signaled by the ring, %lu waits, %lu on memory, "
	       "interrupt on %lu times, %lu callbacks called, %lu removed\n",
	       made, signaled, waited, polled, switched, called, removed);
	return 0;
}
