/* SPDX-License-Identifier: MIT */
/*
 * mem_fence-test.c - fences that memory signals: the comparison, the latch, the location for peers
 * that poll, and the ways of waiting.
 */
#include <signal.h>
#include <sys/mman.h>

#include "core-test.h"

static uint64_t memory;
static _Atomic int alive;

static void expect_none_left(void)
{
	cr_expect_eq(alive, 0);
	expect_no_fence_left();
}

TestSuite(mem_fence, .timeout = TEST_TIMEOUT, .fini = expect_none_left);

static const char *name(struct dma_fence *fence)
{
	return "memory";
}

static void release(struct dma_fence *fence)
{
	alive--;
	dma_fence_free(fence);
}

static const struct dma_fence_ops memory_ops = {
	.get_driver_name = name,
	.get_timeline_name = name,
	.signaled = mem_fence_signaled,
	.wait = mem_fence_wait,
	.release = release,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct dma_fence *create_at(const struct dma_fence_ops *ops, const void *address,
				   uint32_t size, uint64_t value)
{
	struct mem_fence *fence = malloc(sizeof(*fence));
	struct mem_fence_location location = { .address = address, .size = size, .value = value };

	cr_assert_not_null(fence);
	cr_assert_eq(mem_fence_init(fence, ops, &lock, dma_fence_context_alloc(1), 1, &location),
		     0);
	alive++;
	return &fence->base;
}

static struct dma_fence *create(uint32_t size, uint64_t value)
{
	return create_at(&memory_ops, &memory, size, value);
}

/* As a device would: a plain store, without a notification. */
static void store(uint64_t value)
{
	__atomic_store_n(&memory, value, __ATOMIC_RELEASE);
}

Test(mem_fence, row_1_8_is_signaled_when_memory_reaches_the_value)
{
	struct dma_fence *fence = create(8, 5);

	cr_expect_eq(dma_fence_get_status(fence), 0);
	store(4);
	cr_expect_eq(dma_fence_get_status(fence), 0);
	store(5);
	cr_expect_eq(dma_fence_get_status(fence), 1);
	cr_expect_gt(dma_fence_timestamp(fence), 0);
	dma_fence_put(fence);
}

Test(mem_fence, row_1_8_is_signaled_when_memory_is_past_the_value)
{
	struct dma_fence *fence;

	store(7);
	fence = create(8, 5);
	cr_expect(dma_fence_is_signaled(fence));
	dma_fence_put(fence);
}

Test(mem_fence, row_1_8_compares_the_signed_difference)
{
	static const struct {
		uint64_t current, value;
		uint32_t size;
		bool reached;
	} cases[] = {
		{ 0, 0, 4, true },
		{ 0, 1, 4, false },
		{ 2, UINT32_MAX, 4, true },
		{ UINT32_MAX, 2, 4, false },
		{ UINT32_MAX, UINT64_C(0x100000000), 4, false },
		{ 0, UINT64_C(0x500000000), 4, true },
		{ INT32_MAX, 0, 4, true },
		{ UINT64_C(0x80000000), 0, 4, false },
		{ 2, UINT32_MAX, 8, false },
		{ 2, UINT64_MAX, 8, true },
		{ UINT64_MAX, 2, 8, false },
		{ UINT64_C(0x100000000), UINT32_MAX, 8, true },
		{ INT64_MAX, 0, 8, true },
		{ UINT64_C(1) << 63, 0, 8, false },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_Alignas(8) uint32_t narrow = (uint32_t)cases[i].current;
		uint64_t wide = cases[i].current;
		const void *address = cases[i].size == 4 ? (void *)&narrow : (void *)&wide;

		cr_expect_eq(mem_fence_reached(address, cases[i].size, cases[i].value),
			     cases[i].reached, "case %zu", i);
		cr_expect_eq(
			mem_fence_value_reached(cases[i].current, cases[i].size, cases[i].value),
			cases[i].reached, "case %zu", i);
	}
}

Test(mem_fence, row_1_8_latches)
{
	struct dma_fence *fence = create(4, 5);

	store(5);
	cr_expect(dma_fence_is_signaled(fence));
	store(0);
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect_eq(dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
}

Test(mem_fence, row_1_8_tells_a_peer_where_to_poll)
{
	struct dma_fence *fence, *other = fence_create();
	struct mem_fence_location location = { .address = &memory,
					       .offset = 64,
					       .value = 9,
					       .size = 8,
					       .buffer = (struct dma_buf *)&memory };
	struct mem_fence mem_fence;

	cr_assert_eq(mem_fence_init(&mem_fence, &memory_ops, &lock, 1, 1, &location), 0);
	fence = &mem_fence.base;
	location = (struct mem_fence_location){ 0 };
	cr_expect_eq(mem_fence_location(fence, &location), 0);
	cr_expect_eq(location.address, &memory);
	cr_expect_eq((void *)location.buffer, (void *)&memory);
	cr_expect_eq(location.offset, 64);
	cr_expect_eq(location.value, 9);
	cr_expect_eq(location.size, 8);
	cr_expect_eq(to_mem_fence(fence), &mem_fence);
	store(9);
	/* The peer needs no other thread: no poll has signaled the fence. */
	cr_expect(mem_fence_reached(location.address, location.size, location.value));
	cr_expect_not(dma_fence_is_signaled_locked(fence));

	cr_expect_eq(mem_fence_location(other, &location), -EINVAL);
	cr_expect_null(to_mem_fence(other));
	dma_fence_put(other);
}

Test(mem_fence, of_another_size_or_alignment_is_EINVAL)
{
	struct mem_fence_location invalid[] = {
		{ .address = &memory, .size = 0 },
		{ .address = &memory, .size = 2 },
		{ .address = &memory, .size = 16 },
		{ .address = (char *)&memory + 4, .size = 8 },
		{ .address = (char *)&memory + 2, .size = 4 },
		{ .address = &memory, .size = 8, .offset = 4 },
	};
	struct mem_fence fence;
	size_t i;

	for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		cr_expect_eq(mem_fence_init(&fence, &memory_ops, &lock, 1, 1, &invalid[i]), -EINVAL,
			     "case %zu", i);
}

/* Stores after a delay, as a device would; with a wake, as a seqno write does. */
struct storer {
	pthread_t thread;
	bool wakes;
	uint64_t value;
};

static void *store_later(void *argument)
{
	struct storer *storer = argument;

	sleep_ns(20 * NSEC_PER_MSEC);
	if (storer->wakes)
		seqno_write_perform(&memory, sizeof(memory), storer->value);
	else
		store(storer->value);
	return NULL;
}

static void start_storer(struct storer *storer)
{
	cr_assert_eq(pthread_create(&storer->thread, NULL, store_later, storer), 0);
}

Test(mem_fence, row_1_7_a_wait_polls_memory_and_enables_nothing)
{
	struct dma_fence *fence = create(8, 5);
	struct storer storer = { .value = 5 };

	start_storer(&storer);
	cr_expect_gt(dma_fence_wait_timeout(fence, false, PATIENCE_NS), 0);
	cr_expect_eq(fence->flags & (1u << DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT), 0);
	cr_expect_eq(dma_fence_get_status_locked(fence), 1);
	pthread_join(storer.thread, NULL);
	dma_fence_put(fence);
}

Test(mem_fence, a_wait_ends_with_a_seqno_write)
{
	struct dma_fence *fence = create(8, 5);
	struct storer storer = { .value = 5, .wakes = true };

	start_storer(&storer);
	cr_expect_eq(dma_fence_wait(fence, false), 0);
	pthread_join(storer.thread, NULL);
	dma_fence_put(fence);
}

Test(mem_fence, a_wait_ends_when_the_fence_is_signaled_by_other_means)
{
	struct dma_fence *fence = create(8, 5);
	pthread_t thread;

	dma_fence_set_error(fence, -EFAULT);
	thread = signal_later(fence, 20 * NSEC_PER_MSEC);
	cr_expect_gt(dma_fence_wait_timeout(fence, false, PATIENCE_NS), 0);
	cr_expect_eq(dma_fence_get_status(fence), -EFAULT);
	pthread_join(thread, NULL);
	dma_fence_put(fence);
}

Test(mem_fence, a_wait_runs_out)
{
	struct dma_fence *fence = create(4, 5);
	int64_t begin_ns = dma_fence_now();

	cr_expect_eq(dma_fence_wait_timeout(fence, false, 0), 0);
	cr_expect_eq(dma_fence_wait_timeout(fence, false, 10 * NSEC_PER_MSEC), 0);
	cr_expect_geq(dma_fence_now() - begin_ns, 10 * NSEC_PER_MSEC);
	cr_expect_eq(dma_fence_wait_timeout(fence, false, -1), -EINVAL);
	dma_fence_put(fence);
}

static void on_signal(int number)
{
}

static _Atomic bool interrupted;

/* More than once: it is in no wait yet, maybe, at the first. */
static void *interrupt(void *thread)
{
	while (!interrupted) {
		sleep_ns(10 * NSEC_PER_MSEC);
		pthread_kill(*(pthread_t *)thread, SIGUSR1);
	}
	return NULL;
}

Test(mem_fence, an_interruptible_wait_ends_with_ERESTARTSYS_after_a_signal_handler)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct dma_fence *fence = create(4, 5);
	pthread_t self = pthread_self(), thread;

	sigaction(SIGUSR1, &action, NULL);
	cr_assert_eq(pthread_create(&thread, NULL, interrupt, &self), 0);
	cr_expect_eq(dma_fence_wait_timeout(fence, true, PATIENCE_NS), -ERESTARTSYS);
	interrupted = true;
	pthread_join(thread, NULL);
	dma_fence_put(fence);
}

/* ---- an implementation that is notified of the first waiter, and then polls ---- */

static _Atomic bool looked_after;

static bool enable_signaling(struct dma_fence *fence)
{
	looked_after = true;
	return !mem_fence_signaled(fence);
}

static const struct dma_fence_ops looking_ops = {
	.get_driver_name = name,
	.get_timeline_name = name,
	.enable_signaling = enable_signaling,
	.signaled = mem_fence_signaled,
	.release = release,
};

Test(mem_fence, row_1_7_a_waiter_that_cannot_poll_falls_back_to_a_callback)
{
	struct dma_fence *fence = create_at(&looking_ops, &memory, 8, 5);
	struct recorder recorder = { 0 };

	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), 0);
	cr_expect(looked_after, "the implementation knows that it has to look");
	store(5);
	cr_expect_eq(recorder.calls, 0);
	cr_expect(dma_fence_is_signaled(fence), "and this is how it does");
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
}

Test(mem_fence, row_1_9_the_first_waiter_may_find_memory_there_already)
{
	struct dma_fence *fence = create_at(&looking_ops, &memory, 8, 5);
	struct recorder recorder = { 0 };

	store(5);
	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), -ENOENT);
	cr_expect_eq(recorder.calls, 0);
	dma_fence_put(fence);
}

Test(mem_fence, in_memory_that_cannot_be_written_here_can_be_waited_for)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct dma_fence *fence;

	cr_assert_neq(page, MAP_FAILED);
	fence = create_at(&memory_ops, page, 4, 5);
	cr_expect_eq(dma_fence_wait_timeout(fence, false, 5 * NSEC_PER_MSEC), 0);
	dma_fence_put(fence);
	munmap(page, 4096);
}
