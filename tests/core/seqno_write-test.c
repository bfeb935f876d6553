/* SPDX-License-Identifier: MIT */
/*
 * seqno_write-test.c - a value stored when a fence is signaled: width, order, at once, in plain
 * memory and in a buffer; the life of the object, and who is woken.
 */
#include <linux/futex.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core-test.h"
#include "dma_buf.h"

TestSuite(seqno_write, .timeout = TEST_TIMEOUT, .fini = expect_no_fence_left);

static _Alignas(8) uint32_t words[3];

/* One that frees itself. */
static void attach(struct dma_fence *fence, void *address, uint32_t size, uint64_t value)
{
	struct seqno_write *write = seqno_write_alloc();

	cr_assert_not_null(write);
	cr_assert_eq(seqno_write_attach(write, fence, address, size, value), 0);
}

Test(seqno_write, row_4_1_of_8_bytes_stores_all_of_the_value_at_the_signal)
{
	struct dma_fence *fence = fence_create();
	uint64_t memory = 0;

	attach(fence, &memory, 8, UINT64_MAX - 1);
	cr_expect_eq(memory, 0, "not before the signal");
	dma_fence_signal(fence);
	cr_expect_eq(memory, UINT64_MAX - 1);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_1_of_4_bytes_leaves_the_next_4_alone)
{
	struct dma_fence *fence = fence_create();

	words[0] = words[2] = 0xaaaaaaaa;
	attach(fence, &words[1], 4, UINT64_C(0x1122334455667788));
	cr_expect_eq(words[1], 0, "not before the signal");
	dma_fence_signal(fence);
	cr_expect_eq(words[0], 0xaaaaaaaa);
	cr_expect_eq(words[1], 0x55667788);
	cr_expect_eq(words[2], 0xaaaaaaaa);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_1_never_attached_is_freed_by_hand)
{
	struct dma_fence *fence = fence_create();
	struct seqno_write *write = seqno_write_alloc();
	uint64_t memory = 0;

	cr_assert_not_null(write);
	seqno_write_free(write);
	seqno_write_free(NULL);

	/* Nor is one that was refused. */
	write = seqno_write_alloc();
	cr_expect_eq(seqno_write_attach(write, fence, &memory, 3, 5), -EINVAL);
	dma_fence_signal(fence);
	cr_expect_eq(memory, 0);
	seqno_write_free(write);
	dma_fence_put(fence);
}

/* Bytes that are allocated; under a sanitizer, which looks for leaks by itself, always 0. */
static size_t allocated(void)
{
	return mallinfo2().uordblks;
}

Test(seqno_write, row_4_1_frees_itself_after_the_write)
{
	struct dma_fence *fence = fence_create();
	uint64_t memory = 0;
	size_t before;
	int i;

	before = allocated();
	for (i = 0; i < 1000; i++)
		attach(fence, &memory, 8, 5);
	dma_fence_signal(fence);
	for (i = 0; i < 1000; i++)
		attach(fence, &memory, 8, 5);
	cr_expect_lt(allocated(), before + 1000);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_1_value_may_wrap)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	uint32_t memory = 0;

	attach(fences[0], &memory, 4, UINT32_MAX);
	attach(fences[1], &memory, 4, UINT64_C(0x100000001));
	dma_fence_signal(fences[0]);
	cr_expect_eq(memory, UINT32_MAX);
	dma_fence_signal(fences[1]);
	cr_expect_eq(memory, 1);
	dma_fence_put(fences[0]);
	dma_fence_put(fences[1]);
}

