/* SPDX-License-Identifier: MIT */
/*
 * core-speed.c - what the core promises to cost: how a cost grows with what is there (adding to a
 * reservation, polling it, merging, signals in callbacks), and what making and signaling a fence,
 * staging and snapshots cost by the side of an allocation, a lock and a reading of the clock.
 * Processor time of one thread, the best of several runs. Only ratios have a limit, so that neither
 * a slow nor a busy machine matters.
 *
 * Prints the figures. Exits 1 where one is over its limit, 77 (skipped) where the build is not made
 * to be fast: not optimised, or with a sanitizer in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fence.h"
#include "merge.h"
#include "resv.h"

#define RUNS   7
#define FENCES 10000

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MADE_TO_BE_FAST false
#else
#define MADE_TO_BE_FAST true
#endif

struct speed_fence {
	struct dma_fence base;
	pthread_mutex_t lock;
};

static const char *name(struct dma_fence *fence)
{
	return "speed";
}

static const struct dma_fence_ops speed_ops = {
	.get_driver_name = name,
	.get_timeline_name = name,
};

static struct dma_fence *create(const struct dma_fence_ops *ops, uint64_t context, uint64_t seqno)
{
	struct speed_fence *fence = malloc(sizeof(*fence));

	if (!fence)
		exit(1);
	pthread_mutex_init(&fence->lock, NULL);
	dma_fence_init(&fence->base, ops, &fence->lock, context, seqno);
	return &fence->base;
}

static int64_t processor_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double best(double one, double other)
{
	return one < other ? one : other;
}

/* What a fence cannot do without: memory, a lock, the time. */
static double allocate_lock_and_read_clock(unsigned int count)
{
	int64_t begin = processor_ns();
	unsigned int i;

	for (i = 0; i < count; i++) {
		/* So that the compiler does not leave it out. */
		struct speed_fence *volatile fence = malloc(sizeof(*fence));

		if (!fence)
			exit(1);
		pthread_mutex_init(&fence->lock, NULL);
		pthread_mutex_lock(&fence->lock);
		pthread_mutex_unlock(&fence->lock);
		dma_fence_now();
		free(fence);
	}
	return (double)(processor_ns() - begin) / count;
}

static double create_and_signal(unsigned int count)
{
	int64_t begin = processor_ns();
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct dma_fence *fence = create(&speed_ops, 1, i + 1);

		dma_fence_signal(fence);
		dma_fence_put(fence);
	}
	return (double)(processor_ns() - begin) / count;
}

/* Per fence: merging that many of a hundred contexts. */
static double merge(unsigned int count)
{
	struct dma_fence **fences = malloc(count * sizeof(*fences));
	struct dma_fence *merged;
	int64_t took = 0;
	unsigned int i;

	if (!fences)
		exit(1);
	for (i = 0; i < count; i++)
		fences[i] = create(&speed_ops, 1 + i * 37 % 100, 1 + i);
	took -= processor_ns();
	merged = dma_fence_merge_all(count, fences);
	took += processor_ns();
	dma_fence_put(merged);
	for (i = 0; i < count; i++)
		dma_fence_put(fences[i]);
	free(fences);
	return (double)took / count;
}

/*
 * Per fence: adding one to a reservation that has one of each context, and replaces that of its
 * own.
 */
static double add_to_resv(unsigned int contexts, bool with_snapshot)
{
	const unsigned int adds = with_snapshot ? 200 : 4 * FENCES;
	struct dma_fence **fences = malloc((contexts + adds) * sizeof(*fences));
	struct dma_resv resv;
	unsigned int i;
	int64_t took = 0;

	if (!fences)
		exit(1);
	dma_resv_init(&resv);
	for (i = 0; i < contexts + adds; i++)
		fences[i] = create(&speed_ops, 1 + i % contexts, 1 + i / contexts);
	for (i = 0; i < contexts; i++)
		dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ);
	took -= processor_ns();
	for (; i < contexts + adds; i++) {
		if (with_snapshot) {
			struct dma_resv_list *list = dma_resv_snapshot(&resv);

			if (!list || dma_resv_list_count(list) != contexts)
				exit(1);
			dma_resv_list_put(list);
		}
		dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ);
	}
	took += processor_ns();
	dma_resv_fini(&resv);
	for (i = 0; i < contexts + adds; i++)
		dma_fence_put(fences[i]);
	free(fences);
	return (double)took / adds;
}

