/* SPDX-License-Identifier: MIT */
/*
 * syncobj_wait.c - WAIT and TIMELINE_WAIT, TRANSFER that waits, EVENTFD: what they wait for, for
 * how long, and how they end. Raw ioctls.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "linux_sw_sync.h"
#include "process.h"
#include "syncobj.h"

DEVICE_SUITE(syncobj_wait);

Test(syncobj_wait, look_answers_as_the_kernel)
{
	uint32_t S = new_syncobj(device, 1), U = new_syncobj(device, 0), bad = NO_SUCH_HANDLE;
	const struct {
		uint32_t handles[2], count, flags;
		int64_t timeout;
		int result;
		uint32_t first;
	} rows[] = {
		{ { S }, 1, 0, 0, 0, 0 },
		{ { S }, 1, 0, INT64_MAX, 0, 0 },
		{ { S }, 1, 0, INT64_MIN, 0, 0 },
		{ { S }, 1, 0, -1, 0, 0 },
		{ { S }, 0, 0, 0, 0, UNTOUCHED },
		{ { S }, 1, 0x80, 0, -EINVAL, UNTOUCHED },
		{ { S }, 1, AVAILABLE, 0, -EINVAL, UNTOUCHED },
		{ { S }, 1, DEADLINE, 0, 0, 0 },
		{ { bad }, 1, 0, 0, -ENOENT, UNTOUCHED },
		{ { 0 }, 1, 0, 0, -ENOENT, UNTOUCHED },
		{ { S }, 0x10000000, 0, 0, -ENOMEM, UNTOUCHED },
		{ { S }, 0xffffffff, 0, 0, -ENOMEM, UNTOUCHED },
		{ { S }, 10000000, 0, 0, -ENOMEM, UNTOUCHED },
		{ { U }, 1, 0, 0, -EINVAL, UNTOUCHED },
		{ { U }, 1, 0, INT64_MAX, -EINVAL, UNTOUCHED },
		{ { U }, 1, ALL, 0, -EINVAL, UNTOUCHED },
		{ { U }, 1, SUBMIT, 0, -ETIME, UNTOUCHED },
		{ { U }, 1, SUBMIT, 1, -ETIME, UNTOUCHED },
		{ { U }, 1, SUBMIT, -1, -ETIME, UNTOUCHED },
		{ { U }, 1, SUBMIT, INT64_MIN, -ETIME, UNTOUCHED },
		{ { U, S }, 2, 0, 0, -EINVAL, UNTOUCHED },
		{ { S, U }, 2, 0, 0, -EINVAL, UNTOUCHED },
		{ { U, S }, 2, SUBMIT, 0, 0, 1 },
		{ { U, S }, 2, SUBMIT | ALL, 0, -ETIME, UNTOUCHED },
		{ { S, U }, 2, SUBMIT | ALL, 0, -ETIME, UNTOUCHED },
		{ { S, S }, 2, ALL, 0, 0, 0 },
		{ { S, S }, 2, 0, 0, 0, 0 },
		{ { S, bad }, 2, 0, 0, -ENOENT, UNTOUCHED },
	};
	uint32_t first;

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(raw_syncobj_wait(device, rows[i].handles, rows[i].count, rows[i].flags,
					rows[i].timeout, &first),
		       rows[i].result);
		expect(first, rows[i].first);
	}
	expect(raw_syncobj_wait(device, NULL, 1, 0, 0, &first), -EFAULT);
}

Test(syncobj_wait, array_that_runs_off_its_mapping_is_efault)
{
	uint32_t *page =
		must(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	uint32_t handle = new_syncobj(device, 1), first;

	must(munmap(page + 1024, 4096));
	for (int i = 0; i < 1024; i++)
		page[i] = handle;
	expect(raw_syncobj_wait(device, page, 1024, ALL, 0, &first), 0);
	expect(raw_syncobj_wait(device, page, 2000, ALL, 0, &first), -EFAULT);
	must(munmap(page, 4096));
}

Test(syncobj_wait, all_sizes_are_taken_and_pad_is_ignored)
{
	uint32_t handle = new_syncobj(device, 1);
	struct drm_syncobj_wait wait = {
		.handles = (uintptr_t)&handle,
		.count_handles = 1,
		.pad = 1,
		.deadline_nsec = 77,
	};

	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_WAIT, &wait), 0);
	expect(wait.timeout_nsec, 0);
	wait.flags = DEADLINE;
	expect(raw_ioctl(device, with_size(DRM_IOCTL_SYNCOBJ_WAIT, 32), &wait), 0);
	expect(raw_ioctl(device, with_size(DRM_IOCTL_SYNCOBJ_WAIT, 56), &wait), 0);
	wait.count_handles = 0;
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_WAIT, &wait), 0);
}

Test(syncobj_wait, runs_out_at_its_time)
{
	uint32_t syncobj, unsubmitted = new_syncobj(device, 0);
	uint32_t fence = new_pending_syncobj(device, &syncobj);
	int64_t begin = now_ns();

	expect(wait_one(device, unsubmitted, SUBMIT, in_ms(50)), -ETIME);
	expect(wait_point(device, unsubmitted, 4, SUBMIT, in_ms(50)), -ETIME);
	expect(wait_point(device, unsubmitted, 4, AVAILABLE, in_ms(50)), -ETIME);
	expect(wait_one(device, syncobj, 0, in_ms(50)), -ETIME);
	check(now_ns() - begin >= 200 * NSEC_PER_MSEC);
	expect(wait_one(device, syncobj, 0, 0), -ETIME);
	expect(wait_one(device, syncobj, 0, now_ns() - 1), -ETIME);
	expect(raw_signal(device, fence, 0), 0);
	expect(wait_one(device, syncobj, 0, 0), 0);
}

/* A wait in a thread of its own. */
struct syncobj_waiter {
	struct thread thread;
	uint32_t handles[2], count, flags;
	uint64_t points[2];
	int64_t timeout;
	int result;
	uint32_t first;
};

