/* SPDX-License-Identifier: MIT */
/*
 * floor.h - what floor-server understands: requests of any size that it answers with what they
 * brought, and the least that each kind of wake-up needs.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <linux/ioctl.h>

#define FLOOR_IOC_TYPE 'F'

/* Any size, any direction: so that it can be those of the request that it is compared with. */
#define FLOOR_IOC(direction, number, size) _IOC((direction), FLOOR_IOC_TYPE, (number), (size))

/* One waiter of a kind at a time; a WAKE that finds none is EINVAL. */
enum floor_request {
	FLOOR_ECHO = 1, /* nothing but the answer */
	FLOOR_PARK,	/* is answered by WAKE_PARKED, with zeros */
	FLOOR_WAKE_PARKED,
	FLOOR_WAKE_READ,    /* answers a read() of the node, with zeros */
	FLOOR_WAKE_POLL,    /* the node is readable, for the first poll */
	FLOOR_WAKE_EVENTFD, /* adds 1 to the eventfd that the server was started with */
	FLOOR_WAKE_MEMORY, /* adds 1 to the first 64 bits of its memory and wakes the futex there */
};

#endif /* BENCH_FLOOR_H */
