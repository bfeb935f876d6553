/* SPDX-License-Identifier: MIT */
/*
 * core-stress.h - what the stress programs of the core share. They are plain programs, so that they
 * run under ThreadSanitizer, which a test framework with an arena of its own does not. Each runs
 * for a bounded time, prints one line, and exits 0 or 1.
 */
#ifndef CORE_STRESS_H
#define CORE_STRESS_H

#include "fence.h"

/* How long a program runs, in ns: longer under ThreadSanitizer, which reports races that did no harm. */
#ifdef __SANITIZE_THREAD__
#define STRESS_DURATION INT64_C(2000000000)
#else
#define STRESS_DURATION INT64_C(1000000000)
#endif

/* A fence with a lock that is its own, or another's. base comes first. */
struct stress_fence {
	struct dma_fence base;
	pthread_mutex_t own_lock;
	_Atomic bool done; /* what ops->signaled says */
};

/* lock may be NULL: its own. One reference. */
struct dma_fence *stress_fence_create(pthread_mutex_t *lock, uint64_t context, uint64_t seqno);
/* How many were made, and how many of them are not released yet. */
unsigned long stress_fences_made(void);
long stress_fences_alive(void);

/* Runs function in count threads, with 0 to count-1 as (uintptr_t) argument, and joins them. */
void stress_run_threads(unsigned int count, void *(*function)(void *number));
/* Is there time left, since the first call of this? */
bool stress_goes_on(void);
/* A random number below limit; state is the thread's own, not 0. */
unsigned int stress_random(uint64_t *state, unsigned int limit);
/* Where condition is false: tells so, with the place, and exits 1. */
#define STRESS_CHECK(condition) stress_check((condition), #condition, __FILE__, __LINE__)
void stress_check(bool holds, const char *condition, const char *file, int line);

#endif /* CORE_STRESS_H */