static void run_waiter(void *data)
{
	struct syncobj_waiter *waiter = data;

	waiter->result = raw_timeline_wait(device, waiter->handles, waiter->points, waiter->count,
					   waiter->flags, waiter->timeout, &waiter->first);
}

static void start(struct syncobj_waiter *waiter)
{
	waiter->timeout = INT64_MAX;
	thread_start(&waiter->thread, run_waiter, waiter);
	eventually(waits, 1);
}

static void join(struct syncobj_waiter *waiter, int result, uint32_t first)
{
	thread_join(&waiter->thread);
	expect(waiter->result, result);
	expect(waiter->first, first);
	eventually(waits, 0);
}

Test(syncobj_wait, ends_when_another_thread_signals)
{
	struct syncobj_waiter waiter = { .count = 1, .flags = SUBMIT };

	waiter.handles[0] = new_syncobj(device, 0);
	start(&waiter);
	expect(raw_syncobj_signal(device, waiter.handles[0]), 0);
	join(&waiter, 0, 0);
}

Test(syncobj_wait, for_a_point_ends_with_that_point_and_not_before)
{
	struct syncobj_waiter waiter = { .count = 1, .flags = SUBMIT, .points = { 5 } };

	waiter.handles[0] = new_syncobj(device, 0);
	start(&waiter);
	expect(raw_signal_point(device, waiter.handles[0], 4), 0);
	sleep_ms(20);
	eventually(waits, 1);
	expect(raw_signal_point(device, waiter.handles[0], 6), 0);
	join(&waiter, 0, 0);
}

