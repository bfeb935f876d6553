/* SPDX-License-Identifier: MIT */
/* buffer.c - ATTACH and BUFFER_FENCES: fences on buffers, each for a usage. Raw ioctls. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer_suite.h"
#include "process.h"

BUFFER_SUITE(buffer);

static uint64_t context_of(uint32_t handle)
{
	struct dma_fence_query query;

	expect(raw_query(device, handle, &query), 0);
	return query.context;
}

Test(buffer, row_1_4_nothing_pending_gives_a_signaled_fence)
{
	uint32_t none;

	expect(pending(buffer, DMA_FENCE_USAGE_BOOKKEEP, &none), 0);
	expect(status_of(device, none), 1);
}

Test(buffer, one_pending_fence_is_that_fence)
{
	uint32_t fence = attach_new(DMA_FENCE_USAGE_WRITE), snapshot;

	expect(pending(buffer, DMA_FENCE_USAGE_WRITE, &snapshot), 1);
	expect(context_of(snapshot), context_of(fence));
	expect(raw_signal(device, fence, -EIO), 0);
	expect(status_of(device, snapshot), -EIO);
}

Test(buffer, row_1_2_signaling_takes_the_fence_off)
{
	uint32_t fence = attach_new(DMA_FENCE_USAGE_WRITE);

	eventually(buffers, 1);
	eventually(attachments, 1);
	expect(raw_signal(device, fence, 0), 0);
	eventually(attachments, 0);
	eventually(buffers, 0);
	expect(pending(buffer, DMA_FENCE_USAGE_BOOKKEEP, NULL), 0);
}

Test(buffer, row_1_4_several_fences_are_one)
{
	uint32_t a = attach_new(DMA_FENCE_USAGE_READ), b = attach_new(DMA_FENCE_USAGE_READ), both;

	expect(pending(buffer, DMA_FENCE_USAGE_READ, &both), 2);
	expect(raw_signal(device, a, 0), 0);
	expect(status_of(device, both), 0);
	expect(pending(buffer, DMA_FENCE_USAGE_READ, NULL), 1);
	expect(raw_signal(device, b, 0), 0);
	expect(status_of(device, both), 1);
}

Test(buffer, row_3_2_snapshot_stays_as_it_was)
{
	uint32_t a = attach_new(DMA_FENCE_USAGE_WRITE), snapshot;

	expect(pending(buffer, DMA_FENCE_USAGE_WRITE, &snapshot), 1);
	attach_new(DMA_FENCE_USAGE_WRITE);
	expect(raw_signal(device, a, 0), 0);
	expect(status_of(device, snapshot), 1);
}

Test(buffer, row_3_1_usage_is_given_itself_and_all_before_it)
{
	uint32_t usage;

	for (usage = DMA_FENCE_USAGE_KERNEL; usage <= DMA_FENCE_USAGE_BOOKKEEP; usage++)
		attach_new(usage);
	expect(pending(buffer, DMA_FENCE_USAGE_KERNEL, NULL), 1);
	expect(pending(buffer, DMA_FENCE_USAGE_WRITE, NULL), 2);
	expect(pending(buffer, DMA_FENCE_USAGE_READ, NULL), 3);
	expect(pending(buffer, DMA_FENCE_USAGE_BOOKKEEP, NULL), 4);
}

Test(buffer, later_usage_is_not_seen_by_an_earlier)
{
	uint32_t usage;

	for (usage = DMA_FENCE_USAGE_KERNEL; usage < DMA_FENCE_USAGE_BOOKKEEP; usage++) {
		uint32_t fence = attach_new(usage + 1);

		expect(pending(buffer, usage, NULL), 0);
		expect(pending(buffer, usage + 1, NULL), 1);
		expect(raw_signal(device, fence, 0), 0);
	}
}

Test(buffer, unknown_usage_is_einval)
{
	static const uint32_t bad[] = { DMA_FENCE_USAGE_BOOKKEEP + 1, 0x80000000u, ~0u };
	uint32_t fence = new_fence(device), handle, count;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect(raw_attach(device, buffer, fence, bad[i]), -EINVAL);
		expect(raw_buffer_fences(device, buffer, bad[i], 0, &handle, &count), -EINVAL);
	}
	eventually(attachments, 0);
}

Test(buffer, row_1_4_latest_is_the_one_attached_last)
{
	uint32_t a = attach_new(DMA_FENCE_USAGE_WRITE), b = attach_new(DMA_FENCE_USAGE_WRITE),
		 latest, count;

	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE, DMA_FENCE_BUFFER_LATEST,
				 &latest, &count),
	       0);
	expect(count, 1);
	expect(context_of(latest), context_of(b));
	expect(raw_signal(device, b, 0), 0);
	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE, DMA_FENCE_BUFFER_LATEST,
				 &latest, &count),
	       0);
	expect(context_of(latest), context_of(a));
}

Test(buffer, latest_of_nothing_is_signaled)
{
	uint32_t latest, count;

	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_READ, DMA_FENCE_BUFFER_LATEST,
				 &latest, &count),
	       0);
	expect(count, 0);
	expect(status_of(device, latest), 1);
}

Test(buffer, latest_looks_at_the_usage)
{
	uint32_t a = attach_new(DMA_FENCE_USAGE_WRITE), latest, count;

	attach_new(DMA_FENCE_USAGE_READ);
	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE, DMA_FENCE_BUFFER_LATEST,
				 &latest, &count),
	       0);
	expect(context_of(latest), context_of(a));
}

Test(buffer, row_3_3_newer_point_of_a_timeline_replaces_the_older)
{
	uint32_t line = new_timeline(device, 0), snapshot, first = new_point(device, line);

	expect(raw_attach(device, buffer, first, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_attach(device, buffer, new_point(device, line), DMA_FENCE_USAGE_WRITE), 0);
	expect(pending(buffer, DMA_FENCE_USAGE_WRITE, &snapshot), 1);
	expect(raw_advance(device, line, 1), 0);
	expect(status_of(device, snapshot), 0);
	expect(raw_advance(device, line, 2), 0);
	expect(status_of(device, snapshot), 1);
	eventually(attachments, 0);
}

Test(buffer, signaled_fence_is_not_put_on)
{
	expect(raw_attach(device, buffer, new_signaled_fence(device, 0), DMA_FENCE_USAGE_WRITE), 0);
	expect(pending(buffer, DMA_FENCE_USAGE_BOOKKEEP, NULL), 0);
	eventually(attachments, 0);
}

Test(buffer, row_1_3_one_fence_on_many_buffers)
{
	uint32_t fence = new_fence(device), handle, count;
	int buffers[20], i;

	for (i = 0; i < 20; i++) {
		buffers[i] = new_buffer(4096);
		expect(raw_attach(device, buffers[i], fence, DMA_FENCE_USAGE_WRITE), 0);
	}
	eventually(buffers, 20);
	for (i = 0; i < 20; i++) {
		expect(raw_buffer_fences(device, buffers[i], DMA_FENCE_USAGE_WRITE, 0, &handle,
					 &count),
		       0);
		expect(count, 1);
		must(close(buffers[i]));
	}
	expect(raw_signal(device, fence, 0), 0);
	eventually(buffers, 0);
}

Test(buffer, row_1_3_many_fences_on_one_buffer)
{
	uint32_t fences[200], all;
	int i;

	for (i = 0; i < 200; i++)
		fences[i] = attach_new(DMA_FENCE_USAGE_READ);
	expect(pending(buffer, DMA_FENCE_USAGE_READ, &all), 200);
	expect(raw_signal_many(device, fences, 199, 0), 0);
	expect(status_of(device, all), 0);
	expect(raw_signal(device, fences[199], 0), 0);
	expect(status_of(device, all), 1);
}

Test(buffer, buffer_is_known_through_every_fd_of_it)
{
	int copy = must(dup(buffer)), again;
	uint32_t handle, count;

	attach_new(DMA_FENCE_USAGE_WRITE);
	again = reopen(buffer, O_RDONLY);
	expect(raw_buffer_fences(device, copy, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), 0);
	expect(count, 1);
	expect(raw_buffer_fences(device, again, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), 0);
	expect(count, 1);
	must(close(copy));
	must(close(again));
}

Test(buffer, buffer_is_known_to_every_open_of_the_device)
{
	int other = open_device();
	uint32_t fence = attach_new(DMA_FENCE_USAGE_WRITE), handle, count;

	expect(raw_buffer_fences(other, buffer, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), 0);
	expect(count, 1);
	expect(status_of(other, handle), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(status_of(other, handle), 1);
	must(close(other));
}

static void look_from_child(void *data)
{
	int other = open_device();
	uint32_t handle, count;

	expect(raw_buffer_fences(other, buffer, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), 0);
	expect(count, 1);
	expect(raw_wait(other, handle, DMA_FENCE_WAIT_FOREVER), 0);
}

Test(buffer, another_process_waits_for_what_is_on_it)
{
	uint32_t fence = attach_new(DMA_FENCE_USAGE_WRITE);
	pid_t pid = spawn(look_from_child, NULL);

	eventually(waits, 1);
	expect(raw_signal(device, fence, 0), 0);
	expect_success(pid);
}

Test(buffer, row_1_2_attached_fence_keeps_the_buffer)
{
	uint32_t fence = new_fence(device);
	int mine = new_buffer(4096);

	expect(raw_attach(device, mine, fence, DMA_FENCE_USAGE_WRITE), 0);
	must(close(mine));
	eventually(buffers, 1);
	expect(raw_signal(device, fence, 0), 0);
	eventually(buffers, 0);
}

Test(buffer, row_2_5_attachment_outlives_its_open_file_but_not_its_signaler)
{
	int other = open_device();
	uint32_t handle, count;

	expect(raw_attach(other, buffer, new_fence(other), DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), 0);
	expect(count, 1);
	must(close(other));
	eventually(attachments, 0);
	expect(status_of(device, handle), -ECANCELED);
}

Test(buffer, row_2_1_file_on_tmpfs_is_a_buffer)
{
	int file = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	uint32_t handle, count;

	if (file < 0)
		cr_skip_test("no tmpfs on /dev/shm");
	must(ftruncate(file, 4096));
	expect(raw_attach(device, file, new_fence(device), DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_buffer_fences(device, file, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), 0);
	expect(count, 1);
	must(close(file));
}

Test(buffer, row_2_1_dmabuf_is_a_buffer)
{
	int dmabuf = need_dmabuf();
	uint32_t handle, count, fence = new_fence(device);

	expect(raw_attach(device, dmabuf, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_buffer_fences(device, dmabuf, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), 0);
	expect(count, 1);
	expect(raw_signal(device, fence, 0), 0);
	must(close(dmabuf));
}

Test(buffer, row_4_3_value_is_written_into_a_dmabuf)
{
	int dmabuf = need_dmabuf();
	uint32_t fence = new_fence(device);
	uint64_t *mapped;

	mapped = map_buffer(dmabuf, getpagesize());
	expect(raw_seqno_write(device, fence, dmabuf, 8, 42, 8), 0);
	expect(mapped[1], 0);
	expect(raw_signal(device, fence, 0), 0);
	/* A dma-buf gets a sync before and after; the signaler does not wait for it. */
	eventually(seqno_writes, 0);
	expect(mapped[1], 42);
	must(munmap(mapped, getpagesize()));
	must(close(dmabuf));
}
