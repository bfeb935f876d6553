/* SPDX-License-Identifier: MIT */
/*
 * seqno_write-test.c - a value stored when a fence is signaled: width, order, at once, cancelled,
 * and who is woken.
 */
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core-test.h"

TestSuite(seqno_write, .timeout = 10, .fini = expect_no_fence_left);

static _Alignas(8) uint32_t words[3];

static int done_calls;

static void count_done(struct seqno_write *seqno_write)
{
	done_calls++;
}

Test(seqno_write, of_4_bytes_leaves_the_next_4_alone)
{
	struct dma_fence *fence = fence_create();
	struct seqno_write write = {
		.address = &words[1], .value = UINT64_C(0x1122334455667788), .size = 4,
	};

	words[0] = words[2] = 0xaaaaaaaa;
	cr_expect_eq(seqno_write_attach(&write, fence), 0);
	cr_expect_eq(words[1], 0, "not before the signal");
	dma_fence_signal(fence);
	cr_expect_eq(words[0], 0xaaaaaaaa);
	cr_expect_eq(words[1], 0x55667788);
	cr_expect_eq(words[2], 0xaaaaaaaa);
	dma_fence_put(fence);
}

Test(seqno_write, of_8_bytes_stores_all_of_the_value)
{
	struct dma_fence *fence = fence_create();
	uint64_t memory = 0;
	struct seqno_write write = { .address = &memory, .value = UINT64_MAX - 1, .size = 8 };

	cr_expect_eq(seqno_write_attach(&write, fence), 0);
	dma_fence_signal(fence);
	cr_expect_eq(memory, UINT64_MAX - 1);
	dma_fence_put(fence);
}

Test(seqno_write, value_may_wrap)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	uint32_t memory = 0;
	struct seqno_write writes[] = {
		{ .address = &memory, .value = UINT32_MAX, .size = 4 },
		{ .address = &memory, .value = UINT64_C(0x100000001), .size = 4 },
	};

	seqno_write_attach(&writes[0], fences[0]);
	seqno_write_attach(&writes[1], fences[1]);
	dma_fence_signal(fences[0]);
	cr_expect_eq(memory, UINT32_MAX);
	dma_fence_signal(fences[1]);
	cr_expect_eq(memory, 1);
	dma_fence_put(fences[0]);
	dma_fence_put(fences[1]);
}

Test(seqno_write, row_4_2_to_a_signaled_fence_happens_at_once)
{
	struct dma_fence *fence = fence_create_signaled(1, 0);
	uint64_t memory = 0;
	struct seqno_write write = {
		.address = &memory, .value = 5, .size = 8, .done = count_done,
	};

	cr_expect_eq(seqno_write_attach(&write, fence), 0);
	cr_expect_eq(memory, 5);
	cr_expect_eq(done_calls, 1);
	cr_expect_not(seqno_write_cancel(&write, fence));
	dma_fence_put(fence);
}

Test(seqno_write, to_a_failed_fence_happens_too)
{
	struct dma_fence *fence = fence_create();
	uint64_t memory = 0;
	struct seqno_write write = { .address = &memory, .value = 5, .size = 8 };

	seqno_write_attach(&write, fence);
	dma_fence_set_error(fence, -EIO);
	dma_fence_signal(fence);
	cr_expect_eq(memory, 5);
	dma_fence_put(fence);
}

Test(seqno_write, cancelled_in_time_writes_nothing)
{
	struct dma_fence *fence = fence_create();
	uint64_t memory = 0;
	struct seqno_write write = {
		.address = &memory, .value = 5, .size = 8, .done = count_done,
	};

	seqno_write_attach(&write, fence);
	cr_expect(seqno_write_cancel(&write, fence));
	dma_fence_signal(fence);
	cr_expect_eq(memory, 0);
	cr_expect_eq(done_calls, 0);
	dma_fence_put(fence);
}

Test(seqno_write, cancelled_late_is_told_so)
{
	struct dma_fence *fence = fence_create();
	uint64_t memory = 0;
	struct seqno_write write = { .address = &memory, .value = 5, .size = 8 };

	seqno_write_attach(&write, fence);
	dma_fence_signal(fence);
	cr_expect_not(seqno_write_cancel(&write, fence));
	cr_expect_eq(memory, 5);
	dma_fence_put(fence);
}

static void free_write(struct seqno_write *write)
{
	done_calls++;
	free(write);
}

Test(seqno_write, may_be_freed_when_it_is_done)
{
	struct dma_fence *fence = fence_create();
	struct seqno_write *write = calloc(1, sizeof(*write));
	uint64_t memory = 0;

	*write = (struct seqno_write){
		.address = &memory, .value = 5, .size = 8, .done = free_write,
	};
	seqno_write_attach(write, fence);
	dma_fence_signal(fence);
	cr_expect_eq(done_calls, 1);
	cr_expect_eq(memory, 5);
	dma_fence_put(fence);
}

Test(seqno_write, of_another_size_or_alignment_is_EINVAL)
{
	struct dma_fence *fence = fence_create();
	struct seqno_write invalid[] = {
		{ .address = &words[0], .size = 0 },
		{ .address = &words[0], .size = 1 },
		{ .address = &words[0], .size = 2 },
		{ .address = &words[0], .size = 16 },
		{ .address = &words[1], .size = 8 },
		{ .address = (char *)words + 2, .size = 4 },
		{ .address = NULL, .size = 8 },
	};
	size_t i;

	for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		cr_expect_eq(seqno_write_attach(&invalid[i], fence), -EINVAL, "case %zu", i);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

/* Waits in another process until the low word is no longer old: exit status 0. */
static pid_t wait_in_child(uint32_t *word, uint32_t old)
{
	struct timespec timeout = { .tv_sec = 5 };
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

Test(seqno_write, wakes_a_futex_waiter_of_another_process)
{
	uint64_t *memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct dma_fence *fence = fence_create();
	struct seqno_write write = { .address = memory, .value = 1, .size = 8 };
	uint32_t *low_word = (uint32_t *)memory + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	int status = -1;
	pid_t child;

	cr_assert_neq(memory, MAP_FAILED);
	seqno_write_attach(&write, fence);
	child = wait_in_child(low_word, 0);
	sleep_ns(50 * NSEC_PER_MSEC);
	dma_fence_signal(fence);
	cr_expect_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0, "the child was not woken: %#x", status);
	munmap(memory, sizeof(*memory));
	dma_fence_put(fence);
}
