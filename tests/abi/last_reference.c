/* SPDX-License-Identifier: MIT */
/*
 * last_reference.c - asking for the state of a fence may signal it and others, and so drop the last
 * reference to the buffer, or end the wait, that is being gone through. Memory fences do that: a
 * plain store reaches them, and the next poll of their state finds out. Raw ioctls.
 */
#include <unistd.h>

#include "buffer_suite.h"
#include "process.h"
#include "syncobj.h"

/* Of one buffer; each is attached to it, so that nothing but the fences holds it. */
#define FENCES 500

/* So many that what the buffer's reservation had is unmapped when it is freed. */
#define MANY_FENCES 2000

/* Rounds of a race: the test or the device may load the word first. */
#define ROUNDS 50

BUFFER_SUITE(last_reference);

/* They have no software waiter, so only the test queries them. */
static void attach_memory_fences(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		uint32_t fence = new_mem_fence(device, buffer, 0, 1, 8);

		expect(raw_attach_for_memory_waiters(device, buffer, fence, DMA_FENCE_USAGE_WRITE),
		       0);
		expect(raw_close(device, fence), 0);
	}
	eventually(attachments, count);
}

static void expect_nothing_pending(uint32_t flags)
{
	uint32_t handle, count = 77;

	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_BOOKKEEP, flags, &handle, &count),
	       0);
	expect(count, 0);
	expect(status_of(device, handle), 1);
	eventually(attachments, 0);
	eventually(buffers, 0);
}

Test(last_reference, latest_fence_of_a_buffer_is_asked_for_when_all_are_reached)
{
	attach_memory_fences(MANY_FENCES);
	store64(0, 1);
	expect_nothing_pending(DMA_FENCE_BUFFER_LATEST);
}

/* As above, but that the memory allocator hands the same piece out again and again. */
Test(last_reference, latest_fence_of_many_buffers_is_asked_for_when_it_is_reached)
{
	for (int i = 0; i < MANY_FENCES; i++) {
		uint32_t fence = new_mem_fence(device, buffer, 0, 1, 8);

		expect(raw_attach(device, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
		store64(0, 1);
		expect_nothing_pending(DMA_FENCE_BUFFER_LATEST);
		store64(0, 0);
		expect(raw_close(device, fence), 0);
	}
}

Test(last_reference, fences_of_a_buffer_are_asked_for_when_all_are_reached)
{
	attach_memory_fences(FENCES);
	store64(0, 1);
	expect_nothing_pending(0);
}

Test(last_reference, buffer_is_waited_for_when_all_its_fences_are_reached)
{
	struct dma_fence_buffer_wait wait;

	attach_memory_fences(FENCES);
	store64(0, 1);
	expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_BOOKKEEP, 0, &wait), 0);
	expect(wait.count, 0);
	eventually(buffers, 0);
}

Test(last_reference, buffer_is_kicked_when_all_its_fences_are_reached)
{
	uint32_t fence, signaled;

	attach_memory_fences(FENCES);
	fence = new_mem_fence(device, buffer, 0, 1, 8);
	store64(0, 1);
	expect(raw_mem_fence_kick(device, fence, &signaled), 0);
	expect(signaled, FENCES + 1);
	eventually(buffers, 0);
}

struct any_waiter {
	struct thread thread;
	uint32_t handles[2];
	int result;
};

static void wait_for_any(void *argument)
{
	struct any_waiter *waiter = argument;
	uint32_t first;

	waiter->result = raw_syncobj_wait(device, waiter->handles, 2, SUBMIT, INT64_MAX, &first);
}

/*
 * One memory fence is waited for already, and one that is reached by the same store is submitted:
 * to ask for the second ends the wait by the first.
 */
static void submit_a_reached_fence(void)
{
	uint32_t waited = new_mem_fence(device, buffer, 0, 1, 8);
	uint32_t submitted = new_mem_fence(device, buffer, 0, 1, 8);
	int waited_file = new_sync_file(device, waited);
	int submitted_file = new_sync_file(device, submitted);
	struct any_waiter waiter = {
		.handles = { new_syncobj(device, 0), new_syncobj(device, 0) },
	};

	expect(raw_import_sync_file(device, waiter.handles[0], waited_file), 0);
	thread_start(&waiter.thread, wait_for_any, &waiter);
	eventually(waits, 1);
	store64(0, 1);
	expect(raw_import_sync_file(device, waiter.handles[1], submitted_file), 0);
	thread_join(&waiter.thread);
	expect(waiter.result, 0);
	for (int i = 0; i < 2; i++)
		expect(raw_destroy(device, waiter.handles[i]), 0);
	must(close(waited_file));
	must(close(submitted_file));
	expect(raw_close(device, waited), 0);
	expect(raw_close(device, submitted), 0);
	store64(0, 0);
}

Test(last_reference, wait_for_any_syncobj_ends_while_a_fence_is_submitted_to_it)
{
	for (int i = 0; i < ROUNDS; i++)
		submit_a_reached_fence();
}
