/* SPDX-License-Identifier: MIT */
/*
 * bad_caller.c - callers that are hard to reach: not dumpable, of another user, without a leader,
 * with fds of their own; and several that read one fd. Raw ioctls.
 */
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

DEVICE_SUITE(bad_caller);

#define NOBODY 65534

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* Requests that need no access to the caller work for every caller. */
static void expect_the_rest_to_work(int fd)
{
	uint32_t fence = new_fence(fd);
	int sync_file = new_sync_file(fd, fence);

	expect(raw_wait(fd, fence, 0), -ETIME);
	expect(raw_signal(fd, fence, 0), 0);
	expect(status_of(fd, fence), 1);
	expect(sync_file_status(sync_file), 1);
	must(close(sync_file));
}

/* GET_CAPS tells beforehand, and tells the truth. */
static void expect_true_caps(int fd)
{
	int buffer = new_buffer(4096), sync_file = new_sync_file(fd, new_fence(fd)), result;
	uint32_t fence = new_fence(fd), handle, count;
	struct dma_fence_signal signal = { .count = 1, .pointer = (uintptr_t)&fence };
	struct sync_fence_info fences[1];
	struct sync_file_info info;
	struct dma_fence_caps caps;

	expect(raw_caps(fd, &caps), 0);
	result = caps.features & DMA_FENCE_FEATURE_CALLER_FDS ? 0 : -EPERM;
	expect(raw_attach(fd, buffer, fence, DMA_FENCE_USAGE_WRITE), result);
	expect(raw_buffer_fences(fd, buffer, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), result);
	expect(raw_seqno_write(fd, fence, buffer, 0, 1, 8), result);
	expect(raw_import(fd, sync_file, &handle), result);
	result = caps.features & DMA_FENCE_FEATURE_CALLER_MEMORY ? 0 : -EPERM;
	expect(raw_file_info(sync_file, &info, fences, 1), result);
	expect(raw_ioctl(fd, DMA_FENCE_IOC_SIGNAL, &signal), result);
	expect_the_rest_to_work(fd);
	must(close(sync_file));
	must(close(buffer));
}

static void become_nobody(void)
{
	must(setgroups(0, NULL));
	must(setresgid(NOBODY, NOBODY, NOBODY));
	must(setresuid(NOBODY, NOBODY, NOBODY));
}

static void need_root(void)
{
	if (geteuid())
		cr_skip_test("only root can become another user");
}

static void not_dumpable(void *data)
{
	must(prctl(PR_SET_DUMPABLE, 0));
	expect_true_caps(open_device());
}

Test(bad_caller, that_is_not_dumpable)
{
	expect_success(spawn(not_dumpable, NULL));
}

static void ordinary_user(void *data)
{
	become_nobody();
	must(prctl(PR_SET_DUMPABLE, 1));
	expect_true_caps(open_device());
}

Test(bad_caller, that_is_another_user)
{
	need_root();
	expect_success(spawn(ordinary_user, NULL));
}

static void undumpable_user(void *data)
{
	become_nobody();
	must(prctl(PR_SET_DUMPABLE, 0));
	expect_true_caps(open_device());
}

Test(bad_caller, that_is_another_user_and_not_dumpable)
{
	need_root();
	expect_success(spawn(undumpable_user, NULL));
}

static void user_with_fd_of_root(void *data)
{
	become_nobody();
	must(prctl(PR_SET_DUMPABLE, 1));
	expect_true_caps(device);
}

Test(bad_caller, that_was_given_the_fd_of_another_user)
{
	need_root();
	expect_success(spawn(user_with_fd_of_root, NULL));
}

/* ---- a process whose first thread has ended ---- */

static void *live_without_leader(void *data)
{
	check_context = CHECK_CHILD;
	sleep_ms(20);
	expect_true_caps(open_device());
	_exit(0);
}

static void leader_exits(void *data)
{
	pthread_t thread;

	expect(pthread_create(&thread, NULL, live_without_leader, NULL), 0);
	syscall(SYS_exit, 0);
}

Test(bad_caller, whose_leader_thread_has_exited)
{
	expect_success(spawn(leader_exits, NULL));
}

/* ---- a thread whose fds are not those of its process ---- */

