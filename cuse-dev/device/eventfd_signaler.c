/* SPDX-License-Identifier: MIT */
/* eventfd_signaler.c - see eventfd_signaler.h. */
#include <errno.h>
#include <fcntl.h>
#include <libaio.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "device/eventfd_signaler.h"

/* Completions that may lie in the ring before they have to be taken out. */
#define RING_SIZE 128

struct eventfd_signaler {
	io_context_t context;
	int nothing; /* /dev/null: always readable, so a poll of it is done at once */
	unsigned int in_ring;
};

struct eventfd_signaler *eventfd_signaler_create(void)
{
	struct eventfd_signaler *signaler = calloc(1, sizeof(*signaler));
	int ret;

	if (!signaler)
		return NULL;
	signaler->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (signaler->nothing < 0)
		goto err_free;
	ret = io_setup(RING_SIZE, &signaler->context);
	if (ret) {
		close(signaler->nothing);
		errno = -ret;
		goto err_free;
	}
	return signaler;

err_free:
	free(signaler);
	return NULL;
}

void eventfd_signaler_destroy(struct eventfd_signaler *signaler)
{
	if (!signaler)
		return;
	io_destroy(signaler->context);
	close(signaler->nothing);
	free(signaler);
}

static void empty_ring(struct eventfd_signaler *signaler)
{
	struct io_event events[RING_SIZE];
	struct timespec now = { 0 };
	int taken = io_getevents(signaler->context, 0, RING_SIZE, events, &now);

	if (taken > 0)
		signaler->in_ring -= (unsigned int)taken < signaler->in_ring ? (unsigned int)taken
									     : signaler->in_ring;
}

void eventfd_signaler_add_one(struct eventfd_signaler *signaler, int eventfd)
{
	struct iocb request, *requests[1] = { &request };

	if (signaler->in_ring == RING_SIZE / 2)
		empty_ring(signaler);
	io_prep_poll(&request, signaler->nothing, POLLIN);
	io_set_eventfd(&request, eventfd);
	/* It fails where there is no memory, or no room but by what lies in the ring. */
	for (int tries = 0; tries < 2; tries++) {
		if (io_submit(signaler->context, 1, requests) == 1) {
			signaler->in_ring++;
			return;
		}
		empty_ring(signaler);
	}
}
