/* SPDX-License-Identifier: MIT */
/*
 * daemon_end.c - how a daemon ends, in order or not, and what its clients see after it. What they
 * get in the meantime is in daemon_stop.c. Raw ioctls.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon_suite.h"
#include "foreign.h"
#include "manual.h"
#include "process.h"

/*
 * As all that was a dead daemon's, fd is closed even where close() fails, since the flush that FUSE
 * would send has no receiver.
 */
static void end(void)
{
	if (fd >= 0)
		close(fd);
	if (daemon_of_test.pid)
		expect(daemon_stop(&daemon_of_test), 0);
	check(!is_mounted(daemon_of_test.node));
	check(access(daemon_of_test.node, F_OK) < 0);
	fixture_end();
}

TestSuite(daemon_end, .init = own_daemon_begin, .fini = end, .timeout = TEST_TIMEOUT);

static void stop(int number)
{
	must(kill(daemon_of_test.pid, number));
	expect(daemon_wait(&daemon_of_test), 0);
}

/* What is left of the mount of one that could not take it away itself. */
static void kill_daemon(void)
{
	int status;

	must(kill(daemon_of_test.pid, SIGKILL));
	status = daemon_wait(&daemon_of_test);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void clean_up_after_kill(void)
{
	close(fd);
	fd = -1;
	/* Another one takes the node over, and away. */
	expect(daemon_start(&daemon_of_test, NULL), 0);
	expect(daemon_stop(&daemon_of_test), 0);
	unlink(daemon_of_test.node);
}

struct poller {
	struct thread thread;
	int fd;
	short result;
};

static void run_poller(void *data)
{
	struct poller *poller = data;

	poller->result = poll_for(poller->fd, PATIENCE_MS);
}

static void run_reader(void *data)
{
	struct dma_fence_event record;

	*(int *)data = raw_read_events(fd, &record, 1);
}

Test(daemon_end, sigterm_ends_it_in_order)
{
	stop(SIGTERM);
}

Test(daemon_end, sigint_ends_it_in_order)
{
	stop(SIGINT);
}

Test(daemon_end, sigterm_wakes_who_waits)
{
	struct waiter waiter;

	waiter_start(&waiter, fd, new_fence(fd), DMA_FENCE_WAIT_FOREVER);
	wait_until_waiting(fd, 1);
	stop(SIGTERM);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, -ECANCELED);
}

Test(daemon_end, sigterm_wakes_who_waits_for_memory)
{
	int buffer = new_buffer(4096);
	uint32_t fence = new_mem_fence(fd, buffer, 0, 1, 8);
	struct waiter waiter;

	waiter_start(&waiter, fd, fence, DMA_FENCE_WAIT_FOREVER);
	wait_until_waiting(fd, 1);
	stop(SIGTERM);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, -ECANCELED);
	must(close(buffer));
}

Test(daemon_end, sigterm_ends_reads_of_events)
{
	struct thread thread;
	int result;

	thread_start(&thread, run_reader, &result);
	wait_until_waiting(fd, 1);
	stop(SIGTERM);
	thread_join(&thread);
	expect(result, -ECONNABORTED);
}

Test(daemon_end, sigterm_writes_what_is_pending)
{
	int buffer = new_buffer(4096);
	uint64_t *memory = map_buffer(buffer, 4096);

	expect(raw_seqno_write(fd, new_fence(fd), buffer, 0, 5, 8), 0);
	stop(SIGTERM);
	/* The fence was signaled, with an error: waiters on memory are not left behind. */
	expect(*memory, 5);
	must(munmap(memory, 4096));
	must(close(buffer));
}

Test(daemon_end, calls_after_the_end_are_enotconn)
{
	int sync_file = new_sync_file_at(daemon_of_test.node, fd, new_fence(fd));
	struct sync_file_info info;
	struct dma_fence_caps caps;

	stop(SIGTERM);
	expect(raw_caps(fd, &caps), -ENOTCONN);
	expect(raw_file_info(sync_file, &info, NULL, 0), -ENOTCONN);
	expect(poll_for(sync_file, 0), POLLERR);
	expect(poll_for(fd, 0), POLLERR);
	close(sync_file);
}

Test(daemon_end, many_clients_do_not_keep_it_from_ending)
{
	struct waiter waiters[50];
	int opens[50], i;

	for (i = 0; i < 50; i++) {
		opens[i] = open_node(daemon_of_test.node);
		waiter_start(&waiters[i], opens[i], new_fence(opens[i]), DMA_FENCE_WAIT_FOREVER);
	}
	wait_until_waiting(fd, 50);
	stop(SIGTERM);
	for (i = 0; i < 50; i++) {
		waiter_join(&waiters[i]);
		expect(waiters[i].status, -ECANCELED);
		close(opens[i]);
	}
}

