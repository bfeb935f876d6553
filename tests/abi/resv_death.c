/* SPDX-License-Identifier: MIT */
/*
 * resv_death.c - holders and waiters that die, hang or are too slow, and two processes that want
 * the same buffers in opposite orders. Raw ioctls.
 */
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon_suite.h"
#include "process.h"
#include "resv.h"

RESV_SUITE(resv_death);

static void hold_and_sleep(void *data)
{
	int own = open_device();
	uint32_t ticket = new_ticket(own, buffers, 2);

	expect(raw_attach_under(own, ticket, buffers[0], new_fence(own), DMA_FENCE_USAGE_WRITE), 0);
	tell(*(int *)data);
	pause();
}

Test(resv_death, row_2_5_locks_of_a_killed_holder_are_free)
{
	uint32_t ticket = 0, snapshot;
	struct locker locker;
	struct link link;
	pid_t pid;

	link_open(&link);
	pid = spawn(hold_and_sleep, &link.ends[1]);
	hear(link.ends[0]);
	locker_start(&locker, device, 0, 2, 0, FOREVER, 0);
	eventually(waits, 1);
	kill_child(pid);
	locker_join(&locker);
	expect(locker.result, 0);
	/* What it had attached and not committed has never been. */
	expect(pending(buffers[0], DMA_FENCE_USAGE_BOOKKEEP, &snapshot), 0);
	eventually(attachments, 0);
	eventually(tickets, 1);
	expect(lock(device, 0, 1, DMA_FENCE_RESV_LOCK_TRY, 0, &ticket, NULL), -EBUSY);
	link_close(&link);
}

static void wait_for_lock(void *data)
{
	uint32_t ticket = *(uint32_t *)data;

	lock(device, 0, 2, 0, FOREVER, &ticket, NULL);
}

Test(resv_death, row_2_5_killed_waiter_is_gone_and_has_locked_nothing)
{
	uint32_t waiting = old_ticket(device), holder = new_ticket(device, &buffers[1], 1);
	pid_t pid = spawn(wait_for_lock, &waiting);
	uint32_t other = 0;

	eventually(waits, 1);
	eventually(locks, 2);
	kill_child(pid);
	eventually(waits, 0);
	eventually(locks, 1);
	expect(lock(device, 0, 1, DMA_FENCE_RESV_LOCK_TRY, 0, &other, NULL), 0);
	expect(raw_resv_unlock(device, holder, 0), 0);
}

Test(resv_death, row_2_5_close_of_the_file_gives_back_all_its_locks)
{
	int other = open_device();
	uint32_t old = old_ticket(device), snapshot;
	struct locker locker;

	new_ticket(other, buffers, 1);
	expect(raw_attach_under(other, new_ticket(other, &buffers[1], 1), buffers[1],
				new_fence(other), DMA_FENCE_USAGE_WRITE),
	       0);
	locker_start(&locker, device, 0, 2, 0, FOREVER, old);
	eventually(waits, 1);
	must(close(other));
	locker_join(&locker);
	expect(locker.result, 0);
	expect(pending(buffers[1], DMA_FENCE_USAGE_BOOKKEEP, &snapshot), 0);
	eventually(tickets, 1);
}

/* ---- two processes that want the same buffers in opposite orders ---- */

#define ROUNDS 300

struct rival {
	int order[3];
	uint32_t *owner; /* shared by the two: the holder of the buffers; 0: none */
};

/* As a program would do it by hand. */
static uint32_t lock_in_order(int own, const int order[3])
{
	int wanted[3] = { order[0], order[1], order[2] };
	uint32_t ticket = 0, contended = 0;
	int result = raw_resv_lock(own, wanted, 3, 0, in_ms(PATIENCE_MS), &ticket, &contended);

	while (result == -EDEADLK) {
		int first = wanted[contended];

		expect(raw_resv_unlock(own, ticket, DMA_FENCE_RESV_UNLOCK_BACK_OFF), 0);
		wanted[contended] = wanted[0];
		wanted[0] = first;
		result = raw_resv_lock(own, wanted, 3, DMA_FENCE_RESV_LOCK_SLOW, in_ms(PATIENCE_MS),
				       &ticket, &contended);
	}
	expect(result, 0);
	return ticket;
}

static void run_rival(void *data)
{
	struct rival *rival = data;
	int own = open_device(), round;

	for (round = 0; round < ROUNDS; round++) {
		uint32_t ticket = lock_in_order(own, rival->order), fence = new_fence(own);
		int i;

		expect(__atomic_exchange_n(rival->owner, getpid(), __ATOMIC_RELAXED), 0);
		for (i = 0; i < 3; i++)
			expect(raw_attach_under(own, ticket, rival->order[i], fence,
						DMA_FENCE_USAGE_WRITE),
			       0);
		expect(__atomic_exchange_n(rival->owner, 0, __ATOMIC_RELAXED), getpid());
		expect(raw_resv_unlock(own, ticket, 0), 0);
		expect(raw_signal(own, fence, 0), 0);
		expect(raw_close(own, fence), 0);
	}
	must(close(own));
}

