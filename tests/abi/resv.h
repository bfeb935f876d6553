/* SPDX-License-Identifier: MIT */
/* resv.h - what the tests of tickets share: four buffers, and a RESV_LOCK in a thread of its own.
 */
#ifndef DMA_FENCE_TESTS_RESV_H
#define DMA_FENCE_TESTS_RESV_H

#include "process.h"

#define FOREVER	     DMA_FENCE_WAIT_FOREVER
#define BUFFER_COUNT 4

extern int buffers[BUFFER_COUNT];

void resv_begin(void);
void resv_end(void);

#define RESV_SUITE(name) \
	TestSuite(name, .init = resv_begin, .fini = resv_end, .timeout = TEST_TIMEOUT)

/* raw_resv_lock() of count of the buffers, from the one with that index. */
int lock(int fd, int first, uint32_t count, uint32_t flags, int64_t deadline_ns, uint32_t *ticket,
	 uint32_t *contended);

/* A ticket that is older than those that come, and holds nothing: with it one waits for them. */
uint32_t old_ticket(int fd);

struct locker {
	struct thread thread;
	int fd, first;
	uint32_t count, flags, ticket;
	int64_t deadline_ns;
	int result; /* after locker_join(): 0 or a negative errno */
	uint32_t contended;
};

void locker_start(struct locker *locker, int fd, int first, uint32_t count, uint32_t flags,
		  int64_t deadline_ns, uint32_t ticket);
void locker_join(struct locker *locker);

#endif /* DMA_FENCE_TESTS_RESV_H */
