/* SPDX-License-Identifier: MIT */
/*
 * resv_lock.c - tickets: locking several buffers, backing off, waiting, and requests with
 * wrong arguments. What others see of it is in resv_commit.c, who dies in resv_death.c. Raw ioctls.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"
#include "resv.h"

RESV_SUITE(resv_lock);

Test(resv_lock, row_2_6_several_buffers_are_locked_in_one_request)
{
	uint32_t ticket = new_ticket(device, buffers, 3);

	check(ticket);
	eventually(tickets, 1);
	eventually(locks, 3);
	eventually(buffers, 3);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	eventually(locks, 0);
	eventually(tickets, 0);
	eventually(buffers, 0);
	expect(raw_resv_unlock(device, ticket, 0), -ENOENT);
}

Test(resv_lock, more_buffers_are_locked_under_the_same_ticket)
{
	uint32_t ticket = new_ticket(device, buffers, 1), same = ticket;

	expect(lock(device, 1, 2, 0, FOREVER, &ticket, NULL), 0);
	expect(ticket, same);
	eventually(locks, 3);
	eventually(tickets, 1);
}

Test(resv_lock, row_2_2_buffer_that_the_ticket_has_is_ealready)
{
	uint32_t ticket = new_ticket(device, &buffers[1], 1), contended;

	expect(lock(device, 0, 3, 0, FOREVER, &ticket, &contended), -EALREADY);
	expect(contended, 1);
	/* All or nothing, and what it had it has. */
	eventually(locks, 1);
	expect(raw_resv_commit(device, ticket), 0);
}

Test(resv_lock, row_2_2_buffer_that_is_named_twice_is_ealready)
{
	int twice[] = { buffers[0], buffers[1], must(dup(buffers[0])) };
	uint32_t ticket = 0, contended;

	expect(raw_resv_lock(device, twice, 3, 0, FOREVER, &ticket, &contended), -EALREADY);
	expect(contended, 2);
	expect(ticket, 0);
	must(close(twice[2]));
	eventually(tickets, 0);
	eventually(locks, 0);
	eventually(handles, 0);
}

Test(resv_lock, row_2_2_younger_ticket_that_holds_a_lock_is_edeadlk)
{
	uint32_t older = new_ticket(device, &buffers[1], 1), younger, contended;

	younger = new_ticket(device, &buffers[3], 1);
	expect(lock(device, 0, 3, 0, FOREVER, &younger, &contended), -EDEADLK);
	expect(contended, 1);
	/* What this request had locked it has given back, what it had before it has. */
	eventually(locks, 2);
	expect(lock(device, 0, 1, DMA_FENCE_RESV_LOCK_TRY, 0, &older, NULL), 0);
	expect(lock(device, 3, 1, DMA_FENCE_RESV_LOCK_TRY, 0, &older, NULL), -EBUSY);
}

Test(resv_lock, row_2_2_new_ticket_survives_edeadlk_and_keeps_its_age)
{
	uint32_t oldest = new_ticket(device, &buffers[1], 1), middle = 0, youngest, contended;

	expect(lock(device, 0, 2, 0, FOREVER, &middle, &contended), -EDEADLK);
	expect(contended, 1);
	check(middle);
	eventually(tickets, 2);
	eventually(locks, 1);
	youngest = new_ticket(device, &buffers[0], 1);
	expect(lock(device, 2, 1, 0, FOREVER, &middle, NULL), 0);
	/* It is older than this holder, so it waits, and does not die; but not for longer than
	 * that. */
	expect(lock(device, 0, 1, 0, in_ms(20), &middle, NULL), -ETIME);
	expect(raw_resv_unlock(device, youngest, 0), 0);
	expect(lock(device, 0, 1, 0, FOREVER, &middle, NULL), 0);
	expect(raw_resv_unlock(device, oldest, 0), 0);
}