Test(resv_death, row_2_2_two_processes_lock_the_same_buffers_in_opposite_orders)
{
	uint32_t *owner = map_buffer(buffers[3], 4096);
	struct rival forward = { { buffers[0], buffers[1], buffers[2] }, owner };
	struct rival backward = { { buffers[2], buffers[1], buffers[0] }, owner };
	pid_t pids[2] = { spawn(run_rival, &forward), spawn(run_rival, &backward) };
	int i, status;

	for (i = 0; i < 2; i++) {
		check(reap_within(pids[i], 1000 * TEST_TIMEOUT, &status));
		expect(status, 0);
	}
	eventually(locks, 0);
	eventually(attachments, 0);
	must(munmap(owner, 4096));
}

/* ---- holders that are too slow: a daemon of their own, with a short hold time ---- */

#define HOLD_MS 200

static void begin_slow(void)
{
	static const char *const options[] = { "--resv-timeout", "0.2", NULL };

	resv_begin();
	own_daemon_start(options);
}

static void end_slow(void)
{
	own_daemon_stop();
	resv_end();
}

TestSuite(resv_hold, .init = begin_slow, .fini = end_slow, .timeout = TEST_TIMEOUT);

static void expect_stats(uint64_t tickets, uint64_t locks, uint64_t attachments)
{
	struct dma_fence_stats stats;

	expect(raw_stats(fd, &stats), 0);
	expect(stats.tickets, tickets);
	expect(stats.locks, locks);
	expect(stats.attachments, attachments);
}

static void expect_lost_record(int from, uint32_t ticket)
{
	struct dma_fence_event record;

	expect(poll_for(from, PATIENCE_MS), POLLIN);
	expect(raw_read_events(from, &record, 1), 1);
	expect(record.type, DMA_FENCE_EVENT_RESV_LOST);
	expect(record.event, ticket);
	check(record.timestamp_ns > 0 && record.timestamp_ns <= now_ns());
}

/*
 * A ticket of some buffers under which the fence is attached to the first. On a busy machine the
 * attach may come after the hold time: then the ticket is lost, and another one is taken.
 */
static uint32_t new_ticket_with(uint32_t count, uint32_t fence, bool committed)
{
	int64_t end = in_ms(PATIENCE_MS);

	for (;;) {
		int64_t begin = now_ns();
		uint32_t ticket = new_ticket(fd, buffers, count);
		int result = raw_attach_under(fd, ticket, buffers[0], fence, DMA_FENCE_USAGE_WRITE);

		if (!result && committed)
			result = raw_resv_commit(fd, ticket);
		if (!result)
			return ticket;
		expect(result, -ETIMEDOUT);
		check(now_ns() - begin >= HOLD_MS * NSEC_PER_MSEC);
		check(now_ns() < end);
		expect_lost_record(fd, ticket);
		expect(raw_resv_unlock(fd, ticket, 0), -ETIMEDOUT);
	}
}

/*
 * Unlocks. False: the locks had been taken back, which is right only after the hold time.
 */
static bool unlock_in_time(uint32_t ticket, int64_t since_ns, uint32_t flags)
{
	int result = raw_resv_unlock(fd, ticket, flags);

	if (!result)
		return true;
	expect(result, -ETIMEDOUT);
	check(now_ns() - since_ns >= HOLD_MS * NSEC_PER_MSEC);
	expect_lost_record(fd, ticket);
	return false;
}

static void expect_lost(uint32_t ticket, uint32_t fence)
{
	uint32_t same = ticket;

	expect(lock(fd, 1, 1, 0, FOREVER, &same, NULL), -ETIMEDOUT);
	expect(raw_attach_under(fd, ticket, buffers[0], fence, DMA_FENCE_USAGE_WRITE), -ETIMEDOUT);
	expect(raw_resv_commit(fd, ticket), -ETIMEDOUT);
	expect(raw_resv_unlock(fd, ticket, DMA_FENCE_RESV_UNLOCK_BACK_OFF), -ETIMEDOUT);
}

Test(resv_hold, hold_time_is_as_the_option_says)
{
	struct dma_fence_caps caps;

	expect(raw_caps(fd, &caps), 0);
	expect(caps.resv_hold_ns, HOLD_MS * NSEC_PER_MSEC);
}

