/* SPDX-License-Identifier: MIT */
/* seqno_write.c - SEQNO_WRITE: a value in memory when the fence is signaled, and its waiters.
 * Raw ioctls. */
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buffer_suite.h"
#include "process.h"

BUFFER_SUITE(seqno_write);

/* The rest of the buffer is untouched. */
static void expect_zero_but_at(uint64_t offset, size_t size)
{
	uint64_t i;

	for (i = 0; i < BUFFER_SIZE; i++)
		if (i < offset || i >= offset + size)
			expect(((unsigned char *)memory)[i], 0);
}

Test(seqno_write, row_4_1_value_is_stored_with_the_signal)
{
	uint32_t fence = new_fence(device);

	expect(raw_seqno_write(device, fence, buffer, 64, 0x1122334455667788, 8), 0);
	eventually(seqno_writes, 1);
	expect(load64(64), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(load64(64), 0x1122334455667788);
	expect_zero_but_at(64, 8);
	eventually(seqno_writes, 0);
}

Test(seqno_write, four_bytes_are_four_bytes)
{
	uint32_t fence = new_fence(device);

	expect(raw_seqno_write(device, fence, buffer, 4, 0xfffffffe, 4), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(load32(4), 0xfffffffe);
	expect_zero_but_at(4, 4);
}

Test(seqno_write, row_4_2_signaled_fence_writes_at_once)
{
	expect(raw_seqno_write(device, new_signaled_fence(device, 0), buffer, 8, 7, 8), 0);
	expect(load64(8), 7);
	eventually(seqno_writes, 0);
}

Test(seqno_write, failed_fence_writes_too)
{
	uint32_t fence = new_fence(device);

	expect(raw_seqno_write(device, fence, buffer, 0, 7, 8), 0);
	expect(raw_signal(device, fence, -EIO), 0);
	expect(load64(0), 7);
}

Test(seqno_write, row_4_3_first_and_last_word_can_be_written)
{
	uint32_t fence = new_fence(device);

	expect(raw_seqno_write(device, fence, buffer, 0, 1, 4), 0);
	expect(raw_seqno_write(device, fence, buffer, BUFFER_SIZE - 8, 2, 8), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(load32(0), 1);
	expect(load64(BUFFER_SIZE - 8), 2);
}

Test(seqno_write, several_writes_of_one_fence)
{
	uint32_t fence = new_fence(device), i;

	for (i = 0; i < 100; i++)
		expect(raw_seqno_write(device, fence, buffer, i * 8, i + 1, 8), 0);
	eventually(seqno_writes, 100);
	expect(raw_signal(device, fence, 0), 0);
	for (i = 0; i < 100; i++)
		expect(load64(i * 8), i + 1);
}

Test(seqno_write, points_of_a_timeline_write_in_their_order)
{
	uint32_t line = new_timeline(device, 0), i;

	for (i = 1; i <= 50; i++)
		expect(raw_seqno_write(device, new_point(device, line), buffer, 0, i, 8), 0);
	expect(raw_advance(device, line, 20), 0);
	expect(load64(0), 20);
	expect(raw_advance(device, line, 50), 0);
	expect(load64(0), 50);
}

Test(seqno_write, hole_punched_under_a_write_is_filled_by_it)
{
	uint32_t line = new_timeline(device, 0);

	for (uint64_t i = 1; i <= 20; i++)
		expect(raw_seqno_write(device, new_point(device, line), buffer, 8, i, 8), 0);
	must(fallocate(buffer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, BUFFER_SIZE));
	expect(raw_advance(device, line, 20), 0);
	/* A worker does it now: not at once, but in the order of the points. */
	eventually(seqno_writes, 0);
	expect(load64(8), 20);
}

Test(seqno_write, row_4_5_merged_fence_writes_when_all_are_signaled)
{
	uint32_t a = new_fence(device), b = new_fence(device);

	expect(raw_seqno_write(device, new_merge(device, a, b, 0), buffer, 0, 9, 8), 0);
	expect(raw_signal(device, a, 0), 0);
	expect(load64(0), 0);
	expect(raw_signal(device, b, 0), 0);
	expect(load64(0), 9);
}

Test(seqno_write, row_4_5_imported_fence_writes)
{
	uint32_t fence = new_fence(device);
	int other = open_device(), sync_file = new_sync_file(device, fence);

	expect(raw_seqno_write(other, import(other, sync_file), buffer, 0, 9, 8), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(load64(0), 9);
	must(close(sync_file));
	must(close(other));
}

Test(seqno_write, row_4_4_pending_write_is_in_the_bookkeep_slot)
{
	uint32_t fence = new_fence(device), handle, count;

	expect(raw_seqno_write(device, fence, buffer, 0, 1, 8), 0);
	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_READ, 0, &handle, &count), 0);
	expect(count, 0);
	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_BOOKKEEP, 0, &handle, &count), 0);
	expect(count, 1);
	expect(raw_signal(device, fence, 0), 0);
	expect(status_of(device, handle), 1);
}

