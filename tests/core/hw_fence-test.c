/* SPDX-License-Identifier: MIT */
/*
 * hw_fence-test.c - fences of a ring that writes its seqno to memory: order, the interrupt and who
 * has it switched on, peers that poll, and how little a driver has to bring along.
 */
#include "core-test.h"
#include "hw_fence.h"

/* A ring, and all that its driver has to know about it. */
static struct ring {
	struct hw_fence_context context;
	_Alignas(8) uint32_t memory[2]; /* where it writes its seqno */
	bool interrupt_on;
	int times_on, times_off, releases;
	uint64_t writes_as_it_is_switched_on; /* 0: nothing */
} ring;

static struct ring *to_ring(struct hw_fence_context *context)
{
	return (struct ring *)context;
}

/* What a device does: writes, and knows nothing of fences. */
static void write_seqno(struct ring *this, uint64_t seqno)
{
	if (this->context.seqno.size == 4)
		__atomic_store_n(this->memory, (uint32_t)seqno, __ATOMIC_RELEASE);
	else
		__atomic_store_n((uint64_t *)this->memory, seqno, __ATOMIC_RELEASE);
}

static void enable_interrupt(struct hw_fence_context *context)
{
	struct ring *this = to_ring(context);

	cr_expect_not(this->interrupt_on);
	cr_expect_neq(pthread_mutex_trylock(&context->lock), 0, "called with the lock held");
	this->interrupt_on = true;
	this->times_on++;
	if (this->writes_as_it_is_switched_on)
		write_seqno(this, this->writes_as_it_is_switched_on);
}

static void disable_interrupt(struct hw_fence_context *context)
{
	cr_expect(to_ring(context)->interrupt_on);
	to_ring(context)->interrupt_on = false;
	to_ring(context)->times_off++;
}

static void release_ring(struct hw_fence_context *context)
{
	to_ring(context)->releases++;
}

static const struct hw_fence_context_ops ring_ops = {
	.driver_name = "test-driver",
	.enable_interrupt = enable_interrupt,
	.disable_interrupt = disable_interrupt,
	.release = release_ring,
};

static void create_ring_at(uint32_t size, uint64_t value)
{
	struct mem_fence_location seqno = { .address = ring.memory, .size = size, .value = value };

	cr_assert_eq(hw_fence_context_init(&ring.context, &ring_ops, "ring0", &seqno), 0);
	write_seqno(&ring, value);
}

static void create_ring(void)
{
	create_ring_at(8, 0);
}

static void destroy_ring(void)
{
	hw_fence_context_put(&ring.context);
	cr_expect_eq(ring.releases, 1, "every fence is gone");
	cr_expect_not(ring.interrupt_on);
	cr_expect_eq(ring.times_on, ring.times_off);
}

TestSuite(hw_fence, .timeout = TEST_TIMEOUT, .init = create_ring, .fini = destroy_ring);

static struct dma_fence *submit(void)
{
	struct hw_fence *fence = malloc(sizeof(*fence));

	cr_assert_not_null(fence);
	hw_fence_init(fence, &ring.context, NULL);
	return &fence->base.base;
}

static void submit_several(unsigned int count, struct dma_fence **fences)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		fences[i] = submit();
}

static void put_several(unsigned int count, struct dma_fence **fences)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		dma_fence_put(fences[i]);
}

static bool is_pending(struct dma_fence *fence)
{
	return !dma_fence_is_signaled_locked(fence);
}

Test(hw_fence, row_1_17_fences_have_consecutive_seqnos_of_one_context)
{
	struct dma_fence *fences[2];

	submit_several(2, fences);
	cr_expect_eq(fences[0]->seqno, 1);
	cr_expect_eq(fences[1]->seqno, 2);
	cr_expect_eq(fences[0]->context, fences[1]->context);
	cr_expect(dma_fence_is_later(fences[1], fences[0]));
	cr_expect_str_eq(dma_fence_driver_name(fences[0]), "test-driver");
	cr_expect_str_eq(dma_fence_timeline_name(fences[0]), "ring0");
	put_several(2, fences);
}