Test(resv_hold, row_2_5_holder_that_is_too_slow_loses_its_locks)
{
	int64_t begin = now_ns();
	uint32_t fence = new_fence(fd), ticket = new_ticket_with(2, fence, false), snapshot, count;

	expect_lost_record(fd, ticket);
	check(now_ns() - begin >= HOLD_MS * NSEC_PER_MSEC);
	expect_stats(1, 0, 0);
	expect_lost(ticket, fence);
	expect(raw_buffer_fences(fd, buffers[0], DMA_FENCE_USAGE_BOOKKEEP, 0, &snapshot, &count),
	       0);
	expect(count, 0);
	/* The one that says that it is over also ends it. */
	expect(raw_resv_unlock(fd, ticket, 0), -ETIMEDOUT);
	expect(raw_resv_unlock(fd, ticket, 0), -ENOENT);
	expect_stats(0, 0, 0);
}

Test(resv_hold, lost_ticket_can_be_closed)
{
	uint32_t ticket = new_ticket(fd, buffers, 1);

	expect_lost_record(fd, ticket);
	expect(raw_close(fd, ticket), 0);
	expect_stats(0, 0, 0);
}

/*
 * Holds locks for longer than the hold time in total, but never at a stretch. False: the machine
 * was too slow for that.
 */
static bool hold_and_back_off(void)
{
	int64_t since = now_ns();
	uint32_t ticket = new_ticket(fd, buffers, 1);
	int i;

	for (i = 0; i < 5; i++) {
		sleep_ms(HOLD_MS * 3 / 10);
		if (!unlock_in_time(ticket, since, DMA_FENCE_RESV_UNLOCK_BACK_OFF)) {
			expect(raw_close(fd, ticket), 0);
			return false;
		}
		since = now_ns();
		expect(lock(fd, 0, 2, DMA_FENCE_RESV_LOCK_SLOW, FOREVER, &ticket, NULL), 0);
	}
	return unlock_in_time(ticket, since, 0);
}

Test(resv_hold, hold_time_begins_with_the_first_lock_since_it_held_none)
{
	int64_t end = in_ms(PATIENCE_MS);

	while (!hold_and_back_off())
		check(now_ns() < end);
	expect(poll_for(fd, HOLD_MS + 100), 0);
}

Test(resv_hold, what_was_committed_stays)
{
	uint32_t fence = new_fence(fd), ticket = new_ticket_with(1, fence, true), snapshot, count;

	expect_lost_record(fd, ticket);
	expect(raw_buffer_fences(fd, buffers[0], DMA_FENCE_USAGE_BOOKKEEP, 0, &snapshot, &count),
	       0);
	expect(count, 1);
}

/* A RESV_LOCK that waits with the ticket that is lost meanwhile. */
Test(resv_hold, row_2_5_ticket_that_is_lost_while_it_waits_is_etimedout)
{
	int other = open_node(daemon_of_test.node), i;
	uint32_t ticket = new_ticket(fd, buffers, 1), younger;
	struct locker locker;

	/* The other one holds on as long as it may, and begins later. */
	sleep_ms(50);
	younger = new_ticket(other, &buffers[1], 1);
	locker_start(&locker, fd, 1, 1, 0, FOREVER, ticket);
	locker_join(&locker);
	expect(locker.result, -ETIMEDOUT);
	expect_lost_record(fd, ticket);
	expect_lost_record(other, younger);
	for (i = 0; i < 2; i++)
		expect(raw_resv_unlock(i ? fd : other, i ? ticket : younger, 0), -ETIMEDOUT);
	must(close(other));
}

struct stopped {
	int end;
	int node;
};

static void lock_and_be_stopped(void *data)
{
	struct stopped *stopped = data;
	int own = open_node(daemon_of_test.node);
	uint32_t ticket = new_ticket(own, buffers, 3);

	tell(stopped->end);
	/* Here it is stopped, and resumes when it is too late. */
	hear(stopped->end);
	expect(raw_resv_unlock(own, ticket, 0), -ETIMEDOUT);
	expect_lost_record(own, ticket);
	must(close(own));
}

Test(resv_hold, row_2_5_holder_that_is_stopped_loses_its_locks_and_is_told)
{
	struct stopped stopped;
	uint32_t ticket = 0;
	struct link link;
	int64_t begin;
	int status;
	pid_t pid;

	link_open(&link);
	stopped.end = link.ends[1];
	pid = spawn(lock_and_be_stopped, &stopped);
	hear(link.ends[0]);
	must(kill(pid, SIGSTOP));
	must(waitpid(pid, &status, WUNTRACED));
	begin = now_ns();
	expect(lock(fd, 0, 3, 0, in_ms(PATIENCE_MS), &ticket, NULL), 0);
	unlock_in_time(ticket, begin, 0);
	must(kill(pid, SIGCONT));
	tell(link.ends[0]);
	expect_success(pid);
	link_close(&link);
}
