/* SPDX-License-Identifier: MIT */
/*
 * daemon_stop.c - an orderly stop: clients are notified that their fences are signaled, and have
 * time to ask how. What they see after it is in daemon_end.c. Raw ioctls.
 *
 * The time is longer than any wait here: the daemon ends because nothing is left to query.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon_suite.h"
#include "linux_sw_sync.h"
#include "process.h"

static void start(const char *stop_timeout)
{
	const char *const options[] = { "--stop-timeout", stop_timeout, NULL };

	own_daemon_start(options);
}

static void begin(void)
{
	fixture_begin();
	start("600");
}

/* As all that was a dead daemon's, fd is closed even where close() fails. */
static void end(void)
{
	close(fd);
	expect(daemon_wait(&daemon_of_test), 0);
	check(access(daemon_of_test.node, F_OK) < 0);
	fixture_end();
}

TestSuite(daemon_stop, .init = begin, .fini = end, .timeout = 60);

static int sync_file_of(uint32_t fence)
{
	return new_sync_file_at(daemon_of_test.node, fd, fence);
}

/* Returns when it has begun to stop: the node has nothing more to tell. */
static void begin_stop(void)
{
	must(kill(daemon_of_test.pid, SIGTERM));
	expect(poll_for(fd, PATIENCE_MS), POLLERR);
}

static void expect_signaled(int sync_file, int status)
{
	struct sync_file_info info;
	struct sync_fence_info fence;

	expect(poll_for(sync_file, PATIENCE_MS), POLLIN);
	expect(sync_file_status(sync_file), status);
	/* With the fences it is an answer that another thread writes. */
	expect(raw_file_info(sync_file, &info, &fence, 1), 0);
	expect(fence.status, status);
	check(fence.timestamp_ns > 0);
}

/* ---- fence fds ---- */

static void poll_and_ask(void *data)
{
	expect_signaled(*(int *)data, -ECANCELED);
	must(close(*(int *)data));
}

Test(daemon_stop, poller_is_told_that_the_fence_is_signaled_and_asks_how)
{
	int sync_file = sync_file_of(new_fence(fd));
	struct thread thread;

	thread_start(&thread, poll_and_ask, &sync_file);
	sleep_ms(20);
	begin_stop();
	thread_join(&thread);
}

Test(daemon_stop, all_pollers_of_many_fences_are_told)
{
	enum { COUNT = 200 };
	struct pollfd pollers[COUNT];

	for (int i = 0; i < COUNT; i++)
		pollers[i] = (struct pollfd){ sync_file_of(new_fence(fd)), POLLIN, 0 };
	expect(poll(pollers, COUNT, 0), 0);
	must(kill(daemon_of_test.pid, SIGTERM));
	for (int i = 0; i < COUNT; i++) {
		expect(poll_for(pollers[i].fd, PATIENCE_MS), POLLIN);
		expect(sync_file_status(pollers[i].fd), -ECANCELED);
		must(close(pollers[i].fd));
	}
}

Test(daemon_stop, epoll_tells_too)
{
	int sync_file = sync_file_of(new_fence(fd)), set = must(epoll_create1(EPOLL_CLOEXEC));
	struct epoll_event event = { .events = EPOLLIN };

	must(epoll_ctl(set, EPOLL_CTL_ADD, sync_file, &event));
	expect(epoll_wait(set, &event, 1, 0), 0);
	must(kill(daemon_of_test.pid, SIGTERM));
	expect(epoll_wait(set, &event, 1, PATIENCE_MS), 1);
	expect(event.events, EPOLLIN);
	expect(sync_file_status(sync_file), -ECANCELED);
	must(close(set));
	must(close(sync_file));
}

Test(daemon_stop, fence_that_nobody_polled_can_be_asked_for)
{
	int sync_file = sync_file_of(new_fence(fd));

	begin_stop();
	expect_signaled(sync_file, -ECANCELED);
	must(close(sync_file));
}

Test(daemon_stop, fence_that_was_signaled_before_stays_as_it_was)
{
	int done = sync_file_of(new_signaled_fence(fd, 0));
	int failed = sync_file_of(new_signaled_fence(fd, -EIO));

	begin_stop();
	expect_signaled(done, 1);
	expect_signaled(failed, -EIO);
	must(close(done));
	must(close(failed));
}

Test(daemon_stop, merged_fence_is_signaled_by_its_members)
{
	int sync_file = sync_file_of(new_merge(fd, new_fence(fd), new_fence(fd), 0));

	begin_stop();
	expect(poll_for(sync_file, PATIENCE_MS), POLLIN);
	expect(sync_file_status(sync_file), -ECANCELED);
	must(close(sync_file));
}

Test(daemon_stop, fences_of_memory_are_signaled_too)
{
	int buffer = new_buffer(4096);
	int sync_file = sync_file_of(new_mem_fence(fd, buffer, 0, 1, 8));

	begin_stop();
	expect_signaled(sync_file, -ECANCELED);
	must(close(sync_file));
	must(close(buffer));
}

Test(daemon_stop, sw_sync_timelines_end_as_with_their_last_close)
{
	struct dma_fence_sw_sync_create_fence create = { .value = 1 };
	int timeline = open_node(daemon_of_test.node), sync_file = open_node(daemon_of_test.node);

	expect(raw_ioctl(timeline, DMA_FENCE_IOC_SW_SYNC_CREATE_FENCE, &create), 0);
	expect(raw_bind(sync_file, (const uint64_t *)create.token), 0);
	begin_stop();
	expect_signaled(sync_file, -ENOENT);
	must(close(sync_file));
	must(close(timeline));
}

