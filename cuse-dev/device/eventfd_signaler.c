/* SPDX-License-Identifier: MIT */
/* eventfd_signaler.c - see eventfd_signaler.h. */
#include <errno.h>
#include <fcntl.h>
#include <libaio.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "device/eventfd_signaler.h"

/* The capacity of the ring for completions; they are taken out when half of it is full. */
#define RING_SIZE 128

static io_context_t context;  /* NULL: the system has none to give */
static int always_ready = -1; /* /dev/null: always readable, so a poll of it is done at once */
static unsigned int in_ring;

int eventfd_signaler_start(void)
{
	int ret;

	always_ready = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (always_ready < 0)
		return -errno;
	ret = io_setup(RING_SIZE, &context);
	if (ret)
		close(always_ready);
	return ret;
}

bool eventfd_signaler_is_available(void)
{
	return context != NULL;
}

void eventfd_signaler_stop(void)
{
	if (!context)
		return;
	io_destroy(context);
	close(always_ready);
}

static void empty_ring(void)
{
	struct io_event events[RING_SIZE];
	struct timespec now = { 0 };
	int taken = io_getevents(context, 0, RING_SIZE, events, &now);

	if (taken > 0)
		in_ring -= (unsigned int)taken < in_ring ? (unsigned int)taken : in_ring;
}

void eventfd_signaler_add_one(int eventfd)
{
	struct iocb request, *requests[1] = { &request };

	if (in_ring == RING_SIZE / 2)
		empty_ring();
	io_prep_poll(&request, always_ready, POLLIN);
	io_set_eventfd(&request, eventfd);
	/* It fails without memory, or if completions fill the ring. */
	for (int tries = 0; tries < 2; tries++) {
		if (io_submit(context, 1, requests) == 1) {
			in_ring++;
			return;
		}
		empty_ring();
	}
}
