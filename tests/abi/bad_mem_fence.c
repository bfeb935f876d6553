/* SPDX-License-Identifier: MIT */
/*
 * bad_mem_fence.c - memory fences whose memory is not available, goes away, or blocks the
 * thread that loads it. Raw ioctls.
 */
#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

DEVICE_SUITE(bad_mem_fence);

#define SIZE  8192
#define LARGE (64 << 20)

Test(bad_mem_fence, write_only_descriptor_is_eacces)
{
	int buffer = new_buffer(SIZE), fd = reopen(buffer, O_WRONLY);
	uint32_t fence;

	expect(raw_mem_fence(device, fd, 0, 1, 8, &fence), -EACCES);
	eventually(mem_fences, 0);
	eventually(buffers, 0);
	must(close(fd));
	must(close(buffer));
}

Test(bad_mem_fence, offset_outside_or_unaligned_is_einval)
{
	static const struct {
		uint64_t offset;
		uint32_t size;
	} bad[] = {
		{ SIZE, 4 },
		{ SIZE - 4, 8 },
		{ SIZE, 8 },
		{ 1, 4 },
		{ 4, 8 },
		{ 2, 4 },
		{ 0, 0 },
		{ 0, 1 },
		{ 0, 2 },
		{ 0, 16 },
		{ 0, ~0u },
		{ UINT64_MAX - 7, 8 },
		{ UINT64_MAX - 3, 4 },
		{ 1ull << 63, 8 },
		{ 1ull << 32, 4 },
	};
	int buffer = new_buffer(SIZE);
	uint32_t fence;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(raw_mem_fence(device, buffer, bad[i].offset, 1, bad[i].size, &fence),
		       -EINVAL);
	expect(raw_mem_fence(device, buffer, SIZE - 8, 1, 8, &fence), 0);
	expect(raw_mem_fence(device, buffer, SIZE - 4, 1, 4, &fence), 0);
	must(close(buffer));
}

Test(bad_mem_fence, name_without_an_end_is_einval)
{
	struct dma_fence_mem_fence argument = { .fd = new_buffer(SIZE), .value = 1, .size = 8 };

	memset(argument.name, 'x', sizeof(argument.name));
	expect(raw_ioctl(device, DMA_FENCE_IOC_MEM_FENCE, &argument), -EINVAL);
	must(close(argument.fd));
}

Test(bad_mem_fence, file_cut_off_is_found_by_a_look)
{
	int buffer = new_buffer(SIZE);
	uint32_t gone = new_mem_fence(device, buffer, 4096, 1, 8);
	uint32_t stays = new_mem_fence(device, buffer, 0, 1, 8);

	must(ftruncate(buffer, 4096));
	expect(status_of(device, gone), -EFAULT);
	expect(status_of(device, stays), 0);
	device_goes_on();
	must(close(buffer));
}

Test(bad_mem_fence, file_cut_off_is_told_to_who_waits)
{
	int buffer = new_buffer(SIZE);
	uint32_t fence = new_mem_fence(device, buffer, 0, 1, 8);
	struct waiter waiter;

	waiter_start(&waiter, device, fence, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	must(ftruncate(buffer, 0));
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, -EFAULT);
	device_goes_on();
	must(close(buffer));
}

Test(bad_mem_fence, file_cut_within_its_page_is_gone_too)
{
	int buffer = new_buffer(SIZE);
	uint32_t fence = new_mem_fence(device, buffer, 64, 1, 8), signaled;

	must(ftruncate(buffer, 68));
	expect(raw_mem_fence_kick(device, fence, &signaled), 0);
	expect(signaled, 1);
	expect(status_of(device, fence), -EFAULT);
	must(close(buffer));
}

