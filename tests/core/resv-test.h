/* SPDX-License-Identifier: MIT */
/* resv-test.h - the reservation that the tests of reservations share, and what is expected of it.
 */
#ifndef RESV_TEST_H
#define RESV_TEST_H

#include "core-test.h"

#define USAGES (DMA_RESV_USAGE_BOOKKEEP + 1)

extern const enum dma_resv_usage usages[USAGES];
extern struct dma_resv resv;

/* For the beginning and the end of every test. */
void create_resv(void);
void destroy_resv(void);

/* Are these fences visible for usage, in this order? */
void expect_fences(enum dma_resv_usage usage, unsigned int expected_count,
		   struct dma_fence **expected);
/* Is this one visible, and no other; is there none? For any usage. */
void expect_one(struct dma_fence *fence);
void expect_empty(void);

void put_all(unsigned int count, struct dma_fence **fences);

#endif /* RESV_TEST_H */