Test(hw_fence, row_1_17_process_signals_what_the_ring_has_written_in_order)
{
	struct recorder recorders[4] = { 0 };
	struct dma_fence *fences[4];
	int i;

	submit_several(4, fences);
	for (i = 3; i >= 0; i--)
		cr_expect_eq(dma_fence_add_callback(fences[i], &recorders[i].callback, record), 0);
	cr_expect_eq(hw_fence_context_process(&ring.context), 0);
	write_seqno(&ring, 3);
	cr_expect_eq(hw_fence_context_process(&ring.context), 3);
	for (i = 0; i < 3; i++) {
		cr_expect_eq(recorders[i].calls, 1);
		cr_expect_eq(recorders[i].status, 1);
		cr_expect_eq(recorders[i].order, i + 1);
		cr_expect_eq(dma_fence_timestamp(fences[i]), dma_fence_timestamp(fences[0]));
	}
	cr_expect_eq(recorders[3].calls, 0);
	cr_expect(is_pending(fences[3]));
	cr_expect_eq(hw_fence_context_process(&ring.context), 0);
	put_several(4, fences);
}

static void expect_all_marked(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	record(fence, callback);
	cr_expect_null(ring.context.pending);
}

Test(hw_fence, row_1_17_all_are_marked_before_the_first_callback)
{
	struct recorder recorder = { 0 };
	struct dma_fence *fences[3];

	submit_several(3, fences);
	dma_fence_add_callback(fences[0], &recorder.callback, expect_all_marked);
	write_seqno(&ring, 3);
	cr_expect_eq(hw_fence_context_process(&ring.context), 3);
	cr_expect_eq(recorder.calls, 1);
	put_several(3, fences);
}

Test(hw_fence, row_1_17_a_look_reads_memory_and_signals_those_before_first)
{
	struct recorder recorders[3] = { 0 };
	struct dma_fence *fences[3];
	int i;

	submit_several(3, fences);
	for (i = 0; i < 3; i++)
		dma_fence_add_passive_callback(fences[i], &recorders[i].callback, record);
	cr_expect_not(dma_fence_is_signaled(fences[2]));
	write_seqno(&ring, 2);
	cr_expect_not(dma_fence_is_signaled(fences[2]));
	cr_expect(dma_fence_is_signaled(fences[1]));
	cr_expect_not(is_pending(fences[0]));
	cr_expect_lt(recorders[0].order, recorders[1].order);
	cr_expect_eq(recorders[2].calls, 0);
	cr_expect_eq(ring.times_on, 0);
	put_several(3, fences);
}

Test(hw_fence, row_1_17_a_ring_of_32_bits_may_wrap)
{
	struct dma_fence *fences[3];

	/* Anew, and its first reference is dropped here. */
	hw_fence_context_put(&ring.context);
	ring.releases = 0;
	create_ring_at(4, UINT32_MAX - 1);
	submit_several(3, fences);
	cr_expect_eq(fences[2]->seqno, UINT64_C(0x100000001), "a fence's seqno does not wrap");
	ring.memory[1] = 0xaaaaaaaa;
	write_seqno(&ring, UINT32_MAX);
	cr_expect_eq(hw_fence_context_process(&ring.context), 1);
	write_seqno(&ring, 1);
	cr_expect_eq(hw_fence_context_process(&ring.context), 2);
	put_several(3, fences);
}

Test(hw_fence, row_1_17_a_ring_without_a_place_to_write_is_EINVAL)
{
	struct mem_fence_location invalid[] = {
		{ .address = NULL, .size = 8 },
		{ .address = ring.memory, .size = 2 },
		{ .address = &ring.memory[1], .size = 8 },
	};
	struct hw_fence_context context;
	size_t i;

	for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		cr_expect_eq(hw_fence_context_init(&context, &ring_ops, "ring", &invalid[i]),
			     -EINVAL, "case %zu", i);
}

Test(hw_fence, row_1_9_the_first_waiter_switches_the_interrupt_on_and_the_last_off)
{
	struct recorder recorders[3] = { 0 };
	struct dma_fence *fences[3];

	submit_several(3, fences);
	cr_expect_eq(ring.times_on, 0);
	dma_fence_add_callback(fences[0], &recorders[0].callback, record);
	cr_expect(ring.interrupt_on);
	dma_fence_add_callback(fences[2], &recorders[2].callback, record);
	write_seqno(&ring, 2);
	hw_fence_context_process(&ring.context);
	cr_expect(ring.interrupt_on, "somebody waits for the last");
	write_seqno(&ring, 3);
	hw_fence_context_process(&ring.context);
	cr_expect_not(ring.interrupt_on);
	cr_expect_eq(ring.times_on, 1);
	cr_expect_eq(ring.times_off, 1);
	put_several(3, fences);
}

