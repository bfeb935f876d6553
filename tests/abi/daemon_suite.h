/* SPDX-License-Identifier: MIT */
/* daemon_suite.h - suites whose tests each have a daemon of their own, beside the device. */
#ifndef DMA_FENCE_TESTS_DAEMON_SUITE_H
#define DMA_FENCE_TESTS_DAEMON_SUITE_H

#include "daemon.h"
#include "fixture.h"

extern struct daemon daemon_of_test;
/* An open of its node. */
extern int fd;

/* Starts it and opens its node; options as those of daemon_start(). */
void own_daemon_start(const char *const *options);
void own_daemon_stop(void);

/* With the fixture's, and without options. */
void own_daemon_begin(void);
void own_daemon_end(void);

#define DAEMON_SUITE(name) \
	TestSuite(name, .init = own_daemon_begin, .fini = own_daemon_end, .timeout = TEST_TIMEOUT)

#endif /* DMA_FENCE_TESTS_DAEMON_SUITE_H */
