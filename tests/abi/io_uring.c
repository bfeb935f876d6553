/* SPDX-License-Identifier: MIT */
/* io_uring.c - POLL_ADD on a sync_file and on the node. Raw ioctls. */
#include <liburing.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

static struct io_uring ring;
static bool have_ring;

static void begin(void)
{
	fixture_begin();
	have_ring = io_uring_queue_init(8, &ring, 0) == 0;
	if (!have_ring)
		cr_skip_test("this system gives no io_uring");
}

static void end(void)
{
	if (have_ring)
		io_uring_queue_exit(&ring);
	fixture_end();
}

TestSuite(io_uring, .init = begin, .fini = end, .timeout = TEST_TIMEOUT);

static void arm(int fd, uint64_t user_data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	check(sqe);
	io_uring_prep_poll_add(sqe, fd, POLLIN);
	io_uring_sqe_set_data64(sqe, user_data);
	expect(io_uring_submit(&ring), 1);
}

/* The result of the next completion, whose user data must be this. */
static int complete(uint64_t user_data)
{
	struct __kernel_timespec patience = { .tv_sec = PATIENCE_MS / 1000 };
	struct io_uring_cqe *cqe;
	int result;

	expect(io_uring_wait_cqe_timeout(&ring, &cqe, &patience), 0);
	expect(io_uring_cqe_get_data64(cqe), user_data);
	result = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return result;
}

static bool is_quiet(void)
{
	struct io_uring_cqe *cqe;

	return io_uring_peek_cqe(&ring, &cqe) == -EAGAIN;
}

Test(io_uring, poll_completes_with_the_signal)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence);

	arm(fd, 1);
	sleep_ms(20);
	check(is_quiet());
	expect(raw_signal(device, fence, 0), 0);
	expect(complete(1), POLLIN);
	must(close(fd));
}

Test(io_uring, poll_of_a_signaled_fence_completes_at_once)
{
	int fd = new_sync_file(device, new_signaled_fence(device, -EIO));

	arm(fd, 1);
	expect(complete(1), POLLIN);
	must(close(fd));
}

Test(io_uring, several_polls_complete_in_the_order_of_the_signals)
{
	uint32_t fences[4], i;
	int fds[4];

	for (i = 0; i < 4; i++) {
		fences[i] = new_fence(device);
		fds[i] = new_sync_file(device, fences[i]);
		arm(fds[i], i);
	}
	for (i = 4; i-- > 0;) {
		expect(raw_signal(device, fences[i], 0), 0);
		expect(complete(i), POLLIN);
		must(close(fds[i]));
	}
}

Test(io_uring, poll_can_be_removed)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence);
	struct io_uring_sqe *sqe;

	arm(fd, 1);
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_poll_remove(sqe, 1);
	io_uring_sqe_set_data64(sqe, 1);
	expect(io_uring_submit(&ring), 1);
	/* Both, in either order: the poll's and the removal's. */
	check(complete(1) != POLLIN);
	check(complete(1) != POLLIN);
	expect(raw_signal(device, fence, 0), 0);
	check(is_quiet());
	must(close(fd));
}

Test(io_uring, poll_on_the_node_completes_with_a_record)
{
	uint32_t fence = new_fence(device), event;

	expect(raw_event_add(device, fence, -1, 0, &event), 0);
	arm(device, 1);
	sleep_ms(20);
	check(is_quiet());
	expect(raw_signal(device, fence, 0), 0);
	expect(complete(1), POLLIN);
}
