/* SPDX-License-Identifier: MIT */
/*
 * mem_fence.c - a fence that is signaled when memory reaches a value: the comparison, the poll, and
 * the wait that polls.
 *
 * Who owns what: the implementation owns the memory and keeps it until the fence is released,
 * because a poll may read it while another thread signals the fence. What can race: stores with
 * polls. The fence's signaled bit is what latches.
 */
#include "fence_internal.h"
#include "mem_fence.h"

/* How long a waiter spins before it sleeps, and its first and its longest sleep. */
#define SPIN_NS		 20000
#define FIRST_SLEEP_NS	 50000
#define LONGEST_SLEEP_NS 1000000

/* Polls of the memory between two reads of the clock, which cost more. */
#define SPINS_PER_LOOK_AT_CLOCK 32

bool mem_fence_value_reached(uint64_t current, uint32_t size, uint64_t value)
{
	if (size == sizeof(uint32_t))
		return (int32_t)((uint32_t)current - (uint32_t)value) >= 0;
	return (int64_t)(current - value) >= 0;
}

bool mem_fence_reached(const void *address, uint32_t size, uint64_t value)
{
	return mem_fence_value_reached(memory_load(address, size), size, value);
}

bool mem_fence_location_is_valid(const struct mem_fence_location *location)
{
	uint32_t size = location->size;

	if (size != sizeof(uint32_t) && size != sizeof(uint64_t))
		return false;
	return location->offset % size == 0 && (uintptr_t)location->address % size == 0;
}

int mem_fence_init(struct mem_fence *fence, const struct dma_fence_ops *ops, pthread_mutex_t *lock,
		   uint64_t context, uint64_t seqno, const struct mem_fence_location *location)
{
	if (!mem_fence_location_is_valid(location))
		return -EINVAL;
	/* Set before the first reference, because others may find the fence from then on. */
	fence->location = *location;
	fence_init(&fence->base, ops, lock, context, seqno, 1u << DMA_FENCE_FLAG_MEMORY_BIT);
	return 0;
}

struct mem_fence *to_mem_fence(struct dma_fence *fence)
{
	const uint32_t flags = atomic_load_explicit(&fence->flags, memory_order_relaxed);

	if (!(flags & (1u << DMA_FENCE_FLAG_MEMORY_BIT)))
		return NULL;
	return container_of(fence, struct mem_fence, base);
}

int mem_fence_location(struct dma_fence *fence, struct mem_fence_location *location)
{
	struct mem_fence *mem_fence = to_mem_fence(fence);

	if (!mem_fence)
		return -EINVAL;
	*location = mem_fence->location;
	return 0;
}

bool mem_fence_signaled(struct dma_fence *fence)
{
	const struct mem_fence_location *location =
		&container_of(fence, struct mem_fence, base)->location;

	return mem_fence_reached(location->address, location->size, location->value);
}

static bool spin(struct dma_fence *fence, int64_t until_ns)
{
	unsigned int i;

	do {
		for (i = 0; i < SPINS_PER_LOOK_AT_CLOCK; i++) {
			if (dma_fence_is_signaled(fence))
				return true;
			cpu_relax();
		}
	} while (dma_fence_now() < until_ns);
	return false;
}

/*
 * Sleeps until until_ns at most, or until a futex wake on the memory. A futex is 32 bits wide: of a
 * 64-bit value it is the low half. Returns whether a signal handler ended the sleep.
 */
static bool sleep_on_memory(const struct mem_fence_location *location, int64_t until_ns)
{
	const void *word = memory_futex_word(location->address, location->size);
	uint64_t current = memory_load(location->address, location->size);
	struct timespec until = {
		.tv_sec = until_ns / NSEC_PER_SEC,
		.tv_nsec = until_ns % NSEC_PER_SEC,
	};

	/*
	 * The value may have been reached since the last poll, and then there may be no further
	 * wake.
	 */
	if (mem_fence_value_reached(current, location->size, location->value))
		return false;
	if (!syscall(SYS_futex, word, FUTEX_WAIT_BITSET, (uint32_t)current, &until, NULL,
		     FUTEX_BITSET_MATCH_ANY))
		return false;
	if (errno == EINTR)
		return true;
	/* Memory without futexes, such as that of a device. */
	if (errno != EAGAIN && errno != ETIMEDOUT)
		return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR;
	return false;
}

int64_t mem_fence_wait(struct dma_fence *fence, bool interruptible, int64_t timeout_ns)
{
	const struct mem_fence_location *location =
		&container_of(fence, struct mem_fence, base)->location;
	int64_t deadline_ns, now, sleep_ns = FIRST_SLEEP_NS;

	if (dma_fence_is_signaled(fence))
		return timeout_ns > 0 ? timeout_ns : 1;
	if (!timeout_ns)
		return 0;
	deadline_ns = deadline_after(timeout_ns);
	now = dma_fence_now();
	if (spin(fence, deadline_ns - now < SPIN_NS ? deadline_ns : now + SPIN_NS))
		return time_left(deadline_ns);
	for (;;) {
		now = dma_fence_now();
		if (dma_fence_is_signaled(fence))
			return time_left(deadline_ns);
		if (now >= deadline_ns)
			return 0;
		if (sleep_on_memory(location,
				    deadline_ns - now < sleep_ns ? deadline_ns : now + sleep_ns) &&
		    interruptible)
			return dma_fence_is_signaled(fence) ? time_left(deadline_ns) : -ERESTARTSYS;
		if (sleep_ns < LONGEST_SLEEP_NS)
			sleep_ns *= 2;
	}
}
