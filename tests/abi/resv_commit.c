/* SPDX-License-Identifier: MIT */
/*
 * resv_commit.c - fences that are attached under a ticket: they are invisible before they are
 * committed, then all together; and which requests wait for the holder of a lock. Raw
 * ioctls.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"
#include "resv.h"

RESV_SUITE(resv_commit);

#define ALL DMA_FENCE_USAGE_BOOKKEEP

static uint32_t attach_under(uint32_t ticket, int index)
{
	uint32_t fence = new_fence(device);

	expect(raw_attach_under(device, ticket, buffers[index], fence, DMA_FENCE_USAGE_WRITE), 0);
	return fence;
}

static uint32_t count_on(int index)
{
	return pending(buffers[index], ALL, NULL);
}

Test(resv_commit, row_3_4_fence_under_a_ticket_is_not_seen_before_the_commit)
{
	uint32_t ticket = new_ticket(device, buffers, 2);

	attach_under(ticket, 0);
	attach_under(ticket, 1);
	eventually(attachments, 2);
	expect(count_on(0), 0);
	expect(count_on(1), 0);
	expect(raw_resv_commit(device, ticket), 0);
	expect(count_on(0), 1);
	expect(count_on(1), 1);
	/* It still has them, and what it adds now is for the next commit. */
	eventually(locks, 2);
	attach_under(ticket, 0);
	expect(count_on(0), 1);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	expect(count_on(0), 2);
}

Test(resv_commit, row_3_4_unlock_commits)
{
	uint32_t ticket = new_ticket(device, buffers, 3), i;

	for (i = 0; i < 3; i++)
		attach_under(ticket, i);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	for (i = 0; i < 3; i++)
		expect(count_on(i), 1);
	eventually(attachments, 3);
}

Test(resv_commit, row_3_4_what_was_there_before_is_seen_meanwhile)
{
	uint32_t fence = new_fence(device), ticket;

	expect(raw_attach(device, buffers[0], fence, DMA_FENCE_USAGE_WRITE), 0);
	ticket = new_ticket(device, buffers, 1);
	expect(count_on(0), 1);
	attach_under(ticket, 0);
	expect(count_on(0), 1);
	expect(raw_signal(device, fence, 0), 0);
	expect(count_on(0), 0);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	expect(count_on(0), 1);
}