Test(syncobj_wait, for_what_is_submitted_waits_for_its_signal_then)
{
	struct syncobj_waiter waiter = { .count = 1, .flags = SUBMIT };
	uint32_t syncobj, fence = new_pending_syncobj(device, &syncobj);

	waiter.handles[0] = new_syncobj(device, 0);
	start(&waiter);
	expect(raw_transfer(device, syncobj, 0, waiter.handles[0], 0, 0), 0);
	sleep_ms(20);
	eventually(waits, 1);
	/* It has its fence, whatever becomes of the syncobj. */
	expect(raw_reset(device, waiter.handles[0]), 0);
	expect(raw_destroy(device, waiter.handles[0]), 0);
	expect(raw_signal(device, fence, 0), 0);
	join(&waiter, 0, 0);
}

Test(syncobj_wait, until_available_ends_with_the_submission)
{
	struct syncobj_waiter waiter = { .count = 1, .flags = AVAILABLE, .points = { 2 } };
	uint32_t syncobj, fence = new_pending_syncobj(device, &syncobj);

	waiter.handles[0] = new_syncobj(device, 0);
	start(&waiter);
	expect(raw_transfer(device, syncobj, 0, waiter.handles[0], 2, 0), 0);
	join(&waiter, 0, 0);
	expect(raw_signal(device, fence, 0), 0);
}

Test(syncobj_wait, tells_the_first_in_the_array_that_is_done)
{
	struct syncobj_waiter waiter = { .count = 2, .flags = SUBMIT };

	waiter.handles[0] = new_syncobj(device, 0);
	waiter.handles[1] = new_syncobj(device, 0);
	start(&waiter);
	expect(raw_syncobj_signal(device, waiter.handles[1]), 0);
	join(&waiter, 0, 1);
	/* For all of them. */
	expect(raw_reset(device, waiter.handles[1]), 0);
	waiter.flags |= ALL;
	start(&waiter);
	expect(raw_syncobj_signal(device, waiter.handles[1]), 0);
	sleep_ms(20);
	eventually(waits, 1);
	expect(raw_syncobj_signal(device, waiter.handles[0]), 0);
	join(&waiter, 0, 0);
}

Test(syncobj_wait, any_and_all_of_pending_and_signaled)
{
	uint32_t syncobj, signaled = new_syncobj(device, 1), first;
	uint32_t fence = new_pending_syncobj(device, &syncobj), handles[2] = { syncobj, signaled };

	expect(raw_syncobj_wait(device, handles, 2, 0, 0, &first), 0);
	expect(first, 1);
	expect(raw_syncobj_wait(device, handles, 2, ALL, 0, &first), -ETIME);
	expect(first, UNTOUCHED);
	expect(raw_signal(device, fence, -EIO), 0);
	/* A fence with an error is signaled as any other. */
	expect(raw_syncobj_wait(device, handles, 2, ALL, 0, &first), 0);
	expect(first, 0);
}

Test(syncobj_wait, same_syncobj_may_be_named_often)
{
	enum { COUNT = 3000 };
	static uint32_t handles[COUNT];
	uint32_t syncobj, fence = new_pending_syncobj(device, &syncobj), first;

	for (int i = 0; i < COUNT; i++)
		handles[i] = syncobj;
	expect(raw_syncobj_wait(device, handles, COUNT, ALL, in_ms(20), &first), -ETIME);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_syncobj_wait(device, handles, COUNT, ALL, in_ms(20), &first), 0);
}

/* A sync_file of the first value of a sw_sync timeline. */
static int new_sw_sync_file(int timeline)
{
	struct dma_fence_sw_sync_create_fence create = { .value = 1 };
	struct dma_fence_bind bind = { .kind = DMA_FENCE_EXPORT_SYNC_FILE };
	int sync_file = open_device();

	expect(raw_ioctl(timeline, DMA_FENCE_IOC_SW_SYNC_CREATE_FENCE, &create), 0);
	bind.token[0] = create.token[0];
	bind.token[1] = create.token[1];
	expect(raw_ioctl(sync_file, DMA_FENCE_IOC_BIND, &bind), 0);
	return sync_file;
}

