/* SPDX-License-Identifier: MIT */
/*
 * lazy.c - lazy fences: their creator is notified of the first waiter, once, and not of a poll that
 * only queries. Raw ioctls.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

static void begin(void)
{
	fixture_begin();
	/* No reader here blocks. */
	must(fcntl(device, F_SETFL, O_RDWR | O_NONBLOCK));
}

TestSuite(lazy, .init = begin, .fini = fixture_end, .timeout = TEST_TIMEOUT);

/*
 * A wait that blocks until its deadline. On a busy machine the deadline may have passed before the
 * request arrives, which then does not block: repeats with more time until the creator has a
 * record.
 */
static void wait_in_vain(int fd, uint32_t fence)
{
	int64_t ms = 10;

	do {
		check(ms < PATIENCE_MS);
		expect(raw_wait(fd, fence, in_ms(ms)), -ETIME);
		ms *= 2;
	} while (poll_for(fd, 0) != POLLIN);
}

static void expect_no_record(void)
{
	struct dma_fence_event record;

	expect(raw_read_events(device, &record, 1), -EAGAIN);
}

/* The one record that there is. */
static void expect_enable(uint32_t fence)
{
	struct dma_fence_event records[2];
	struct dma_fence_query query;

	expect(poll_for(device, PATIENCE_MS), POLLIN);
	expect(raw_read_events(device, records, 2), 1);
	expect(raw_query(device, fence, &query), 0);
	expect(records[0].type, DMA_FENCE_EVENT_ENABLE);
	expect(records[0].event, fence);
	expect(records[0].user_data, 0);
	expect(records[0].context, query.context);
	expect(records[0].seqno, query.seqno);
	expect(records[0].status, 0);
	expect(records[0].reserved, 0);
	check(records[0].timestamp_ns > 0 && records[0].timestamp_ns <= now_ns());
}

Test(lazy, row_1_9_wait_that_blocks_is_told_to_the_creator_once)
{
	uint32_t fence = new_lazy_fence(device);
	struct waiter waiters[2];

	expect_no_record();
	waiter_start(&waiters[0], device, fence, DMA_FENCE_WAIT_FOREVER);
	expect_enable(fence);
	waiter_start(&waiters[1], device, fence, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 2);
	expect_no_record();
	expect(raw_signal(device, fence, 0), 0);
	waiter_join(&waiters[0]);
	waiter_join(&waiters[1]);
	expect_no_record();
}

Test(lazy, row_1_9_look_is_not_told)
{
	uint32_t fence = new_lazy_fence(device), handle;
	int sync_file = new_sync_file(device, fence), buffer = new_buffer(4096);
	struct dma_fence_buffer_wait wait;
	struct dma_fence_query query;

	expect(raw_query(device, fence, &query), 0);
	expect(raw_wait(device, fence, 0), -ETIME);
	expect(raw_wait(device, fence, now_ns()), -ETIME);
	expect(raw_set_deadline(device, fence, in_ms(1000)), 0);
	expect(raw_merge(device, &fence, 1, 0, &handle), 0);
	new_merge(device, fence, new_fence(device), 0);
	import(device, sync_file);
	expect(sync_file_status(sync_file), 0);
	expect(poll_for(sync_file, 0), 0);
	expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_BOOKKEEP, 0, &wait), 0);
	expect_no_record();
	must(close(buffer));
	must(close(sync_file));
}

Test(lazy, row_1_9_event_is_told)
{
	uint32_t fence = new_lazy_fence(device), event;
	struct dma_fence_event record;

	expect(raw_event_add(device, fence, -1, 5, &event), 0);
	expect_enable(fence);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_read_events(device, &record, 1), 1);
	expect(record.type, DMA_FENCE_EVENT_SIGNALED);
	expect(record.user_data, 5);
}

Test(lazy, row_1_9_poll_of_its_sync_file_is_told)
{
	uint32_t fence = new_lazy_fence(device);
	int sync_file = new_sync_file(device, fence);

	expect(poll_for(sync_file, 20), 0);
	expect_enable(fence);
	expect(raw_signal(device, fence, 0), 0);
	expect(poll_for(sync_file, 0), POLLIN);
	must(close(sync_file));
}

Test(lazy, row_1_9_seqno_write_is_told)
{
	uint32_t fence = new_lazy_fence(device);
	int buffer = new_buffer(4096);

	expect(raw_seqno_write(device, fence, buffer, 0, 1, 8), 0);
	expect_enable(fence);
	expect(raw_signal(device, fence, 0), 0);
	must(close(buffer));
}

