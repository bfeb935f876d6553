/* SPDX-License-Identifier: MIT */
/*
 * merge.c - several fences into one: flatten them, sort them, keep one of each context, and build
 * the result.
 *
 * Who owns what: the caller's fences are borrowed. Their members may be released during the merge,
 * because a chain loses links. So every candidate is a reference, and the result takes over the
 * references that are kept. What can race: members are signaled meanwhile. A signaled member that
 * is missed makes the result larger, never wrong.
 */
#include <stdlib.h>

#include "array.h"
#include "container.h"
#include "fence_internal.h"
#include "merge.h"
#include "unwrap.h"

/* The sort key is stored beside the fence: the fences themselves are scattered in memory. */
struct candidate {
	uint64_t context;
	struct dma_fence *fence; /* a reference */
};

struct merge {
	bool any;
	struct candidate *candidates;
	unsigned int count;
	struct dma_fence
		*signaled; /* a reference; merge_all: the latest; merge_any: the earliest */
};

/* Is the container flattened, so that its members are merged instead of the whole? */
static bool is_taken_apart(const struct merge *merge, struct dma_fence *fence)
{
	if (dma_fence_is_array(fence))
		return dma_fence_array_signals_on_any(to_dma_fence_array(fence)) == merge->any;
	return dma_fence_is_container(fence) && !merge->any;
}

/* The first member, for dma_fence_unwrap_next(). */
static struct dma_fence *take_apart(const struct merge *merge, struct dma_fence *fence,
				    struct dma_fence_unwrap *cursor)
{
	return merge->any ? dma_fence_unwrap_first(fence, cursor)
			  : dma_fence_unwrap_first_of_all(fence, cursor);
}

/* The maximum number of candidates: a chain may have fewer members when it is flattened. */
static unsigned int count_parts(const struct merge *merge, struct dma_fence *fence)
{
	struct dma_fence_unwrap cursor;
	struct dma_fence *part;
	unsigned int count = 0;

	if (!is_taken_apart(merge, fence))
		return 1;
	for (part = take_apart(merge, fence, &cursor); part; part = dma_fence_unwrap_next(&cursor))
		count++;
	return count;
}

static void note_signaled(struct merge *merge, struct dma_fence *fence)
{
	int64_t best, timestamp = dma_fence_timestamp(fence);

	best = merge->signaled ? dma_fence_timestamp(merge->signaled) : timestamp;
	if (merge->signaled && (merge->any ? timestamp >= best : timestamp <= best))
		return;
	dma_fence_put(merge->signaled);
	merge->signaled = dma_fence_get(fence);
}

static void collect_one(struct merge *merge, struct dma_fence *fence)
{
	if (dma_fence_is_signaled(fence))
		note_signaled(merge, fence);
	else
		merge->candidates[merge->count++] = (struct candidate){
			.context = fence->context,
			.fence = dma_fence_get(fence),
		};
}

static void collect(struct merge *merge, struct dma_fence *fence)
{
	struct dma_fence_unwrap cursor;
	struct dma_fence *part;

	if (!is_taken_apart(merge, fence) || dma_fence_is_signaled(fence)) {
		collect_one(merge, fence);
		return;
	}
	for (part = take_apart(merge, fence, &cursor); part; part = dma_fence_unwrap_next(&cursor))
		collect_one(merge, part);
}

static int compare(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	return (a->context > b->context) - (a->context < b->context);
}

static void swap(struct candidate *a, struct candidate *b)
{
	const struct candidate was_a = *a;

	*a = *b;
	*b = was_a;
}

/*
 * Sorts, and keeps one fence of each context: the latest for merge_all, the earliest for merge_any.
 */
static void keep_one_per_context(struct merge *merge)
{
	struct candidate *candidates = merge->candidates;
	unsigned int i, kept = 0;

	qsort(candidates, merge->count, sizeof(*candidates), compare);
	for (i = 0; i < merge->count; i++) {
		struct candidate *last = kept ? &candidates[kept - 1] : NULL;

		if (!last || last->context != candidates[i].context) {
			candidates[kept++] = candidates[i];
			continue;
		}
		if (dma_fence_is_later(candidates[i].fence, last->fence) != merge->any)
			swap(last, &candidates[i]);
		dma_fence_put(candidates[i].fence);
	}
	merge->count = kept;
}

/* Takes over the candidates, unless it returns NULL (no memory). */
static struct dma_fence *make_array(struct merge *merge)
{
	struct dma_fence **fences = calloc(merge->count, sizeof(*fences));
	struct dma_fence_array *array;
	unsigned int i;

	if (!fences)
		return NULL;
	for (i = 0; i < merge->count; i++)
		fences[i] = merge->candidates[i].fence;
	array = dma_fence_array_create(merge->count, fences, dma_fence_context_alloc(1), 1,
				       merge->any);
	free(fences);
	if (!array)
		return NULL;
	merge->count = 0;
	return dma_fence_array_base(array);
}

static struct dma_fence *make_result(struct merge *merge)
{
	if (merge->any && merge->signaled)
		return dma_fence_get(merge->signaled);
	if (merge->count > 1)
		keep_one_per_context(merge);
	if (merge->count > 1)
		return make_array(merge);
	if (merge->count)
		return dma_fence_get(merge->candidates[0].fence);
	if (merge->signaled)
		return dma_fence_allocate_private_stub(dma_fence_timestamp(merge->signaled));
	return dma_fence_get_stub();
}

static struct dma_fence *merge_fences(unsigned int count, struct dma_fence **fences, bool any)
{
	struct merge merge = { .any = any };
	struct dma_fence *result;
	size_t room = 1;
	unsigned int i;

	for (i = 0; i < count; i++)
		room += fences[i] ? count_parts(&merge, fences[i]) : 0;
	merge.candidates = malloc(room * sizeof(*merge.candidates));
	if (!merge.candidates)
		return NULL;
	for (i = 0; i < count; i++) {
		if (fences[i])
			collect(&merge, fences[i]);
	}
	result = make_result(&merge);
	for (i = 0; i < merge.count; i++)
		dma_fence_put(merge.candidates[i].fence);
	dma_fence_put(merge.signaled);
	free(merge.candidates);
	return result;
}

struct dma_fence *dma_fence_merge_all(unsigned int count, struct dma_fence **fences)
{
	return merge_fences(count, fences, false);
}

struct dma_fence *dma_fence_merge_any(unsigned int count, struct dma_fence **fences)
{
	return merge_fences(count, fences, true);
}