Test(syncobj_wait, row_5_3_deadline_is_a_hint_to_the_fences)
{
	int timeline = open_device(), sync_file = new_sw_sync_file(timeline);
	uint32_t handle = new_syncobj(device, 0);
	struct drm_syncobj_wait wait = {
		.handles = (uintptr_t)&handle,
		.count_handles = 1,
		.deadline_nsec = 4711,
	};
	struct sw_sync_get_deadline deadline = { 0 };

	expect(raw_import_sync_file(device, handle, sync_file), 0);
	deadline.fence_fd = sync_file;
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_WAIT, &wait), -ETIME);
	expect(raw_ioctl(timeline, SW_SYNC_GET_DEADLINE, &deadline), -ENOENT);
	wait.flags = DEADLINE;
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_WAIT, &wait), -ETIME);
	expect(raw_ioctl(timeline, SW_SYNC_GET_DEADLINE, &deadline), 0);
	expect(deadline.deadline_ns, 4711);
	must(close(sync_file));
	must(close(timeline));
}

Test(syncobj_wait, deadline_is_a_hint_to_the_fences_that_are_available_too)
{
	int timeline = open_device(), sync_file = new_sw_sync_file(timeline);
	uint32_t handles[2] = { new_syncobj(device, 0), new_syncobj(device, 0) };
	uint64_t points[2] = { 0, 0 };
	struct drm_syncobj_timeline_wait wait = {
		.handles = (uintptr_t)handles,
		.points = (uintptr_t)points,
		.count_handles = 1,
		.flags = ALL | AVAILABLE | DEADLINE,
		.deadline_nsec = 4711,
	};
	struct sw_sync_get_deadline deadline = { .fence_fd = sync_file };

	expect(raw_import_sync_file(device, handles[0], sync_file), 0);
	/* All is available: it gives no hint. */
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait), 0);
	expect(raw_ioctl(timeline, SW_SYNC_GET_DEADLINE, &deadline), -ENOENT);
	wait.count_handles = 2;
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait), -ETIME);
	expect(raw_ioctl(timeline, SW_SYNC_GET_DEADLINE, &deadline), 0);
	expect(deadline.deadline_ns, 4711);
	must(close(sync_file));
	must(close(timeline));
}

/* ---- signals ---- */

static volatile sig_atomic_t handled;

static void on_signal(int number)
{
	handled++;
}

static void interrupt_with(struct thread *thread, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	int64_t end = in_ms(PATIENCE_MS);

	handled = 0;
	must(sigaction(SIGUSR1, &action, NULL));
	expect(pthread_kill(thread->thread, SIGUSR1), 0);
	while (!handled) {
		check(now_ns() < end);
		sleep_ms(1);
	}
}

Test(syncobj_wait, is_eintr_without_sa_restart_and_goes_on_with_it)
{
	struct syncobj_waiter waiter = { .count = 1, .flags = SUBMIT };

	waiter.handles[0] = new_syncobj(device, 0);
	start(&waiter);
	interrupt_with(&waiter.thread, 0);
	join(&waiter, -EINTR, UNTOUCHED);
	start(&waiter);
	interrupt_with(&waiter.thread, SA_RESTART);
	sleep_ms(20);
	eventually(waits, 1);
	expect(raw_syncobj_signal(device, waiter.handles[0]), 0);
	join(&waiter, 0, 0);
}

static void wait_for_ever(void *data)
{
	wait_one(device, *(uint32_t *)data, SUBMIT, INT64_MAX);
}

Test(syncobj_wait, killed_waiters_leave_nothing)
{
	uint32_t handle = new_syncobj(device, 0);
	pid_t pids[20];

	for (int i = 0; i < 20; i++)
		pids[i] = spawn(wait_for_ever, &handle);
	eventually(waits, 20);
	for (int i = 0; i < 20; i++)
		kill_child(pids[i]);
	eventually(waits, 0);
	expect(raw_syncobj_signal(device, handle), 0);
}

