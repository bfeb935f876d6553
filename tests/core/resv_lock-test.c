/* SPDX-License-Identifier: MIT */
/*
 * resv_lock-test.c - holding reservations: several without deadlock, and what is staged meanwhile.
 * The rules of the locks themselves are in ww_mutex-test.c.
 */
#include "resv-test.h"

static struct ww_acquire_ctx context;

static void begin(void)
{
	create_resv();
	ww_acquire_init(&context, &reservation_ww_class);
}

static void end(void)
{
	ww_acquire_fini(&context);
	destroy_resv();
}

TestSuite(resv_lock, .timeout = TEST_TIMEOUT, .init = begin, .fini = end);

/* A buffer of one's own, which this library knows nothing of. */
struct video_frame {
	int width, height;
	struct dma_resv resv;
	char pixels[16];
};

Test(resv_lock, row_2_1_a_reservation_is_embedded_in_whatever_it_is_for)
{
	struct video_frame frame = { .width = 4, .height = 4 };
	struct dma_fence *fence = fence_create(), *latest;

	dma_resv_init(&frame.resv);
	cr_expect_eq(dma_resv_lock(&frame.resv, NULL), 0);
	cr_expect_eq(dma_resv_add_fence(&frame.resv, fence, DMA_RESV_USAGE_WRITE), 0);
	dma_resv_unlock(&frame.resv);
	latest = dma_resv_get_latest(&frame.resv, DMA_RESV_USAGE_WRITE);
	cr_expect_eq(latest, fence);
	dma_fence_put(latest);
	dma_resv_fini(&frame.resv);
	dma_fence_put(fence);
}

Test(resv_lock, tells_whether_it_is_held_and_by_whom)
{
	cr_expect_not(dma_resv_is_locked(&resv));
	cr_expect_eq(dma_resv_lock(&resv, &context), 0);
	cr_expect(dma_resv_is_locked(&resv));
	cr_expect_eq(dma_resv_locking_ctx(&resv), &context);
	cr_expect_not(dma_resv_trylock(&resv));
	dma_resv_unlock(&resv);
	cr_expect_null(dma_resv_locking_ctx(&resv));
	cr_expect(dma_resv_trylock(&resv));
	cr_expect_null(dma_resv_locking_ctx(&resv));
	dma_resv_unlock(&resv);
}

Test(resv_lock, row_2_2_a_reservation_that_the_ticket_holds_is_EALREADY)
{
	cr_expect_eq(dma_resv_lock_interruptible(&resv, &context), 0);
	cr_expect_eq(dma_resv_lock(&resv, &context), -EALREADY);
	cr_expect_eq(dma_resv_lock_interruptible(&resv, &context), -EALREADY);
	dma_resv_unlock(&resv);
	cr_expect_eq(dma_resv_lock_slow_interruptible(&resv, &context), 0);
	dma_resv_unlock(&resv);
}

Test(resv_lock, row_2_2_the_younger_ticket_backs_off_and_takes_the_contended_one_first)
{
	struct ww_acquire_ctx younger;
	struct dma_resv other;

	dma_resv_init(&other);
	ww_acquire_init(&younger, &reservation_ww_class);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	cr_assert_eq(dma_resv_lock(&other, &younger), 0);
	cr_expect_eq(dma_resv_lock(&resv, &younger), -EDEADLK);
	dma_resv_unlock(&other);
	cr_assert_eq(dma_resv_lock(&other, &context), 0);
	dma_resv_unlock(&other);
	dma_resv_unlock(&resv);
	dma_resv_lock_slow(&resv, &younger);
	cr_expect_eq(dma_resv_lock(&other, &younger), 0);
	dma_resv_unlock(&other);
	dma_resv_unlock(&resv);
	ww_acquire_fini(&younger);
	dma_resv_fini(&other);
}

/* ---- several threads, several buffers ---- */

enum { BUFFERS = 6, THREADS = 4, PER_OPERATION = 3, OPERATIONS = 2000 };

static struct dma_resv buffers[BUFFERS];
static int users[BUFFERS]; /* of the holder of the buffer */

