/* SPDX-License-Identifier: MIT */
/*
 * resv_commit-test.c - what other threads see of a reservation while its holder stages and commits.
 *
 * What is visible changes under the reservation's lock. This program's own pthread_mutex_unlock()
 * stops the holder each time that it has given that lock up, until each of the other threads has
 * asked for the fences once: so there is no state between two changes that is not looked at.
 */
#include <dlfcn.h>
#include <semaphore.h>
#include <time.h>

#include "resv-test.h"

/* Half of the contexts have no fence before the first commit. */
enum { OBSERVERS = 2, CONTEXTS = 64, AT_FIRST = CONTEXTS / 2, COMMITS = 4, SECONDS = 5 };

struct observer {
	pthread_t thread;
	sem_t begin, end;
	uint64_t seqno; /* of the fences that it saw last */
	unsigned int seen[COMMITS + 2];
};

static struct observer observers[OBSERVERS];
static pthread_t holder;
static _Atomic bool is_observed, is_over;

TestSuite(resv_commit, .timeout = 20, .init = create_resv, .fini = destroy_resv);

static void wait_for(sem_t *semaphore)
{
	struct timespec deadline;
	int error;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += SECONDS;
	do {
		error = sem_timedwait(semaphore, &deadline);
	} while (error && errno == EINTR);
	cr_assert_eq(error, 0);
}

static void let_observers_ask(void)
{
	unsigned int i;

	for (i = 0; i < OBSERVERS; i++)
		sem_post(&observers[i].begin);
	for (i = 0; i < OBSERVERS; i++)
		wait_for(&observers[i].end);
}

int pthread_mutex_unlock(pthread_mutex_t *lock)
{
	static int (*_Atomic of_the_system)(pthread_mutex_t *);
	int error;

	if (!of_the_system)
		of_the_system = dlsym(RTLD_NEXT, "pthread_mutex_unlock");
	error = of_the_system(lock);
	if (is_observed && lock == &resv.lock && pthread_equal(pthread_self(), holder))
		let_observers_ask();
	return error;
}

/* The fences of one commit have the same seqno, and what was seen once does not go again. */
static void see(struct observer *observer, const struct dma_fence *fence)
{
	cr_expect_geq(fence->seqno, observer->seqno, "an earlier commit after a later one");
	observer->seqno = fence->seqno;
}

static void ask_for_all(struct observer *observer)
{
	unsigned int count, i;
	struct dma_fence **fences;

	cr_assert_eq(dma_resv_get_fences(&resv, DMA_RESV_USAGE_READ, &count, &fences), 0);
	cr_assert_gt(count, 0);
	for (i = 0; i < count; i++) {
		see(observer, fences[i]);
		cr_expect_eq(fences[i]->seqno, fences[0]->seqno, "fences of two commits");
	}
	cr_expect_eq(count, fences[0]->seqno == 1 ? AT_FIRST : CONTEXTS, "part of a commit");
	put_all(count, fences);
	free(fences);
}

static void ask_for_latest(struct observer *observer)
{
	struct dma_fence *fence = dma_resv_get_latest(&resv, DMA_RESV_USAGE_READ);

	cr_assert_not_null(fence);
	see(observer, fence);
	dma_fence_put(fence);
}

static void iterate(struct observer *observer)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, &resv, DMA_RESV_USAGE_READ);
	dma_resv_for_each_fence_unlocked(&cursor, fence) see(observer, fence);
	dma_resv_iter_end(&cursor);
}

static void *observe(void *argument)
{
	struct observer *observer = argument;

	for (;;) {
		wait_for(&observer->begin);
		if (is_over)
			return NULL;
		ask_for_latest(observer);
		ask_for_all(observer);
		iterate(observer);
		observer->seen[observer->seqno]++;
		sem_post(&observer->end);
	}
}

static void start_observers(void)
{
	unsigned int i;

	for (i = 0; i < OBSERVERS; i++) {
		sem_init(&observers[i].begin, 0, 0);
		sem_init(&observers[i].end, 0, 0);
		cr_assert_eq(pthread_create(&observers[i].thread, NULL, observe, &observers[i]), 0);
	}
	holder = pthread_self();
	is_observed = true;
}

static void end_observers(void)
{
	unsigned int i;

	is_observed = false;
	is_over = true;
	for (i = 0; i < OBSERVERS; i++) {
		sem_post(&observers[i].begin);
		pthread_join(observers[i].thread, NULL);
	}
}

static void add_fences(unsigned int count, uint64_t seqno)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct dma_fence *fence = fence_create_at(1001 + i, seqno);

		cr_assert_eq(dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ), 0);
		dma_fence_put(fence);
	}
}

Test(resv_commit, row_3_4_other_threads_see_all_that_is_committed_or_nothing_of_it)
{
	unsigned int i;
	uint64_t seqno;

	add_fences(AT_FIRST, 1);
	start_observers();
	cr_assert_eq(dma_resv_lock(&resv, NULL), 0);
	for (seqno = 2; seqno < COMMITS + 1; seqno++) {
		add_fences(CONTEXTS, seqno);
		dma_resv_commit(&resv);
	}
	add_fences(CONTEXTS, seqno);
	dma_resv_unlock(&resv);
	end_observers();
	for (i = 0; i < OBSERVERS; i++) {
		for (seqno = 1; seqno <= COMMITS; seqno++)
			cr_expect_gt(observers[i].seen[seqno], 0);
		cr_expect_eq(observers[i].seqno, COMMITS + 1, "the unlock commits");
	}
}
