/* SPDX-License-Identifier: MIT */
/*
 * merge.c - several fences into one: taken apart, sorted, one of each context kept, put together.
 *
 * Who owns what: the caller's fences are borrowed, and with them their members, until the result
 * takes references of its own. What can race: members are signaled meanwhile; one that is missed
 * makes the result larger, never wrong.
 */
#include <stdlib.h>

#include "array.h"
#include "internal.h"
#include "merge.h"

/* What sorting looks at, together in one place: the fences themselves are all over the memory. */
struct candidate {
	uint64_t context;
	uint64_t seqno;
	struct dma_fence *fence;
};

struct merge {
	bool any;
	struct candidate *candidates;
	unsigned int count;
	struct dma_fence *signaled; /* all: with the latest timestamp; any: with the earliest */
};

/* An array of the kind that is merged is taken apart. */
static bool is_taken_apart(const struct merge *merge, struct dma_fence *fence)
{
	struct dma_fence_array *array = to_dma_fence_array(fence);

	return array && dma_fence_array_signals_on_any(array) == merge->any;
}

static void note_signaled(struct merge *merge, struct dma_fence *fence)
{
	int64_t best, timestamp = dma_fence_timestamp(fence);

	best = merge->signaled ? dma_fence_timestamp(merge->signaled) : timestamp;
	if (!merge->signaled || (merge->any ? timestamp < best : timestamp > best))
		merge->signaled = fence;
}

static void collect_one(struct merge *merge, struct dma_fence *fence)
{
	if (dma_fence_is_signaled(fence))
		note_signaled(merge, fence);
	else
		merge->candidates[merge->count++] = (struct candidate){
			.context = fence->context,
			.seqno = fence->seqno,
			.fence = fence,
		};
}

static void collect(struct merge *merge, struct dma_fence *fence)
{
	unsigned int i;

	if (!is_taken_apart(merge, fence) || dma_fence_is_signaled(fence)) {
		collect_one(merge, fence);
		return;
	}
	for (i = 0; i < dma_fence_member_count(fence); i++)
		collect_one(merge, dma_fence_member(fence, i));
}

static int compare(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->context != b->context)
		return a->context < b->context ? -1 : 1;
	if (a->seqno != b->seqno)
		return a->seqno < b->seqno ? -1 : 1;
	return 0;
}

/* Sorts, and leaves one of each context: the latest for all, the earliest for any. */
static void keep_one_per_context(struct merge *merge)
{
	struct candidate *candidates = merge->candidates;
	unsigned int i, kept = 0;

	qsort(candidates, merge->count, sizeof(*candidates), compare);
	for (i = 0; i < merge->count; i++) {
		if (!kept || candidates[kept - 1].context != candidates[i].context)
			candidates[kept++] = candidates[i];
		else if (!merge->any)
			candidates[kept - 1] = candidates[i];
	}
	merge->count = kept;
}

static struct dma_fence *make_array(const struct merge *merge)
{
	struct dma_fence **fences = calloc(merge->count, sizeof(*fences));
	struct dma_fence_array *array = NULL;
	unsigned int i;

	if (!fences)
		return NULL;
	for (i = 0; i < merge->count; i++)
		fences[i] = dma_fence_get(merge->candidates[i].fence);
	array = dma_fence_array_create(merge->count, fences, dma_fence_context_alloc(1), 1,
				       merge->any);
	for (i = 0; !array && i < merge->count; i++)
		dma_fence_put(fences[i]);
	free(fences);
	return array ? dma_fence_array_base(array) : NULL;
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
		room += is_taken_apart(&merge, fences[i]) ? dma_fence_member_count(fences[i]) : 1;
	merge.candidates = calloc(room, sizeof(*merge.candidates));
	if (!merge.candidates)
		return NULL;
	for (i = 0; i < count; i++)
		collect(&merge, fences[i]);
	result = make_result(&merge);
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

unsigned int dma_fence_member_count(struct dma_fence *fence)
{
	struct dma_fence_array *array = to_dma_fence_array(fence);

	return array ? dma_fence_array_count(array) : 1;
}

struct dma_fence *dma_fence_member(struct dma_fence *fence, unsigned int index)
{
	struct dma_fence_array *array = to_dma_fence_array(fence);

	if (array)
		return dma_fence_array_member(array, index);
	return index ? NULL : fence;
}
