/* SPDX-License-Identifier: MIT */
/* buffer_suite.h - suites whose tests each begin with one buffer, mapped. */
#ifndef DMA_FENCE_TESTS_BUFFER_SUITE_H
#define DMA_FENCE_TESTS_BUFFER_SUITE_H

#include "fixture.h"

#define BUFFER_SIZE 8192

extern int buffer;
/* Its memory, all zero at the beginning of the test. */
extern uint64_t *memory;

void buffer_begin(void);
void buffer_end(void);

#define BUFFER_SUITE(name) \
	TestSuite(name, .init = buffer_begin, .fini = buffer_end, .timeout = TEST_TIMEOUT)

/* ---- that memory, with acquire and release; offsets are in bytes ---- */

uint32_t load32(uint64_t offset);
uint64_t load64(uint64_t offset);
void store32(uint64_t offset, uint32_t value);
void store64(uint64_t offset, uint64_t value);
/* Wakes those who sleep there in a futex: how many. */
int wake(uint64_t offset, int most);

/* A new fence, attached to the buffer. */
uint32_t attach_new(uint32_t usage);

#endif /* DMA_FENCE_TESTS_BUFFER_SUITE_H */
