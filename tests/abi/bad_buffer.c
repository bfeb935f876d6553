/* SPDX-License-Identifier: MIT */
/* bad_buffer.c - buffers that cannot be written, or go away, and offsets that lie. Raw ioctls. */
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

DEVICE_SUITE(bad_buffer);

#define SIZE 8192

static int write_at(int buffer, uint64_t offset, uint32_t size)
{
	return raw_seqno_write(device, new_fence(device), buffer, offset, 1, size);
}

Test(bad_buffer, write_to_a_read_only_fd_is_eacces)
{
	int buffer = new_buffer(SIZE), fd = reopen(buffer, O_RDONLY);

	expect(write_at(fd, 0, 8), -EACCES);
	/* Nor does it become writable because the device knows the buffer through another fd. */
	expect(write_at(buffer, 0, 8), 0);
	expect(write_at(fd, 0, 8), -EACCES);
	must(close(fd));
	must(close(buffer));
}

Test(bad_buffer, write_through_a_write_only_fd_is_eacces)
{
	int buffer = new_buffer(SIZE), fd;

	/* It cannot be mapped. */
	fd = reopen(buffer, O_WRONLY);
	expect(write_at(fd, 0, 8), -EACCES);
	must(close(fd));
	must(close(buffer));
}

Test(bad_buffer, read_only_fd_can_be_attached_to)
{
	int buffer = new_buffer(SIZE), fd = reopen(buffer, O_RDONLY);

	expect(raw_attach(device, fd, new_fence(device), DMA_FENCE_USAGE_READ), 0);
	must(close(fd));
	must(close(buffer));
}