Test(resv_lock, row_2_2_slow_waits_where_others_have_to_back_off)
{
	uint32_t older = new_ticket(device, &buffers[0], 1), younger, contended;
	struct locker locker;

	younger = new_ticket(device, &buffers[1], 1);
	expect(lock(device, 0, 1, 0, FOREVER, &younger, &contended), -EDEADLK);
	expect(raw_resv_unlock(device, younger, DMA_FENCE_RESV_UNLOCK_BACK_OFF), 0);
	eventually(locks, 1);
	locker_start(&locker, device, 0, 2, DMA_FENCE_RESV_LOCK_SLOW, FOREVER, younger);
	eventually(waits, 1);
	expect(raw_resv_unlock(device, older, 0), 0);
	locker_join(&locker);
	expect(locker.result, 0);
	expect(locker.ticket, younger);
	eventually(locks, 2);
}

Test(resv_lock, row_2_2_older_ticket_waits_for_a_younger_one)
{
	uint32_t older = new_ticket(device, &buffers[0], 1), younger;
	struct locker locker;

	younger = new_ticket(device, &buffers[1], 1);
	locker_start(&locker, device, 1, 2, 0, FOREVER, older);
	eventually(waits, 1);
	expect(raw_resv_unlock(device, younger, 0), 0);
	locker_join(&locker);
	expect(locker.result, 0);
	eventually(locks, 3);
}

Test(resv_lock, row_2_2_waiting_ticket_has_to_back_off_when_an_older_one_comes)
{
	uint32_t oldest = new_ticket(device, &buffers[1], 1), middle, youngest;
	struct locker first, second;

	middle = new_ticket(device, &buffers[2], 1);
	youngest = new_ticket(device, &buffers[0], 1);
	locker_start(&first, device, 0, 1, 0, FOREVER, middle);
	eventually(waits, 1);
	locker_start(&second, device, 0, 1, 0, FOREVER, oldest);
	locker_join(&first);
	expect(first.result, -EDEADLK);
	expect(first.contended, 0);
	expect(raw_resv_unlock(device, youngest, 0), 0);
	locker_join(&second);
	expect(second.result, 0);
}

Test(resv_lock, tickets_without_locks_get_a_buffer_by_age)
{
	uint32_t holder = new_ticket(device, buffers, 1);
	struct locker lockers[3];
	int i;

	for (i = 0; i < 3; i++) {
		locker_start(&lockers[i], device, 0, 1, 0, FOREVER, 0);
		eventually(waits, i + 1);
	}
	expect(raw_resv_unlock(device, holder, 0), 0);
	for (i = 0; i < 3; i++) {
		locker_join(&lockers[i]);
		expect(lockers[i].result, 0);
		eventually(waits, 2 - i);
		expect(raw_resv_unlock(device, lockers[i].ticket, 0), 0);
	}
}

Test(resv_lock, try_is_ebusy_instead_of_waiting)
{
	uint32_t holder = new_ticket(device, &buffers[1], 1), ticket = 0, contended;

	expect(lock(device, 0, 2, DMA_FENCE_RESV_LOCK_TRY, 0, &ticket, &contended), -EBUSY);
	expect(contended, 1);
	expect(ticket, 0);
	eventually(tickets, 1);
	eventually(locks, 1);
	expect(raw_resv_unlock(device, holder, 0), 0);
	expect(lock(device, 0, 2, DMA_FENCE_RESV_LOCK_TRY, 0, &ticket, NULL), 0);
}

Test(resv_lock, slow_and_try_together_are_einval)
{
	uint32_t ticket = 0;

	expect(lock(device, 0, 1, DMA_FENCE_RESV_LOCK_SLOW | DMA_FENCE_RESV_LOCK_TRY, FOREVER,
		    &ticket, NULL),
	       -EINVAL);
	eventually(tickets, 0);
}

