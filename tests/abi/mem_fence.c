/* SPDX-License-Identifier: MIT */
/*
 * mem_fence.c - MEM_FENCE: fences that memory signals, by a plain store of any program. Raw ioctls.
 * Waits on the memory itself are in library_mem_fence.c, memory that goes away in
 * bad_mem_fence.c.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "buffer_suite.h"
#include "process.h"

BUFFER_SUITE(mem_fence);

Test(mem_fence, row_1_8_plain_store_signals_it)
{
	uint32_t fence = new_mem_fence(device, buffer, 64, 5, 8);
	struct dma_fence_query query;

	eventually(mem_fences, 1);
	expect(status_of(device, fence), 0);
	store64(64, 4);
	expect(status_of(device, fence), 0);
	store64(64, 5);
	expect(raw_query(device, fence, &query), 0);
	expect(query.status, 1);
	check(query.timestamp_ns > 0);
	eventually(buffers, 0);
}

Test(mem_fence, row_1_8_it_latches)
{
	uint32_t fence = new_mem_fence(device, buffer, 0, 5, 8);

	store64(0, 5);
	expect(status_of(device, fence), 1);
	store64(0, 0);
	expect(status_of(device, fence), 1);
}

Test(mem_fence, row_1_8_value_beyond_is_reached_too)
{
	uint32_t fence = new_mem_fence(device, buffer, 0, 5, 4);

	store32(0, 1000);
	expect(status_of(device, fence), 1);
}

Test(mem_fence, row_1_8_comparison_goes_across_the_wrap)
{
	uint32_t small, large;

	store32(0, 0xfffffff0);
	store64(8, UINT64_MAX - 1);
	small = new_mem_fence(device, buffer, 0, 5, 4);
	large = new_mem_fence(device, buffer, 8, 1, 8);
	expect(status_of(device, small), 0);
	expect(status_of(device, large), 0);
	store32(0, 4);
	store64(8, 0);
	expect(status_of(device, small), 0);
	expect(status_of(device, large), 0);
	store32(0, 5);
	store64(8, 1);
	expect(status_of(device, small), 1);
	expect(status_of(device, large), 1);
}

Test(mem_fence, of_four_bytes_nothing_else_is_looked_at)
{
	uint32_t fence;

	store32(4, 0x7fffffff);
	fence = new_mem_fence(device, buffer, 0, 5, 4);
	expect(status_of(device, fence), 0);
	/* The upper half of the value means nothing. */
	expect(status_of(device, new_mem_fence(device, buffer, 4, 0x100000005, 4)), 1);
	store32(0, 5);
	expect(status_of(device, fence), 1);
}

Test(mem_fence, reached_already_is_signaled_at_birth)
{
	uint32_t fence, event;

	store64(0, 9);
	fence = new_mem_fence(device, buffer, 0, 9, 8);
	store64(0, 0);
	expect(status_of(device, fence), 1);
	expect(raw_wait(device, fence, DMA_FENCE_WAIT_FOREVER), 0);
	expect(raw_event_add(device, fence, -1, 0, &event), -ENOENT);
	eventually(buffers, 0);
}

Test(mem_fence, row_1_7_waiter_hears_of_a_plain_store)
{
	uint32_t fence = new_mem_fence(device, buffer, 0, 5, 8);
	struct waiter waiter;

	waiter_start(&waiter, device, fence, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	sleep_ms(20);
	eventually(waits, 1);
	store64(0, 5);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, 1);
}

Test(mem_fence, row_1_7_every_way_to_wait_falls_back_to_a_callback)
{
	uint32_t fence = new_mem_fence(device, buffer, 0, 5, 8), event;
	int sync_file = new_sync_file(device, fence), other = new_buffer(4096);
	int eventfd_of_ours = must(eventfd(0, EFD_CLOEXEC));
	uint64_t *written = map_buffer(other, 4096), counter;
	struct dma_fence_event record;

	need_feature(DMA_FENCE_FEATURE_EVENTFD, "the system has no asynchronous I/O contexts left");
	expect(raw_event_add(device, fence, -1, 7, &event), 0);
	expect(raw_event_add(device, fence, eventfd_of_ours, 0, &event), 0);
	expect(raw_seqno_write(device, fence, other, 0, 3, 8), 0);
	expect(poll_for(sync_file, 5), 0);
	store64(0, 5);
	expect(raw_read_events(device, &record, 1), 1);
	expect(record.user_data, 7);
	expect(read(eventfd_of_ours, &counter, sizeof(counter)), sizeof(counter));
	expect(poll_for(sync_file, PATIENCE_MS), POLLIN);
	eventually(seqno_writes, 0);
	expect(*written, 3);
	must(munmap(written, 4096));
	must(close(other));
	must(close(eventfd_of_ours));
	must(close(sync_file));
}