Test(resv_commit, backing_off_drops_what_was_not_committed)
{
	uint32_t ticket = new_ticket(device, buffers, 2), fence = attach_under(ticket, 0);

	expect(raw_resv_commit(device, ticket), 0);
	attach_under(ticket, 0);
	attach_under(ticket, 1);
	expect(raw_resv_unlock(device, ticket, DMA_FENCE_RESV_UNLOCK_BACK_OFF), 0);
	eventually(locks, 0);
	eventually(attachments, 1);
	eventually(tickets, 1);
	expect(count_on(0), 1);
	expect(count_on(1), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(count_on(0), 0);
	/* The ticket is as new. */
	expect(lock(device, 0, 2, DMA_FENCE_RESV_LOCK_SLOW, FOREVER, &ticket, NULL), 0);
}

Test(resv_commit, fence_that_was_there_before_survives_backing_off_from_it)
{
	uint32_t fence = new_fence(device), ticket;

	expect(raw_attach(device, buffers[0], fence, DMA_FENCE_USAGE_READ), 0);
	ticket = new_ticket(device, buffers, 1);
	expect(raw_attach_under(device, ticket, buffers[0], fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_resv_unlock(device, ticket, DMA_FENCE_RESV_UNLOCK_BACK_OFF), 0);
	expect(count_on(0), 1);
	expect(raw_signal(device, fence, 0), 0);
	expect(count_on(0), 0);
	eventually(attachments, 0);
}

Test(resv_commit, close_of_the_ticket_drops_what_was_not_committed)
{
	uint32_t ticket = new_ticket(device, buffers, 2);

	attach_under(ticket, 0);
	expect(raw_close(device, ticket), 0);
	eventually(locks, 0);
	eventually(tickets, 0);
	eventually(attachments, 0);
	expect(count_on(0), 0);
	expect(raw_resv_commit(device, ticket), -ENOENT);
}

Test(resv_commit, fence_that_is_signaled_before_the_commit_never_appears)
{
	uint32_t ticket = new_ticket(device, buffers, 1), fence = attach_under(ticket, 0);

	expect(raw_signal(device, fence, 0), 0);
	eventually(attachments, 0);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	expect(count_on(0), 0);
}

Test(resv_commit, signaled_fence_is_not_staged)
{
	uint32_t ticket = new_ticket(device, buffers, 1), fence = new_signaled_fence(device, -EIO);

	expect(raw_attach_under(device, ticket, buffers[0], fence, DMA_FENCE_USAGE_WRITE), 0);
	eventually(attachments, 0);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	expect(count_on(0), 0);
}

Test(resv_commit, row_3_3_newer_point_replaces_the_older_at_the_commit)
{
	uint32_t line = new_timeline(device, 0), first = new_point(device, line), ticket;

	expect(raw_attach(device, buffers[0], first, DMA_FENCE_USAGE_WRITE), 0);
	ticket = new_ticket(device, buffers, 1);
	expect(raw_attach_under(device, ticket, buffers[0], new_point(device, line),
				DMA_FENCE_USAGE_WRITE),
	       0);
	expect(count_on(0), 1);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	expect(count_on(0), 1);
	expect(raw_advance(device, line, 1), 0);
	expect(count_on(0), 1);
	expect(raw_advance(device, line, 2), 0);
	expect(count_on(0), 0);
}

Test(resv_commit, row_3_1_fences_of_a_commit_keep_their_usages)
{
	uint32_t ticket = new_ticket(device, buffers, 1), usage, snapshot;

	for (usage = DMA_FENCE_USAGE_KERNEL; usage <= DMA_FENCE_USAGE_BOOKKEEP; usage++)
		expect(raw_attach_under(device, ticket, buffers[0], new_fence(device), usage), 0);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	for (usage = DMA_FENCE_USAGE_KERNEL; usage <= DMA_FENCE_USAGE_BOOKKEEP; usage++)
		expect(pending(buffers[0], usage, &snapshot), usage + 1);
}

/* ---- all together: an observer that sees one sees the other ---- */

#define ROUNDS 300

static void run_observer(void *data)
{
	uint32_t before = 0, between, after = 0;
	int *stop = data;

	/* Between two looks commits may come, each of them to both. */
	while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {
		before = count_on(0);
		between = count_on(2);
		after = count_on(0);
		check(before <= between && between <= after);
	}
	check(after);
}

Test(resv_commit, row_3_4_fences_of_a_commit_appear_all_together)
{
	struct thread observer;
	int stop = 0, round, i;

	/* The observer's looks and the commits meet in any order; those of one commit are one. */
	thread_start(&observer, run_observer, &stop);
	for (round = 0; round < ROUNDS; round++) {
		uint32_t ticket = new_ticket(device, buffers, 3);

		for (i = 0; i < 3; i++)
			attach_under(ticket, i);
		expect(raw_resv_unlock(device, ticket, 0), 0);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	thread_join(&observer);
	for (i = 0; i < 3; i++)
		expect(count_on(i), ROUNDS);
}

/* ---- requests that wait for the holder ---- */

struct attacher {
	struct thread thread;
	uint32_t fence;
	int result;
};

static void run_attacher(void *data)
{
	struct attacher *attacher = data;

	attacher->result = raw_attach(device, buffers[0], attacher->fence, DMA_FENCE_USAGE_WRITE);
}

Test(resv_commit, row_2_2_attach_without_the_ticket_waits_for_the_holder)
{
	uint32_t ticket = new_ticket(device, buffers, 1);
	struct attacher attachers[3];
	int i;

	for (i = 0; i < 3; i++) {
		attachers[i].fence = new_fence(device);
		thread_start(&attachers[i].thread, run_attacher, &attachers[i]);
		eventually(waits, i + 1);
	}
	expect(count_on(0), 0);
	attach_under(ticket, 0);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	for (i = 0; i < 3; i++) {
		thread_join(&attachers[i].thread);
		expect(attachers[i].result, 0);
	}
	expect(count_on(0), 4);
	eventually(waits, 0);
}

Test(resv_commit, attach_that_waits_keeps_its_fence)
{
	uint32_t ticket = new_ticket(device, buffers, 1);
	struct attacher attacher = { .fence = new_fence(device) };

	thread_start(&attacher.thread, run_attacher, &attacher);
	eventually(waits, 1);
	/* The last handle that could signal it goes, so it is signaled, and there is nothing to
	 * attach. */
	expect(raw_close(device, attacher.fence), 0);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	thread_join(&attacher.thread);
	expect(attacher.result, 0);
	expect(count_on(0), 0);
	eventually(fences, 0);
}

Test(resv_commit, attach_of_a_signaled_fence_does_not_wait)
{
	uint32_t fence = new_signaled_fence(device, 0);

	new_ticket(device, buffers, 1);
	expect(raw_attach(device, buffers[0], fence, DMA_FENCE_USAGE_WRITE), 0);
}

static void attach_in_child(void *data)
{
	raw_attach(device, buffers[0], *(uint32_t *)data, DMA_FENCE_USAGE_WRITE);
}

Test(resv_commit, row_2_5_killed_attach_is_gone_from_the_queue)
{
	uint32_t ticket = new_ticket(device, buffers, 1), fence = new_fence(device);
	struct attacher attacher = { .fence = new_fence(device) };
	pid_t pid = spawn(attach_in_child, &fence);

	eventually(waits, 1);
	thread_start(&attacher.thread, run_attacher, &attacher);
	eventually(waits, 2);
	kill_child(pid);
	eventually(waits, 1);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	thread_join(&attacher.thread);
	expect(attacher.result, 0);
	expect(count_on(0), 1);
}

Test(resv_commit, seqno_write_does_not_wait_for_the_holder)
{
	uint32_t ticket = new_ticket(device, buffers, 1), fence = new_fence(device);
	uint64_t *memory = map_buffer(buffers[0], 4096);

	expect(raw_seqno_write(device, fence, buffers[0], 8, 42, 8), 0);
	expect(count_on(0), 1);
	/* Nor does backing off take it along. */
	expect(raw_resv_unlock(device, ticket, DMA_FENCE_RESV_UNLOCK_BACK_OFF), 0);
	expect(count_on(0), 1);
	expect(raw_signal(device, fence, 0), 0);
	eventually(seqno_writes, 0);
	expect(__atomic_load_n(&memory[1], __ATOMIC_ACQUIRE), 42);
	must(munmap(memory, 4096));
}

Test(resv_commit, row_3_7_reader_waits_for_the_writers_that_are_committed)
{
	uint32_t ticket = new_ticket(device, buffers, 1), fence = attach_under(ticket, 0);
	struct dma_fence_buffer_wait wait;

	expect(raw_buffer_wait(device, buffers[0], DMA_FENCE_USAGE_RW(0), 0, &wait), 0);
	expect(wait.count, 0);
	expect(raw_resv_commit(device, ticket), 0);
	expect(raw_buffer_wait(device, buffers[0], DMA_FENCE_USAGE_RW(0), 0, &wait), -ETIME);
	expect(wait.count, 1);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_buffer_wait(device, buffers[0], DMA_FENCE_USAGE_RW(0), 0, &wait), 0);
}
