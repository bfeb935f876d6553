/* SPDX-License-Identifier: MIT */
/*
 * callers.c - the same scenarios from the main thread, a second thread, a child after fork(), and a
 * process that was sent nothing but the fd. Raw ioctls.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

DEVICE_SUITE(callers);

static void fences(int fd)
{
	uint32_t a = new_fence(fd), b = new_fence(fd), handles[] = { a, b };

	expect(raw_wait(fd, a, 0), -ETIME);
	expect(raw_signal_many(fd, handles, 2, -EIO), 0);
	expect(raw_wait(fd, a, DMA_FENCE_WAIT_FOREVER), 0);
	expect(status_of(fd, b), -EIO);
	expect(raw_signal(fd, a, 0), -EINVAL);
	expect(raw_close(fd, a), 0);
	expect(raw_close(fd, a), -ENOENT);
}

static void timelines(int fd)
{
	uint32_t line = new_timeline(fd, 10), a = new_point(fd, line),
		 b = new_point_at(fd, line, 20);

	expect(raw_advance(fd, line, 11), 0);
	expect(status_of(fd, a), 1);
	expect(status_of(fd, b), 0);
	expect(raw_advance(fd, line, 5), -EINVAL);
	expect(raw_close(fd, line), 0);
	expect(raw_close(fd, b), 0);
}

static void merges(int fd)
{
	uint32_t a = new_fence(fd), b = new_fence(fd);
	uint32_t all = new_merge(fd, a, b, 0), any = new_merge(fd, a, b, DMA_FENCE_MERGE_ANY);

	expect(raw_signal(fd, all, 0), -EPERM);
	expect(raw_signal(fd, a, 0), 0);
	expect(status_of(fd, any), 1);
	expect(status_of(fd, all), 0);
	expect(raw_signal(fd, b, 0), 0);
	expect(raw_wait(fd, all, DMA_FENCE_WAIT_FOREVER), 0);
}

static void sleeping_wait(int fd)
{
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_AUTO_SIGNAL,
		.signal_delay_ns = 20 * NSEC_PER_MSEC,
		.signal_error = -EIO,
	};
	struct dma_fence_wait_item items[2];

	expect(raw_ioctl(fd, DMA_FENCE_IOC_CREATE, &create), 0);
	items[0].handle = new_fence(fd);
	items[1].handle = create.handle;
	expect(raw_wait(fd, create.handle, DMA_FENCE_WAIT_FOREVER), 0);
	expect(raw_wait_many(fd, items, 2, DMA_FENCE_WAIT_ALL, in_ms(20), NULL), -ETIME);
	expect(items[1].status, -EIO);
	expect(raw_wait_many(fd, items, 2, 0, DMA_FENCE_WAIT_FOREVER, NULL), 0);
}

static void sync_files(int fd)
{
	uint32_t fence = new_fence(fd), imported;
	int sync_file = new_sync_file(fd, fence);
	struct sync_fence_info info_of_fence;
	struct sync_file_info info;

	imported = import(fd, sync_file);
	expect(raw_signal(fd, imported, 0), -EPERM);
	expect(poll_for(sync_file, 0), 0);
	expect(raw_signal(fd, fence, -EIO), 0);
	expect(poll_for(sync_file, 0), POLLIN);
	expect(status_of(fd, imported), -EIO);
	expect(raw_file_info(sync_file, &info, &info_of_fence, 1), 0);
	expect(info_of_fence.status, -EIO);
	must(close(sync_file));
}

static void buffers(int fd)
{
	int buffer = new_buffer(4096);
	uint64_t *memory = map_buffer(buffer, 4096);
	uint32_t fence = new_fence(fd), pending, count;

	expect(raw_attach(fd, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_seqno_write(fd, fence, buffer, 8, 42, 8), 0);
	expect(raw_buffer_fences(fd, buffer, DMA_FENCE_USAGE_WRITE, 0, &pending, &count), 0);
	expect(count, 1);
	expect(memory[1], 0);
	expect(raw_signal(fd, fence, 0), 0);
	expect(memory[1], 42);
	expect(status_of(fd, pending), 1);
	must(munmap(memory, 4096));
	must(close(buffer));
}

static void events(int fd)
{
	uint32_t fence = new_fence(fd), event, fired;
	struct dma_fence_event record;

	expect(raw_event_add(fd, fence, -1, 77, &event), 0);
	expect(raw_signal(fd, fence, 0), 0);
	expect(poll_for(fd, 0), POLLIN);
	expect(raw_read_events(fd, &record, 1), 1);
	expect(record.event, event);
	expect(record.user_data, 77);
	expect(raw_event_cancel(fd, event, &fired), -ENOENT);
}

static void eventfds(int fd)
{
	int counter = must(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	uint32_t fence = new_fence(fd), event;
	struct dma_fence_caps caps;

	expect(raw_caps(fd, &caps), 0);
	if (caps.features & DMA_FENCE_FEATURE_EVENTFD) {
		expect(raw_event_add(fd, fence, counter, 0, &event), 0);
		expect(raw_signal(fd, fence, 0), 0);
		expect(poll_for(counter, PATIENCE_MS), POLLIN);
	} else {
		expect(raw_event_add(fd, fence, counter, 0, &event), -EOPNOTSUPP);
	}
	must(close(counter));
}

static void arrays_by_pointer(int fd)
{
	uint32_t handles[3] = { new_fence(fd), new_fence(fd), new_fence(fd) };
	struct dma_fence_wait_item items[3] = {
		{ .handle = handles[0] },
		{ .handle = handles[1] },
		{ .handle = handles[2] },
	};
	struct dma_fence_signal signal = { .count = 2, .pointer = (uintptr_t)handles };
	struct dma_fence_merge merge = { .count = 3, .pointer = (uintptr_t)handles };
	struct dma_fence_wait wait = {
		.count = 3,
		.flags = DMA_FENCE_WAIT_ALL,
		.deadline_ns = in_ms(20),
		.pointer = (uintptr_t)items,
	};

	expect(raw_ioctl(fd, DMA_FENCE_IOC_MERGE, &merge), 0);
	expect(raw_ioctl(fd, DMA_FENCE_IOC_SIGNAL, &signal), 0);
	expect(raw_ioctl(fd, DMA_FENCE_IOC_WAIT, &wait), -ETIME);
	expect(items[1].status, 1);
	expect(items[2].status, 0);
	expect(status_of(fd, merge.handle), 0);
}

static void bad_arguments(int fd)
{
	struct dma_fence_create create = { .flags = 1u << 31 };
	struct dma_fence_close request = { .handle = new_fence(fd), .flags = 1 };

	expect(raw_ioctl(fd, DMA_FENCE_IOC_CREATE, &create), -EINVAL);
	expect(raw_ioctl(fd, DMA_FENCE_IOC_CLOSE, &request), -EINVAL);
	expect(raw_ioctl(fd, DMA_FENCE_IOC(0xfe, 16), &create), -ENOTTY);
	expect(raw_signal(fd, NO_SUCH_HANDLE, 0), -ENOENT);
	expect(raw_signal(fd, new_timeline(fd, 0), 0), -EINVAL);
	expect(raw_signal(fd, request.handle, 5), -EINVAL);
	expect(status_of(fd, request.handle), 0);
}

static void bad_pointers(int fd)
{
	void *none = must(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct dma_fence_signal signal = { .count = 1, .pointer = (uintptr_t)none };
	struct dma_fence_wait wait = { .count = 1, .pointer = 8 };
	int sync_file = new_sync_file(fd, new_fence(fd));
	struct sync_file_info info;

	expect(raw_ioctl(fd, DMA_FENCE_IOC_CREATE, NULL), -EFAULT);
	expect(raw_ioctl(fd, DMA_FENCE_IOC_SIGNAL, &signal), -EFAULT);
	expect(raw_ioctl(fd, DMA_FENCE_IOC_WAIT, &wait), -EFAULT);
	expect(raw_file_info(sync_file, &info, none, 1), -EFAULT);
	must(close(sync_file));
	must(munmap(none, 4096));
}

static void bad_fds(int fd)
{
	uint32_t fence = new_fence(fd), handle, count;
	int ends[2];

	must(pipe2(ends, O_CLOEXEC));
	expect(raw_attach(fd, 900, fence, DMA_FENCE_USAGE_WRITE), -EBADF);
	expect(raw_attach(fd, ends[0], fence, DMA_FENCE_USAGE_WRITE), -EINVAL);
	expect(raw_buffer_fences(fd, fd, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), -EINVAL);
	expect(raw_import(fd, ends[1], &handle), -EINVAL);
	expect(raw_import(fd, -1, &handle), -EBADF);
	expect(raw_seqno_write(fd, fence, ends[0], 0, 1, 8), -EINVAL);
	must(close(ends[0]));
	must(close(ends[1]));
}

static void stale_tokens(int fd)
{
	int exporter = open_device(), fresh = open_device();
	uint64_t token[2], wrong[2] = { 1, 2 };

	new_fence(fd);
	expect(raw_export(exporter, new_fence(exporter), token), 0);
	expect(raw_bind(fresh, wrong), -ENOENT);
	expect(raw_bind(fd, token), -EBUSY);
	must(close(exporter));
	expect(raw_bind(fresh, token), -ENOENT);
	must(close(fresh));
}

#define CALLER_TESTS(scenario)                                     \
	Test(callers, scenario##_from_the_main_thread)             \
	{                                                          \
		run_as(CALLER_MAIN_THREAD, scenario, device);      \
	}                                                          \
	Test(callers, scenario##_from_a_second_thread)             \
	{                                                          \
		run_as(CALLER_SECOND_THREAD, scenario, device);    \
	}                                                          \
	Test(callers, scenario##_from_a_forked_child)              \
	{                                                          \
		run_as(CALLER_FORKED_CHILD, scenario, device);     \
	}                                                          \
	Test(callers, scenario##_from_a_stranger_with_the_fd)      \
	{                                                          \
		run_as(CALLER_STRANGER_WITH_FD, scenario, device); \
	}

CALLER_TESTS(fences)
CALLER_TESTS(timelines)
CALLER_TESTS(merges)
CALLER_TESTS(sleeping_wait)
CALLER_TESTS(sync_files)
CALLER_TESTS(buffers)
CALLER_TESTS(events)
CALLER_TESTS(eventfds)
CALLER_TESTS(arrays_by_pointer)
CALLER_TESTS(bad_arguments)
CALLER_TESTS(bad_pointers)
CALLER_TESTS(bad_fds)
CALLER_TESTS(stale_tokens)
