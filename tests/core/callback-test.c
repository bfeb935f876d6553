/* SPDX-License-Identifier: MIT */
/*
 * callback-test.c - callbacks: added, called, refused, removed; and what they may do while they are
 * called.
 */
#include <sys/mman.h>
#include <ucontext.h>

#include "core-test.h"

TestSuite(callback, .timeout = TEST_TIMEOUT, .fini = expect_no_fence_left);

Test(callback, is_called_once_by_the_signal)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorder = { 0 };

	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), 0);
	cr_expect_eq(recorder.calls, 0);
	dma_fence_set_error(fence, -EIO);
	dma_fence_signal(fence);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(recorder.fence, fence);
	cr_expect_eq(recorder.status, -EIO, "the state is visible before callbacks run");
	dma_fence_signal(fence);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
}

Test(callback, row_1_5_any_number_is_called_in_the_order_of_adding)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorders[100] = { 0 };
	int i;

	for (i = 0; i < 100; i++)
		cr_expect_eq(dma_fence_add_callback(fence, &recorders[i].callback, record), 0);
	dma_fence_signal(fence);
	for (i = 0; i < 100; i++) {
		cr_expect_eq(recorders[i].calls, 1);
		cr_expect_eq(recorders[i].order, i + 1);
	}
	dma_fence_put(fence);
}

Test(callback, row_1_5_added_after_the_signal_is_ENOENT_and_not_called)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorder = { 0 };

	dma_fence_signal(fence);
	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), -ENOENT);
	cr_expect_eq(recorder.calls, 0);
	cr_expect_not(dma_fence_remove_callback(fence, &recorder.callback));
	dma_fence_put(fence);
}

Test(callback, without_a_function_is_EINVAL)
{
	struct dma_fence *fence = fence_create();
	struct dma_fence_cb callback;

	cr_expect_eq(dma_fence_add_callback(fence, &callback, NULL), -EINVAL);
	dma_fence_signal(fence);
	cr_expect_eq(dma_fence_add_callback(fence, &callback, NULL), -EINVAL);
	dma_fence_put(fence);
}

Test(callback, row_1_5_removed_in_time_is_not_called)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorders[3] = { 0 };
	int i;

	for (i = 0; i < 3; i++)
		dma_fence_add_callback(fence, &recorders[i].callback, record);
	cr_expect(dma_fence_remove_callback(fence, &recorders[1].callback));
	cr_expect_not(dma_fence_remove_callback(fence, &recorders[1].callback));
	dma_fence_signal(fence);
	cr_expect_eq(recorders[0].calls, 1);
	cr_expect_eq(recorders[1].calls, 0);
	cr_expect_eq(recorders[2].calls, 1);
	dma_fence_put(fence);
}

Test(callback, row_1_5_removed_late_is_told_so)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorder = { 0 };

	dma_fence_add_callback(fence, &recorder.callback, record);
	dma_fence_signal(fence);
	cr_expect_not(dma_fence_remove_callback(fence, &recorder.callback));
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
}

Test(callback, never_added_cannot_be_removed)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorder = { 0 };

	cr_expect_not(dma_fence_remove_callback(fence, &recorder.callback));
	dma_fence_put(fence);
}

Test(callback, can_be_added_again_after_it_was_removed)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorder = { 0 };

	dma_fence_add_callback(fence, &recorder.callback, record);
	dma_fence_remove_callback(fence, &recorder.callback);
	cr_expect_eq(dma_fence_add_callback(fence, &recorder.callback, record), 0);
	dma_fence_signal(fence);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
}

Test(callback, between_mark_and_run_can_still_be_removed)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorders[2] = { 0 }, late = { 0 };

	dma_fence_add_callback(fence, &recorders[0].callback, record);
	dma_fence_add_callback(fence, &recorders[1].callback, record);
	pthread_mutex_lock(fence->lock);
	cr_expect_eq(dma_fence_mark_signaled_locked(fence, 5), 0);
	pthread_mutex_unlock(fence->lock);
	cr_expect(dma_fence_is_signaled(fence));
	cr_expect_eq(recorders[0].calls, 0);
	cr_expect_eq(dma_fence_add_callback(fence, &late.callback, record), -ENOENT);
	cr_expect(dma_fence_remove_callback(fence, &recorders[0].callback));
	dma_fence_run_callbacks(fence);
	cr_expect_eq(recorders[0].calls, 0);
	cr_expect_eq(recorders[1].calls, 1);
	dma_fence_put(fence);
}