Test(seqno_write, row_4_1_of_a_failed_fence_happens_too)
{
	struct dma_fence *fence = fence_create();
	uint64_t memory = 0;

	attach(fence, &memory, 8, 5);
	dma_fence_set_error(fence, -EIO);
	dma_fence_signal(fence);
	cr_expect_eq(memory, 5);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_2_to_a_signaled_fence_happens_at_once)
{
	struct dma_fence *fence = fence_create_signaled(1, 0);
	uint64_t memory = 0;

	attach(fence, &memory, 8, 5);
	cr_expect_eq(memory, 5);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_2_to_a_fence_that_is_found_done_happens_at_once)
{
	struct dma_fence *fence = test_fence_create(&asking_ops, NULL, 1, 1);
	uint64_t memory = 0;

	to_test_fence(fence)->refuses_to_enable = true;
	attach(fence, &memory, 8, 5);
	cr_expect_eq(memory, 5);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_5_takes_a_fence_that_came_from_anywhere)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	struct dma_fence *merged = dma_fence_merge_all(2, fences);
	uint64_t memory = 0;

	attach(merged, &memory, 8, 5);
	dma_fence_signal(fences[0]);
	cr_expect_eq(memory, 0);
	dma_fence_signal(fences[1]);
	cr_expect_eq(memory, 5);
	dma_fence_put(merged);
	dma_fence_put(fences[0]);
	dma_fence_put(fences[1]);
}

Test(seqno_write, row_4_5_makes_a_fence_a_value_that_a_memory_fence_waits_for)
{
	struct dma_fence *fence = fence_create();
	uint64_t memory = 6;

	attach(fence, &memory, 8, 7);
	cr_expect_not(mem_fence_reached(&memory, 8, 7));
	dma_fence_signal(fence);
	cr_expect(mem_fence_reached(&memory, 8, 7));
	dma_fence_put(fence);
}

Test(seqno_write, row_4_1_of_another_size_or_alignment_is_EINVAL)
{
	struct dma_fence *fence = fence_create();
	struct {
		void *address;
		uint32_t size;
	} invalid[] = {
		{ &words[0], 0 }, { &words[0], 1 },	    { &words[0], 2 }, { &words[0], 16 },
		{ &words[1], 8 }, { (char *)words + 2, 4 }, { NULL, 8 },
	};
	struct seqno_write *write = seqno_write_alloc();
	size_t i;

	for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		cr_expect_eq(
			seqno_write_attach(write, fence, invalid[i].address, invalid[i].size, 1),
			-EINVAL, "case %zu", i);
	seqno_write_free(write);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

/* ---- in a buffer ---- */

static uint64_t pages[4];
static int begins, ends, vmaps, vunmaps, releases;
static bool store_seen_at_end;

static int begin_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction)
{
	cr_expect_eq(direction, DMA_TO_DEVICE);
	cr_expect_eq(pages[1], 0, "told before the store");
	begins++;
	return 0;
}

static void end_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction)
{
	store_seen_at_end = pages[1] == 5;
	ends++;
}

static int vmap(struct dma_buf *buffer, struct iosys_map *map)
{
	vmaps++;
	iosys_map_set_vaddr(map, pages);
	return 0;
}

static void vunmap(struct dma_buf *buffer, struct iosys_map *map)
{
	cr_expect_eq(map->vaddr, pages);
	cr_expect_not(map->is_iomem);
	vunmaps++;
}

static void release(struct dma_buf *buffer)
{
	releases++;
}

static const struct dma_buf_ops buffer_ops = {
	.begin_cpu_access = begin_cpu_access,
	.end_cpu_access = end_cpu_access,
	.vmap = vmap,
	.vunmap = vunmap,
	.release = release,
};

/* One that the CPU does not find. */
static const struct dma_buf_ops remote_ops = { .release = release };

static void attach_to_buffer(struct dma_fence *fence, struct dma_buf *buffer)
{
	struct seqno_write *write = seqno_write_alloc();

	cr_assert_not_null(write);
	cr_assert_eq(seqno_write_attach_buffer(write, fence, buffer, 8, 8, 5), 0);
}