Test(hw_fence, row_1_9_no_interrupt_is_wanted_where_nobody_waits)
{
	struct recorder recorder = { 0 };
	struct dma_fence *fences[3];

	submit_several(3, fences);
	dma_fence_add_passive_callback(fences[0], &recorder.callback, record);
	cr_expect_not(dma_fence_is_signaled(fences[2]));
	write_seqno(&ring, 3);
	cr_expect(dma_fence_is_signaled(fences[2]));
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(ring.times_on, 0);
	put_several(3, fences);
}

Test(hw_fence, row_1_9_a_waiter_who_finds_it_done_needs_no_interrupt)
{
	struct recorder recorder = { 0 };
	struct dma_fence *fence = submit();

	write_seqno(&ring, 1);
	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), -ENOENT);
	cr_expect_eq(ring.times_on, 0);
	cr_expect_not(is_pending(fence));
	dma_fence_put(fence);
}

Test(hw_fence, row_1_9_a_write_just_before_the_interrupt_is_on_is_not_missed)
{
	struct recorder recorder = { 0 };
	struct dma_fence *fence = submit();

	ring.writes_as_it_is_switched_on = 1;
	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), -ENOENT);
	cr_expect_eq(ring.times_on, 1);
	cr_expect_not(ring.interrupt_on);
	cr_expect_not(is_pending(fence));
	dma_fence_put(fence);
}

/* The last of three is waited for where the ring has done them all: those before it come first. */
static void expect_all_signaled_in_order(struct dma_fence **fences, struct recorder *recorders)
{
	int i;

	for (i = 0; i < 3; i++) {
		cr_expect_not(is_pending(fences[i]), "fence %d", i);
		cr_expect_eq(recorders[i].calls, 1, "fence %d", i);
		cr_expect_eq(dma_fence_timestamp(fences[i]), dma_fence_timestamp(fences[0]));
	}
	cr_expect_lt(recorders[0].order, recorders[1].order);
	cr_expect_lt(recorders[1].order, recorders[2].order);
	cr_expect_null(ring.context.pending);
	cr_expect_not(ring.interrupt_on);
}

static void submit_with_passive_callbacks(struct dma_fence **fences, struct recorder *recorders)
{
	int i;

	submit_several(3, fences);
	for (i = 0; i < 3; i++)
		dma_fence_add_passive_callback(fences[i], &recorders[i].callback, record);
}

Test(hw_fence, row_1_17_a_waiter_who_finds_it_done_signals_those_before_first)
{
	struct recorder recorders[3] = { 0 }, refused = { 0 };
	struct dma_fence *fences[3];

	submit_with_passive_callbacks(fences, recorders);
	write_seqno(&ring, 3);
	cr_expect_eq(dma_fence_add_callback(fences[2], &refused.callback, record), -ENOENT);
	expect_all_signaled_in_order(fences, recorders);
	cr_expect_eq(ring.times_on, 0);
	cr_expect_eq(refused.calls, 0);
	put_several(3, fences);
}

Test(hw_fence, row_1_17_so_does_one_who_finds_it_done_as_the_interrupt_is_on)
{
	struct recorder recorders[3] = { 0 };
	struct dma_fence *fences[3];

	submit_with_passive_callbacks(fences, recorders);
	ring.writes_as_it_is_switched_on = 3;
	dma_fence_enable_sw_signaling(fences[2]);
	expect_all_signaled_in_order(fences, recorders);
	cr_expect_eq(ring.times_on, 1);
	put_several(3, fences);
}

static struct dma_fence *to_wait_for;
static struct recorder waiter;

static void record_with_lock(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	cr_expect_eq(pthread_mutex_trylock(fence->lock), EBUSY, "called with the lock held");
	record(fence, callback);
}

static void wait_for_another(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	write_seqno(&ring, 3);
	cr_expect_eq(dma_fence_add_callback(to_wait_for, &waiter.callback, record), -ENOENT);
	record_with_lock(fence, callback);
}