Test(callback, row_1_15_signal_locked_calls_with_the_lock_held)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorder = { 0 };

	dma_fence_add_callback(fence, &recorder.callback, record);
	pthread_mutex_lock(fence->lock);
	cr_expect_eq(dma_fence_signal_locked(fence), 0);
	cr_expect_eq(recorder.calls, 1);
	cr_expect_eq(pthread_mutex_trylock(fence->lock), EBUSY);
	pthread_mutex_unlock(fence->lock);
	dma_fence_put(fence);
}

/* ---- what a callback may do ---- */

/* A callback that acts on another fence, on its own, or on another callback: see each test. */
struct actor {
	struct dma_fence_cb callback;
	struct dma_fence *other;
	struct recorder *recorder;
	bool removed_itself, removed_other, lock_was_free;
	int added, signaled;
};

static struct actor *to_actor(struct dma_fence_cb *callback)
{
	return (struct actor *)callback;
}

static void look_at_lock(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct actor *actor = to_actor(callback);

	actor->lock_was_free = !pthread_mutex_trylock(fence->lock);
	if (actor->lock_was_free)
		pthread_mutex_unlock(fence->lock);
}

Test(callback, is_called_without_the_lock)
{
	struct dma_fence *fence = fence_create();
	struct actor actor = { 0 };

	dma_fence_add_callback(fence, &actor.callback, look_at_lock);
	dma_fence_signal(fence);
	cr_expect(actor.lock_was_free);
	dma_fence_put(fence);
}

static void free_itself(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	free(callback);
}

Test(callback, may_free_itself)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorder = { 0 };

	dma_fence_add_callback(fence, malloc(sizeof(struct dma_fence_cb)), free_itself);
	dma_fence_add_callback(fence, &recorder.callback, record);
	dma_fence_signal(fence);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
}

static void remove_itself(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	to_actor(callback)->removed_itself = dma_fence_remove_callback(fence, callback);
}

Test(callback, that_removes_itself_is_told_false_at_once)
{
	struct dma_fence *fence = fence_create();
	struct actor actor = { .removed_itself = true };

	dma_fence_add_callback(fence, &actor.callback, remove_itself);
	dma_fence_signal(fence);
	cr_expect_not(actor.removed_itself);
	dma_fence_put(fence);
}

static void signal_other(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct actor *actor = to_actor(callback);

	actor->signaled = dma_fence_signal(actor->other);
}

/* On the second fence, called from within the first one's callback. */
static void remove_outer(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct actor *actor = to_actor(callback);

	actor->removed_other = dma_fence_remove_callback(actor->other, &actor->recorder->callback);
}

Test(callback, nested_in_another_may_remove_the_outer_one)
{
	struct dma_fence *outer = fence_create(), *inner = fence_create();
	struct actor signaler = { .other = inner };
	struct actor remover = {
		.other = outer,
		.recorder = (struct recorder *)&signaler,
		.removed_other = true,
	};

	dma_fence_add_callback(outer, &signaler.callback, signal_other);
	dma_fence_add_callback(inner, &remover.callback, remove_outer);
	dma_fence_signal(outer);
	cr_expect_eq(signaler.signaled, 0);
	cr_expect_not(remover.removed_other);
	dma_fence_put(outer);
	dma_fence_put(inner);
}

static void remove_next(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct actor *actor = to_actor(callback);

	actor->removed_other = dma_fence_remove_callback(fence, &actor->recorder->callback);
}

