/* SPDX-License-Identifier: MIT */
/*
 * core-speed.c - what the core promises to cost at most: making and signaling a fence, merging
 * many, adding to a reservation however full it is, polling what is there, snapshots of it.
 * Processor time of one thread, the best of several runs, so that a busy machine does not matter.
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

/* The best of several runs of a function that returns ns. */
static double best_of_runs(double (*run)(unsigned int parameter), unsigned int parameter)
{
	double ns = run(parameter);
	int i;

	for (i = 1; i < RUNS; i++)
		ns = best(ns, run(parameter));
	return ns;
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

static double merge(unsigned int contexts)
{
	static struct dma_fence *fences[FENCES];
	struct dma_fence *merged;
	int64_t begin, took;
	unsigned int i;

	for (i = 0; i < FENCES; i++)
		fences[i] = create(&speed_ops, 1 + i * 37 % contexts, 1 + i);
	begin = processor_ns();
	merged = dma_fence_merge_all(FENCES, fences);
	took = processor_ns() - begin;
	dma_fence_put(merged);
	for (i = 0; i < FENCES; i++)
		dma_fence_put(fences[i]);
	return (double)took;
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

static double add_after_snapshot(unsigned int contexts)
{
	return add_to_resv(contexts, true);
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

/* Tells the figure; is it over its limit? */
static bool is_over(const char *what, double figure, const char *unit, double limit)
{
	printf("core-speed: %-48s %9.2f %s (at most %g)\n", what, figure, unit, limit);
	return figure > limit;
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
	return is_over("the second to the first", with_many / with_few, "times", limit);
}

int main(void)
{
	bool over = false;

	over |= is_over("create, signal and put a fence",
			best_of_runs(create_and_signal, 100 * FENCES), "ns", 150);
	over |= is_over("merge of 10,000 fences over 100 contexts",
			best_of_runs(merge, 100) / 1000000, "ms", 5);
	over |= grows("add to a reservation, by contexts there", add, 10, FENCES, 1.5);
	over |= grows("poll what has happened, per fence", poll_happened, 200, 2 * FENCES, 10);
	over |= grows("signal in a callback, by depth", signal_nested_without, 100, FENCES, 10);
	over |= grows("the same, each with its lock held", signal_nested_with, 100, FENCES, 10);
	over |= is_over("add to one of 10,000, a snapshot before each",
			best_of_runs(add_after_snapshot, FENCES) / 1000, "us", 1000);
	over |= is_over("lock a reservation, stage one, unlock", best_of_runs(stage, 10), "ns",
			500);
	over |= is_over("a snapshot of one that has not changed",
			best_of_runs(take_snapshot, FENCES), "ns", 150);
	if (!MADE_TO_BE_FAST) {
		printf("core-speed: skipped: not optimised, or with a sanitizer: no verdict\n");
		return 77;
	}
	return over;
}