static void unlock_those(bool held[BUFFERS])
{
	unsigned int i;

	for (i = 0; i < BUFFERS; i++) {
		if (held[i])
			dma_resv_unlock(&buffers[i]);
		held[i] = false;
	}
}

/* The loop that every user of several reservations writes. */
static void lock_those(struct ww_acquire_ctx *ctx, const unsigned int *which, bool held[BUFFERS])
{
	unsigned int i = 0;

	while (i < PER_OPERATION) {
		int error = dma_resv_lock(&buffers[which[i]], ctx);

		if (error == -EDEADLK) {
			unlock_those(held);
			dma_resv_lock_slow(&buffers[which[i]], ctx);
			held[which[i]] = true;
			i = 0;
			continue;
		}
		cr_assert_eq(error, held[which[i]] ? -EALREADY : 0);
		held[which[i++]] = true;
	}
}

static void *operate(void *number)
{
	unsigned int seed = (uintptr_t)number + 1, i, j;

	for (i = 0; i < OPERATIONS; i++) {
		struct dma_fence *fence = fence_create();
		struct ww_acquire_ctx ctx;
		unsigned int which[PER_OPERATION];
		bool held[BUFFERS] = { false };

		for (j = 0; j < PER_OPERATION; j++)
			which[j] = rand_r(&seed) % BUFFERS;
		ww_acquire_init(&ctx, &reservation_ww_class);
		lock_those(&ctx, which, held);
		ww_acquire_done(&ctx);
		for (j = 0; j < BUFFERS; j++) {
			if (!held[j])
				continue;
			cr_expect_eq(++users[j], 1, "two at once");
			cr_expect_eq(dma_resv_add_fence(&buffers[j], fence, DMA_RESV_USAGE_WRITE),
				     0);
			users[j]--;
		}
		unlock_those(held);
		ww_acquire_fini(&ctx);
		dma_fence_signal(fence);
		dma_fence_put(fence);
	}
	return NULL;
}

Test(resv_lock, row_2_6_several_threads_lock_several_buffers_without_deadlock)
{
	pthread_t threads[THREADS];
	unsigned int i;

	for (i = 0; i < BUFFERS; i++)
		dma_resv_init(&buffers[i]);
	for (i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, operate, (void *)(uintptr_t)i), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < BUFFERS; i++) {
		cr_expect(dma_resv_test_signaled(&buffers[i], DMA_RESV_USAGE_BOOKKEEP));
		dma_resv_fini(&buffers[i]);
	}
}

Test(resv_lock, row_2_6_one_operation_puts_its_fence_on_all_its_buffers)
{
	struct dma_fence *fence = fence_create(), *found;
	unsigned int i;

	for (i = 0; i < BUFFERS; i++) {
		dma_resv_init(&buffers[i]);
		cr_assert_eq(dma_resv_lock(&buffers[i], &context), 0);
		cr_assert_eq(dma_resv_reserve_fences(&buffers[i], 1), 0);
	}
	for (i = 0; i < BUFFERS; i++)
		cr_expect_eq(dma_resv_add_fence(&buffers[i], fence, DMA_RESV_USAGE_WRITE), 0);
	for (i = 0; i < BUFFERS; i++)
		dma_resv_unlock(&buffers[i]);
	for (i = 0; i < BUFFERS; i++) {
		found = dma_resv_get_latest(&buffers[i], DMA_RESV_USAGE_WRITE);
		cr_expect_eq(found, fence);
		dma_fence_put(found);
	}
	dma_fence_signal(fence);
	for (i = 0; i < BUFFERS; i++) {
		cr_expect(dma_resv_test_signaled(&buffers[i], DMA_RESV_USAGE_BOOKKEEP));
		dma_resv_fini(&buffers[i]);
	}
	dma_fence_put(fence);
}

/* ---- staging ---- */