struct hanging_call {
	uint64_t address;
};

static void call_with_hostile_pointer(void *data)
{
	struct hanging_call *call = data;
	struct dma_fence_signal signal = { .count = 1, .pointer = call->address };

	raw_ioctl(fd, DMA_FENCE_IOC_SIGNAL, &signal);
}

Test(daemon_end, hanging_client_does_not_keep_it_from_ending)
{
	struct hanging_call call;
	struct foreign foreign;
	int file, i;
	pid_t pids[8];
	void *memory;

	foreign_start(&foreign, "foreign");
	file = foreign_open(&foreign);
	memory = must(mmap(NULL, FOREIGN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	foreign.control->hang = true;
	call.address = (uintptr_t)memory;
	for (i = 0; i < 8; i++)
		pids[i] = spawn(call_with_hostile_pointer, &call);
	while (!foreign.control->unanswered)
		sleep_ms(1);
	must(kill(daemon_of_test.pid, SIGTERM));
	/* It has released all other clients at once, but cannot call back its own thread. */
	while (poll_for(fd, 0) != POLLERR)
		sleep_ms(1);
	for (i = 0; i < 8; i++) {
		int status;

		check(reap_within(pids[i], PATIENCE_MS, &status));
	}
	foreign_stop(&foreign);
	expect(daemon_wait(&daemon_of_test), 0);
	must(munmap(memory, FOREIGN_SIZE));
	close(file);
}

Test(daemon_end, sigkill_aborts_calls_in_flight)
{
	struct waiter waiter;

	waiter_start(&waiter, fd, new_fence(fd), DMA_FENCE_WAIT_FOREVER);
	wait_until_waiting(fd, 1);
	kill_daemon();
	waiter_join(&waiter);
	expect(waiter.result, -ECONNABORTED);
	clean_up_after_kill();
}

Test(daemon_end, sigkill_aborts_reads_of_events)
{
	struct thread thread;
	int result;

	thread_start(&thread, run_reader, &result);
	wait_until_waiting(fd, 1);
	kill_daemon();
	thread_join(&thread);
	expect(result, -ECONNABORTED);
	clean_up_after_kill();
}

Test(daemon_end, sigkill_wakes_who_polls)
{
	struct poller poller = { .fd = new_sync_file_at(daemon_of_test.node, fd, new_fence(fd)) };

	thread_start(&poller.thread, run_poller, &poller);
	sleep_ms(20);
	kill_daemon();
	thread_join(&poller.thread);
	expect(poller.result, POLLERR);
	close(poller.fd);
	clean_up_after_kill();
}

/* Nor do they report it active, because their callers would then continue for ever. */
Test(daemon_end, manuals_examples_do_not_take_a_dead_device_for_a_signal)
{
	uint32_t fence = new_fence(fd);
	int sync_file = new_sync_file_at(daemon_of_test.node, fd, fence), status = 77;
	int failed = new_sync_file_at(daemon_of_test.node, fd, new_signaled_fence(fd, -EIO));

	expect(wait_for_sync_file(sync_file, 1, &status), 0);
	expect(status, 0);
	expect(may_be_shown(sync_file), 0);
	expect(wait_for_sync_file(failed, PATIENCE_MS, &status), 0);
	expect(status, -EIO);
	expect(may_be_shown(failed), 1);
	kill_daemon();
	expect_errno(wait_for_sync_file(sync_file, PATIENCE_MS, &status), ENOTCONN);
	expect(may_be_shown(sync_file), -1);
	close(failed);
	close(sync_file);
	clean_up_after_kill();
}

Test(daemon_end, calls_after_sigkill_are_enotconn)
{
	int sync_file = new_sync_file_at(daemon_of_test.node, fd, new_fence(fd));
	struct sync_file_info info;
	struct dma_fence_event record;
	struct dma_fence_caps caps;

	kill_daemon();
	expect(raw_caps(fd, &caps), -ENOTCONN);
	expect(raw_read_events(fd, &record, 1), -ENOTCONN);
	expect(raw_file_info(sync_file, &info, NULL, 0), -ENOTCONN);
	expect(poll_for(sync_file, 0), POLLERR);
	close(sync_file);
	clean_up_after_kill();
}