Test(seqno_write, row_4_4_pending_write_keeps_the_buffer)
{
	uint32_t fence = new_fence(device);
	int mine = new_buffer(4096);
	uint64_t *mapped = map_buffer(mine, 4096);

	expect(raw_seqno_write(device, fence, mine, 0, 5, 8), 0);
	must(close(mine));
	eventually(buffers, 1);
	expect(raw_signal(device, fence, 0), 0);
	expect(*mapped, 5);
	eventually(buffers, 0);
	must(munmap(mapped, 4096));
}

Test(seqno_write, write_of_a_closed_open_file_happens_with_the_cancellation)
{
	int other = open_device();

	expect(raw_seqno_write(other, new_fence(other), buffer, 0, 5, 8), 0);
	must(close(other));
	eventually(seqno_writes, 0);
	expect(load64(0), 5);
}

struct sleeper {
	struct thread thread;
	uint64_t offset;
	int result;
};

static void sleep_in_futex(void *data)
{
	struct sleeper *sleeper = data;
	struct timespec patience = { .tv_sec = PATIENCE_MS / 1000 };

	sleeper->result = syscall(SYS_futex, (char *)memory + sleeper->offset, FUTEX_WAIT, 0,
				  &patience, NULL, 0) < 0
				  ? -errno
				  : 0;
}

static void expect_futex_wake(uint32_t size)
{
	struct sleeper sleepers[3];
	uint32_t fence = new_fence(device);
	int i;

	expect(raw_seqno_write(device, fence, buffer, 16, 1, size), 0);
	for (i = 0; i < 3; i++) {
		sleepers[i].offset = 16;
		thread_start(&sleepers[i].thread, sleep_in_futex, &sleepers[i]);
	}
	sleep_ms(20);
	expect(raw_signal(device, fence, 0), 0);
	for (i = 0; i < 3; i++) {
		thread_join(&sleepers[i].thread);
		/* EAGAIN: it came after the write. */
		check(sleepers[i].result == 0 || sleepers[i].result == -EAGAIN);
	}
}

Test(seqno_write, futex_waiters_on_4_bytes_are_woken)
{
	expect_futex_wake(4);
}

Test(seqno_write, futex_waiters_on_8_bytes_are_woken)
{
	expect_futex_wake(8);
}

static void sleep_in_child(void *data)
{
	struct sleeper sleeper = { .offset = 16 };

	sleep_in_futex(&sleeper);
	check(sleeper.result == 0 || sleeper.result == -EAGAIN);
	expect(load32(16), 1);
}

Test(seqno_write, futex_waiter_in_another_process_is_woken)
{
	uint32_t fence = new_fence(device);
	pid_t pid = spawn(sleep_in_child, NULL);

	expect(raw_seqno_write(device, fence, buffer, 16, 1, 4), 0);
	wait_until_asleep(pid);
	expect(raw_signal(device, fence, 0), 0);
	expect_success(pid);
}

Test(seqno_write, other_sizes_are_einval)
{
	static const uint32_t bad[] = { 0, 1, 2, 3, 5, 7, 16, 0x80000004u, ~0u };
	uint32_t fence = new_fence(device);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(raw_seqno_write(device, fence, buffer, 0, 1, bad[i]), -EINVAL);
	eventually(seqno_writes, 0);
}

Test(seqno_write, value_too_large_for_4_bytes_does_not_spill)
{
	uint32_t fence = new_fence(device);
	int result = raw_seqno_write(device, fence, buffer, 0, 0x100000001, 4);

	/* Refused, or cut to its size: never more than four bytes. */
	check(result == 0 || result == -EINVAL);
	expect(raw_signal(device, fence, 0), 0);
	expect_zero_but_at(0, 4);
}