static bool have_pidfds_of_threads(void)
{
	int fd = syscall(SYS_pidfd_open, getpid(), PIDFD_THREAD);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

struct own_table {
	int number; /* of a memfd in the process, of another one in the thread */
};

static void use_own_table(void *data)
{
	struct own_table *own = data;
	uint32_t fence = new_fence(device), handle, count;
	int mine = new_buffer(4096);
	uint64_t *memory = map_buffer(mine, 4096);

	must(unshare(CLONE_FILES));
	must(dup2(mine, own->number));
	expect(raw_attach(device, own->number, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_buffer_fences(device, mine, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), 0);
	expect(count, 1);
	expect(raw_seqno_write(device, fence, own->number, 0, 7, 8), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(*memory, 7);
}

static void child_with_own_table(void *data)
{
	struct own_table own = { .number = new_buffer(4096) };
	uint64_t *memory = map_buffer(own.number, 4096);
	struct thread thread;
	uint32_t handle, count;

	thread_start(&thread, use_own_table, &own);
	thread_join(&thread);
	expect(*memory, 0);
	expect(raw_buffer_fences(device, own.number, DMA_FENCE_USAGE_BOOKKEEP, 0, &handle, &count),
	       0);
	expect(count, 0);
}

Test(bad_caller, whose_thread_has_an_fd_table_of_its_own)
{
	if (!have_pidfds_of_threads())
		cr_skip_test("a kernel before 6.9 has no pidfds of threads");
	expect_success(spawn(child_with_own_table, NULL));
}

/* ---- a process in a pid namespace of its own ---- */

static void use_device(void *data)
{
	expect_true_caps(open_device());
}

static void in_pid_namespace(void *data)
{
	must(unshare(CLONE_NEWPID));
	expect_success(spawn(use_device, NULL));
}

Test(bad_caller, in_a_pid_namespace_of_its_own)
{
	need_root();
	expect_success(spawn(in_pid_namespace, NULL));
}

/* ---- several readers of one fd ---- */

static void read_one(void *data)
{
	struct dma_fence_event record;

	*(int *)data = raw_read_events(device, &record, 1);
}

Test(bad_caller, two_threads_read_one_fd)
{
	uint32_t fences[2] = { new_fence(device), new_fence(device) }, event;
	struct thread threads[2];
	int results[2], i;

	for (i = 0; i < 2; i++) {
		expect(raw_event_add(device, fences[i], -1, 0, &event), 0);
		thread_start(&threads[i], read_one, &results[i]);
	}
	eventually(waits, 2);
	expect(raw_signal(device, fences[0], 0), 0);
	eventually(waits, 1);
	expect(raw_signal(device, fences[1], 0), 0);
	for (i = 0; i < 2; i++) {
		thread_join(&threads[i]);
		expect(results[i], 1);
	}
}

static void read_in_child(void *data)
{
	struct dma_fence_event record;

	expect(raw_read_events(device, &record, 1), 1);
}

static void kill_one_of_two_readers(int which)
{
	uint32_t fence = new_fence(device), event;
	pid_t readers[2];
	int i;

	expect(raw_event_add(device, fence, -1, 0, &event), 0);
	for (i = 0; i < 2; i++) {
		readers[i] = spawn(read_in_child, NULL);
		eventually(waits, i + 1);
	}
	kill_child(readers[which]);
	eventually(waits, 1);
	expect(raw_signal(device, fence, 0), 0);
	expect_success(readers[!which]);
}

Test(bad_caller, first_of_two_readers_of_one_fd_can_be_killed)
{
	kill_one_of_two_readers(0);
}

Test(bad_caller, second_of_two_readers_of_one_fd_can_be_killed)
{
	kill_one_of_two_readers(1);
}

Test(bad_caller, both_readers_of_one_fd_can_be_killed)
{
	pid_t first = spawn(read_in_child, NULL), second;

	eventually(waits, 1);
	second = spawn(read_in_child, NULL);
	eventually(waits, 2);
	kill_child(second);
	kill_child(first);
	eventually(waits, 0);
}

Test(bad_caller, reader_keeps_nobody_from_waiting)
{
	pid_t reader = spawn(read_in_child, NULL);
	uint32_t fence = new_fence(device);
	struct waiter waiter;

	eventually(waits, 1);
	waiter_start(&waiter, device, fence, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 2);
	expect(poll_for(device, 0), 0);
	expect(raw_signal(device, fence, 0), 0);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	kill_child(reader);
}
