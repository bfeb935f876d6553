/* SPDX-License-Identifier: MIT */
/* library_dma.c - libdmafence: one operation on one buffer. */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buffer_suite.h"
#include "libdmafence.h"
#include "process.h"

/*
 * The syncs that a dma-buf gets, even if the buffer is none: this program's own ioctl() notes them
 * and calls the kernel.
 */
static uint64_t told[4];
static unsigned int times_told;

__attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request == DMA_BUF_IOCTL_SYNC && times_told < 4)
		told[times_told++] = ((const struct dma_buf_sync *)argument)->flags;
	return (int)syscall(SYS_ioctl, fd, request, argument);
}

BUFFER_SUITE(library_dma);

static uint32_t start(uint32_t usage)
{
	uint32_t fence;

	expect(dma_fence_device_start_dma(device, buffer, usage, DMA_FENCE_WAIT_FOREVER, &fence),
	       0);
	return fence;
}

Test(library_dma, row_2_3_one_operation_is_two_calls)
{
	uint32_t fence = start(DMA_FENCE_USAGE_WRITE);

	eventually(attachments, 1);
	eventually(handles, 1);
	eventually(locks, 0);
	expect(pending(buffer, DMA_FENCE_USAGE_WRITE, NULL), 1);
	expect(dma_fence_device_end_dma(device, buffer, DMA_FENCE_USAGE_WRITE, fence, 0), 0);
	eventually(attachments, 0);
	eventually(handles, 0);
}

Test(library_dma, row_2_3_readers_go_together_a_writer_waits)
{
	uint32_t a = start(DMA_FENCE_USAGE_READ), b = start(DMA_FENCE_USAGE_READ), fence;

	expect_errno(dma_fence_device_start_dma(device, buffer, DMA_FENCE_USAGE_WRITE, in_ms(10),
						&fence),
		     ETIME);
	/* Nothing is left of the one that gave up. */
	eventually(handles, 2);
	eventually(attachments, 2);
	expect(dma_fence_device_end_dma(device, buffer, DMA_FENCE_USAGE_READ, a, 0), 0);
	expect(dma_fence_device_end_dma(device, buffer, DMA_FENCE_USAGE_READ, b, 0), 0);
	fence = start(DMA_FENCE_USAGE_WRITE);
	expect_errno(
		dma_fence_device_start_dma(device, buffer, DMA_FENCE_USAGE_READ, in_ms(10), &a),
		ETIME);
	expect(dma_fence_device_end_dma(device, buffer, DMA_FENCE_USAGE_WRITE, fence, -EIO), 0);
}

#define WORKERS 4
#define ROUNDS	50

struct worker {
	struct thread thread;
	int *inside;
	int *done;
};

static void write_in_turn(void *data)
{
	struct worker *worker = data;
	int fd = open_device(), i;
	uint32_t fence;

	for (i = 0; i < ROUNDS; i++) {
		expect(dma_fence_device_start_dma(fd, buffer, DMA_FENCE_USAGE_WRITE,
						  DMA_FENCE_WAIT_FOREVER, &fence),
		       0);
		expect(__atomic_add_fetch(worker->inside, 1, __ATOMIC_SEQ_CST), 1);
		(*worker->done)++;
		expect(__atomic_sub_fetch(worker->inside, 1, __ATOMIC_SEQ_CST), 0);
		expect(dma_fence_device_end_dma(fd, buffer, DMA_FENCE_USAGE_WRITE, fence, 0), 0);
	}
	must(close(fd));
}

Test(library_dma, row_2_3_writers_come_one_after_the_other)
{
	struct worker workers[WORKERS];
	int inside = 0, done = 0, i;

	for (i = 0; i < WORKERS; i++) {
		workers[i].inside = &inside;
		workers[i].done = &done;
		thread_start(&workers[i].thread, write_in_turn, &workers[i]);
	}
	for (i = 0; i < WORKERS; i++)
		thread_join(&workers[i].thread);
	expect(done, WORKERS * ROUNDS);
}