Test(mem_fence, row_1_7_waiter_for_a_merge_hears_of_it)
{
	uint32_t fence = new_mem_fence(device, buffer, 0, 5, 8), plain = new_fence(device);
	struct waiter waiter;

	waiter_start(&waiter, device, new_merge(device, fence, plain, 0), DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	store64(0, 5);
	expect(raw_signal(device, plain, 0), 0);
	waiter_join(&waiter);
	expect(waiter.status, 1);
}

Test(mem_fence, futex_wake_wakes_the_device_that_sleeps_there)
{
	uint32_t fence = new_mem_fence(device, buffer, 0, 5, 8);
	int64_t end = in_ms(PATIENCE_MS);
	struct waiter waiter;
	int i;

	waiter_start(&waiter, device, fence, DMA_FENCE_WAIT_FOREVER);
	/* Woken without the value, it sleeps again. */
	for (i = 0; i < 10; i++) {
		while (!wake(0, 1)) {
			check(now_ns() < end);
			sleep_ms(1);
		}
	}
	eventually(waits, 1);
	store64(0, 5);
	wake(0, 1);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, 1);
}

Test(mem_fence, row_1_7_read_only_descriptor_is_enough)
{
	uint32_t fence;
	int fd;
	struct waiter waiter;

	fd = reopen(buffer, O_RDONLY);
	fence = new_mem_fence(device, fd, 0, 5, 8);
	must(close(fd));
	waiter_start(&waiter, device, fence, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	store64(0, 5);
	wake(0, 1);
	waiter_join(&waiter);
	expect(waiter.status, 1);
}

Test(mem_fence, buffer_may_be_closed_meanwhile)
{
	int mine = new_buffer(4096);
	uint64_t *mapped = map_buffer(mine, 4096);
	uint32_t fence = new_mem_fence(device, mine, 8, 5, 8);

	must(close(mine));
	eventually(buffers, 1);
	mapped[1] = 5;
	expect(status_of(device, fence), 1);
	eventually(buffers, 0);
	must(munmap(mapped, 4096));
}

Test(mem_fence, it_cannot_be_signaled_by_hand)
{
	uint32_t fence = new_mem_fence(device, buffer, 0, 5, 8);

	expect(raw_signal(device, fence, 0), -EPERM);
	expect(status_of(device, fence), 0);
}

Test(mem_fence, closing_the_handle_does_not_cancel)
{
	uint32_t fence = new_mem_fence(device, buffer, 0, 5, 8);
	int other = open_device(), sync_file = new_sync_file(device, fence);
	uint32_t imported = import(other, sync_file);

	expect(raw_close(device, fence), 0);
	must(close(device));
	device = -1;
	expect(status_of(other, imported), 0);
	store64(0, 5);
	expect(status_of(other, imported), 1);
	must(close(sync_file));
	must(close(other));
}

Test(mem_fence, one_that_nobody_refers_to_is_gone)
{
	expect(raw_close(device, new_mem_fence(device, buffer, 0, 5, 8)), 0);
	eventually(mem_fences, 0);
	eventually(buffers, 0);
}

Test(mem_fence, timeout_at_the_end_of_the_clock_does_not_end_it_at_once)
{
	uint32_t accepted = 0;

	/* Time passes between the check of the request and its effect. */
	for (int64_t us = 0; us < 400; us += 2) {
		struct dma_fence_mem_fence fence = {
			.fd = buffer,
			.value = 5,
			.size = 8,
			.timeout_ns = (uint64_t)(INT64_MAX - now_ns() - us * 1000),
		};

		if (raw_ioctl(device, DMA_FENCE_IOC_MEM_FENCE, &fence))
			continue;
		accepted++;
		sleep_ms(1);
		expect(status_of(device, fence.handle), 0);
		expect(raw_close(device, fence.handle), 0);
	}
	check(accepted > 0);
}

Test(mem_fence, row_5_4_timeout_ends_it)
{
	struct dma_fence_mem_fence short_one = {
		.fd = buffer,
		.value = 5,
		.timeout_ns = 20 * NSEC_PER_MSEC,
		.size = 8,
	};

	expect(raw_ioctl(device, DMA_FENCE_IOC_MEM_FENCE, &short_one), 0);
	expect(raw_wait(device, short_one.handle, DMA_FENCE_WAIT_FOREVER), 0);
	expect(status_of(device, short_one.handle), -ETIMEDOUT);
	store64(0, 5);
	expect(status_of(device, short_one.handle), -ETIMEDOUT);
	/* Nothing else ends it if the writer of the memory is dead. */
	short_one.timeout_ns = DMA_FENCE_TIMEOUT_NEVER;
	expect(raw_ioctl(device, DMA_FENCE_IOC_MEM_FENCE, &short_one), -EINVAL);
}

Test(mem_fence, row_5_1_it_has_a_context_of_its_own_a_name_and_a_time)
{
	struct dma_fence_mem_fence argument = {
		.fd = buffer,
		.value = 5,
		.size = 8,
		.name = "ring",
	};
	struct dma_fence_query query, other;
	int64_t before;

	expect(raw_ioctl(device, DMA_FENCE_IOC_MEM_FENCE, &argument), 0);
	expect(raw_query(device, argument.handle, &query), 0);
	expect(query.context, argument.context);
	expect(query.seqno, argument.seqno);
	expect(query.timestamp_ns, 0);
	check(!strcmp(query.timeline_name, "ring"));
	check(query.driver_name[0]);
	expect(raw_query(device, new_mem_fence(device, buffer, 0, 5, 8), &other), 0);
	check(other.context != query.context);
	before = now_ns();
	store64(0, 5);
	expect(raw_query(device, argument.handle, &query), 0);
	check(query.timestamp_ns >= before && query.timestamp_ns <= now_ns());
}

Test(mem_fence, row_5_3_deadline_hint_is_kept)
{
	uint32_t fence = new_mem_fence(device, buffer, 0, 5, 8);
	struct dma_fence_query query;

	expect(raw_set_deadline(device, new_merge(device, fence, new_fence(device), 0), 2000), 0);
	expect(raw_set_deadline(device, fence, 3000), 0);
	expect(raw_query(device, fence, &query), 0);
	expect(query.deadline_ns, 2000);
}

Test(mem_fence, row_1_8_location_is_told_through_any_handle)
{
	uint32_t fence = new_mem_fence(device, buffer, 4096 + 8, 0x123456789, 8);
	int other = open_device(), sync_file = new_sync_file(device, fence);
	struct dma_fence_mem_fence_location location;
	struct stat stat;

	must(fstat(buffer, &stat));
	expect(raw_mem_fence_location(other, import(other, sync_file), &location), 0);
	expect(location.offset, 4096 + 8);
	expect(location.value, 0x123456789);
	expect(location.size, 8);
	expect(location.inode, stat.st_ino);
	expect(location.device_major, major(stat.st_dev));
	expect(location.device_minor, minor(stat.st_dev));
	/* After the signal, too. */
	store64(4096 + 8, 0x123456789);
	expect(status_of(device, fence), 1);
	expect(raw_mem_fence_location(device, fence, &location), 0);
	expect(location.inode, stat.st_ino);
	must(close(sync_file));
	must(close(other));
}

Test(mem_fence, location_of_another_kind_of_fence_is_einval)
{
	uint32_t fence = new_mem_fence(device, buffer, 0, 5, 8), plain = new_fence(device),
		 signaled;
	struct dma_fence_mem_fence_location location;

	expect(raw_mem_fence_location(device, plain, &location), -EINVAL);
	expect(raw_mem_fence_location(device, new_merge(device, fence, plain, 0), &location),
	       -EINVAL);
	expect(raw_mem_fence_kick(device, plain, &signaled), -EINVAL);
}

Test(mem_fence, row_1_8_kick_signals_all_of_the_buffer_that_are_reached)
{
	uint32_t first = new_mem_fence(device, buffer, 0, 1, 8), signaled;
	uint32_t second = new_mem_fence(device, buffer, 8, 1, 8), event;
	int other = new_buffer(4096);
	struct dma_fence_event records[4];

	new_mem_fence(device, other, 0, 1, 8);
	expect(raw_event_add(device, first, -1, 1, &event), 0);
	expect(raw_mem_fence_kick(device, first, &signaled), 0);
	expect(signaled, 0);
	store64(8, 1);
	expect(raw_mem_fence_kick(device, first, &signaled), 0);
	expect(signaled, 1);
	expect(status_of(device, second), 1);
	/* That one is signaled, and knows the buffer all the same. */
	store64(0, 1);
	expect(raw_mem_fence_kick(device, second, &signaled), 0);
	check(signaled <= 1);
	expect(raw_read_events(device, records, 4), 1);
	expect(raw_mem_fence_kick(device, second, &signaled), 0);
	expect(signaled, 0);
	must(close(other));
}

#define RING 64

Test(mem_fence, row_1_17_store_of_a_ring_signals_all_that_it_has_reached_in_order)
{
	struct dma_fence_event records[RING];
	uint32_t fences[RING], event, signaled;
	uint64_t i;

	for (i = 0; i < RING; i++)
		fences[i] = new_mem_fence(device, buffer, 0, i + 1, 4);
	/* They are waited for in another order than they were made. */
	for (i = RING; i-- > 0;)
		expect(raw_event_add(device, fences[i], -1, i, &event), 0);
	store32(0, RING / 2);
	expect(raw_mem_fence_kick(device, fences[0], &signaled), 0);
	expect(raw_read_events(device, records, RING), RING / 2);
	for (i = 0; i < RING / 2; i++)
		expect(records[i].user_data, i);
	expect(status_of(device, fences[RING / 2]), 0);
	store32(0, RING);
	for (i = RING / 2; i < RING;) {
		int count = raw_read_events(device, records, RING), j;

		check(count > 0);
		for (j = 0; j < count; j++)
			expect(records[j].user_data, i++);
	}
}

Test(mem_fence, more_are_waited_for_than_a_thread_can_sleep_on)
{
	enum { COUNT = 700 };
	uint32_t event, i;
	struct dma_fence_event records[COUNT];

	for (i = 0; i < COUNT; i++)
		expect(raw_event_add(device, new_mem_fence(device, buffer, i * 8, 1, 8), -1, i,
				     &event),
		       0);
	for (i = COUNT; i-- > 0;)
		store64(i * 8, 1);
	for (i = 0; i < COUNT;)
		i += must(raw_read_events(device, records, COUNT));
	expect(i, COUNT);
	eventually(events, 0);
}

Test(mem_fence, many_wait_while_it_is_signaled)
{
	enum { ROUNDS = 200, OPENS = 3 };
	int opens[OPENS], sync_file, round, i;
	struct waiter waiters[OPENS];

	for (i = 0; i < OPENS; i++)
		opens[i] = open_device();
	for (round = 1; round <= ROUNDS; round++) {
		uint32_t fence = new_mem_fence(device, buffer, 0, round, 8);

		sync_file = new_sync_file(device, fence);
		for (i = 0; i < OPENS; i++)
			waiter_start(&waiters[i], opens[i], import(opens[i], sync_file),
				     DMA_FENCE_WAIT_FOREVER);
		store64(0, round);
		for (i = 0; i < OPENS; i++) {
			waiter_join(&waiters[i]);
			expect(waiters[i].result, 0);
			expect(waiters[i].status, 1);
		}
		must(close(sync_file));
		expect(raw_close(device, fence), 0);
	}
	for (i = 0; i < OPENS; i++)
		must(close(opens[i]));
}

Test(mem_fence, row_2_4_memory_fences_are_one_kind_among_others_on_a_buffer)
{
	uint32_t line = new_timeline(device, 0), plain = new_fence(device);
	uint32_t point = new_point(device, line), word = new_mem_fence(device, buffer, 0, 5, 8);
	uint32_t half = new_mem_fence(device, buffer, 8, 5, 8);
	uint32_t merged = new_merge(device, half, new_signaled_fence(device, 0), 0);
	uint32_t all[] = { plain, point, word, merged }, i, snapshot, count;
	struct dma_fence_buffer_wait wait;

	for (i = 0; i < 4; i++)
		expect(raw_attach(device, buffer, all[i], DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE, 0, &snapshot, &count), 0);
	expect(count, 4);
	expect(raw_signal(device, plain, 0), 0);
	store64(0, 5);
	expect(raw_advance(device, line, 1), 0);
	expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_WRITE, in_ms(20), &wait), -ETIME);
	expect(status_of(device, snapshot), 0);
	store64(8, 5);
	expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_WRITE, DMA_FENCE_WAIT_FOREVER,
			       &wait),
	       0);
	expect(status_of(device, snapshot), 1);
	eventually(attachments, 0);
}

Test(mem_fence, row_1_14_attached_for_those_who_wait_on_memory_it_is_not_looked_at)
{
	uint32_t fence = new_mem_fence(device, buffer, 0, 5, 8), count, handle;

	expect(raw_attach_for_memory_waiters(device, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_close(device, fence), 0);
	store64(0, 5);
	sleep_ms(20);
	eventually(attachments, 1);
	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), 0);
	expect(count, 0);
	eventually(attachments, 0);
}