Test(callback, may_remove_another_that_has_not_had_its_turn)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorder = { 0 };
	struct actor actor = { .recorder = &recorder };

	dma_fence_add_callback(fence, &actor.callback, remove_next);
	dma_fence_add_callback(fence, &recorder.callback, record);
	dma_fence_signal(fence);
	cr_expect(actor.removed_other);
	cr_expect_eq(recorder.calls, 0);
	dma_fence_put(fence);
}

static void add_to_its_own_fence(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct actor *actor = to_actor(callback);

	actor->added = dma_fence_add_callback(fence, &actor->recorder->callback, record);
	actor->signaled = dma_fence_signal(fence);
}

Test(callback, sees_its_own_fence_as_signaled)
{
	struct dma_fence *fence = fence_create();
	struct recorder recorder = { 0 };
	struct actor actor = { .recorder = &recorder };

	dma_fence_add_callback(fence, &actor.callback, add_to_its_own_fence);
	dma_fence_signal(fence);
	cr_expect_eq(actor.added, -ENOENT);
	cr_expect_eq(actor.signaled, -EINVAL);
	cr_expect_eq(recorder.calls, 0);
	dma_fence_put(fence);
}

static void move_to_other(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct actor *actor = to_actor(callback);

	actor->added = dma_fence_add_callback(actor->other, callback, signal_other);
}

Test(callback, row_1_5_may_add_itself_to_another_fence)
{
	struct dma_fence *fence = fence_create(), *next = fence_create(), *last = fence_create();
	struct actor actor = { .other = next };
	struct recorder recorder = { 0 };

	dma_fence_add_callback(last, &recorder.callback, record);
	dma_fence_add_callback(fence, &actor.callback, move_to_other);
	dma_fence_signal(fence);
	cr_expect_eq(actor.added, 0);
	cr_expect_not(dma_fence_remove_callback(fence, &actor.callback), "it has moved on");
	actor.other = last;
	dma_fence_signal(next);
	cr_expect_eq(recorder.calls, 1);
	dma_fence_put(fence);
	dma_fence_put(next);
	dma_fence_put(last);
}

static void put_other(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	dma_fence_put(to_actor(callback)->other);
}

Test(callback, may_release_another_fence)
{
	struct dma_fence *fence = fence_create();
	struct actor actor = { .other = fence_create() };

	dma_fence_add_callback(fence, &actor.callback, put_other);
	dma_fence_signal(fence);
	cr_expect_eq(fences_alive(), 1);
	dma_fence_put(fence);
}

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

static struct dma_fence *create_under_shared_lock(void)
{
	return test_fence_create(&plain_ops, &shared_lock, dma_fence_context_alloc(1), 1);
}

/* Adds, removes, looks, signals and drops: all of it on fences that share the lock of its own. */
struct everything {
	struct dma_fence_cb callback;
	struct dma_fence *other, *dropped;
	struct recorder kept, removed;
	bool was_active, was_removed;
};

static void do_everything(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct everything *everything = (struct everything *)callback;

	everything->was_active = !dma_fence_is_signaled(everything->other);
	dma_fence_add_callback(everything->other, &everything->kept.callback, record);
	dma_fence_add_callback(everything->other, &everything->removed.callback, record);
	everything->was_removed =
		dma_fence_remove_callback(everything->other, &everything->removed.callback);
	dma_fence_remove_callback(fence, callback);
	dma_fence_set_error(everything->other, -EIO);
	dma_fence_signal(everything->other);
	dma_fence_put(everything->dropped);
}

static void expect_everything_done(struct everything *everything)
{
	cr_expect(everything->was_active);
	cr_expect(everything->was_removed);
	cr_expect_eq(everything->kept.calls, 1);
	cr_expect_eq(everything->kept.status, -EIO);
	cr_expect_eq(everything->removed.calls, 0);
	cr_expect_eq(fences_alive(), 2);
}

Test(callback, row_1_15_may_do_everything_to_fences_that_share_the_lock)
{
	struct dma_fence *fence = create_under_shared_lock();
	struct everything everything = {
		.other = create_under_shared_lock(),
		.dropped = create_under_shared_lock(),
	};

	dma_fence_add_callback(fence, &everything.callback, do_everything);
	dma_fence_signal(fence);
	expect_everything_done(&everything);
	dma_fence_put(fence);
	dma_fence_put(everything.other);
}