Test(hw_fence, row_1_17_so_does_one_who_waits_from_a_callback_with_the_lock_held)
{
	struct recorder recorders[3] = { 0 }, waiting = { 0 };
	struct dma_fence *fences[3], *first = submit();

	submit_several(2, fences);
	to_wait_for = fences[1];
	dma_fence_add_passive_callback(first, &waiting.callback, wait_for_another);
	dma_fence_add_passive_callback(fences[0], &recorders[0].callback, record_with_lock);
	dma_fence_add_passive_callback(fences[1], &recorders[1].callback, record_with_lock);
	pthread_mutex_lock(&ring.context.lock);
	dma_fence_signal_locked(first);
	pthread_mutex_unlock(&ring.context.lock);
	cr_expect_eq(waiting.calls, 1);
	cr_expect_eq(waiter.calls, 0);
	cr_expect_eq(recorders[0].calls, 1);
	cr_expect_eq(recorders[1].calls, 1);
	cr_expect_lt(recorders[0].order, recorders[1].order);
	cr_expect_not(is_pending(fences[0]));
	dma_fence_put(first);
	put_several(2, fences);
}

static void put_it(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	record(fence, callback);
	dma_fence_put(fence);
}

Test(hw_fence, row_1_17_one_before_may_lose_its_last_reference_meanwhile)
{
	struct recorder dropped = { 0 }, refused = { 0 };
	struct dma_fence *fences[2];

	submit_several(2, fences);
	dma_fence_add_passive_callback(fences[0], &dropped.callback, put_it);
	write_seqno(&ring, 2);
	cr_expect_eq(dma_fence_add_callback(fences[1], &refused.callback, record), -ENOENT);
	cr_expect_eq(dropped.calls, 1);
	dma_fence_put(fences[1]);
}

Test(hw_fence, row_1_9_a_fence_that_is_dropped_needs_no_interrupt)
{
	struct recorder recorder = { 0 };
	struct dma_fence *fence = submit();

	dma_fence_add_callback(fence, &recorder.callback, record);
	cr_expect(ring.interrupt_on);
	dma_fence_remove_callback(fence, &recorder.callback);
	dma_fence_put(fence);
	cr_expect_not(ring.interrupt_on);
	cr_expect_null(ring.context.pending);
}

Test(hw_fence, row_1_7_a_peer_that_polls_memory_needs_no_signal)
{
	struct dma_fence *fences[2];
	struct mem_fence_location location;

	submit_several(2, fences);
	cr_expect_eq(mem_fence_location(fences[0], &location), 0);
	cr_expect_eq(location.address, ring.memory);
	cr_expect_eq(location.size, 8);
	cr_expect_eq(location.value, fences[0]->seqno);
	cr_expect_not(mem_fence_reached(location.address, location.size, location.value));
	write_seqno(&ring, 1);
	cr_expect(mem_fence_reached(location.address, location.size, location.value));
	cr_expect(is_pending(fences[0]), "nobody has signaled it");
	cr_expect_eq(ring.times_on, 0);
	put_several(2, fences);
}

static void *run_ring(void *argument)
{
	sleep_ns(20 * NSEC_PER_MSEC);
	write_seqno(&ring, 1);
	pthread_mutex_lock(&ring.context.lock);
	cr_expect(ring.interrupt_on);
	pthread_mutex_unlock(&ring.context.lock);
	hw_fence_context_process(&ring.context);
	return NULL;
}

Test(hw_fence, row_1_7_a_waiter_that_does_not_know_rings_falls_back_to_a_callback)
{
	struct dma_fence *fences[] = { submit(), fence_create() };
	unsigned int index = 7;
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, run_ring, NULL), 0);
	cr_expect_gt(dma_fence_wait_any_timeout(fences, 2, false, PATIENCE_NS, &index), 0);
	cr_expect_eq(index, 0);
	pthread_join(thread, NULL);
	put_several(2, fences);
	expect_no_fence_left();
}

Test(hw_fence, row_1_14_memory_waiters_spare_the_signaler_and_one_other_does_not)
{
	struct recorder passive = { 0 }, active = { 0 };
	struct dma_fence *fence = submit();

	dma_fence_add_passive_callback(fence, &passive.callback, record);
	cr_expect_not(ring.interrupt_on);
	dma_fence_add_callback(fence, &active.callback, record);
	cr_expect(ring.interrupt_on);
	write_seqno(&ring, 1);
	hw_fence_context_process(&ring.context);
	cr_expect_eq(passive.calls, 1);
	cr_expect_eq(active.calls, 1);
	dma_fence_put(fence);
}