Test(resv_lock, slow_while_holding_is_einval)
{
	uint32_t ticket = new_ticket(device, buffers, 1);

	expect(lock(device, 1, 1, DMA_FENCE_RESV_LOCK_SLOW, FOREVER, &ticket, NULL), -EINVAL);
	eventually(locks, 1);
}

Test(resv_lock, deadline_that_has_passed_just_looks)
{
	uint32_t holder = new_ticket(device, buffers, 1), ticket = 0;

	expect(lock(device, 0, 2, 0, 0, &ticket, NULL), -ETIME);
	expect(ticket, 0);
	eventually(locks, 1);
	eventually(tickets, 1);
	expect(lock(device, 1, 1, 0, 0, &ticket, NULL), 0);
	expect(raw_resv_unlock(device, holder, 0), 0);
}

Test(resv_lock, wait_for_a_lock_ends_at_its_deadline)
{
	uint32_t ticket = old_ticket(device), none = 0;
	int64_t deadline = in_ms(50);

	new_ticket(device, &buffers[1], 1);
	expect(lock(device, 0, 2, 0, deadline, &ticket, NULL), -ETIME);
	check(now_ns() >= deadline);
	eventually(waits, 0);
	eventually(locks, 1);
	/* A new ticket does not survive it. */
	eventually(tickets, 2);
	expect(lock(device, 1, 1, 0, in_ms(10), &none, NULL), -ETIME);
	expect(none, 0);
	eventually(tickets, 2);
}

Test(resv_lock, handle_that_is_no_ticket_is_einval_or_enoent)
{
	uint32_t ticket = new_ticket(device, buffers, 1), fence = new_fence(device);
	uint32_t line = new_timeline(device, 0), count;

	expect(raw_attach_under(device, fence, buffers[0], fence, DMA_FENCE_USAGE_WRITE), -EINVAL);
	expect(raw_attach_under(device, line, buffers[0], fence, DMA_FENCE_USAGE_WRITE), -EINVAL);
	expect(raw_attach_under(device, NO_SUCH_HANDLE, buffers[0], fence, DMA_FENCE_USAGE_WRITE),
	       -ENOENT);
	/* Nor is a ticket a fence or a timeline. */
	expect(raw_attach(device, buffers[1], ticket, DMA_FENCE_USAGE_WRITE), -EINVAL);
	expect(raw_wait(device, ticket, 0), -EINVAL);
	expect(raw_signal(device, ticket, 0), -EINVAL);
	expect(raw_advance(device, ticket, 1), -EINVAL);
	expect(pending(buffers[0], DMA_FENCE_USAGE_BOOKKEEP, &count), 0);
}

Test(resv_lock, attach_under_a_ticket_that_has_not_locked_the_buffer_is_einval)
{
	uint32_t ticket = new_ticket(device, buffers, 1),
		 other = new_ticket(device, &buffers[1], 1);
	uint32_t fence = new_fence(device);

	expect(raw_attach_under(device, ticket, buffers[1], fence, DMA_FENCE_USAGE_WRITE), -EINVAL);
	expect(raw_attach_under(device, ticket, buffers[2], fence, DMA_FENCE_USAGE_WRITE), -EINVAL);
	expect(raw_attach_under(device, other, buffers[1], fence, DMA_FENCE_USAGE_WRITE), 0);
	eventually(attachments, 1);
}

Test(resv_lock, ticket_of_another_open_is_enoent)
{
	int other = open_device();
	uint32_t ticket = new_ticket(device, buffers, 1);

	expect(raw_resv_unlock(other, ticket, 0), -ENOENT);
	expect(raw_resv_commit(other, ticket), -ENOENT);
	must(close(other));
	expect(raw_resv_unlock(device, ticket, 0), 0);
}

