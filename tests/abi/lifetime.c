/* SPDX-License-Identifier: MIT */
/* lifetime.c - fences that lose their signaler: close, exit, SIGKILL; fork, and fds that travel.
 * Raw ioctls. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

DEVICE_SUITE(lifetime);

Test(lifetime, row_5_4_closed_handle_cancels_the_fence)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence);

	expect(raw_close(device, fence), 0);
	expect(poll_for(fd, 0), POLLIN);
	expect(sync_file_status(fd), -ECANCELED);
	must(close(fd));
}

Test(lifetime, closed_handle_wakes_who_waits)
{
	uint32_t fence = new_fence(device), copy;
	struct waiter waiter;

	expect(raw_merge(device, &fence, 1, 0, &copy), 0);
	waiter_start(&waiter, device, copy, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	expect(raw_close(device, fence), 0);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, -ECANCELED);
}

Test(lifetime, closed_open_file_cancels_its_fences)
{
	int other = open_device(), fds[10], i;

	for (i = 0; i < 10; i++)
		fds[i] = new_sync_file(other, new_fence(other));
	must(close(other));
	for (i = 0; i < 10; i++) {
		expect(poll_for(fds[i], PATIENCE_MS), POLLIN);
		expect(sync_file_status(fds[i]), -ECANCELED);
		must(close(fds[i]));
	}
}

Test(lifetime, closed_open_file_cancels_the_points_of_its_timelines)
{
	int other = open_device(),
	    fd = new_sync_file(other, new_point(other, new_timeline(other, 0)));

	must(close(other));
	expect(poll_for(fd, PATIENCE_MS), POLLIN);
	expect(sync_file_status(fd), -ECANCELED);
	must(close(fd));
}

Test(lifetime, signaled_fence_is_not_cancelled)
{
	int other = open_device(), fd = new_sync_file(other, new_signaled_fence(other, 0));

	must(close(other));
	eventually(files, 2);
	expect(sync_file_status(fd), 1);
	must(close(fd));
}

Test(lifetime, duplicate_keeps_the_open_file)
{
	int other = open_device(), copy = must(dup(other));
	uint32_t fence = new_fence(other);

	must(close(other));
	expect(status_of(copy, fence), 0);
	expect(raw_signal(copy, fence, 0), 0);
	must(close(copy));
}

static void wait_for_parent(void *data)
{
	struct link *link = data;

	must(close(link->ends[0]));
	tell(link->ends[1]);
	hear(link->ends[1]);
}

Test(lifetime, forked_child_keeps_the_open_file)
{
	int other = open_device(), fd = new_sync_file(other, new_fence(other));
	struct link link;
	pid_t pid;

	link_open(&link);
	pid = spawn(wait_for_parent, &link);
	hear(link.ends[0]);
	must(close(other));
	expect(poll_for(fd, 50), 0);
	tell(link.ends[0]);
	expect_success(pid);
	expect(poll_for(fd, PATIENCE_MS), POLLIN);
	expect(sync_file_status(fd), -ECANCELED);
	link_close(&link);
	must(close(fd));
}

struct creator {
	struct link link;
	bool timeline;
};

/* Makes a fence of its own, sends it to the parent as a sync_file, and lives on. */
static void create_and_send(void *data)
{
	struct creator *creator = data;
	int fd = open_device(), end = creator->link.ends[1];
	uint32_t handle = creator->timeline ? new_point(fd, new_timeline(fd, 0)) : new_fence(fd);

	send_fd(end, new_sync_file(fd, handle));
	hear(end);
	expect(raw_signal(fd, handle, -EIO), 0);
	tell(end);
	hear(end);
}