Test(seqno_write, row_4_3_is_addressed_by_buffer_and_offset)
{
	struct dma_fence *fence = fence_create();
	struct dma_buf buffer;

	dma_buf_init(&buffer, &buffer_ops, sizeof(pages), NULL);
	attach_to_buffer(fence, &buffer);
	cr_expect_eq(begins, 0);
	dma_fence_signal(fence);
	cr_expect_eq(pages[1], 5);
	cr_expect_eq(pages[0] + pages[2] + pages[3], 0);
	cr_expect_eq(begins, 1);
	cr_expect_eq(ends, 1);
	cr_expect(store_seen_at_end, "told after the store");
	cr_expect_eq(releases, 0);
	dma_buf_put(&buffer);
	cr_expect_eq(releases, 1);
	cr_expect_eq(vmaps, 1);
	cr_expect_eq(vunmaps, 1);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_2_in_a_buffer_to_a_signaled_fence_happens_at_once)
{
	struct dma_fence *fence = fence_create_signaled(1, 0);
	struct dma_buf buffer;

	dma_buf_init(&buffer, &buffer_ops, sizeof(pages), NULL);
	attach_to_buffer(fence, &buffer);
	cr_expect_eq(pages[1], 5);
	cr_expect_eq(ends, 1);
	dma_buf_put(&buffer);
	cr_expect_eq(releases, 1);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_4_keeps_the_buffer_until_the_write)
{
	struct dma_fence *fence = fence_create();
	struct dma_buf buffer;

	dma_buf_init(&buffer, &buffer_ops, sizeof(pages), NULL);
	attach_to_buffer(fence, &buffer);
	dma_buf_put(&buffer);
	cr_expect_eq(releases, 0);
	cr_expect_eq(vunmaps, 0);
	dma_fence_signal(fence);
	cr_expect(store_seen_at_end);
	cr_expect_eq(vunmaps, 1);
	cr_expect_eq(releases, 1);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_4_has_its_fence_in_the_bookkeep_slot_meanwhile)
{
	struct dma_fence *fence = fence_create();
	struct dma_buf buffer;

	dma_buf_init(&buffer, &buffer_ops, sizeof(pages), NULL);
	attach_to_buffer(fence, &buffer);
	cr_expect_not(dma_resv_test_signaled(buffer.resv, DMA_RESV_USAGE_BOOKKEEP));
	cr_expect(dma_resv_test_signaled(buffer.resv, DMA_RESV_USAGE_READ),
		  "no reader or writer waits for it");
	dma_fence_signal(fence);
	cr_expect(dma_resv_test_signaled(buffer.resv, DMA_RESV_USAGE_BOOKKEEP));
	dma_buf_put(&buffer);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_4_needs_no_lock_of_the_reservation)
{
	struct dma_fence *fence = fence_create();
	struct dma_buf buffer;

	dma_buf_init(&buffer, &buffer_ops, sizeof(pages), NULL);
	dma_resv_lock(buffer.resv, NULL);
	attach_to_buffer(fence, &buffer);
	cr_expect_not(dma_resv_test_signaled(buffer.resv, DMA_RESV_USAGE_BOOKKEEP));
	dma_fence_signal(fence);
	cr_expect_eq(pages[1], 5);
	dma_resv_unlock(buffer.resv);
	dma_buf_put(&buffer);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_3_out_of_the_buffer_is_EINVAL)
{
	static const struct {
		uint64_t offset;
		uint32_t size;
	} invalid[] = {
		{ sizeof(pages), 4 },
		{ sizeof(pages) - 4, 8 },
		{ UINT64_MAX - 7, 8 },
		{ UINT64_MAX - 3, 4 },
		{ 4, 8 },
		{ 2, 4 },
		{ 0, 3 },
		{ 0, 0 },
		{ 0, UINT32_MAX },
	};
	struct seqno_write *write = seqno_write_alloc();
	struct dma_fence *fence = fence_create();
	struct dma_buf buffer, remote;
	size_t i;

	dma_buf_init(&buffer, &buffer_ops, sizeof(pages), NULL);
	dma_buf_init(&remote, &remote_ops, sizeof(pages), NULL);
	for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		cr_expect_eq(seqno_write_attach_buffer(write, fence, &buffer, invalid[i].offset,
						       invalid[i].size, 1),
			     -EINVAL, "case %zu", i);
	cr_expect_eq(seqno_write_attach_buffer(write, fence, &remote, 0, 8, 1), -EINVAL);
	cr_expect(dma_resv_test_signaled(buffer.resv, DMA_RESV_USAGE_BOOKKEEP));
	seqno_write_free(write);
	dma_buf_put(&buffer);
	dma_buf_put(&remote);
	cr_expect_eq(releases, 2);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

/* ---- in I/O memory ---- */

/*
 * A device with registers. Nothing of them is mapped: an access that does not go through the
 * accessor ends the test.
 */
static struct {
	char *registers;
	bool is_begun;
	int writes;
	uint64_t offset, value;
	uint32_t size;
} device;

#define REGISTERS_SIZE 4096

static int begin_device_access(struct dma_buf *buffer, enum dma_data_direction direction)
{
	device.is_begun = true;
	return 0;
}

static void end_device_access(struct dma_buf *buffer, enum dma_data_direction direction)
{
	cr_expect_eq(device.writes, 1, "told after the store");
	device.is_begun = false;
	ends++;
}

static int vmap_device(struct dma_buf *buffer, struct iosys_map *map)
{
	device.registers =
		mmap(NULL, REGISTERS_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(device.registers, MAP_FAILED);
	iosys_map_set_vaddr_iomem(map, device.registers);
	return 0;
}

static void vunmap_device(struct dma_buf *buffer, struct iosys_map *map)
{
	cr_expect(map->is_iomem);
	munmap(map->vaddr_iomem, REGISTERS_SIZE);
}

static void iowrite_device(struct dma_buf *buffer, void *vaddr_iomem, uint32_t size, uint64_t value)
{
	cr_expect(device.is_begun, "told before the store");
	device.writes++;
	device.offset = (uint64_t)((char *)vaddr_iomem - device.registers);
	device.size = size;
	device.value = value;
}

static const struct dma_buf_ops device_ops = {
	.begin_cpu_access = begin_device_access,
	.end_cpu_access = end_device_access,
	.vmap = vmap_device,
	.vunmap = vunmap_device,
	.iowrite = iowrite_device,
	.release = release,
};

static void store_to_device(uint64_t offset, uint32_t size, uint64_t value)
{
	struct seqno_write *write = seqno_write_alloc();
	struct dma_fence *fence = fence_create();
	struct dma_buf buffer;

	device.writes = 0;
	dma_buf_init(&buffer, &device_ops, REGISTERS_SIZE, NULL);
	cr_expect_eq(seqno_write_attach_buffer(write, fence, &buffer, offset, size, value), 0);
	dma_buf_put(&buffer);
	cr_expect_eq(device.writes, 0);
	dma_fence_signal(fence);
	cr_expect_eq(device.writes, 1);
	cr_expect_eq(device.offset, offset);
	cr_expect_eq(device.size, size);
	cr_expect_eq(device.value, value);
	cr_expect_not(device.is_begun);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_3_in_io_memory_is_one_store_by_the_exporters_accessor)
{
	store_to_device(8, 8, UINT64_MAX - 1);
	store_to_device(REGISTERS_SIZE - 8, 8, 1);
	store_to_device(12, 4, 5);
	cr_expect_eq(ends, 3);
	cr_expect_eq(releases, 3);
}

static void count_iowrite(struct dma_buf *buffer, void *vaddr_iomem, uint32_t size, uint64_t value)
{
	device.writes++;
}

Test(seqno_write, row_4_3_in_system_memory_is_no_matter_of_the_accessor)
{
	struct dma_fence *fence = fence_create();
	struct dma_buf_ops ops = buffer_ops;
	struct dma_buf buffer;

	ops.iowrite = count_iowrite;
	dma_buf_init(&buffer, &ops, sizeof(pages), NULL);
	attach_to_buffer(fence, &buffer);
	dma_fence_signal(fence);
	cr_expect_eq(pages[1], 5);
	cr_expect_eq(device.writes, 0);
	dma_buf_put(&buffer);
	dma_fence_put(fence);
}

static int vmap_as_io_memory(struct dma_buf *buffer, struct iosys_map *map)
{
	iosys_map_set_vaddr_iomem(map, pages);
	return 0;
}

static void vunmap_io_memory(struct dma_buf *buffer, struct iosys_map *map)
{
	cr_expect_eq(map->vaddr_iomem, pages);
}

static const struct dma_buf_ops mapped_device_ops = {
	.vmap = vmap_as_io_memory,
	.vunmap = vunmap_io_memory,
	.release = release,
};

Test(seqno_write, row_4_3_in_io_memory_without_an_accessor_is_a_store_of_the_cpus_words)
{
	struct seqno_write *writes[] = { seqno_write_alloc(), seqno_write_alloc() };
	struct dma_fence *fence = fence_create();
	struct dma_buf buffer;
	uint32_t word;
	int error;

	pages[0] = pages[2] = UINT64_MAX;
	dma_buf_init(&buffer, &mapped_device_ops, sizeof(pages), NULL);
	cr_expect_eq(seqno_write_attach_buffer(writes[0], fence, &buffer, 24, 4, 7), 0);
	error = seqno_write_attach_buffer(writes[1], fence, &buffer, 8, 8, 5);
	cr_expect_eq(error, sizeof(void *) == 8 ? 0 : -EINVAL);
	dma_fence_signal(fence);
	memcpy(&word, &pages[3], sizeof(word));
	cr_expect_eq(word, 7);
	cr_expect_eq(pages[1], error ? 0 : 5);
	cr_expect_eq(pages[0], UINT64_MAX);
	cr_expect_eq(pages[2], UINT64_MAX);
	if (error)
		seqno_write_free(writes[1]);
	dma_buf_put(&buffer);
	cr_expect_eq(releases, 1);
	dma_fence_put(fence);
}

Test(seqno_write, row_4_3_in_io_memory_out_of_the_buffer_or_not_aligned_is_EINVAL)
{
	struct seqno_write *write = seqno_write_alloc();
	struct dma_fence *fence = fence_create();
	struct dma_buf buffer;

	dma_buf_init(&buffer, &device_ops, REGISTERS_SIZE, NULL);
	cr_expect_eq(seqno_write_attach_buffer(write, fence, &buffer, REGISTERS_SIZE, 8, 1),
		     -EINVAL);
	cr_expect_eq(seqno_write_attach_buffer(write, fence, &buffer, 4, 8, 1), -EINVAL);
	cr_expect_eq(seqno_write_attach_buffer(write, fence, &buffer, 0, 2, 1), -EINVAL);
	seqno_write_free(write);
	dma_fence_signal(fence);
	cr_expect_eq(device.writes, 0);
	dma_buf_put(&buffer);
	dma_fence_put(fence);
}

/* ---- waiters ---- */

/* Waits in another process until the low word is no longer old: exit status 0. */
static pid_t wait_in_child(uint32_t *word, uint32_t old)
{
	struct timespec timeout = { .tv_sec = PATIENCE_NS / NSEC_PER_SEC };
	pid_t child = fork();

	if (child)
		return child;
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == old) {
		if (syscall(SYS_futex, word, FUTEX_WAIT, old, &timeout, NULL, 0) < 0 &&
		    errno == ETIMEDOUT)
			_exit(1);
	}
	_exit(0);
}

Test(seqno_write, row_4_6_wakes_a_futex_waiter_of_another_process)
{
	uint64_t *memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct dma_fence *fence = fence_create();
	uint32_t *low_word = (uint32_t *)memory + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	int status = -1;
	pid_t child;

	cr_assert_neq(memory, MAP_FAILED);
	attach(fence, memory, 8, 1);
	child = wait_in_child(low_word, 0);
	sleep_ns(50 * NSEC_PER_MSEC);
	dma_fence_signal(fence);
	cr_expect_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0, "the child was not woken: %#x", status);
	munmap(memory, sizeof(*memory));
	dma_fence_put(fence);
}