Test(callback, row_1_15_may_do_everything_even_with_the_lock_held)
{
	struct dma_fence *fence = create_under_shared_lock();
	struct everything everything = {
		.other = create_under_shared_lock(),
		.dropped = create_under_shared_lock(),
	};

	dma_fence_add_callback(fence, &everything.callback, do_everything);
	pthread_mutex_lock(&shared_lock);
	dma_fence_signal_locked(fence);
	cr_expect_eq(pthread_mutex_trylock(&shared_lock), EBUSY, "the lock was held throughout");
	pthread_mutex_unlock(&shared_lock);
	expect_everything_done(&everything);
	dma_fence_put(fence);
	dma_fence_put(everything.other);
}

/* ---- callbacks within callbacks ---- */

#if !defined(__SANITIZE_ADDRESS__)
/*
 * A fence is signaled on a stack of its own. In its callback this test continues, on the test's own
 * stack, and nothing on the other one can be read meanwhile.
 */
#define STACK_SIZE (256 << 10)

static ucontext_t outside, inside;
static struct dma_fence *around;
static bool holds_lock_around;

static void leave_callback(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	swapcontext(&inside, &outside);
}

static void signal_around(void)
{
	if (!holds_lock_around) {
		dma_fence_signal(around);
		return;
	}
	pthread_mutex_lock(around->lock);
	dma_fence_signal_locked(around);
	pthread_mutex_unlock(around->lock);
}

/* However many callbacks there are around this one, none of them is walked over. */
static void expect_nothing_around_is_read(bool holds_lock)
{
	void *stack =
		mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct recorder kept = { 0 }, removed = { 0 };
	struct dma_fence *fence = fence_create();
	struct dma_fence_cb callback;

	cr_assert_neq(stack, MAP_FAILED);
	around = fence_create();
	holds_lock_around = holds_lock;
	dma_fence_add_callback(around, &callback, leave_callback);
	getcontext(&inside);
	inside.uc_stack = (stack_t){ .ss_sp = stack, .ss_size = STACK_SIZE };
	inside.uc_link = &outside;
	makecontext(&inside, signal_around, 0);
	swapcontext(&outside, &inside);

	cr_assert_eq(mprotect(stack, STACK_SIZE, PROT_NONE), 0);
	cr_expect_eq(dma_fence_add_callback(fence, &kept.callback, record), 0);
	cr_expect_eq(dma_fence_add_callback(fence, &removed.callback, record), 0);
	cr_expect(dma_fence_remove_callback(fence, &removed.callback));
	cr_expect_eq(dma_fence_signal(fence), 0);
	cr_expect_not(dma_fence_remove_callback(fence, &kept.callback));
	cr_assert_eq(mprotect(stack, STACK_SIZE, PROT_READ | PROT_WRITE), 0);

	swapcontext(&outside, &inside);
	cr_expect_eq(kept.calls, 1);
	cr_expect_eq(removed.calls, 0);
	dma_fence_put(fence);
	dma_fence_put(around);
	munmap(stack, STACK_SIZE);
}

Test(callback, a_signal_in_a_callback_does_not_walk_over_the_callbacks_around_it)
{
	expect_nothing_around_is_read(false);
}

Test(callback, a_signal_in_a_callback_does_not_walk_over_those_that_hold_their_lock)
{
	expect_nothing_around_is_read(true);
}
#endif

/* ---- against another thread ---- */

/* A callback that runs until it is released, or just long enough for another thread to wait for it.
 */
struct slow {
	struct dma_fence_cb callback;
	bool until_let_go;
	_Atomic bool entered, let_go, left;
};

static void stay(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct slow *slow = (struct slow *)callback;

	slow->entered = true;
	do
		sleep_ns(10 * NSEC_PER_MSEC);
	while (slow->until_let_go && !slow->let_go);
	slow->left = true;
}

