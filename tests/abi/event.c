/* SPDX-License-Identifier: MIT */
/* event.c - EVENT_ADD, EVENT_CANCEL, read() and poll() of the node, eventfds. Raw ioctls. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

DEVICE_SUITE(event);

static uint32_t add_event(uint32_t fence, uint64_t user_data)
{
	uint32_t event;

	expect(raw_event_add(device, fence, -1, user_data, &event), 0);
	check(event != 0);
	return event;
}

static void set_nonblocking(void)
{
	must(fcntl(device, F_SETFL, O_RDWR | O_NONBLOCK));
}

Test(event, record_tells_of_the_signal)
{
	uint32_t fence = new_fence(device), event = add_event(fence, 0x123456789abcdef0);
	struct dma_fence_event record;
	struct dma_fence_query query;

	expect(raw_signal(device, fence, -EIO), 0);
	expect(raw_read_events(device, &record, 1), 1);
	expect(raw_query(device, fence, &query), 0);
	expect(record.type, DMA_FENCE_EVENT_SIGNALED);
	expect(record.event, event);
	expect(record.user_data, 0x123456789abcdef0);
	expect(record.context, query.context);
	expect(record.seqno, query.seqno);
	expect(record.timestamp_ns, query.timestamp_ns);
	expect(record.status, -EIO);
	expect(record.reserved, 0);
}

Test(event, read_sleeps_until_a_record_is_there)
{
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_AUTO_SIGNAL,
		.signal_delay_ns = 50 * NSEC_PER_MSEC,
	};
	struct dma_fence_event record;

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), 0);
	add_event(create.handle, 1);
	expect(raw_read_events(device, &record, 1), 1);
	expect(record.status, 1);
}

Test(event, records_come_in_the_order_of_the_signals)
{
	uint32_t fences[10], i;
	struct dma_fence_event records[10];

	for (i = 0; i < 10; i++)
		fences[i] = new_fence(device);
	for (i = 0; i < 10; i++)
		add_event(fences[i], i);
	for (i = 10; i-- > 0;)
		expect(raw_signal(device, fences[i], 0), 0);
	expect(raw_read_events(device, records, 10), 10);
	for (i = 0; i < 10; i++)
		expect(records[i].user_data, 9 - i);
}

Test(event, read_gives_what_fits_and_keeps_the_rest)
{
	struct dma_fence_event records[4];
	uint32_t fence = new_fence(device), i;

	for (i = 0; i < 5; i++)
		add_event(fence, i);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_read_events(device, records, 2), 2);
	expect(records[1].user_data, 1);
	expect(raw_read_events(device, records, 4), 3);
	expect(records[2].user_data, 4);
	eventually(events, 0);
}

Test(event, only_whole_records_are_read)
{
	char room[2 * sizeof(struct dma_fence_event)];
	uint32_t fence = new_fence(device);

	add_event(fence, 1);
	add_event(fence, 2);
	expect(raw_signal(device, fence, 0), 0);
	expect(read(device, room, sizeof(room) - 1), sizeof(struct dma_fence_event));
}

Test(event, room_for_less_than_a_record_is_einval)
{
	char room[sizeof(struct dma_fence_event)];
	uint32_t fence = new_fence(device);

	add_event(fence, 1);
	expect(raw_signal(device, fence, 0), 0);
	check(read(device, room, sizeof(room) - 1) == -1 && errno == EINVAL);
	check(read(device, room, 1) == -1 && errno == EINVAL);
	expect(read(device, room, sizeof(room)), sizeof(room));
}

Test(event, nonblocking_read_of_nothing_is_eagain)
{
	struct dma_fence_event record;
	uint32_t fence = new_fence(device);

	set_nonblocking();
	expect(raw_read_events(device, &record, 1), -EAGAIN);
	add_event(fence, 1);
	expect(raw_read_events(device, &record, 1), -EAGAIN);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_read_events(device, &record, 1), 1);
	expect(raw_read_events(device, &record, 1), -EAGAIN);
}

Test(event, record_that_cannot_be_written_is_efault)
{
	struct dma_fence_event *read_only =
		must(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	uint32_t fence = new_fence(device);

	add_event(fence, 1);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_read_events(device, read_only, 1), -EFAULT);
	must(munmap(read_only, 4096));
}

Test(event, poll_tells_when_a_record_is_there)
{
	struct dma_fence_event record;
	uint32_t fence = new_fence(device);

	add_event(fence, 1);
	expect(poll_for(device, 0), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(poll_for(device, 0), POLLIN);
	expect(raw_read_events(device, &record, 1), 1);
	expect(poll_for(device, 0), 0);
}

static void poll_in_child(void *data)
{
	expect(poll_for(device, PATIENCE_MS), POLLIN);
}

Test(event, poll_wakes_when_a_record_comes)
{
	uint32_t fence = new_fence(device);
	pid_t pid;

	add_event(fence, 1);
	pid = spawn(poll_in_child, NULL);
	wait_until_asleep(pid);
	expect(raw_signal(device, fence, 0), 0);
	expect_success(pid);
}

Test(event, row_1_5_signaled_fence_is_enoent)
{
	uint32_t fence = new_signaled_fence(device, 0), event;

	expect(raw_event_add(device, fence, -1, 0, &event), -ENOENT);
	eventually(events, 0);
}

Test(event, row_1_5_several_events_of_one_fence_are_all_delivered)
{
	uint32_t fence = new_fence(device), a = add_event(fence, 1), b = add_event(fence, 2);
	struct dma_fence_event records[3];

	check(a != b);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_read_events(device, records, 3), 2);
}

Test(event, event_outlives_its_handle)
{
	uint32_t fence = new_fence(device), imported;
	int sync_file = new_sync_file(device, fence);
	struct dma_fence_event record;

	imported = import(device, sync_file);
	add_event(imported, 5);
	expect(raw_close(device, imported), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_read_events(device, &record, 1), 1);
	expect(record.user_data, 5);
	must(close(sync_file));
}

Test(event, row_1_5_cancel_in_time_and_nothing_is_delivered)
{
	uint32_t fence = new_fence(device), event = add_event(fence, 1), fired = 7;
	struct dma_fence_event record;

	set_nonblocking();
	expect(raw_event_cancel(device, event, &fired), 0);
	expect(fired, 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_read_events(device, &record, 1), -EAGAIN);
	expect(raw_event_cancel(device, event, &fired), -ENOENT);
}

Test(event, row_1_5_cancel_after_the_signal_says_so_and_drops_the_record)
{
	uint32_t fence = new_fence(device), event = add_event(fence, 1), fired = 7;
	struct dma_fence_event record;

	set_nonblocking();
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_event_cancel(device, event, &fired), 0);
	expect(fired, 1);
	expect(raw_read_events(device, &record, 1), -EAGAIN);
	expect(poll_for(device, 0), 0);
}

Test(event, cancel_after_the_read_is_enoent)
{
	uint32_t fence = new_fence(device), event = add_event(fence, 1), fired;
	struct dma_fence_event record;

	expect(raw_signal(device, fence, 0), 0);
	expect(raw_read_events(device, &record, 1), 1);
	expect(raw_event_cancel(device, event, &fired), -ENOENT);
}

Test(event, cancel_takes_one_of_several)
{
	uint32_t fence = new_fence(device), fired;
	struct dma_fence_event records[3];

	add_event(fence, 1);
	expect(raw_event_cancel(device, add_event(fence, 2), &fired), 0);
	add_event(fence, 3);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_read_events(device, records, 3), 2);
	expect(records[0].user_data, 1);
	expect(records[1].user_data, 3);
}

Test(event, event_of_another_open_file_is_enoent)
{
	uint32_t event = add_event(new_fence(device), 1), fired;
	int other = open_device();

	expect(raw_event_cancel(other, event, &fired), -ENOENT);
	must(close(other));
}

Test(event, events_go_with_their_open_file)
{
	int other = open_device(), sync_file = new_sync_file(device, new_fence(device));
	uint32_t event;

	expect(raw_event_add(other, import(other, sync_file), -1, 0, &event), 0);
	eventually(events, 1);
	must(close(other));
	eventually(events, 0);
	must(close(sync_file));
}

/* Skips where the device does not take any, before anything is opened. */
static int new_eventfd(int flags)
{
	need_feature(DMA_FENCE_FEATURE_EVENTFD, "the system has no asynchronous I/O contexts left");
	return must(eventfd(0, EFD_CLOEXEC | flags));
}