Test(resv_lock, row_3_4_what_the_holder_adds_is_seen_after_the_unlock_all_together)
{
	struct dma_fence *fences[USAGES];
	unsigned int i;

	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	for (i = 0; i < USAGES; i++) {
		fences[i] = fence_create();
		cr_expect_eq(dma_resv_add_fence(&resv, fences[i], usages[i]), 0);
		expect_empty();
		cr_expect_null(dma_resv_get_latest(&resv, DMA_RESV_USAGE_BOOKKEEP));
	}
	dma_resv_unlock(&resv);
	for (i = 0; i < USAGES; i++)
		expect_fences(usages[i], i + 1, fences);
	put_all(USAGES, fences);
}

Test(resv_lock, row_3_4_a_commit_shows_what_is_staged_and_keeps_the_lock)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };

	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, fences[0], DMA_RESV_USAGE_WRITE);
	dma_resv_commit(&resv);
	expect_one(fences[0]);
	cr_expect(dma_resv_is_locked(&resv));
	dma_resv_add_fence(&resv, fences[1], DMA_RESV_USAGE_WRITE);
	expect_one(fences[0]);
	dma_resv_unlock(&resv);
	expect_fences(DMA_RESV_USAGE_WRITE, 2, fences);
	put_all(2, fences);
}

Test(resv_lock, row_3_4_without_the_lock_a_fence_is_seen_at_once)
{
	struct dma_fence *fence = fence_create();

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_WRITE);
	expect_one(fence);
	dma_fence_put(fence);
}

Test(resv_lock, row_2_5_what_is_discarded_was_never_there)
{
	struct dma_fence *before = fence_create_at(1001, 1), *staged = fence_create_at(1001, 2);
	struct dma_fence *raised = fence_create();

	dma_resv_add_fence(&resv, before, DMA_RESV_USAGE_WRITE);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, staged, DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, raised, DMA_RESV_USAGE_READ);
	dma_resv_discard(&resv);
	cr_expect_eq(staged->refcount, 1);
	cr_expect_eq(raised->refcount, 1);
	expect_one(before);
	dma_resv_unlock(&resv);
	expect_one(before);
	dma_fence_put(before);
	dma_fence_put(staged);
	dma_fence_put(raised);
}

static struct ww_waiter waiter;
static int granted;

static void grant(struct ww_waiter *its_waiter, int result)
{
	cr_expect_eq(its_waiter, &waiter);
	cr_expect_eq(result, 0);
	granted++;
}

Test(resv_lock, row_2_5_a_holder_that_is_given_up_leaves_nobody_waiting)
{
	struct dma_fence *staged = fence_create();
	struct ww_acquire_ctx next;

	ww_acquire_init(&next, &reservation_ww_class);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, staged, DMA_RESV_USAGE_WRITE);
	cr_assert_eq(ww_mutex_lock_async(&resv.ww, &next, &waiter, grant, false), -EINPROGRESS);
	/* The clean-up after a dead holder: the fence and the lock have no waiter. */
	dma_resv_discard(&resv);
	dma_resv_unlock(&resv);
	cr_expect_eq(granted, 1);
	cr_expect_eq(dma_resv_locking_ctx(&resv), &next);
	cr_expect_eq(dma_resv_wait_timeout(&resv, DMA_RESV_USAGE_BOOKKEEP, false, 0), 1);
	dma_resv_unlock(&resv);
	ww_acquire_fini(&next);
	dma_fence_put(staged);
}

Test(resv_lock, row_3_3_a_staged_fence_replaces_with_the_commit)
{
	struct dma_fence *before = fence_create_at(1001, 1), *after = fence_create_at(1001, 2);

	dma_resv_add_fence(&resv, before, DMA_RESV_USAGE_READ);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, after, DMA_RESV_USAGE_READ);
	expect_one(before);
	dma_resv_unlock(&resv);
	cr_expect_eq(before->refcount, 1);
	expect_one(after);
	dma_fence_put(before);
	dma_fence_put(after);
}

Test(resv_lock, row_3_3_a_staged_fence_replaces_a_staged_one)
{
	struct dma_fence *before = fence_create_at(1001, 1), *after = fence_create_at(1001, 2);

	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, before, DMA_RESV_USAGE_READ);
	dma_resv_add_fence(&resv, after, DMA_RESV_USAGE_READ);
	cr_expect_eq(before->refcount, 1);
	dma_resv_unlock(&resv);
	expect_one(after);
	dma_fence_put(before);
	dma_fence_put(after);
}