static double add(unsigned int contexts)
{
	return add_to_resv(contexts, false);
}

/* Per fence that is there. */
static double add_after_snapshot(unsigned int contexts)
{
	return add_to_resv(contexts, true) / contexts;
}

/* Per snapshot, of a reservation that does not change. */
static double take_snapshot(unsigned int contexts)
{
	struct dma_resv resv;
	int64_t took = 0;
	unsigned int i;

	dma_resv_init(&resv);
	for (i = 0; i < contexts; i++) {
		struct dma_fence *fence = create(&speed_ops, 1 + i, 1);

		dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
		dma_fence_put(fence);
	}
	dma_resv_list_put(dma_resv_snapshot(&resv));
	took -= processor_ns();
	for (i = 0; i < FENCES; i++)
		dma_resv_list_put(dma_resv_snapshot(&resv));
	took += processor_ns();
	dma_resv_fini(&resv);
	return (double)took / FENCES;
}

/* Per operation: locking a reservation that has a fence of each context, staging one, unlocking. */
static double stage(unsigned int contexts)
{
	struct dma_fence **fences = malloc(FENCES * sizeof(*fences));
	struct dma_resv resv;
	int64_t took = 0;
	unsigned int i;

	if (!fences)
		exit(1);
	dma_resv_init(&resv);
	for (i = 0; i < FENCES; i++)
		fences[i] = create(&speed_ops, 1 + i % contexts, 1 + i / contexts);
	took -= processor_ns();
	for (i = 0; i < FENCES; i++) {
		struct ww_acquire_ctx ctx;

		ww_acquire_init(&ctx, &reservation_ww_class);
		dma_resv_lock(&resv, &ctx);
		dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_READ);
		dma_resv_unlock(&resv);
		ww_acquire_fini(&ctx);
	}
	took += processor_ns();
	dma_resv_fini(&resv);
	for (i = 0; i < FENCES; i++)
		dma_fence_put(fences[i]);
	free(fences);
	return (double)took / FENCES;
}

static bool has_happened;

static bool signaled(struct dma_fence *fence)
{
	return has_happened;
}

static const struct dma_fence_ops polled_ops = {
	.get_driver_name = name,
	.get_timeline_name = name,
	.signaled = signaled,
};

/* Per fence: seeing that nothing is pending, where all have happened and none has been polled. */
static double poll_happened(unsigned int contexts)
{
	struct dma_resv resv;
	int64_t took = 0;
	unsigned int i;

	dma_resv_init(&resv);
	has_happened = false;
	for (i = 0; i < contexts; i++) {
		struct dma_fence *fence = create(&polled_ops, 1 + i, 1);

		dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
		dma_fence_put(fence);
	}
	has_happened = true;
	took -= processor_ns();
	if (!dma_resv_test_signaled(&resv, DMA_RESV_USAGE_READ))
		exit(1);
	took += processor_ns();
	dma_resv_fini(&resv);
	return (double)took / contexts;
}

/* ---- callbacks that signal the next fence, one in the other ---- */

#define STACK_SIZE (64 << 20)

struct nested_fence {
	struct dma_fence_cb callback;
	struct dma_fence *fence;
};

struct nest {
	struct nested_fence *fences; /* the last has no fence */
	struct dma_fence *other;
	bool is_locked; /* signaled with their locks held */
	int64_t took;
};

static struct nest nest;

static void do_nothing(struct dma_fence *fence, struct dma_fence_cb *callback)
{
}

/* Adds a callback to another fence, takes it off again, and signals this one. */
static void signal_nested(struct nested_fence *nested)
{
	struct dma_fence *fence = nested->fence;
	struct dma_fence_cb callback;

	if (!fence)
		return;
	dma_fence_add_callback(nest.other, &callback, do_nothing);
	dma_fence_remove_callback(nest.other, &callback);
	if (!nest.is_locked) {
		dma_fence_signal(fence);
		return;
	}
	pthread_mutex_lock(fence->lock);
	dma_fence_signal_locked(fence);
	pthread_mutex_unlock(fence->lock);
}

