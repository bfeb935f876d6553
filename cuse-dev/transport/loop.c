/* SPDX-License-Identifier: MIT */
/*
 * loop.c - see loop.h. After each request it notifies pollers of what has changed.
 *
 * It blocks in read(), as the fastest of servers does: waiting for two things at once would be a
 * system call more for each request. So to stop it, a signal must interrupt that read(). One that
 * comes between the check of the flag and the read() would be lost, hence it is sent again until
 * the loop has ended. At the end of the device, where speed does not matter, it does wait for two
 * things.
 */
#define FUSE_USE_VERSION 35
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "fence.h"
#include "transport/loop.h"

/* How often the end of the device checks whether it is drained, though no request has come. */
#define DRAIN_STEP_MS 10

static pthread_t loop_thread;
static atomic_bool stop, ended;
static uint64_t unique;

static void only_interrupts(int number)
{
}

uint64_t loop_request_unique(void)
{
	return unique;
}

void loop_prepare(void)
{
	struct sigaction action = { .sa_handler = only_interrupts };

	loop_thread = pthread_self();
	sigaction(SIGUSR1, &action, NULL);
}

bool loop_was_stopped(void)
{
	return atomic_load(&stop);
}

static void handle(struct device *device, const struct fuse_buf *buffer)
{
	unique = ((const struct fuse_in_header *)buffer->mem)->unique;
	fuse_session_process_buf(device->session, buffer);
	device_notify(device);
}

void loop_run(struct device *device)
{
	struct fuse_buf buffer = { .mem = NULL };
	sigset_t interrupts;

	sigemptyset(&interrupts);
	sigaddset(&interrupts, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &interrupts, NULL);

	while (!atomic_load(&stop) && !fuse_session_exited(device->session)) {
		int ret = fuse_session_receive_buf(device->session, &buffer);

		if (ret == -EINTR)
			continue;
		if (ret <= 0)
			break;
		handle(device, &buffer);
	}
	free(buffer.mem);
	pthread_sigmask(SIG_BLOCK, &interrupts, NULL);
	atomic_store(&ended, true);
}

/*
 * A worker may give the last answer, and a request that poll() has reported may be gone before it
 * is read, its caller killed: so neither poll() nor the read() behind it blocks for longer than a
 * step.
 */
void loop_drain(struct device *device, bool (*is_drained)(struct device *device), int64_t until_ns)
{
	struct pollfd requests = { .fd = fuse_session_fd(device->session), .events = POLLIN };
	struct fuse_buf buffer = { .mem = NULL };

	fcntl(requests.fd, F_SETFL, fcntl(requests.fd, F_GETFL) | O_NONBLOCK);
	while (!fuse_session_exited(device->session) && !is_drained(device) &&
	       dma_fence_now() < until_ns) {
		int ret;

		poll(&requests, 1, DRAIN_STEP_MS);
		ret = fuse_session_receive_buf(device->session, &buffer);
		if (ret == -EINTR || ret == -EAGAIN)
			continue;
		if (ret <= 0)
			break;
		handle(device, &buffer);
	}
	free(buffer.mem);
}

void loop_stop(void)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	atomic_store(&stop, true);
	while (!atomic_load(&ended)) {
		pthread_kill(loop_thread, SIGUSR1);
		nanosleep(&pause, NULL);
	}
}