Test(resv_lock, row_3_1_staging_raises_a_usage_and_never_lowers_it)
{
	struct dma_fence *fence = fence_create();

	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_READ);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_commit(&resv);
	cr_expect_eq(fence->refcount, 2);
	expect_fences(DMA_RESV_USAGE_READ, 1, &fence);
	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_KERNEL);
	expect_fences(DMA_RESV_USAGE_KERNEL, 0, NULL);
	dma_resv_unlock(&resv);
	cr_expect_eq(fence->refcount, 2);
	expect_fences(DMA_RESV_USAGE_KERNEL, 1, &fence);
	expect_one(fence);
	dma_fence_put(fence);
}

Test(resv_lock, a_signaled_fence_that_stays_for_now_makes_no_staged_one_needless)
{
	struct dma_fence *first = fence_create_at(1001, 2), *second = fence_create_at(1001, 1);

	dma_resv_add_fence(&resv, first, DMA_RESV_USAGE_WRITE);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, second, DMA_RESV_USAGE_WRITE);
	dma_fence_signal(first);
	dma_resv_unlock(&resv);
	expect_one(second);
	dma_fence_put(first);
	dma_fence_put(second);
}

Test(resv_lock, a_staged_fence_that_is_signaled_does_not_appear)
{
	struct dma_fence *fence = fence_create();

	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_WRITE);
	dma_fence_signal(fence);
	dma_resv_unlock(&resv);
	cr_expect_eq(fence->refcount, 1);
	expect_empty();
	dma_fence_put(fence);
}

Test(resv_lock, remove_finds_what_is_staged)
{
	struct dma_fence *fence = fence_create(), *both = fence_create();

	dma_resv_add_fence(&resv, both, DMA_RESV_USAGE_READ);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, both, DMA_RESV_USAGE_WRITE);
	dma_resv_remove_fence(&resv, fence);
	dma_resv_remove_fence(&resv, both);
	cr_expect_eq(fence->refcount, 1);
	cr_expect_eq(both->refcount, 1, "visible, and staged for more");
	dma_resv_unlock(&resv);
	expect_empty();
	dma_fence_put(fence);
	dma_fence_put(both);
}

Test(resv_lock, row_3_3_a_commit_of_many_replaces_many)
{
	enum { CONTEXTS = 500 };
	static struct dma_fence *before[CONTEXTS], *after[CONTEXTS];
	unsigned int i;

	for (i = 0; i < CONTEXTS; i++) {
		before[i] = fence_create_at(i + 1, 1);
		after[i] = fence_create_at(i + 1, 2);
		dma_resv_add_fence(&resv, before[i], usages[i % USAGES]);
	}
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	for (i = 0; i < CONTEXTS; i++)
		dma_resv_add_fence(&resv, after[i], DMA_RESV_USAGE_KERNEL);
	expect_fences(DMA_RESV_USAGE_BOOKKEEP, CONTEXTS, before);
	dma_resv_unlock(&resv);
	expect_fences(DMA_RESV_USAGE_KERNEL, CONTEXTS, after);
	put_all(CONTEXTS, before);
	cr_expect_eq(fences_alive(), CONTEXTS);
	put_all(CONTEXTS, after);
}

/* ---- room ---- */

Test(resv_lock, row_3_3_room_that_the_holder_has_reserved_is_not_taken_by_others)
{
	enum { RESERVED = 20, OTHERS = 60 };
	struct dma_fence *fences[RESERVED], *others[OTHERS];
	struct dma_resv_entry *entries;
	unsigned int i;

	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	cr_assert_eq(dma_resv_reserve_fences(&resv, RESERVED), 0);
	for (i = 0; i < OTHERS; i++) {
		others[i] = fence_create();
		cr_assert_eq(dma_resv_add_fence_unlocked(&resv, others[i]), 0);
	}
	cr_expect_geq(resv.capacity - resv.count, RESERVED);
	entries = resv.entries;
	for (i = 0; i < RESERVED; i++) {
		fences[i] = fence_create();
		cr_expect_eq(dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_WRITE), 0);
	}
	dma_resv_unlock(&resv);
	cr_expect_eq(resv.entries, entries, "adding or committing allocated");
	expect_fences(DMA_RESV_USAGE_WRITE, RESERVED, fences);
	put_all(RESERVED, fences);
	put_all(OTHERS, others);
}

