/* SPDX-License-Identifier: MIT */
/*
 * fixture.h - what every test begins and ends with: an open of the node, and the proof that nothing
 * is left.
 *
 * At the end of a test its process has the fds it had at the beginning, the device's counters are
 * what they were, and the device still answers. A test does not ask which transport it is on: the
 * node is $DMA_FENCE_DEVICE, and run-with-device has started a daemon for it alone.
 */
#ifndef DMA_FENCE_TESTS_FIXTURE_H
#define DMA_FENCE_TESTS_FIXTURE_H

#include <criterion/criterion.h>

#include "check.h"
#include "raw.h"

/* This test's open of the node. The fixture closes it; a test that has done so sets it to -1. */
extern int device;

void fixture_begin(void);
void fixture_end(void);

/* In seconds. It ends a test that hangs; it does not say how long a test may take. */
#define TEST_TIMEOUT 600

#define DEVICE_SUITE(name) \
	TestSuite(name, .init = fixture_begin, .fini = fixture_end, .timeout = TEST_TIMEOUT)

/*
 * What happens after a close() or an exit, or in another thread's call, the device does when it
 * gets to it. This waits, and not for ever, until a counter of GET_STATS is so much above what it
 * was at the beginning of the test.
 */
#define eventually(counter, more)                            \
	fixture_expect_counter(__FILE__, __LINE__, #counter, \
			       offsetof(struct dma_fence_stats, counter), more)
void fixture_expect_counter(const char *file, int line, const char *name, size_t offset,
			    int64_t more);

/* The same for the waits of another device, of which fd is an open: at least so many. */
void wait_until_waiting(int fd, unsigned int count);

/* The device answers, to a new open too, and a fence goes through its life. */
void device_goes_on(void);

/* Skips with a reason where a feature is missing (DMA_FENCE_FEATURE_*). */
void need_feature(uint64_t feature, const char *what);
/* A dma-buf of one page; skips where the system makes none. */
int need_dmabuf(void);

/* How many fences are pending on a buffer; *snapshot (may be NULL) is one fence for them. */
uint32_t pending(int buffer, uint32_t usage, uint32_t *snapshot);

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

#endif /* DMA_FENCE_TESTS_FIXTURE_H */
