/* SPDX-License-Identifier: MIT */
/* buffer_wait.c - BUFFER_WAIT: implicit synchronisation in one request. Raw ioctls. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "buffer_suite.h"
#include "process.h"

BUFFER_SUITE(buffer_wait);

/* A BUFFER_WAIT in a thread of its own. */
struct buffer_waiter {
	struct thread thread;
	uint32_t usage;
	int64_t deadline_ns;
	int result;
	struct dma_fence_buffer_wait wait;
};

static void run_waiter(void *data)
{
	struct buffer_waiter *waiter = data;

	waiter->result =
		raw_buffer_wait(device, buffer, waiter->usage, waiter->deadline_ns, &waiter->wait);
}

static void start(struct buffer_waiter *waiter, uint32_t usage, int64_t deadline_ns)
{
	waiter->usage = usage;
	waiter->deadline_ns = deadline_ns;
	thread_start(&waiter->thread, run_waiter, waiter);
	eventually(waits, 1);
}

static void expect_end(struct buffer_waiter *waiter, int result, uint32_t count, int error)
{
	thread_join(&waiter->thread);
	expect(waiter->result, result);
	expect(waiter->wait.count, count);
	expect(waiter->wait.error, error);
}

static int look(uint32_t usage)
{
	struct dma_fence_buffer_wait wait;

	return raw_buffer_wait(device, buffer, usage, 0, &wait);
}

Test(buffer_wait, buffer_that_nobody_knows_is_free)
{
	struct dma_fence_buffer_wait wait;

	expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_BOOKKEEP, DMA_FENCE_WAIT_FOREVER,
			       &wait),
	       0);
	expect(wait.count, 0);
	expect(wait.error, 0);
}

Test(buffer_wait, what_the_caller_left_in_the_answer_does_not_stay)
{
	struct dma_fence_buffer_wait wait = { .fd = buffer, .count = 7, .error = 7 };

	expect(raw_ioctl(device, DMA_FENCE_IOC_BUFFER_WAIT, &wait), 0);
	expect(wait.count, 0);
	expect(wait.error, 0);
}

Test(buffer_wait, row_3_7_reader_waits_for_writers_only)
{
	uint32_t reader = attach_new(DMA_FENCE_USAGE_READ), writer;
	struct buffer_waiter waiter;

	expect(look(DMA_FENCE_USAGE_RW(0)), 0);
	writer = attach_new(DMA_FENCE_USAGE_WRITE);
	start(&waiter, DMA_FENCE_USAGE_RW(0), DMA_FENCE_WAIT_FOREVER);
	expect(raw_signal(device, writer, 0), 0);
	expect_end(&waiter, 0, 1, 0);
	expect(status_of(device, reader), 0);
}

Test(buffer_wait, row_3_7_writer_waits_for_readers_and_writers)
{
	uint32_t reader = attach_new(DMA_FENCE_USAGE_READ);
	uint32_t writer = attach_new(DMA_FENCE_USAGE_WRITE);
	struct buffer_waiter waiter;

	start(&waiter, DMA_FENCE_USAGE_RW(1), DMA_FENCE_WAIT_FOREVER);
	expect(raw_signal(device, writer, 0), 0);
	eventually(waits, 1);
	expect(look(DMA_FENCE_USAGE_RW(1)), -ETIME);
	expect(raw_signal(device, reader, 0), 0);
	expect_end(&waiter, 0, 2, 0);
}

Test(buffer_wait, row_3_7_bookkeeping_takes_no_part)
{
	attach_new(DMA_FENCE_USAGE_BOOKKEEP);
	expect(look(DMA_FENCE_USAGE_RW(0)), 0);
	expect(look(DMA_FENCE_USAGE_RW(1)), 0);
	expect(look(DMA_FENCE_USAGE_BOOKKEEP), -ETIME);
}

Test(buffer_wait, row_3_7_memory_management_is_waited_for_by_all)
{
	uint32_t move = attach_new(DMA_FENCE_USAGE_KERNEL), usage;

	for (usage = DMA_FENCE_USAGE_KERNEL; usage <= DMA_FENCE_USAGE_BOOKKEEP; usage++)
		expect(look(usage), -ETIME);
	expect(raw_signal(device, move, 0), 0);
	for (usage = DMA_FENCE_USAGE_KERNEL; usage <= DMA_FENCE_USAGE_BOOKKEEP; usage++)
		expect(look(usage), 0);
}

Test(buffer_wait, row_3_2_what_is_attached_meanwhile_is_not_waited_for)
{
	uint32_t before = attach_new(DMA_FENCE_USAGE_WRITE), after;
	struct buffer_waiter waiter;

	start(&waiter, DMA_FENCE_USAGE_WRITE, DMA_FENCE_WAIT_FOREVER);
	after = attach_new(DMA_FENCE_USAGE_WRITE);
	expect(raw_signal(device, before, 0), 0);
	expect_end(&waiter, 0, 1, 0);
	expect(status_of(device, after), 0);
}