Test(resv_lock, ticket_whose_request_waits_is_ebusy)
{
	uint32_t ticket = new_ticket(device, buffers, 1), fence = new_fence(device), contended = 0;
	uint32_t younger = new_ticket(device, &buffers[1], 1);
	struct locker locker;

	locker_start(&locker, device, 1, 1, 0, FOREVER, ticket);
	eventually(waits, 1);
	expect(raw_attach_under(device, ticket, buffers[0], fence, DMA_FENCE_USAGE_WRITE), -EBUSY);
	expect(raw_resv_commit(device, ticket), -EBUSY);
	expect(raw_resv_unlock(device, ticket, 0), -EBUSY);
	expect(raw_resv_unlock(device, ticket, DMA_FENCE_RESV_UNLOCK_BACK_OFF), -EBUSY);
	expect(lock(device, 2, 1, 0, FOREVER, &ticket, &contended), -EBUSY);
	expect(contended, DMA_FENCE_RESV_LOCK_NONE);
	expect(raw_resv_unlock(device, younger, 0), 0);
	locker_join(&locker);
	expect(locker.result, 0);
	expect(raw_resv_unlock(device, ticket, 0), 0);
}

Test(resv_lock, close_of_the_ticket_ends_the_request_that_waits)
{
	uint32_t ticket = new_ticket(device, buffers, 1);
	struct locker locker;

	new_ticket(device, &buffers[1], 1);
	locker_start(&locker, device, 1, 2, 0, FOREVER, ticket);
	eventually(waits, 1);
	expect(raw_close(device, ticket), 0);
	locker_join(&locker);
	expect(locker.result, -ECANCELED);
	eventually(waits, 0);
	eventually(locks, 1);
	eventually(tickets, 1);
}

Test(resv_lock, locked_buffer_is_kept)
{
	int mine = new_buffer(4096);
	uint32_t ticket = new_ticket(device, &mine, 1);

	must(close(mine));
	eventually(buffers, 1);
	expect(raw_resv_unlock(device, ticket, 0), 0);
	eventually(buffers, 0);
}

Test(resv_lock, hold_time_is_told)
{
	struct dma_fence_caps caps;

	expect(raw_caps(device, &caps), 0);
	check(caps.resv_hold_ns);
}

/* ---- a signal while it waits ---- */

static volatile sig_atomic_t handled;

static void on_signal(int number)
{
	handled++;
}

static void interrupt(struct locker *locker, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	int64_t end = in_ms(PATIENCE_MS);

	handled = 0;
	must(sigaction(SIGUSR1, &action, NULL));
	expect(pthread_kill(locker->thread.thread, SIGUSR1), 0);
	while (!handled) {
		check(now_ns() < end);
		sleep_ms(1);
	}
}

Test(resv_lock, interrupted_wait_for_a_lock_is_eintr_and_has_locked_nothing)
{
	uint32_t ticket = old_ticket(device);
	struct locker locker;

	new_ticket(device, &buffers[1], 1);
	locker_start(&locker, device, 0, 2, 0, FOREVER, ticket);
	eventually(waits, 1);
	eventually(locks, 2);
	interrupt(&locker, 0);
	locker_join(&locker);
	expect(locker.result, -EINTR);
	eventually(waits, 0);
	eventually(locks, 1);
	/* One that is new has gone. */
	locker_start(&locker, device, 1, 1, 0, FOREVER, 0);
	eventually(tickets, 3);
	interrupt(&locker, 0);
	locker_join(&locker);
	expect(locker.result, -EINTR);
	eventually(tickets, 2);
}

Test(resv_lock, interrupted_wait_for_a_lock_is_restarted_with_sa_restart)
{
	uint32_t ticket = old_ticket(device), holder = new_ticket(device, &buffers[1], 1);
	struct locker locker;

	locker_start(&locker, device, 0, 2, 0, FOREVER, ticket);
	eventually(waits, 1);
	interrupt(&locker, SA_RESTART);
	eventually(waits, 1);
	expect(raw_resv_unlock(device, holder, 0), 0);
	locker_join(&locker);
	expect(locker.result, 0);
	eventually(locks, 2);
}
