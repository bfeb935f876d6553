/* SPDX-License-Identifier: MIT */
/*
 * core-test.h - what the unit tests of the core share: a software fence whose ops can be set to do
 * what to say, and a callback that records its calls.
 */
#ifndef CORE_TEST_H
#define CORE_TEST_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "array.h"
#include "chain.h"
#include "container.h"
#include "fence.h"
#include "mem_fence.h"
#include "merge.h"
#include "resv.h"
#include "seqno_write.h"
#include "sync_file.h"
#include "timeline.h"
#include "unwrap.h"

#define NSEC_PER_MSEC INT64_C(1000000)
#define NSEC_PER_SEC  INT64_C(1000000000)

/* In seconds. It ends a test that hangs; it does not say how long a test may take. */
#define TEST_TIMEOUT 600
/* How long a thread waits for another: far more than it takes, even on a busy machine. */
#define PATIENCE_NS (60 * NSEC_PER_SEC)

/* base comes first. */
struct test_fence {
	struct dma_fence base;
	pthread_mutex_t lock;
	_Atomic bool done;	/* what ops->signaled says, where there is one */
	bool refuses_to_enable; /* what ops->enable_signaling says, negated */
	_Atomic int enable_calls;
	_Atomic int signaled_calls;
	int wait_calls;
	int64_t deadline_ns; /* the earliest hint, 0: none */
};

static inline struct test_fence *to_test_fence(struct dma_fence *fence)
{
	return (struct test_fence *)fence;
}

/* With the mandatory ops and release, no others: names "driver" and "timeline". */
extern const struct dma_fence_ops plain_ops;
/* With enable_signaling, signaled and set_deadline too. */
extern const struct dma_fence_ops asking_ops;

/* A fence in memory of its own, with one reference; lock NULL: its own. */
struct dma_fence *test_fence_create(const struct dma_fence_ops *ops, pthread_mutex_t *lock,
				    uint64_t context, uint64_t seqno);
/* Plain, of a context of its own, seqno 1. */
struct dma_fence *fence_create(void);
/* Plain, of that context. */
struct dma_fence *fence_create_at(uint64_t context, uint64_t seqno);
/* The same, signaled with a timestamp, and an error where it is not 0. */
struct dma_fence *fence_create_signaled(int64_t timestamp_ns, int error);
void test_fence_release(struct dma_fence *fence);
/* Fences made by the above that have not been released. */
int fences_alive(void);
/* For the end of every test, which does not end where there is one. */
void expect_no_fence_left(void);

/* A callback, and what happened to it. All zero: never added. */
struct recorder {
	struct dma_fence_cb callback;
	_Atomic int calls;
	struct dma_fence *fence; /* the one it was called with */
	int status;		 /* of that one, as it was called */
	int order;		 /* the how many-eth call of all recorders that was */
};

void record(struct dma_fence *fence, struct dma_fence_cb *callback);

/* Signals the fence from another thread, after the delay. Join it. */
pthread_t signal_later(struct dma_fence *fence, int64_t delay_ns);
void sleep_ns(int64_t ns);

#endif /* CORE_TEST_H */