Test(lifetime, sync_file_travels_over_a_socket)
{
	struct creator creator = { .timeline = false };
	pid_t pid;
	int fd;

	link_open(&creator.link);
	pid = spawn(create_and_send, &creator);
	fd = receive_fd(creator.link.ends[0]);
	expect(poll_for(fd, 0), 0);
	tell(creator.link.ends[0]);
	hear(creator.link.ends[0]);
	expect(poll_for(fd, 0), POLLIN);
	expect(sync_file_status(fd), -EIO);
	expect(status_of(device, import(device, fd)), -EIO);
	tell(creator.link.ends[0]);
	expect_success(pid);
	must(close(fd));
	link_close(&creator.link);
}

static void killed_creator_cancels(bool timeline)
{
	struct creator creator = { .timeline = timeline };
	struct waiter waiter;
	pid_t pid;
	int fd;

	link_open(&creator.link);
	pid = spawn(create_and_send, &creator);
	fd = receive_fd(creator.link.ends[0]);
	waiter_start(&waiter, device, import(device, fd), DMA_FENCE_WAIT_FOREVER);
	eventually(waits, 1);
	kill_child(pid);
	waiter_join(&waiter);
	expect(waiter.result, 0);
	expect(waiter.status, -ECANCELED);
	expect(poll_for(fd, 0), POLLIN);
	expect(sync_file_status(fd), -ECANCELED);
	must(close(fd));
	link_close(&creator.link);
}

Test(lifetime, row_2_5_killed_creator_cancels_its_fences)
{
	killed_creator_cancels(false);
}

Test(lifetime, killed_creator_cancels_its_timelines)
{
	killed_creator_cancels(true);
}

struct shared_device {
	uint32_t fence;
};

static void signal_in_child(void *data)
{
	struct shared_device *shared = data;

	expect(raw_signal(device, shared->fence, -EIO), 0);
}

Test(lifetime, forked_child_shares_the_handles)
{
	struct shared_device shared = { .fence = new_fence(device) };

	expect_success(spawn(signal_in_child, &shared));
	expect(status_of(device, shared.fence), -EIO);
}

static void close_in_child(void *data)
{
	must(close(device));
}

Test(lifetime, child_that_closes_its_copy_cancels_nothing)
{
	uint32_t fence = new_fence(device);

	expect_success(spawn(close_in_child, NULL));
	expect(status_of(device, fence), 0);
}

static void use_sent_device(void *data)
{
	struct link *link = data;
	int fd = receive_fd(link->ends[1]);

	/* The same open file, hence the same handles: the first is 1 in a fresh one. */
	expect(raw_signal(fd, 1, 0), 0);
}

Test(lifetime, sent_device_fd_shares_the_handles)
{
	struct link link;
	pid_t pid;

	link_open(&link);
	pid = spawn(use_sent_device, &link);
	expect(new_fence(device), 1);
	send_fd(link.ends[0], device);
	expect_success(pid);
	expect(status_of(device, 1), 1);
	link_close(&link);
}

/* Everything at once that an open file can have pending. */
static void hold_everything(void *data)
{
	struct link *link = data;
	int fd = open_device(), buffer = new_buffer(4096);
	uint32_t fence = new_fence(fd), event;
	uint64_t token[2];

	new_point(fd, new_timeline(fd, 0));
	new_merge(fd, fence, new_fence(fd), 0);
	expect(raw_export(fd, fence, token), 0);
	expect(raw_attach(fd, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_seqno_write(fd, fence, buffer, 0, 1, 8), 0);
	expect(raw_event_add(fd, fence, -1, 0, &event), 0);
	new_sync_file(fd, fence);
	tell(link->ends[1]);
	raw_wait(fd, fence, DMA_FENCE_WAIT_FOREVER);
}

Test(lifetime, killed_client_leaves_nothing)
{
	struct link link;
	pid_t pid;

	link_open(&link);
	pid = spawn(hold_everything, &link);
	hear(link.ends[0]);
	eventually(waits, 1);
	eventually(seqno_writes, 1);
	eventually(exports, 1);
	kill_child(pid);
	/* The fixture counts the rest. */
	eventually(files, 1);
	link_close(&link);
}