Test(bad_mem_fence, fence_on_a_file_that_comes_and_goes_ends)
{
	int buffer = new_buffer(SIZE), i;
	uint64_t *memory = map_buffer(buffer, SIZE);
	struct waiter waiter;

	waiter_start(&waiter, device, new_mem_fence(device, buffer, 0, 1, 8),
		     DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	for (i = 0; i < 200; i++) {
		must(ftruncate(buffer, 0));
		must(ftruncate(buffer, SIZE));
	}
	__atomic_store_n(memory, 1, __ATOMIC_RELEASE);
	waiter_join(&waiter);
	check(waiter.status == 1 || waiter.status == -EFAULT);
	must(munmap(memory, SIZE));
	must(close(buffer));
}

Test(bad_mem_fence, hole_in_a_large_file_is_looked_at_by_a_lane)
{
	int buffer = new_buffer(LARGE);
	uint64_t *memory = map_buffer(buffer, LARGE);
	uint32_t fence = new_mem_fence(device, buffer, 4096, 1, 8);
	struct waiter waiter;

	memset(memory, 0, LARGE);
	waiter_start(&waiter, device, fence, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	must(fallocate(buffer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 8192));
	expect(status_of(device, fence), 0);
	__atomic_store_n(&memory[512], 1, __ATOMIC_RELEASE);
	waiter_join(&waiter);
	expect(waiter.status, 1);
	must(munmap(memory, LARGE));
	must(close(buffer));
}

static blkcnt_t blocks_of(int buffer)
{
	struct stat stat;

	must(fstat(buffer, &stat));
	return stat.st_blocks;
}

Test(bad_mem_fence, look_at_a_large_file_does_not_touch_its_memory)
{
	int buffer = new_buffer(LARGE);
	uint64_t *memory = map_buffer(buffer, LARGE);
	uint32_t fence = new_mem_fence(device, buffer, 4096, 1, 8), signaled;
	blkcnt_t blocks;

	memset(memory, 0, LARGE);
	must(fallocate(buffer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 8192));
	blocks = blocks_of(buffer);
	for (int i = 0; i < 20; i++) {
		expect(status_of(device, fence), 0);
		sleep_ms(2);
	}
	eventually(workers, 0);
	/* An access to a hole fills it, after waiting for the thread that punches one. */
	expect(blocks_of(buffer), blocks);
	memory[512] = 1;
	expect(raw_mem_fence_kick(device, fence, &signaled), 0);
	expect(status_of(device, fence), 1);
	must(munmap(memory, LARGE));
	must(close(buffer));
}

Test(bad_mem_fence, file_that_is_known_by_a_descriptor_without_reading_is_looked_at_all_the_same)
{
	int buffer = new_buffer(LARGE), write_only = reopen(buffer, O_WRONLY);
	uint64_t *memory = map_buffer(buffer, LARGE);
	uint32_t keeps_it = new_fence(device), fence;

	memset(memory, 0, LARGE);
	expect(raw_attach(device, write_only, keeps_it, DMA_FENCE_USAGE_READ), 0);
	fence = new_mem_fence(device, buffer, 4096, 1, 8);
	expect(status_of(device, fence), 0);
	memory[512] = 1;
	expect(raw_wait(device, fence, in_ms(PATIENCE_MS)), 0);
	must(munmap(memory, LARGE));
	must(close(write_only));
	must(close(buffer));
}

struct puncher {
	struct thread thread;
	int buffer;
	_Atomic bool stop;
};

static void punch_and_fill(void *data)
{
	struct puncher *puncher = data;

	while (!puncher->stop) {
		must(fallocate(puncher->buffer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			       LARGE));
		must(fallocate(puncher->buffer, 0, 0, LARGE));
	}
}

Test(bad_mem_fence, memory_that_makes_its_looker_wait_hurts_no_other_fence)
{
	struct puncher puncher = { .buffer = new_buffer(LARGE) };
	int good = new_buffer(SIZE), i;
	uint64_t *memory = map_buffer(good, SIZE);
	struct waiter bad;

	waiter_start(&bad, device, new_mem_fence(device, puncher.buffer, 0, 1, 8), in_ms(500));
	thread_start(&puncher.thread, punch_and_fill, &puncher);
	for (i = 1; i <= 50; i++) {
		uint32_t fence = new_mem_fence(device, good, 0, i, 8);
		struct waiter waiter;

		waiter_start(&waiter, device, fence, in_ms(PATIENCE_MS));
		__atomic_store_n(memory, i, __ATOMIC_RELEASE);
		waiter_join(&waiter);
		expect(waiter.result, 0);
		expect(waiter.status, 1);
	}
	device_goes_on();
	waiter_join(&bad);
	expect(bad.result, -ETIME);
	puncher.stop = true;
	thread_join(&puncher.thread);
	must(munmap(memory, SIZE));
	must(close(good));
	must(close(puncher.buffer));
}

Test(bad_mem_fence, active_ones_of_a_user_end_with_enospc)
{
	enum { LIMIT = 4096 };
	int buffer = new_buffer(SIZE), other = open_device();
	uint64_t *memory = map_buffer(buffer, SIZE);
	uint32_t first = 0, fence, signaled, i;

	for (i = 0; i < LIMIT; i++) {
		fence = new_mem_fence(device, buffer, 0, 1, 8);
		first = first ? first : fence;
	}
	expect(raw_mem_fence(device, buffer, 0, 1, 8, &fence), -ENOSPC);
	expect(raw_mem_fence(other, buffer, 8, 1, 8, &fence), -ENOSPC);
	eventually(mem_fences, LIMIT);
	*memory = 1;
	expect(raw_mem_fence_kick(device, first, &signaled), 0);
	expect(signaled, LIMIT);
	expect(raw_mem_fence(other, buffer, 8, 1, 8, &fence), 0);
	must(munmap(memory, SIZE));
	must(close(other));
	must(close(buffer));
}

/* Each signal has another merged fence looked at, in which the next one is. */
Test(bad_mem_fence, chain_of_looks_is_no_chain_of_calls)
{
	enum { COUNT = 2000 };
	static uint32_t fences[COUNT];
	int buffer = new_buffer(SIZE);
	uint64_t *memory = map_buffer(buffer, SIZE);
	uint32_t i, signaled;

	for (i = 0; i < COUNT; i++)
		fences[i] = new_mem_fence(device, buffer, 0, 1, 8);
	for (i = 0; i + 1 < COUNT; i++)
		expect(raw_attach_for_memory_waiters(device, buffer,
						     new_merge(device, fences[i], fences[i + 1], 0),
						     DMA_FENCE_USAGE_BOOKKEEP),
		       0);
	eventually(attachments, COUNT - 1);
	*memory = 1;
	expect(raw_mem_fence_kick(device, fences[0], &signaled), 0);
	expect(signaled, COUNT);
	eventually(attachments, 0);
	must(munmap(memory, SIZE));
	must(close(buffer));
}

Test(bad_mem_fence, sealed_file_can_be_looked_at)
{
	int buffer = new_buffer(SIZE);
	uint64_t *memory = map_buffer(buffer, SIZE);
	uint32_t fence;

	must(fcntl(buffer, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK));
	fence = new_mem_fence(device, buffer, 0, 1, 8);
	*memory = 1;
	expect(status_of(device, fence), 1);
	must(munmap(memory, SIZE));
	must(close(buffer));
}

Test(bad_mem_fence, dmabuf_is_looked_at_for_who_waits_and_who_kicks)
{
	int dmabuf = need_dmabuf();
	uint32_t fence, second, signaled;
	struct waiter waiter;
	uint64_t *memory;

	memory = map_buffer(dmabuf, getpagesize());
	fence = new_mem_fence(device, dmabuf, 0, 1, 8);
	second = new_mem_fence(device, dmabuf, 8, 1, 8);
	waiter_start(&waiter, device, fence, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	__atomic_store_n(&memory[0], 1, __ATOMIC_RELEASE);
	waiter_join(&waiter);
	expect(waiter.status, 1);
	eventually(workers, 0);
	__atomic_store_n(&memory[1], 1, __ATOMIC_RELEASE);
	expect(raw_mem_fence_kick(device, second, &signaled), 0);
	expect(signaled, 1);
	expect(status_of(device, second), 1);
	expect(status_of(device, new_mem_fence(device, dmabuf, 8, 1, 8)), 1);
	must(munmap(memory, getpagesize()));
	must(close(dmabuf));
}