static void signal_next(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	signal_nested((struct nested_fence *)callback + 1);
}

static void *signal_first(void *unused)
{
	nest.took = -processor_ns();
	signal_nested(nest.fences);
	nest.took += processor_ns();
	return NULL;
}

/* In a thread, for its stack. */
static void run_nest(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	if (pthread_attr_setstacksize(&attributes, STACK_SIZE) ||
	    pthread_create(&thread, &attributes, signal_first, NULL) || pthread_join(thread, NULL))
		exit(1);
	pthread_attr_destroy(&attributes);
}

/* Per fence. */
static double signal_deep(unsigned int depth, bool is_locked)
{
	unsigned int i;

	nest = (struct nest){
		.fences = calloc(depth + 1, sizeof(*nest.fences)),
		.other = create(&speed_ops, 1, 1),
		.is_locked = is_locked,
	};
	if (!nest.fences)
		exit(1);
	for (i = 0; i < depth; i++) {
		nest.fences[i].fence = create(&speed_ops, 2 + i, 1);
		dma_fence_add_callback(nest.fences[i].fence, &nest.fences[i].callback, signal_next);
	}
	run_nest();
	for (i = 0; i < depth; i++)
		dma_fence_put(nest.fences[i].fence);
	dma_fence_put(nest.other);
	free(nest.fences);
	return (double)nest.took / depth;
}

static double signal_nested_without(unsigned int depth)
{
	return signal_deep(depth, false);
}

static double signal_nested_with(unsigned int depth)
{
	return signal_deep(depth, true);
}

/* ---- figures and limits ---- */

/* Tells the ratio; is it over its limit? */
static bool is_over(const char *to_what, double ratio, double limit)
{
	printf("core-speed: %-48s %9.2f times (at most %g)\n", to_what, ratio, limit);
	return ratio > limit;
}

/* The cost of one with many, in costs of one with few: is it over its limit? */
static bool grows(const char *what, double (*run)(unsigned int count), unsigned int few,
		  unsigned int many, double limit)
{
	double with_few = run(few), with_many = run(many);
	int i;

	/* In turns, so that what disturbs the one disturbs the other. */
	for (i = 1; i < RUNS; i++) {
		with_few = best(with_few, run(few));
		with_many = best(with_many, run(many));
	}
	printf("core-speed: %-48s %9.2f ns with %u, %.2f ns with %u\n", what, with_few, few,
	       with_many, many);
	return is_over("the second to the first", with_many / with_few, limit);
}

/* The cost in costs of what a fence cannot do without: is it over its limit? */
static bool costs(const char *what, double (*run)(unsigned int count), unsigned int count,
		  double limit)
{
	double ns = run(count), needed_ns = allocate_lock_and_read_clock(FENCES);
	int i;

	for (i = 1; i < RUNS; i++) {
		ns = best(ns, run(count));
		needed_ns = best(needed_ns, allocate_lock_and_read_clock(FENCES));
	}
	printf("core-speed: %-48s %9.2f ns\n", what, ns);
	return is_over("that to memory, a lock and the time", ns / needed_ns, limit);
}

int main(void)
{
	bool over = false;

	over |= costs("create, signal and put a fence", create_and_signal, 10 * FENCES, 5);
	over |= costs("lock a reservation, stage one, unlock", stage, 10, 12);
	over |= costs("a snapshot of one that has not changed", take_snapshot, FENCES, 4);
	over |= costs("add to one, a snapshot before it, by contexts", add_after_snapshot, FENCES,
		      3);
	over |= grows("add to a reservation, by contexts there", add, 10, FENCES, 2);
	over |= grows("merge, per fence", merge, 100, FENCES, 6);
	over |= grows("poll what has happened, per fence", poll_happened, 200, 2 * FENCES, 10);
	over |= grows("signal in a callback, by depth", signal_nested_without, 100, FENCES, 10);
	over |= grows("the same, each with its lock held", signal_nested_with, 100, FENCES, 10);
	if (!MADE_TO_BE_FAST) {
		printf("core-speed: skipped: not optimised, or with a sanitizer: no verdict\n");
		return 77;
	}
	return over;
}