static uint64_t value_of(int fd)
{
	uint64_t value = 0;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

Test(event, row_1_11_eventfd_is_added_1)
{
	int fd = new_eventfd(EFD_NONBLOCK);
	uint32_t fence = new_fence(device), event;

	expect(raw_event_add(device, fence, fd, 0, &event), 0);
	expect(value_of(fd), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(poll_for(fd, PATIENCE_MS), POLLIN);
	expect(value_of(fd), 1);
	must(close(fd));
}

Test(event, eventfd_gets_no_record)
{
	int fd = new_eventfd(EFD_NONBLOCK);
	uint32_t fence = new_fence(device), event;
	struct dma_fence_event record;

	set_nonblocking();
	expect(raw_event_add(device, fence, fd, 0, &event), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_read_events(device, &record, 1), -EAGAIN);
	eventually(events, 0);
	must(close(fd));
}

Test(event, eventfd_counts_its_fences)
{
	int fd = new_eventfd(EFD_NONBLOCK);
	uint32_t fences[10], event, i;
	int64_t end = in_ms(PATIENCE_MS);
	uint64_t total = 0;

	for (i = 0; i < 10; i++) {
		fences[i] = new_fence(device);
		expect(raw_event_add(device, fences[i], fd, 0, &event), 0);
	}
	expect(raw_signal_many(device, fences, 10, 0), 0);
	while (total < 10 && now_ns() < end) {
		poll_for(fd, 100);
		total += value_of(fd);
	}
	expect(total, 10);
	must(close(fd));
}

Test(event, eventfd_can_be_closed_by_its_owner)
{
	int fd = new_eventfd(EFD_NONBLOCK), copy = must(dup(fd));
	uint32_t fence = new_fence(device), event;

	expect(raw_event_add(device, fence, fd, 0, &event), 0);
	must(close(fd));
	expect(raw_signal(device, fence, 0), 0);
	expect(poll_for(copy, PATIENCE_MS), POLLIN);
	must(close(copy));
}

Test(event, cancelled_eventfd_is_left_alone)
{
	int fd = new_eventfd(EFD_NONBLOCK);
	uint32_t fence = new_fence(device), event, fired = 7;

	expect(raw_event_add(device, fence, fd, 0, &event), 0);
	expect(raw_event_cancel(device, event, &fired), 0);
	expect(fired, 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(poll_for(fd, 20), 0);
	must(close(fd));
}

Test(event, row_1_10_full_eventfd_does_not_block_the_signaler)
{
	/* A blocking one: a writer now sleeps until a reader reads. */
	int fd = new_eventfd(0);
	uint64_t full = UINT64_MAX - 1;
	uint32_t fence = new_fence(device), event;

	expect(write(fd, &full, sizeof(full)), sizeof(full));
	expect(raw_event_add(device, fence, fd, 0, &event), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_wait(device, fence, 0), 0);
	device_goes_on();
	must(close(fd));
}