Test(library_dma, row_2_3_fences_of_every_kind_are_waited_for)
{
	uint32_t word = new_mem_fence(device, buffer, 0, 1, 8), fence;

	expect(raw_attach(device, buffer, word, DMA_FENCE_USAGE_WRITE), 0);
	expect_errno(
		dma_fence_device_start_dma(device, buffer, DMA_FENCE_USAGE_READ, in_ms(10), &fence),
		ETIME);
	__atomic_store_n(memory, 1, __ATOMIC_RELEASE);
	fence = start(DMA_FENCE_USAGE_READ);
	expect(dma_fence_device_end_dma(device, buffer, DMA_FENCE_USAGE_READ, fence, 0), 0);
}

Test(library_dma, end_of_what_has_timed_out_is_einval_and_closes_the_handle)
{
	uint32_t fence = start(DMA_FENCE_USAGE_WRITE);

	expect(raw_signal(device, fence, -ETIMEDOUT), 0);
	expect_errno(dma_fence_device_end_dma(device, buffer, DMA_FENCE_USAGE_WRITE, fence, 0),
		     EINVAL);
	eventually(handles, 0);
}

static void start_too_late(void *data)
{
	uint32_t fence;

	expect_errno(dma_fence_device_start_dma(device, buffer, DMA_FENCE_USAGE_WRITE,
						DMA_FENCE_WAIT_FOREVER, &fence),
		     ETIMEDOUT);
}

/* Of the operation that waits. */
static uint32_t fence_of_dma(void)
{
	struct dma_fence_query query;
	uint32_t handle = 1;

	while (raw_query(device, handle, &query) || strcmp(query.timeline_name, "dma"))
		handle++;
	return handle;
}

Test(library_dma, start_that_has_timed_out_while_it_waited_does_not_begin)
{
	uint32_t before = new_fence(device);
	struct thread thread;

	expect(raw_attach(device, buffer, before, DMA_FENCE_USAGE_WRITE), 0);
	thread_start(&thread, start_too_late, NULL);
	eventually(waits, 1);
	expect(raw_signal(device, fence_of_dma(), -ETIMEDOUT), 0);
	expect(raw_signal(device, before, 0), 0);
	thread_join(&thread);
	expect(raw_close(device, before), 0);
	eventually(handles, 0);
	eventually(tickets, 0);
}

Test(library_dma, other_usages_are_einval)
{
	uint32_t fence;

	expect_errno(
		dma_fence_device_start_dma(device, buffer, DMA_FENCE_USAGE_BOOKKEEP, 0, &fence),
		EINVAL);
	expect_errno(dma_fence_device_start_dma(device, buffer, DMA_FENCE_USAGE_KERNEL, 0, &fence),
		     EINVAL);
	eventually(tickets, 0);
}

Test(library_dma, row_2_7_memory_stays_mapped_from_one_operation_to_the_next)
{
	uint32_t fence, i;

	for (i = 1; i <= 3; i++) {
		fence = start(DMA_FENCE_USAGE_WRITE);
		memory[0] = i;
		expect(dma_fence_device_end_dma(device, buffer, DMA_FENCE_USAGE_WRITE, fence, 0),
		       0);
		fence = start(DMA_FENCE_USAGE_READ);
		expect(memory[0], i);
		expect(dma_fence_device_end_dma(device, buffer, DMA_FENCE_USAGE_READ, fence, 0), 0);
	}
}

Test(library_dma, row_2_7_caches_are_maintained_at_the_start_and_the_end)
{
	uint32_t fence = start(DMA_FENCE_USAGE_WRITE);

	expect(times_told, 1);
	expect(told[0], DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	expect(dma_fence_device_end_dma(device, buffer, DMA_FENCE_USAGE_WRITE, fence, 0), 0);
	expect(times_told, 2);
	expect(told[1], DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);

	fence = start(DMA_FENCE_USAGE_READ);
	expect(told[2], DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	expect(dma_fence_device_end_dma(device, buffer, DMA_FENCE_USAGE_READ, fence, 0), 0);
	expect(times_told, 4);
	expect(told[3], DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
}

Test(library_dma, dmabuf_is_told_of_the_access)
{
	int dmabuf = need_dmabuf();
	uint32_t fence;

	expect(dma_fence_device_start_dma(device, dmabuf, DMA_FENCE_USAGE_WRITE,
					  DMA_FENCE_WAIT_FOREVER, &fence),
	       0);
	expect(dma_fence_device_end_dma(device, dmabuf, DMA_FENCE_USAGE_WRITE, fence, 0), 0);
	eventually(attachments, 0);
	must(close(dmabuf));
}