Test(resv_lock, staged_fences_move_with_the_others_when_room_is_made)
{
	enum { FENCES = 40 };
	struct dma_fence *visible = fence_create(), *fences[FENCES];
	unsigned int i;

	dma_resv_add_fence(&resv, visible, DMA_RESV_USAGE_KERNEL);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	for (i = 0; i < FENCES; i++) {
		fences[i] = fence_create();
		cr_assert_eq(dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_KERNEL), 0);
	}
	expect_one(visible);
	dma_fence_signal(visible);
	dma_resv_unlock(&resv);
	expect_fences(DMA_RESV_USAGE_KERNEL, FENCES, fences);
	put_all(FENCES, fences);
	dma_fence_put(visible);
}

/* ---- past the lock ---- */

Test(resv_lock, a_bookkeep_fence_can_be_added_past_the_holder)
{
	struct dma_fence *fence = fence_create(), *staged = fence_create();
	struct dma_fence *both[] = { fence, staged };

	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, staged, DMA_RESV_USAGE_WRITE);
	cr_expect_eq(dma_resv_add_fence_unlocked(&resv, fence), 0);
	expect_one(fence);
	cr_expect(dma_resv_test_signaled(&resv, DMA_RESV_USAGE_READ), "it takes no part");
	dma_resv_unlock(&resv);
	expect_fences(DMA_RESV_USAGE_BOOKKEEP, 2, both);
	put_all(2, both);
}

Test(resv_lock, replacing_by_context_puts_one_fence_in_the_place_of_all)
{
	struct dma_fence *old[] = { fence_create_at(1001, 5), fence_create_at(1001, 6) };
	struct dma_fence *other = fence_create(), *replacement = fence_create();
	struct dma_fence *left[] = { other, replacement };

	dma_resv_add_fence(&resv, old[0], DMA_RESV_USAGE_WRITE);
	dma_resv_add_fence(&resv, old[1], DMA_RESV_USAGE_READ);
	dma_resv_add_fence(&resv, other, DMA_RESV_USAGE_READ);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	cr_expect_eq(dma_resv_replace_fences(&resv, 1001, replacement, 7), -EINVAL);
	cr_expect_eq(dma_resv_replace_fences(&resv, 999, replacement, DMA_RESV_USAGE_READ), 0);
	expect_fences(DMA_RESV_USAGE_WRITE, 1, old);
	cr_expect_eq(dma_resv_replace_fences(&resv, 1001, replacement, DMA_RESV_USAGE_READ), 0);
	dma_resv_unlock(&resv);
	cr_expect_eq(old[0]->refcount, 1);
	cr_expect_eq(old[1]->refcount, 1);
	expect_fences(DMA_RESV_USAGE_WRITE, 0, NULL);
	expect_fences(DMA_RESV_USAGE_READ, 2, left);
	put_all(2, old);
	put_all(2, left);
}

Test(resv_lock, replacing_by_context_leaves_staged_ones_staged)
{
	struct dma_fence *old = fence_create_at(1001, 5), *replacement = fence_create();

	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, old, DMA_RESV_USAGE_WRITE);
	cr_expect_eq(dma_resv_replace_fences(&resv, 1001, replacement, DMA_RESV_USAGE_WRITE), 0);
	cr_expect_eq(old->refcount, 1);
	expect_empty();
	dma_resv_unlock(&resv);
	expect_one(replacement);
	dma_fence_put(old);
	dma_fence_put(replacement);
}

Test(resv_lock, replacing_by_a_signaled_fence_takes_off)
{
	struct dma_fence *old = fence_create_at(1001, 5),
			 *replacement = fence_create_signaled(1, 0);

	dma_resv_add_fence(&resv, old, DMA_RESV_USAGE_WRITE);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	cr_expect_eq(dma_resv_replace_fences(&resv, 1001, replacement, DMA_RESV_USAGE_WRITE), 0);
	dma_resv_unlock(&resv);
	expect_empty();
	dma_fence_put(old);
	dma_fence_put(replacement);
}