Test(lazy, row_1_14_attach_asks_for_the_signal)
{
	uint32_t fence = new_lazy_fence(device);
	int buffer = new_buffer(4096);

	expect(raw_attach(device, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect_enable(fence);
	must(close(buffer));
}

Test(lazy, row_1_14_attach_for_those_who_wait_on_memory_does_not)
{
	uint32_t fence = new_lazy_fence(device), other = new_lazy_fence(device), snapshot, count;
	uint32_t both = new_merge(device, fence, other, 0);
	int buffer = new_buffer(4096);
	struct dma_fence_buffer_wait wait;
	int64_t ms = 10;

	expect(raw_attach_for_memory_waiters(device, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_attach_for_memory_waiters(device, buffer, both, DMA_FENCE_USAGE_WRITE), 0);
	eventually(attachments, 2);
	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE, 0, &snapshot, &count), 0);
	expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_WRITE, 0, &wait), -ETIME);
	expect_no_record();
	/* The hint was wrong: a waiter must be notified after all. */
	do {
		ms *= 2;
		check(ms < PATIENCE_MS);
		expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_WRITE, in_ms(ms), &wait),
		       -ETIME);
	} while (poll_for(device, 0) != POLLIN);
	eventually(events, 2);
	must(close(buffer));
}

Test(lazy, row_1_14_fence_for_those_who_wait_on_memory_leaves_the_buffer_with_its_signal)
{
	uint32_t fence = new_lazy_fence(device), a = new_lazy_fence(device);
	uint32_t b = new_fence(device), both = new_merge(device, a, b, 0);
	uint32_t any = new_merge(device, both, new_fence(device), DMA_FENCE_MERGE_ANY);
	int buffer = new_buffer(4096);

	expect(raw_attach_for_memory_waiters(device, buffer, fence, DMA_FENCE_USAGE_READ), 0);
	expect(raw_attach_for_memory_waiters(device, buffer, both, DMA_FENCE_USAGE_READ), 0);
	expect(raw_attach_for_memory_waiters(device, buffer, any, DMA_FENCE_USAGE_READ), 0);
	eventually(attachments, 3);
	expect(raw_signal(device, fence, 0), 0);
	eventually(attachments, 2);
	expect(raw_signal(device, a, 0), 0);
	eventually(attachments, 2);
	expect(raw_signal(device, b, 0), 0);
	eventually(attachments, 0);
	eventually(buffers, 0);
	expect_no_record();
	must(close(buffer));
}

Test(lazy, fence_of_containers_in_containers_leaves_the_buffer_when_the_last_part_is_signaled)
{
	uint32_t a = new_lazy_fence(device), b = new_lazy_fence(device), c = new_fence(device);
	uint32_t done = new_signaled_fence(device, 0);
	/* Either of two, and one that is a part twice; what is signaled drops out. */
	uint32_t any = new_merge(device, a, b, DMA_FENCE_MERGE_ANY);
	uint32_t all =
		new_merge(device, new_merge(device, any, a, 0), new_merge(device, c, done, 0), 0);
	int buffer = new_buffer(4096);

	expect(raw_signal(device, b, 0), 0);
	expect(raw_attach_for_memory_waiters(device, buffer, all, DMA_FENCE_USAGE_READ), 0);
	eventually(attachments, 1);
	expect(raw_signal(device, a, 0), 0);
	eventually(attachments, 1);
	expect(status_of(device, all), 0);
	expect(raw_signal(device, c, -EIO), 0);
	eventually(attachments, 0);
	expect(status_of(device, all), -EIO);
	must(close(buffer));
}

/* The memory has the value for a moment only: a memory fence that is polled meanwhile latches. */
Test(lazy, signal_of_a_part_looks_at_no_other_part_on_a_buffer_of_those_who_wait_on_memory)
{
	int buffer = new_buffer(4096);
	uint64_t *memory = map_buffer(buffer, 4096);
	uint32_t word = new_mem_fence(device, buffer, 0, 1, 8), a = new_fence(device);
	uint32_t any = new_merge(device, word, new_fence(device), DMA_FENCE_MERGE_ANY);
	uint32_t all = new_merge(device, new_merge(device, word, a, 0), any, 0);

	expect(raw_attach_for_memory_waiters(device, buffer, all, DMA_FENCE_USAGE_READ), 0);
	__atomic_store_n(memory, 1, __ATOMIC_RELEASE);
	expect(raw_signal(device, a, 0), 0);
	__atomic_store_n(memory, 0, __ATOMIC_RELEASE);
	expect(status_of(device, word), 0);
	eventually(attachments, 1);
	__atomic_store_n(memory, 1, __ATOMIC_RELEASE);
	expect(status_of(device, word), 1);
	eventually(attachments, 0);
	must(munmap(memory, 4096));
	must(close(buffer));
}