/* ---- TRANSFER that waits ---- */

struct transferrer {
	struct thread thread;
	uint32_t source, destination;
	uint64_t point;
	int result;
};

static void run_transfer(void *data)
{
	struct transferrer *this = data;

	this->result =
		raw_transfer(device, this->source, 4, this->destination, this->point, SUBMIT);
}

Test(syncobj_wait, transfer_waits_for_the_submission)
{
	struct transferrer transfer = { .point = 7 };

	transfer.source = new_syncobj(device, 0);
	transfer.destination = new_syncobj(device, 0);
	thread_start(&transfer.thread, run_transfer, &transfer);
	eventually(waits, 1);
	expect(raw_signal_point(device, transfer.source, 3), 0);
	sleep_ms(20);
	eventually(waits, 1);
	expect(raw_signal_point(device, transfer.source, 4), 0);
	thread_join(&transfer.thread);
	expect(transfer.result, 0);
	expect(query_point(device, transfer.destination, 0), 7);
	/* Onto itself. */
	transfer.source = transfer.destination = new_syncobj(device, 0);
	thread_start(&transfer.thread, run_transfer, &transfer);
	eventually(waits, 1);
	expect(raw_signal_point(device, transfer.source, 5), 0);
	thread_join(&transfer.thread);
	expect(transfer.result, 0);
	expect(query_point(device, transfer.source, 0), 7);
}

Test(syncobj_wait, transfer_is_interrupted_and_has_an_end)
{
	struct transferrer transfer = { .point = 7 };
	int64_t begin;

	transfer.source = new_syncobj(device, 0);
	transfer.destination = new_syncobj(device, 0);
	thread_start(&transfer.thread, run_transfer, &transfer);
	eventually(waits, 1);
	interrupt_with(&transfer.thread, 0);
	thread_join(&transfer.thread);
	expect(transfer.result, -EINTR);
	/* As long as the kernel waits: 5 s. */
	begin = now_ns();
	expect(raw_transfer(device, transfer.source, 0, transfer.destination, 0, SUBMIT), -ETIME);
	check(now_ns() - begin >= 4900 * NSEC_PER_MSEC);
}

/* ---- EVENTFD ---- */

static int new_eventfd(void)
{
	return must(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

Test(syncobj_wait, eventfd_refuses_what_the_kernel_refuses)
{
	int fd = new_eventfd();
	uint32_t handle = new_syncobj(device, 0);
	const struct {
		struct drm_syncobj_eventfd request;
		int result;
	} rows[] = {
		{ { NO_SUCH_HANDLE, 0, 0, fd, 0 }, -ENOENT },
		{ { NO_SUCH_HANDLE, 0, 0, -1, 0 }, -ENOENT },
		{ { NO_SUCH_HANDLE, ALL, 0, -1, 0 }, -EINVAL },
		{ { handle, 0, 0, -1, 0 }, -EBADF },
		{ { handle, 0, 0, device, 0 }, -EINVAL },
		{ { handle, ALL, 0, fd, 0 }, -EINVAL },
		{ { handle, SUBMIT, 0, fd, 0 }, -EINVAL },
		{ { handle, 0, 0, fd, 1 }, -EINVAL },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drm_syncobj_eventfd request = rows[i].request;

		expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_EVENTFD, &request), rows[i].result);
	}
	expect(raw_syncobj_signal(device, handle), 0);
	expect(eventfd_count(fd), 0);
	must(close(fd));
}