Test(hw_fence, cancel_signals_all_with_the_error)
{
	struct recorder recorders[3] = { 0 };
	struct dma_fence *fences[3];
	int i;

	submit_several(3, fences);
	for (i = 0; i < 3; i++)
		dma_fence_add_callback(fences[i], &recorders[i].callback, record);
	write_seqno(&ring, 1);
	hw_fence_context_process(&ring.context);
	cr_expect_eq(hw_fence_context_cancel(&ring.context, -EIO), 2);
	cr_expect_eq(recorders[0].status, 1);
	cr_expect_eq(recorders[1].status, -EIO);
	cr_expect_eq(recorders[2].status, -EIO);
	cr_expect_not(ring.interrupt_on);
	put_several(3, fences);
}

Test(hw_fence, signaled_by_itself_is_not_signaled_again)
{
	struct recorder recorder = { 0 };
	struct dma_fence *fences[2];

	submit_several(2, fences);
	dma_fence_add_callback(fences[1], &recorder.callback, record);
	dma_fence_set_error(fences[1], -EIO);
	dma_fence_signal(fences[1]);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_not(dma_fence_is_signaled(fences[0]));
	write_seqno(&ring, 2);
	cr_expect_eq(hw_fence_context_process(&ring.context), 1);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(dma_fence_get_status(fences[1]), -EIO);
	cr_expect_not(ring.interrupt_on);
	put_several(2, fences);
}

Test(hw_fence, keeps_its_context)
{
	struct dma_fence *fence;

	hw_fence_context_get(&ring.context);
	fence = submit();
	hw_fence_context_put(&ring.context);
	hw_fence_context_put(&ring.context);
	cr_expect_eq(ring.releases, 0);
	write_seqno(&ring, 1);
	cr_expect(dma_fence_is_signaled(fence));
	dma_fence_put(fence);
	cr_expect_eq(ring.releases, 1);

	ring.releases = 0;
	create_ring();
}

static void submit_another(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct dma_fence *another = submit();

	record(fence, callback);
	write_seqno(&ring, another->seqno);
	cr_expect(dma_fence_is_signaled(another));
	dma_fence_put(another);
}

Test(hw_fence, a_callback_may_submit_look_and_drop_with_the_lock_held_or_not)
{
	struct recorder recorders[2] = { 0 };
	struct dma_fence *fences[2];
	int i;

	submit_several(2, fences);
	for (i = 0; i < 2; i++)
		dma_fence_add_callback(fences[i], &recorders[i].callback, submit_another);
	write_seqno(&ring, 1);
	hw_fence_context_process(&ring.context);
	pthread_mutex_lock(&ring.context.lock);
	dma_fence_signal_locked(fences[1]);
	pthread_mutex_unlock(&ring.context.lock);
	cr_expect_eq(recorders[0].calls, 1);
	cr_expect_eq(recorders[1].calls, 1);
	put_several(2, fences);
}

/* ---- a driver with ops of its own ---- */

static int own_releases;

static void own_release(struct dma_fence *fence)
{
	own_releases++;
	hw_fence_release(fence);
}

static const char *own_name(struct dma_fence *fence)
{
	return "own";
}

static const struct dma_fence_ops own_ops = {
	.get_driver_name = own_name,
	.get_timeline_name = hw_fence_timeline_name,
	.enable_signaling = hw_fence_enable_signaling,
	.signaled = hw_fence_signaled,
	.release = own_release,
};

Test(hw_fence, row_1_7_a_driver_may_bring_ops_of_its_own)
{
	struct hw_fence *fence = malloc(sizeof(*fence));
	struct recorder recorder = { 0 };

	hw_fence_init(fence, &ring.context, &own_ops);
	cr_expect_str_eq(dma_fence_driver_name(&fence->base.base), "own");
	cr_expect_str_eq(dma_fence_timeline_name(&fence->base.base), "ring0");
	dma_fence_add_callback(&fence->base.base, &recorder.callback, record);
	write_seqno(&ring, 1);
	hw_fence_context_process(&ring.context);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(&fence->base.base);
	cr_expect_eq(own_releases, 1);
}

/* Quadratic time would exceed the limit by far. */
Test(hw_fence, row_1_17_takes_many_fences_in_a_time_that_is_not_quadratic, .timeout = 60)
{
	enum { FENCES = 400000 };
	static struct dma_fence *fences[FENCES];

	submit_several(FENCES, fences);
	write_seqno(&ring, FENCES);
	cr_expect_eq(hw_fence_context_process(&ring.context), FENCES);
	put_several(FENCES, fences);
}