Test(lazy, row_1_9_waiter_for_a_container_is_told_to_all_whose_fence_is_in_it)
{
	uint32_t a = new_lazy_fence(device), b = new_lazy_fence(device);
	uint32_t both = new_merge(device, a, b, 0);
	struct dma_fence_event records[3];

	expect_no_record();
	wait_in_vain(device, both);
	expect(raw_read_events(device, records, 3), 2);
	expect(records[0].event + records[1].event, a + b);
	expect(raw_wait(device, both, in_ms(20)), -ETIME);
	expect_no_record();
}

Test(lazy, row_1_9_creator_may_say_already_done)
{
	uint32_t fence = new_lazy_fence(device);
	struct waiter waiter;

	waiter_start(&waiter, device, fence, DMA_FENCE_WAIT_FOREVER);
	expect_enable(fence);
	expect(raw_signal(device, fence, -EIO), 0);
	waiter_join(&waiter);
	expect(waiter.status, -EIO);
}

Test(lazy, row_1_9_fence_that_nobody_waited_for_is_signaled_without_a_record)
{
	uint32_t fence = new_lazy_fence(device);

	expect(raw_signal(device, fence, 0), 0);
	expect(raw_wait(device, fence, DMA_FENCE_WAIT_FOREVER), 0);
	expect_no_record();
}

Test(lazy, row_1_9_point_of_a_timeline_tells_of_itself_alone)
{
	uint32_t line = new_timeline(device, 0);
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_LAZY,
		.timeline = line,
		.timeout_ns = DMA_FENCE_TIMEOUT_NEVER,
	};
	uint32_t first, second;

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), 0);
	first = create.handle;
	create.seqno = 0;
	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), 0);
	second = create.handle;
	wait_in_vain(device, second);
	expect_enable(second);
	wait_in_vain(device, first);
	expect_enable(first);
	expect(raw_advance(device, line, 2), 0);
}

Test(lazy, point_whose_handle_is_closed_still_tells)
{
	uint32_t line = new_timeline(device, 0);
	struct dma_fence_create create = { .flags = DMA_FENCE_CREATE_LAZY, .timeline = line };
	struct dma_fence_event record;
	uint32_t snapshot;

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), 0);
	expect(raw_merge(device, &create.handle, 1, 0, &snapshot), 0);
	expect(raw_close(device, create.handle), 0);
	wait_in_vain(device, snapshot);
	expect(raw_read_events(device, &record, 1), 1);
	expect(record.event, create.handle);
	expect(record.context, create.context);
	expect(record.seqno, create.seqno);
}

Test(lazy, reader_that_sleeps_is_woken_by_the_record)
{
	int creator = open_device(), sync_file;
	uint32_t fence = new_lazy_fence(creator);
	struct dma_fence_event record;
	struct waiter waiter;

	sync_file = new_sync_file(creator, fence);
	waiter_start(&waiter, device, import(device, sync_file), DMA_FENCE_WAIT_FOREVER);
	expect(raw_read_events(creator, &record, 1), 1);
	expect(record.type, DMA_FENCE_EVENT_ENABLE);
	expect(record.event, fence);
	expect_no_record();
	expect(raw_signal(creator, fence, 0), 0);
	waiter_join(&waiter);
	must(close(sync_file));
	must(close(creator));
}

Test(lazy, enable_cannot_be_cancelled_as_an_event)
{
	uint32_t fence = new_lazy_fence(device), fired;

	expect(raw_event_cancel(device, fence, &fired), -ENOENT);
	wait_in_vain(device, fence);
	expect(raw_event_cancel(device, fence, &fired), -ENOENT);
	expect_enable(fence);
}

Test(lazy, records_go_with_their_open_file)
{
	int creator = open_device(), sync_file;
	uint32_t imported, told = new_lazy_fence(creator);

	sync_file = new_sync_file(creator, new_lazy_fence(creator));
	imported = import(device, sync_file);
	wait_in_vain(creator, told);
	eventually(events, 2);
	must(close(creator));
	eventually(events, 0);
	expect(raw_wait(device, imported, DMA_FENCE_WAIT_FOREVER), 0);
	expect(status_of(device, imported), -ECANCELED);
	must(close(sync_file));
}

Test(lazy, waiter_that_gives_up_and_closed_handles_leave_nothing)
{
	uint32_t fence = new_lazy_fence(device), idle = new_lazy_fence(device);

	eventually(events, 2);
	wait_in_vain(device, fence);
	expect_enable(fence);
	eventually(events, 1);
	expect(raw_close(device, fence), 0);
	expect(raw_close(device, idle), 0);
	eventually(events, 0);
}

Test(lazy, simulated_job_that_is_lazy_tells_and_signals_itself)
{
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_LAZY | DMA_FENCE_CREATE_AUTO_SIGNAL,
		.signal_delay_ns = 20 * NSEC_PER_MSEC,
	};

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), 0);
	expect(raw_wait(device, create.handle, DMA_FENCE_WAIT_FOREVER), 0);
	expect_enable(create.handle);
}