Test(syncobj_wait, eventfd_is_told_once_when_the_point_is_reached)
{
	int fd = new_eventfd();
	uint32_t binary = new_syncobj(device, 0), signaled = new_syncobj(device, 1);
	uint32_t timeline = new_syncobj(device, 0);

	need_feature(DMA_FENCE_FEATURE_EVENTFD, "no asynchronous I/O");
	expect(raw_eventfd(device, signaled, 0, fd, 0), 0);
	expect(eventfd_count(fd), 1);
	expect(raw_eventfd(device, signaled, 5, fd, 0), 0);
	expect(eventfd_count(fd), 0);
	expect(raw_eventfd(device, binary, 0, fd, 0), 0);
	expect(eventfd_count(fd), 0);
	expect(raw_syncobj_signal(device, binary), 0);
	expect(eventfd_count(fd), 1);
	expect(raw_reset(device, binary), 0);
	expect(raw_eventfd(device, binary, 0, fd, AVAILABLE), 0);
	expect(raw_syncobj_signal(device, binary), 0);
	expect(eventfd_count(fd), 1);
	expect(raw_eventfd(device, timeline, 5, fd, 0), 0);
	expect(raw_eventfd(device, timeline, 5, fd, 0), 0);
	expect(raw_signal_point(device, timeline, 4), 0);
	expect(eventfd_count(fd), 0);
	expect(raw_signal_point(device, timeline, 6), 0);
	expect(eventfd_count(fd), 2);
	expect(raw_signal_point(device, timeline, 7), 0);
	expect(eventfd_count(fd), 0);
	expect(raw_eventfd(device, timeline, 3, fd, 0), 0);
	expect(eventfd_count(fd), 1);
	/* It goes with the syncobj. */
	expect(raw_eventfd(device, timeline, 9, fd, 0), 0);
	expect(raw_destroy(device, timeline), 0);
	expect(raw_destroy(device, signaled), 0);
	eventually(events, 0);
	expect(eventfd_count(fd), 0);
	must(close(fd));
}

Test(syncobj_wait, eventfd_of_a_pending_fence_waits_for_it_unless_to_be_available)
{
	int fd = new_eventfd();
	uint32_t syncobj, fence = new_pending_syncobj(device, &syncobj);

	need_feature(DMA_FENCE_FEATURE_EVENTFD, "no asynchronous I/O");
	expect(raw_eventfd(device, syncobj, 0, fd, 0), 0);
	expect(eventfd_count(fd), 0);
	expect(raw_eventfd(device, syncobj, 0, fd, AVAILABLE), 0);
	expect(eventfd_count(fd), 1);
	/* Once it has a fence it does not need the syncobj. */
	expect(raw_destroy(device, syncobj), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(eventfd_count(fd), 1);
	eventually(events, 0);
	must(close(fd));
}

Test(syncobj_wait, eventfds_go_with_their_open)
{
	int fd = new_eventfd(), other = open_device(), syncobj_fd;
	uint32_t handle = new_syncobj(device, 0), alias, syncobj, pending;
	uint32_t fence = new_pending_syncobj(device, &pending);

	syncobj_fd = new_syncobj_fd(device, handle);
	expect(raw_from_fd(other, syncobj_fd, &alias), 0);
	must(close(syncobj_fd));
	syncobj_fd = new_syncobj_fd(device, pending);
	expect(raw_from_fd(other, syncobj_fd, &syncobj), 0);
	must(close(syncobj_fd));
	expect(raw_eventfd(other, alias, 0, fd, 0), 0);
	expect(raw_eventfd(other, syncobj, 0, fd, 0), 0);
	eventually(events, 2);
	must(close(other));
	eventually(events, 0);
	expect(raw_syncobj_signal(device, handle), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(eventfd_count(fd), 0);
	must(close(fd));
}

Test(syncobj_wait, full_eventfd_stops_nobody)
{
	int fd = new_eventfd();
	uint64_t full = UINT64_MAX - 1;
	uint32_t handle = new_syncobj(device, 0);

	expect(write(fd, &full, sizeof(full)), sizeof(full));
	expect(raw_eventfd(device, handle, 0, fd, 0), 0);
	expect(raw_syncobj_signal(device, handle), 0);
	expect(wait_one(device, handle, 0, 0), 0);
	must(close(fd));
}