/* ---- events ---- */

static void read_one(void *data)
{
	expect(raw_read_events(fd, data, 1), 1);
}

Test(daemon_stop, reader_is_given_the_record_of_the_end)
{
	struct dma_fence_event record;
	struct thread thread;
	uint32_t event;

	expect(raw_event_add(fd, new_fence(fd), -1, 7, &event), 0);
	thread_start(&thread, read_one, &record);
	wait_until_waiting(fd, 1);
	begin_stop();
	thread_join(&thread);
	expect(record.user_data, 7);
	expect(record.status, -ECANCELED);
}

Test(daemon_stop, records_are_read_before_the_node_has_nothing_to_tell)
{
	struct dma_fence_event records[4];
	uint32_t event;

	for (int i = 0; i < 3; i++)
		expect(raw_event_add(fd, new_fence(fd), -1, i, &event), 0);
	expect(poll_for(fd, 0), 0);
	must(kill(daemon_of_test.pid, SIGTERM));
	expect(poll_for(fd, PATIENCE_MS), POLLIN);
	expect(raw_read_events(fd, records, 2), 2);
	expect(poll_for(fd, 0), POLLIN);
	expect(raw_read_events(fd, records + 2, 2), 1);
	for (int i = 0; i < 3; i++) {
		expect(records[i].user_data, i);
		expect(records[i].status, -ECANCELED);
	}
	expect(poll_for(fd, 0), POLLERR);
	expect(raw_read_events(fd, records, 1), -ENOTCONN);
}

Test(daemon_stop, eventfd_is_added_to)
{
	int counter = must(eventfd(0, EFD_CLOEXEC));
	uint64_t count;
	uint32_t event;

	need_feature(DMA_FENCE_FEATURE_EVENTFD, "the system has no asynchronous I/O contexts left");
	expect(raw_event_add(fd, new_fence(fd), counter, 0, &event), 0);
	must(kill(daemon_of_test.pid, SIGTERM));
	expect(poll_for(counter, PATIENCE_MS), POLLIN);
	expect(read(counter, &count, sizeof(count)), sizeof(count));
	expect(count, 1);
	must(close(counter));
}

/* ---- all else ---- */

struct pointer_wait {
	struct dma_fence_wait_item items[2];
	struct dma_fence_wait wait;
	int result;
};

static void wait_by_pointer(void *data)
{
	struct pointer_wait *this = data;

	this->wait = (struct dma_fence_wait){
		.count = 2,
		.flags = DMA_FENCE_WAIT_ALL,
		.deadline_ns = DMA_FENCE_WAIT_FOREVER,
		.pointer = (uintptr_t)this->items,
	};
	this->result = raw_ioctl(fd, DMA_FENCE_IOC_WAIT, &this->wait);
}

Test(daemon_stop, wait_whose_answer_goes_to_memory_has_its_result)
{
	struct pointer_wait wait = {
		.items = { { .handle = new_fence(fd) }, { .handle = new_fence(fd) } },
	};
	struct thread thread;

	thread_start(&thread, wait_by_pointer, &wait);
	wait_until_waiting(fd, 1);
	must(kill(daemon_of_test.pid, SIGTERM));
	thread_join(&thread);
	expect(wait.result, 0);
	expect(wait.items[0].status, -ECANCELED);
	expect(wait.items[1].status, -ECANCELED);
}

Test(daemon_stop, nothing_new_is_begun)
{
	struct dma_fence_create create = { .flags = 0 };
	int sync_file = sync_file_of(new_fence(fd));
	struct dma_fence_caps caps;
	uint32_t by = 1, handle;

	begin_stop();
	expect(raw_caps(fd, &caps), -ENOTCONN);
	expect(raw_ioctl(fd, DMA_FENCE_IOC_CREATE, &create), -ENOTCONN);
	expect(raw_ioctl(fd, SW_SYNC_IOC_INC, &by), -ENOTCONN);
	expect(raw_import(fd, sync_file, &handle), -ENOTCONN);
	expect_errno(open(daemon_of_test.node, O_RDWR | O_CLOEXEC), ENODEV);
	/* This one is asked all the same. */
	expect_signaled(sync_file, -ECANCELED);
	must(close(sync_file));
}

Test(daemon_stop, fence_fd_of_another_process_is_waited_for)
{
	int sync_file = sync_file_of(new_fence(fd));
	pid_t pid = spawn(poll_and_ask, &sync_file);

	must(close(sync_file));
	begin_stop();
	expect_success(pid);
}

Test(daemon_stop, client_that_does_not_ask_is_left_after_the_time)
{
	struct sync_file_info info;
	int sync_file;

	close(fd);
	expect(daemon_stop(&daemon_of_test), 0);
	start("0.05");
	sync_file = sync_file_of(new_fence(fd));
	expect(daemon_stop(&daemon_of_test), 0);
	expect(poll_for(sync_file, 0), POLLERR);
	expect(raw_file_info(sync_file, &info, NULL, 0), -ENOTCONN);
	close(sync_file);
	/* One for the teardown to wait for. */
	close(fd);
	start("600");
	must(kill(daemon_of_test.pid, SIGTERM));
}