Test(bad_buffer, writable_fd_works_after_a_read_only_one_was_attached)
{
	int buffer = new_buffer(SIZE), fd = reopen(buffer, O_RDONLY);
	uint64_t *memory = map_buffer(buffer, SIZE);
	uint32_t fence = new_fence(device);

	expect(raw_attach(device, fd, fence, DMA_FENCE_USAGE_READ), 0);
	expect(raw_seqno_write(device, fence, buffer, 0, 3, 8), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(*memory, 3);
	must(munmap(memory, SIZE));
	must(close(fd));
	must(close(buffer));
}

Test(bad_buffer, write_to_a_sealed_buffer_is_eperm)
{
	static const int seals[] = { F_SEAL_WRITE, F_SEAL_FUTURE_WRITE };
	int buffer, i;

	for (i = 0; i < 2; i++) {
		buffer = new_buffer(SIZE);
		must(fcntl(buffer, F_ADD_SEALS, seals[i]));
		expect(write_at(buffer, 0, 8), -EPERM);
		expect(raw_attach(device, buffer, new_fence(device), DMA_FENCE_USAGE_WRITE), 0);
		must(close(buffer));
	}
}

Test(bad_buffer, write_asked_for_before_the_seal_happens)
{
	int buffer = new_buffer(SIZE);
	uint64_t *memory = map_buffer(buffer, SIZE);
	uint32_t fence = new_fence(device);

	expect(raw_seqno_write(device, fence, buffer, 0, 3, 8), 0);
	must(fcntl(buffer, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	expect(raw_signal(device, fence, 0), 0);
	expect(*memory, 3);
	must(munmap(memory, SIZE));
	must(close(buffer));
}

Test(bad_buffer, seals_against_growing_and_shrinking_are_welcome)
{
	int buffer = new_buffer(SIZE);

	must(fcntl(buffer, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL));
	expect(write_at(buffer, 0, 8), 0);
	must(close(buffer));
}

Test(bad_buffer, buffer_of_size_0_can_be_attached_to_and_not_written)
{
	int buffer = new_buffer(0);

	expect(raw_attach(device, buffer, new_fence(device), DMA_FENCE_USAGE_WRITE), 0);
	expect(write_at(buffer, 0, 4), -EINVAL);
	expect(write_at(buffer, 0, 8), -EINVAL);
	must(close(buffer));
}

Test(bad_buffer, unaligned_offset_is_einval)
{
	int buffer = new_buffer(SIZE);
	uint64_t offset;

	for (offset = 1; offset < 8; offset++) {
		expect(write_at(buffer, offset, 8), -EINVAL);
		expect(write_at(buffer, offset, 4), offset == 4 ? 0 : -EINVAL);
	}
	must(close(buffer));
}

Test(bad_buffer, offset_past_the_end_is_einval)
{
	int buffer = new_buffer(SIZE + 4);

	expect(write_at(buffer, SIZE, 4), 0);
	expect(write_at(buffer, SIZE, 8), -EINVAL);
	expect(write_at(buffer, SIZE + 4, 4), -EINVAL);
	expect(write_at(buffer, SIZE + 8, 8), -EINVAL);
	/* Within the last page, of which nothing but four bytes are the file's. */
	expect(write_at(buffer, SIZE + 2048, 8), -EINVAL);
	must(close(buffer));
}

Test(bad_buffer, offset_that_wraps_is_einval)
{
	static const uint64_t offsets[] = {
		UINT64_MAX - 7,	    UINT64_MAX - 15,	0x8000000000000000,
		0x7ffffffffffffff8, 0x7ffffffffffff000, 0x100000000,
	};
	int buffer = new_buffer(SIZE);
	size_t i;

	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		expect(write_at(buffer, offsets[i], 8), -EINVAL);
		expect(write_at(buffer, offsets[i], 4), -EINVAL);
	}
	must(close(buffer));
}

Test(bad_buffer, sparse_file_is_written_where_it_is_asked)
{
	int buffer = new_buffer(1ll << 40);
	uint32_t fence = new_fence(device);
	uint64_t value = 0;

	expect(raw_seqno_write(device, fence, buffer, (1ll << 40) - 8, 7, 8), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(pread(buffer, &value, sizeof(value), (1ll << 40) - 8), sizeof(value));
	expect(value, 7);
	must(close(buffer));
}

Test(bad_buffer, buffer_shrunk_after_the_attach)
{
	int buffer = new_buffer(SIZE);
	uint32_t fence = new_fence(device), handle, count;

	expect(raw_attach(device, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	must(ftruncate(buffer, 0));
	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), 0);
	expect(count, 1);
	expect(write_at(buffer, 0, 8), -EINVAL);
	expect(raw_signal(device, fence, 0), 0);
	must(close(buffer));
}

Test(bad_buffer, buffer_shrunk_after_the_write_was_asked_for)
{
	int buffer = new_buffer(SIZE);
	uint32_t fence = new_fence(device);

	/* Nothing can be stored there; only the buffer's owner is affected. */
	expect(raw_seqno_write(device, fence, buffer, 4096, 1, 8), 0);
	expect(raw_seqno_write(device, fence, buffer, 0, 1, 4), 0);
	must(ftruncate(buffer, 0));
	expect(raw_signal(device, fence, 0), 0);
	expect(status_of(device, fence), 1);
	device_goes_on();
	must(close(buffer));
}

Test(bad_buffer, shrunk_buffer_spoils_no_other)
{
	int good = new_buffer(SIZE), bad = new_buffer(SIZE);
	uint64_t *memory = map_buffer(good, SIZE);
	uint32_t fence = new_fence(device);

	expect(raw_seqno_write(device, fence, bad, 0, 1, 8), 0);
	expect(raw_seqno_write(device, fence, good, 0, 2, 8), 0);
	must(ftruncate(bad, 0));
	expect(raw_signal(device, fence, 0), 0);
	expect(*memory, 2);
	must(munmap(memory, SIZE));
	must(close(good));
	must(close(bad));
}

Test(bad_buffer, write_to_a_shrunk_buffer_while_the_device_still_knows_its_pages)
{
	int buffer = new_buffer(SIZE);
	uint32_t keeps_it = new_fence(device);

	expect(raw_seqno_write(device, keeps_it, buffer, 0, 1, 8), 0);
	must(ftruncate(buffer, 0));
	expect(write_at(buffer, 0, 8), -EINVAL);
	expect(raw_signal(device, keeps_it, 0), 0);
	must(close(buffer));
}

Test(bad_buffer, buffer_shrunk_and_grown_again)
{
	int buffer = new_buffer(SIZE);
	uint32_t fence = new_fence(device);

	expect(raw_seqno_write(device, fence, buffer, 0, 1, 8), 0);
	must(ftruncate(buffer, 0));
	must(ftruncate(buffer, SIZE));
	expect(raw_signal(device, fence, 0), 0);
	device_goes_on();
	must(close(buffer));
}

Test(bad_buffer, hole_punched_below_the_write)
{
	int buffer = new_buffer(SIZE);
	uint64_t *memory = map_buffer(buffer, SIZE);
	uint32_t fence = new_fence(device);

	expect(raw_seqno_write(device, fence, buffer, 0, 5, 8), 0);
	must(fallocate(buffer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SIZE));
	expect(raw_signal(device, fence, 0), 0);
	/* By a worker: the page may be in the middle of its punching. */
	eventually(seqno_writes, 0);
	expect(*memory, 5);
	must(munmap(memory, SIZE));
	must(close(buffer));
}

Test(bad_buffer, large_file_that_is_punched_all_the_time_is_written_in_the_order_of_the_signals)
{
	enum { LARGE = 16 << 20, WRITES = 200 };
	int buffer = new_buffer(LARGE);
	uint64_t *memory = map_buffer(buffer, LARGE);
	uint32_t fences[WRITES];

	must(fallocate(buffer, 0, 0, LARGE));
	for (int i = 0; i < WRITES; i++) {
		fences[i] = new_fence(device);
		expect(raw_seqno_write(device, fences[i], buffer, 0, i + 1, 8), 0);
	}
	for (int i = 0; i < WRITES; i++) {
		expect(raw_signal(device, fences[i], 0), 0);
		if (i < WRITES - 1)
			must(fallocate(buffer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096,
				       LARGE - 4096));
		must(fallocate(buffer, 0, 0, LARGE));
	}
	/* By a worker, even if the page is present: it may be gone before the store. */
	eventually(seqno_writes, 0);
	expect(*memory, WRITES);
	must(munmap(memory, LARGE));
	must(close(buffer));
}

/* ---- huge pages ---- */

/* -1: this system has no memory file of huge pages. */
static int new_huge_buffer(size_t size)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB | MFD_ALLOW_SEALING);

	if (fd >= 0)
		must(ftruncate(fd, size));
	return fd;
}

#define HUGE_SIZE (2 << 20)

Test(bad_buffer, huge_pages_can_be_attached_to)
{
	int buffer = new_huge_buffer(HUGE_SIZE);

	if (buffer < 0)
		cr_skip_test("no memory files of huge pages here");
	expect(raw_attach(device, buffer, new_fence(device), DMA_FENCE_USAGE_WRITE), 0);
	must(close(buffer));
}

Test(bad_buffer, huge_pages_are_written)
{
	int buffer = new_huge_buffer(HUGE_SIZE);
	uint32_t fence = new_fence(device);
	uint64_t *memory =
		buffer < 0 ? MAP_FAILED
			   : mmap(NULL, HUGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0);

	if (memory == MAP_FAILED) {
		if (buffer >= 0)
			close(buffer);
		cr_skip_test("no huge page free (vm.nr_hugepages)");
	}
	expect(raw_seqno_write(device, fence, buffer, HUGE_SIZE - 8, 9, 8), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(memory[HUGE_SIZE / 8 - 1], 9);
	must(munmap(memory, HUGE_SIZE));
	must(close(buffer));
}

Test(bad_buffer, huge_pages_that_are_not_there_are_refused)
{
	/* More than the system has: the pages are wanted at the request, not at the signal. */
	int buffer = new_huge_buffer((size_t)1 << 40), result;

	if (buffer < 0)
		cr_skip_test("no memory files of huge pages here");
	result = write_at(buffer, ((uint64_t)1 << 40) - 8, 8);
	check(result == 0 || result == -ENOMEM);
	device_goes_on();
	must(close(buffer));
}

Test(bad_buffer, huge_pages_shrunk_after_the_write_was_asked_for)
{
	int buffer = new_huge_buffer(HUGE_SIZE), result;
	uint32_t fence = new_fence(device);

	if (buffer < 0)
		cr_skip_test("no memory files of huge pages here");
	result = raw_seqno_write(device, fence, buffer, 0, 9, 8);
	if (result == -ENOMEM) {
		close(buffer);
		cr_skip_test("no huge page free (vm.nr_hugepages)");
	}
	expect(result, 0);
	must(ftruncate(buffer, 0));
	expect(raw_signal(device, fence, 0), 0);
	device_goes_on();
	must(close(buffer));
}
