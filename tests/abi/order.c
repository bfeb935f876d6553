/* SPDX-License-Identifier: MIT */
/* order.c - what others see of a signal, and in which order, while fences come and go. Raw ioctls.
 */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "buffer_suite.h"
#include "process.h"

#define ROUNDS 300

BUFFER_SUITE(order);

Test(order, row_1_13_signaled_state_is_seen_in_memory_without_a_request)
{
	uint32_t fence = new_fence(device);

	expect(raw_seqno_write(device, fence, buffer, 0, 1, 8), 0);
	expect(__atomic_load_n(memory, __ATOMIC_ACQUIRE), 0);
	expect(raw_signal(device, fence, 0), 0);
	while (!__atomic_load_n(memory, __ATOMIC_ACQUIRE))
		;
	expect(*memory, 1);
}

Test(order, row_1_13_look_does_not_wait_for_who_has_locked_the_buffer)
{
	int holder = open_device();
	uint32_t fence = new_fence(device), ticket;

	expect(raw_attach(device, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	ticket = new_ticket(holder, &buffer, 1);
	expect(status_of(device, fence), 0);
	expect(pending(buffer, DMA_FENCE_USAGE_BOOKKEEP, NULL), 1);
	expect(raw_signal(device, fence, 0), 0);
	expect(status_of(device, fence), 1);
	expect(pending(buffer, DMA_FENCE_USAGE_BOOKKEEP, NULL), 0);
	expect(raw_resv_unlock(holder, ticket, 0), 0);
	must(close(holder));
}

/*
 * A write by the signal of a fence takes no lock, and may race with a locker: its mapping was made
 * when it asked, and holds whatever the lock does.
 */
Test(order, row_3_6_write_that_was_asked_for_is_made_while_another_has_the_lock)
{
	int holder = open_device();
	uint32_t before = new_fence(device), meanwhile = new_fence(device), ticket;

	expect(raw_seqno_write(device, before, buffer, 0, 1, 8), 0);
	ticket = new_ticket(holder, &buffer, 1);
	expect(raw_signal(device, before, 0), 0);
	expect(*memory, 1);
	expect(raw_seqno_write(device, meanwhile, buffer, 0, 2, 8), 0);
	expect(raw_signal(device, meanwhile, 0), 0);
	expect(*memory, 2);
	expect(raw_resv_unlock(holder, ticket, 0), 0);
	must(close(holder));
}

Test(order, row_3_6_mapping_is_kept_when_the_descriptor_goes)
{
	uint32_t fence = new_fence(device);
	int other = must(fcntl(buffer, F_DUPFD_CLOEXEC, 0));

	expect(raw_seqno_write(device, fence, other, 0, 3, 8), 0);
	must(close(other));
	expect(raw_signal(device, fence, 0), 0);
	expect(*memory, 3);
}

Test(order, row_1_16_fence_is_off_its_buffer_when_its_event_comes)
{
	struct dma_fence_event record;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		uint32_t fence = new_fence(device), event;

		expect(raw_attach(device, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
		expect(raw_event_add(device, fence, -1, 0, &event), 0);
		expect(pending(buffer, DMA_FENCE_USAGE_BOOKKEEP, NULL), 1);
		expect(raw_signal(device, fence, 0), 0);
		expect(raw_read_events(device, &record, 1), 1);
		expect(pending(buffer, DMA_FENCE_USAGE_BOOKKEEP, NULL), 0);
		expect(raw_close(device, fence), 0);
	}
}

/* Sleeps on an eventfd, and reads the buffer as soon as it wakes. */
struct listener {
	struct thread thread;
	int eventfd;
	uint32_t seen;
};

static void look_when_told(void *argument)
{
	struct listener *listener = argument;
	uint64_t told;

	expect(read(listener->eventfd, &told, sizeof(told)), sizeof(told));
	listener->seen = pending(buffer, DMA_FENCE_USAGE_BOOKKEEP, NULL);
}

Test(order, row_1_16_fence_is_off_its_buffer_when_its_eventfd_is_written)
{
	struct listener listener = { .eventfd = must(eventfd(0, EFD_CLOEXEC)) };
	int i;

	for (i = 0; i < 20; i++) {
		uint32_t fence = new_fence(device), event;

		expect(raw_attach(device, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
		expect(raw_event_add(device, fence, listener.eventfd, 0, &event), 0);
		thread_start(&listener.thread, look_when_told, &listener);
		expect(raw_signal(device, fence, 0), 0);
		thread_join(&listener.thread);
		expect(listener.seen, 0);
		expect(raw_close(device, fence), 0);
	}
	must(close(listener.eventfd));
}

/* What the signaler wrote to the page before, for each round. */
static void write_and_signal(void *argument)
{
	uint32_t timeline = *(uint32_t *)argument;
	uint64_t i;

	for (i = 1; i <= ROUNDS; i++) {
		memory[64] = i;
		expect(raw_advance(device, timeline, i), 0);
	}
}

Test(order, row_4_8_who_sees_the_number_sees_what_was_written_before_the_signal)
{
	uint32_t timeline = new_timeline(device, 0);
	struct thread writer;
	uint64_t i, seen = 0;

	for (i = 1; i <= ROUNDS; i++)
		expect(raw_seqno_write(device, new_point(device, timeline), buffer, 0, i, 8), 0);
	thread_start(&writer, write_and_signal, &timeline);
	while (seen < ROUNDS) {
		seen = __atomic_load_n(memory, __ATOMIC_ACQUIRE);
		check(__atomic_load_n(&memory[64], __ATOMIC_RELAXED) >= seen);
	}
	thread_join(&writer);
}

static void replace_and_drop(void *argument)
{
	uint32_t timeline = new_timeline(device, 0), i;

	for (i = 1; i <= ROUNDS; i++) {
		uint32_t point = new_point(device, timeline);

		expect(raw_attach(device, buffer, point, DMA_FENCE_USAGE_WRITE), 0);
		expect(raw_close(device, point), 0);
		expect(raw_advance(device, timeline, i), 0);
	}
	*(_Atomic bool *)argument = true;
}

Test(order, row_4_8_latest_fence_is_looked_up_while_others_replace_and_drop_it)
{
	_Atomic bool over = false;
	struct thread other;
	uint32_t latest, count;

	thread_start(&other, replace_and_drop, &over);
	while (!over) {
		int status;

		expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE,
					 DMA_FENCE_BUFFER_LATEST, &latest, &count),
		       0);
		/* Active, or signaled in the meantime: nothing else can have become of it. */
		status = status_of(device, latest);
		check(status == 0 || status == 1);
		expect(raw_close(device, latest), 0);
	}
	thread_join(&other);
	expect(pending(buffer, DMA_FENCE_USAGE_BOOKKEEP, NULL), 0);
}