Test(callback, row_1_5_removal_waits_for_one_that_runs_in_another_thread)
{
	struct dma_fence *fence = fence_create();
	struct slow slow = { 0 };
	pthread_t thread;

	dma_fence_add_callback(fence, &slow.callback, stay);
	thread = signal_later(fence, 0);
	while (!slow.entered)
		sleep_ns(NSEC_PER_MSEC);
	cr_expect_not(dma_fence_remove_callback(fence, &slow.callback));
	cr_expect(slow.left);
	pthread_join(thread, NULL);
	dma_fence_put(fence);
}

Test(callback, removal_does_not_wait_for_another_callback_that_runs)
{
	struct dma_fence *fence = fence_create();
	struct recorder before = { 0 }, after = { 0 };
	struct slow slow = { .until_let_go = true };
	pthread_t thread;

	dma_fence_add_callback(fence, &before.callback, record);
	dma_fence_add_callback(fence, &slow.callback, stay);
	dma_fence_add_callback(fence, &after.callback, record);
	thread = signal_later(fence, 0);
	while (!slow.entered)
		sleep_ns(NSEC_PER_MSEC);
	cr_expect_not(dma_fence_remove_callback(fence, &before.callback));
	cr_expect(dma_fence_remove_callback(fence, &after.callback));
	cr_expect_not(slow.left);
	slow.let_go = true;
	pthread_join(thread, NULL);
	cr_expect_eq(before.calls, 1);
	cr_expect_eq(after.calls, 0);
	dma_fence_put(fence);
}

/* Another thread signals one fence a round, at the moment at which this one does its part. */
#define ROUNDS 2000

struct race {
	pthread_barrier_t barrier;
	struct dma_fence *fences[ROUNDS];
};

static void *signal_each_round(void *argument)
{
	struct race *race = argument;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&race->barrier);
		dma_fence_signal(race->fences[i]);
		pthread_barrier_wait(&race->barrier);
	}
	return NULL;
}

static void prepare_race(struct race *race, pthread_t *thread)
{
	int i;

	pthread_barrier_init(&race->barrier, NULL, 2);
	for (i = 0; i < ROUNDS; i++)
		race->fences[i] = fence_create();
	cr_assert_eq(pthread_create(thread, NULL, signal_each_round, race), 0);
}

static void end_race(struct race *race, pthread_t thread)
{
	int i;

	pthread_join(thread, NULL);
	for (i = 0; i < ROUNDS; i++)
		dma_fence_put(race->fences[i]);
	pthread_barrier_destroy(&race->barrier);
}

Test(callback, row_1_5_added_at_the_moment_of_the_signal_is_called_or_refused)
{
	static struct race race;
	pthread_t thread;
	int i;

	prepare_race(&race, &thread);
	for (i = 0; i < ROUNDS; i++) {
		struct recorder recorder = { 0 };
		int error;

		pthread_barrier_wait(&race.barrier);
		error = dma_fence_add_callback(race.fences[i], &recorder.callback, record);
		pthread_barrier_wait(&race.barrier);
		cr_assert(error == 0 || error == -ENOENT);
		cr_assert_eq(recorder.calls, !error);
	}
	end_race(&race, thread);
}

Test(callback, row_1_5_removed_at_the_moment_of_the_signal_is_called_or_in_time)
{
	static struct race race;
	pthread_t thread;
	int i;

	prepare_race(&race, &thread);
	for (i = 0; i < ROUNDS; i++) {
		struct recorder recorder = { 0 };
		int calls;
		bool removed;

		dma_fence_add_callback(race.fences[i], &recorder.callback, record);
		pthread_barrier_wait(&race.barrier);
		removed = dma_fence_remove_callback(race.fences[i], &recorder.callback);
		calls = recorder.calls;
		pthread_barrier_wait(&race.barrier);
		cr_assert_eq(calls, !removed);
		cr_assert_eq(recorder.calls, calls, "called after removal has returned");
	}
	end_race(&race, thread);
}
