/* SPDX-License-Identifier: MIT */
/* library_resv.c - libdmafence: several buffers in one operation. */
#include <unistd.h>

#include "fixture.h"
#include "libdmafence.h"
#include "process.h"
#include "resv.h"

RESV_SUITE(library_resv);

static int attach_under(uint32_t ticket, int buffer, uint32_t fence)
{
	struct dma_fence_attach attach = {
		.fd = buffer,
		.handle = fence,
		.usage = DMA_FENCE_USAGE_WRITE,
		.ticket = ticket,
	};

	return dma_fence_device_attach_full(device, &attach);
}

static uint32_t count_on(int index)
{
	return pending(buffers[index], DMA_FENCE_USAGE_BOOKKEEP, NULL);
}

Test(library_resv, buffers_are_locked_attached_to_and_unlocked)
{
	uint32_t ticket = 0, fence;

	expect(dma_fence_device_create(device, "work", &fence), 0);
	expect(dma_fence_device_resv_lock(device, buffers, 2, 0, FOREVER, &ticket, NULL), 0);
	check(ticket);
	expect(attach_under(ticket, buffers[0], fence), 0);
	expect(count_on(0), 0);
	expect(dma_fence_device_resv_commit(device, ticket), 0);
	expect(count_on(0), 1);
	expect(attach_under(ticket, buffers[1], fence), 0);
	expect(count_on(1), 0);
	expect(dma_fence_device_resv_unlock(device, ticket, 0), 0);
	expect(count_on(1), 1);
	expect_errno(dma_fence_device_resv_unlock(device, ticket, 0), ENOENT);
	expect_errno(dma_fence_device_resv_commit(device, ticket), ENOENT);
	expect_errno(attach_under(ticket, buffers[0], fence), ENOENT);
}

Test(library_resv, lock_tells_the_ticket_and_the_contended_buffer_on_edeadlk)
{
	uint32_t older = new_ticket(device, &buffers[2], 1), younger = 0, contended = 7;

	expect_errno(
		dma_fence_device_resv_lock(device, buffers, 3, 0, FOREVER, &younger, &contended),
		EDEADLK);
	expect(contended, 2);
	check(younger && younger != older);
	/* It may be of no interest. */
	expect(dma_fence_device_resv_lock(device, buffers, 1, 0, FOREVER, &younger, NULL), 0);
	expect_errno(dma_fence_device_resv_lock(device, &buffers[2], 1, 0, FOREVER, &younger, NULL),
		     EDEADLK);
	expect(dma_fence_device_resv_unlock(device, younger, DMA_FENCE_RESV_UNLOCK_BACK_OFF), 0);
	expect(dma_fence_device_resv_unlock(device, older, 0), 0);
	expect(dma_fence_device_resv_lock(device, &buffers[2], 1, DMA_FENCE_RESV_LOCK_SLOW, FOREVER,
					  &younger, NULL),
	       0);
}

Test(library_resv, try_tells_the_contended_buffer)
{
	uint32_t ticket = 0, contended = 7;

	new_ticket(device, &buffers[1], 1);
	expect_errno(dma_fence_device_resv_lock(device, buffers, 3, DMA_FENCE_RESV_LOCK_TRY, 0,
						&ticket, &contended),
		     EBUSY);
	expect(contended, 1);
	expect(ticket, 0);
}

struct locking {
	struct thread thread;
	uint32_t ticket;
};

static void run_lock_all(void *data)
{
	struct locking *locking = data;

	expect(dma_fence_device_resv_lock_all(device, buffers, 3, FOREVER, &locking->ticket), 0);
}

Test(library_resv, lock_all_backs_off_and_waits_until_it_has_them)
{
	uint32_t older = new_ticket(device, &buffers[2], 1);
	struct locking locking;

	/* Younger, and with two of them when it meets the third. */
	thread_start(&locking.thread, run_lock_all, &locking);
	eventually(waits, 1);
	eventually(locks, 1);
	expect(dma_fence_device_resv_lock(device, buffers, 2, 0, FOREVER, &older, NULL), 0);
	expect(dma_fence_device_resv_unlock(device, older, 0), 0);
	thread_join(&locking.thread);
	eventually(locks, 3);
	expect(dma_fence_device_resv_unlock(device, locking.ticket, 0), 0);
}

Test(library_resv, lock_all_that_fails_leaves_no_ticket)
{
	uint32_t older = new_ticket(device, &buffers[2], 1), ticket = 77;
	int twice[2] = { buffers[0], buffers[0] };

	expect_errno(dma_fence_device_resv_lock_all(device, twice, 2, FOREVER, &ticket), EALREADY);
	expect_errno(dma_fence_device_resv_lock_all(device, buffers, 3, in_ms(20), &ticket), ETIME);
	expect_errno(dma_fence_device_resv_lock_all(device, buffers, 0, FOREVER, &ticket), EINVAL);
	expect(ticket, 77);
	eventually(tickets, 1);
	eventually(locks, 1);
	expect(dma_fence_device_resv_unlock(device, older, 0), 0);
}

#define MANY (DMA_FENCE_RESV_LOCK_INLINE_MAX + 1)

Test(library_resv, more_buffers_than_fit_inline_are_passed_by_pointer)
{
	static int many[MANY];
	uint32_t ticket = 0, contended;
	size_t i;

	/* So many descriptors are not available, so they are the same. */
	for (i = 0; i < MANY; i++)
		many[i] = buffers[i > 3000];
	expect_errno(
		dma_fence_device_resv_lock(device, many, MANY, 0, FOREVER, &ticket, &contended),
		EALREADY);
	expect(contended, 1);
	eventually(locks, 0);
}

/* ---- two processes that want the same in opposite orders ---- */

static void lock_over_and_over(void *data)
{
	const int *order = data;
	int fd = open_device(), round;

	for (round = 0; round < 200; round++) {
		uint32_t ticket;

		expect(dma_fence_device_resv_lock_all(fd, order, 3, in_ms(PATIENCE_MS), &ticket),
		       0);
		expect(dma_fence_device_resv_unlock(fd, ticket, 0), 0);
	}
	must(close(fd));
}

Test(library_resv, row_2_2_lock_all_gets_on_whatever_the_order)
{
	int backward[3] = { buffers[2], buffers[1], buffers[0] };
	pid_t pids[2] = {
		spawn(lock_over_and_over, buffers),
		spawn(lock_over_and_over, backward),
	};

	expect_success(pids[0]);
	expect_success(pids[1]);
}
