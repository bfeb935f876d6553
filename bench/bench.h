/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what every part of dma-fence-bench uses: the two sides that are compared, the clock,
 * and whether the user has had enough.
 *
 * Functions return 0 or a negative errno.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000ull

/* The device, and what it is measured against. */
enum side { SIDE_FLOOR, SIDE_DEVICE, SIDE_COUNT };

static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static inline void pause_ns(long ns)
{
	struct timespec pause = {.tv_nsec = ns};

	nanosleep(&pause, NULL);
}

/* From here on SIGINT, SIGTERM and SIGHUP ask the program to end. */
void catch_signals(void);
/*
 * The signal that asked, or 0. A function that waits or loops returns -EINTR then, so that
 * everything is cleaned up on the way out.
 */
int interrupted(void);

/* One line on standard error; returns the error, a negative errno. */
int complain(const char *what, int error);

#endif /* BENCH_H */