Test(buffer_wait, first_error_is_told)
{
	uint32_t a = attach_new(DMA_FENCE_USAGE_WRITE), b = attach_new(DMA_FENCE_USAGE_WRITE);
	struct buffer_waiter waiter;

	start(&waiter, DMA_FENCE_USAGE_READ, DMA_FENCE_WAIT_FOREVER);
	expect(raw_signal(device, b, -EIO), 0);
	expect(raw_signal(device, a, -ENOSPC), 0);
	expect_end(&waiter, 0, 2, -EIO);
}

Test(buffer_wait, deadline_that_comes_is_etime_and_counts)
{
	struct dma_fence_buffer_wait wait;
	int64_t deadline = in_ms(30);

	attach_new(DMA_FENCE_USAGE_WRITE);
	attach_new(DMA_FENCE_USAGE_WRITE);
	expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_WRITE, deadline, &wait), -ETIME);
	check(now_ns() >= deadline);
	expect(wait.count, 2);
	expect(wait.error, 0);
	eventually(waits, 0);
}

Test(buffer_wait, deadline_that_has_passed_looks)
{
	struct dma_fence_buffer_wait wait;

	attach_new(DMA_FENCE_USAGE_WRITE);
	expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_WRITE, 0, &wait), -ETIME);
	expect(wait.count, 1);
	expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_WRITE, -1, &wait), -ETIME);
	expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_WRITE, now_ns(), &wait), -ETIME);
}

Test(buffer_wait, unknown_usage_is_einval)
{
	static const uint32_t bad[] = { DMA_FENCE_USAGE_BOOKKEEP + 1, 0x80000000u, ~0u };
	struct dma_fence_buffer_wait wait;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(raw_buffer_wait(device, buffer, bad[i], 0, &wait), -EINVAL);
}

Test(buffer_wait, fence_of_another_open_is_waited_for)
{
	struct buffer_waiter waiter;
	int other = open_device();
	uint32_t fence = new_fence(other);

	expect(raw_attach(other, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	start(&waiter, DMA_FENCE_USAGE_READ, DMA_FENCE_WAIT_FOREVER);
	expect(raw_signal(other, fence, -EIO), 0);
	expect_end(&waiter, 0, 1, -EIO);
	must(close(other));
}

Test(buffer_wait, row_2_5_signaler_that_dies_leaves_nobody_waiting)
{
	int other = open_device();
	struct buffer_waiter waiter;

	expect(raw_attach(other, buffer, new_fence(other), DMA_FENCE_USAGE_WRITE), 0);
	start(&waiter, DMA_FENCE_USAGE_READ, DMA_FENCE_WAIT_FOREVER);
	must(close(other));
	expect_end(&waiter, 0, 1, -ECANCELED);
}

static void wait_in_child(void *data)
{
	struct dma_fence_buffer_wait wait;

	raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_WRITE, DMA_FENCE_WAIT_FOREVER, &wait);
	check(false);
}

Test(buffer_wait, waiter_can_be_killed)
{
	uint32_t fence = attach_new(DMA_FENCE_USAGE_WRITE);
	pid_t child = spawn(wait_in_child, NULL);

	eventually(waits, 1);
	kill_child(child);
	eventually(waits, 0);
	expect(raw_signal(device, fence, 0), 0);
	eventually(attachments, 0);
}

Test(buffer_wait, row_2_4_every_kind_of_fence_is_honoured)
{
	uint32_t line = new_timeline(device, 0), plain = new_fence(device);
	uint32_t point = new_point(device, line), a = new_fence(device), b = new_fence(device);
	uint32_t merged = new_merge(device, a, b, 0);
	struct buffer_waiter waiter;

	expect(raw_attach(device, buffer, plain, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_attach(device, buffer, point, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_attach(device, buffer, merged, DMA_FENCE_USAGE_WRITE), 0);
	start(&waiter, DMA_FENCE_USAGE_RW(1), DMA_FENCE_WAIT_FOREVER);
	expect(raw_signal(device, plain, 0), 0);
	expect(look(DMA_FENCE_USAGE_RW(1)), -ETIME);
	expect(raw_signal(device, a, 0), 0);
	expect(look(DMA_FENCE_USAGE_RW(1)), -ETIME);
	expect(raw_signal(device, b, 0), 0);
	expect(look(DMA_FENCE_USAGE_RW(1)), -ETIME);
	eventually(waits, 1);
	expect(raw_advance(device, line, 1), 0);
	expect_end(&waiter, 0, 3, 0);
}
