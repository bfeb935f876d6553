/* SPDX-License-Identifier: MIT */
/* interrupt.c - a call that blocks, and a signal: EINTR or a restart, stop and continue, kill. Raw
 * ioctls. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

DEVICE_SUITE(interrupt);

static volatile sig_atomic_t handled;

static void on_signal(int number)
{
	handled++;
}

static void handle_usr1(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	handled = 0;
	must(sigaction(SIGUSR1, &action, NULL));
}

/* Until the handler has run: a signal that comes before the sleep would be lost on the test. */
static void interrupt_thread(struct thread *thread)
{
	int64_t end = in_ms(PATIENCE_MS);

	expect(pthread_kill(thread->thread, SIGUSR1), 0);
	while (!handled) {
		check(now_ns() < end);
		sleep_ms(1);
	}
}

Test(interrupt, row_1_6_wait_is_eintr_without_sa_restart)
{
	struct waiter waiter;

	handle_usr1(0);
	waiter_start(&waiter, device, new_fence(device), DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	interrupt_thread(&waiter.thread);
	waiter_join(&waiter);
	expect(waiter.result, -EINTR);
	eventually(waits, 0);
}

Test(interrupt, row_1_6_wait_is_restarted_with_sa_restart)
{
	uint32_t handle = new_fence(device);
	struct waiter waiter;

	handle_usr1(SA_RESTART);
	waiter_start(&waiter, device, handle, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	interrupt_thread(&waiter.thread);
	sleep_ms(20);
	eventually(waits, 1);
	expect(raw_signal(device, handle, 0), 0);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, 1);
	expect(handled, 1);
}

Test(interrupt, restarted_wait_keeps_its_deadline)
{
	struct waiter waiter;
	int64_t deadline = in_ms(100);

	handle_usr1(SA_RESTART);
	waiter_start(&waiter, device, new_fence(device), deadline);
	/* Again and again: the first may come before the wait has begun. */
	while (now_ns() < deadline) {
		interrupt_thread(&waiter.thread);
		sleep_ms(5);
	}
	waiter_join(&waiter);
	expect(waiter.result, -ETIME);
	check(now_ns() >= deadline);
}

Test(interrupt, many_interruptions_and_the_signal_is_not_lost)
{
	uint32_t handle = new_fence(device);
	struct waiter waiter;
	int i;

	handle_usr1(SA_RESTART);
	waiter_start(&waiter, device, handle, DMA_FENCE_WAIT_FOREVER);
	for (i = 0; i < 200; i++)
		expect(pthread_kill(waiter.thread.thread, SIGUSR1), 0);
	expect(raw_signal(device, handle, -EIO), 0);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, -EIO);
}

static void read_one(void *data)
{
	struct dma_fence_event event;

	*(int *)data = raw_read_events(device, &event, 1);
}

Test(interrupt, read_of_events_is_eintr)
{
	struct thread thread;
	int result;

	handle_usr1(0);
	thread_start(&thread, read_one, &result);
	eventually(waits, 1);
	interrupt_thread(&thread);
	thread_join(&thread);
	expect(result, -EINTR);
	eventually(waits, 0);
}

struct wait_in_child {
	uint32_t handle;
	int expected;
};

static void wait_in_child(void *data)
{
	struct wait_in_child *wait = data;

	expect(raw_wait(device, wait->handle, DMA_FENCE_WAIT_FOREVER), wait->expected);
}

Test(interrupt, stop_and_continue_are_not_seen)
{
	struct wait_in_child wait = { .handle = new_fence(device) };
	pid_t pid = spawn(wait_in_child, &wait);
	int status;

	eventually(waits, 1);
	must(kill(pid, SIGSTOP));
	must(waitpid(pid, &status, WUNTRACED));
	check(WIFSTOPPED(status));
	must(kill(pid, SIGCONT));
	eventually(waits, 1);
	expect(raw_signal(device, wait.handle, 0), 0);
	expect_success(pid);
}

Test(interrupt, fence_signaled_while_the_waiter_is_stopped)
{
	struct wait_in_child wait = { .handle = new_fence(device) };
	pid_t pid = spawn(wait_in_child, &wait);
	int status;

	eventually(waits, 1);
	must(kill(pid, SIGSTOP));
	must(waitpid(pid, &status, WUNTRACED));
	expect(raw_signal(device, wait.handle, 0), 0);
	must(kill(pid, SIGCONT));
	expect_success(pid);
}

Test(interrupt, killed_waiter_is_gone)
{
	struct wait_in_child wait = { .handle = new_fence(device) };
	pid_t pid = spawn(wait_in_child, &wait);

	eventually(waits, 1);
	kill_child(pid);
	eventually(waits, 0);
	expect(status_of(device, wait.handle), 0);
}

static void read_in_child(void *data)
{
	struct dma_fence_event event;

	raw_read_events(device, &event, 1);
}

Test(interrupt, killed_reader_is_gone)
{
	pid_t pid = spawn(read_in_child, NULL);

	eventually(waits, 1);
	kill_child(pid);
	eventually(waits, 0);
}

static void poll_in_child(void *data)
{
	poll_for(*(int *)data, INT32_MAX);
}

Test(interrupt, killed_poller_is_gone)
{
	int sync_file = new_sync_file(device, new_fence(device));
	pid_t pid = spawn(poll_in_child, &sync_file);

	wait_until_asleep(pid);
	kill_child(pid);
	must(close(sync_file));
}