Test(resv_lock, a_copy_has_the_fences_of_the_other_with_their_usages)
{
	struct dma_fence *fences[USAGES], *old = fence_create(), *staged = fence_create();
	struct dma_fence *all[USAGES + 1];
	struct dma_resv from;
	unsigned int i;

	dma_resv_init(&from);
	for (i = 0; i < USAGES; i++) {
		all[i] = fences[i] = fence_create();
		dma_resv_add_fence(&from, fences[i], usages[i]);
	}
	all[USAGES] = staged;
	dma_resv_add_fence(&resv, old, DMA_RESV_USAGE_WRITE);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	dma_resv_add_fence(&resv, staged, DMA_RESV_USAGE_BOOKKEEP);
	cr_expect_eq(dma_resv_copy_fences(&resv, &from), 0);
	for (i = 0; i < USAGES; i++)
		expect_fences(usages[i], i + 1, fences);
	cr_expect_eq(old->refcount, 1);
	dma_resv_unlock(&resv);
	expect_fences(DMA_RESV_USAGE_BOOKKEEP, USAGES + 1, all);
	dma_resv_fini(&from);
	put_all(USAGES + 1, all);
	dma_fence_put(old);
}

Test(resv_lock, row_3_3_room_that_was_reserved_is_there_after_a_copy)
{
	enum { RESERVED = 20 };
	struct dma_fence *copied = fence_create(), *fences[1 + RESERVED];
	struct dma_resv_entry *entries;
	struct dma_resv from;
	unsigned int i;

	dma_resv_init(&from);
	dma_resv_add_fence(&from, copied, DMA_RESV_USAGE_WRITE);
	cr_assert_eq(dma_resv_lock(&resv, &context), 0);
	cr_assert_eq(dma_resv_reserve_fences(&resv, RESERVED), 0);
	cr_assert_eq(dma_resv_copy_fences(&resv, &from), 0);
	entries = resv.entries;
	fences[0] = copied;
	for (i = 1; i <= RESERVED; i++) {
		fences[i] = fence_create();
		cr_expect_eq(dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_WRITE), 0);
	}
	dma_resv_unlock(&resv);
	cr_expect_eq(resv.entries, entries, "adding allocated");
	expect_fences(DMA_RESV_USAGE_WRITE, 1 + RESERVED, fences);
	dma_resv_fini(&from);
	put_all(1 + RESERVED, fences);
}

Test(resv_lock, fences_are_added_to_a_copy_without_a_reservation_of_room)
{
	enum { COPIED = 8, ADDED = 40 };
	struct dma_fence *fences[COPIED + ADDED];
	struct dma_resv from;
	unsigned int i;

	dma_resv_init(&from);
	for (i = 0; i < COPIED + ADDED; i++)
		fences[i] = fence_create();
	for (i = 0; i < COPIED; i++)
		dma_resv_add_fence(&from, fences[i], DMA_RESV_USAGE_WRITE);
	cr_assert_eq(dma_resv_copy_fences(&resv, &from), 0);
	for (i = COPIED; i < COPIED + ADDED; i++)
		cr_expect_eq(dma_resv_add_fence(&resv, fences[i], DMA_RESV_USAGE_WRITE), 0);
	expect_fences(DMA_RESV_USAGE_WRITE, COPIED + ADDED, fences);
	dma_resv_fini(&from);
	put_all(COPIED + ADDED, fences);
}

Test(resv_lock, a_copy_of_nothing_is_empty)
{
	struct dma_fence *old = fence_create();
	struct dma_resv from;

	dma_resv_init(&from);
	dma_resv_add_fence(&resv, old, DMA_RESV_USAGE_WRITE);
	cr_expect_eq(dma_resv_copy_fences(&resv, &from), 0);
	expect_empty();
	dma_resv_fini(&from);
	dma_fence_put(old);
}
