/* SPDX-License-Identifier: MIT */
/*
 * ww_mutex-test.c - wait/die locks: which context waits, dies, or is next, and what ends a wait.
 *
 * The rules are shown on the asynchronous half, where one thread can play all parts, and the
 * sleeping on the blocking one.
 */
#include <pthread.h>
#include <signal.h>

#include "core-test.h"

static DEFINE_WD_CLASS(class);
static DEFINE_WD_CLASS(other_class);

#define LOCKS 3

static struct ww_mutex locks[LOCKS];
/* By age: the first is the oldest. */
static struct ww_acquire_ctx contexts[4];

static void create_locks(void)
{
	unsigned int i;

	for (i = 0; i < LOCKS; i++)
		ww_mutex_init(&locks[i], &class);
	for (i = 0; i < 4; i++)
		ww_acquire_init(&contexts[i], &class);
}

static void destroy_locks(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		ww_acquire_fini(&contexts[i]);
	for (i = 0; i < LOCKS; i++)
		ww_mutex_destroy(&locks[i]);
}

TestSuite(ww_mutex, .timeout = TEST_TIMEOUT, .init = create_locks, .fini = destroy_locks);

/* A waiter, and its result. */
struct told {
	struct ww_waiter waiter;
	_Atomic int calls;
	int result;
	int order;
};

static int tellings;

static void tell(struct ww_waiter *waiter, int result)
{
	struct told *told = (struct told *)waiter;

	told->result = result;
	told->order = ++tellings;
	told->calls++;
}

static int lock_async(struct ww_mutex *lock, struct ww_acquire_ctx *ctx, struct told *told)
{
	return ww_mutex_lock_async(lock, ctx, &told->waiter, tell, false);
}

static void expect_told(const struct told *told, int result)
{
	cr_expect_eq(told->calls, 1);
	cr_expect_eq(told->result, result);
}

Test(ww_mutex, a_free_lock_is_had_at_once)
{
	struct told told = { 0 };

	cr_expect_not(ww_mutex_is_locked(&locks[0]));
	cr_expect_eq(lock_async(&locks[0], &contexts[0], &told), 0);
	cr_expect(ww_mutex_is_locked(&locks[0]));
	cr_expect_eq(ww_mutex_locking_ctx(&locks[0]), &contexts[0]);
	ww_mutex_unlock(&locks[0]);
	cr_expect_not(ww_mutex_is_locked(&locks[0]));
	cr_expect_null(ww_mutex_locking_ctx(&locks[0]));
	cr_expect_eq(told.calls, 0);
}

Test(ww_mutex, row_2_2_a_ticket_is_younger_than_those_before)
{
	cr_expect_lt(contexts[0].stamp, contexts[1].stamp);
	cr_expect_lt(contexts[1].stamp, contexts[2].stamp);
	cr_expect_neq(contexts[0].stamp, 0);
}

Test(ww_mutex, row_2_2_an_older_context_waits_for_a_younger_holder)
{
	struct told told = { 0 };

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	cr_assert_eq(ww_mutex_lock(&locks[1], &contexts[1]), 0);
	cr_assert_eq(lock_async(&locks[1], &contexts[0], &told), -EINPROGRESS);
	cr_expect_eq(told.calls, 0);
	ww_mutex_unlock(&locks[1]);
	expect_told(&told, 0);
	cr_expect_eq(ww_mutex_locking_ctx(&locks[1]), &contexts[0]);
	ww_mutex_unlock(&locks[0]);
	ww_mutex_unlock(&locks[1]);
}

Test(ww_mutex, row_2_2_a_younger_context_that_holds_a_lock_is_EDEADLK_at_an_older_holder)
{
	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	cr_assert_eq(ww_mutex_lock(&locks[1], &contexts[1]), 0);
	cr_expect_eq(ww_mutex_lock(&locks[0], &contexts[1]), -EDEADLK);
	cr_expect_eq(ww_mutex_lock_interruptible(&locks[0], &contexts[1]), -EDEADLK);
	cr_expect_eq(ww_mutex_locking_ctx(&locks[0]), &contexts[0]);
	ww_mutex_unlock(&locks[0]);
	ww_mutex_unlock(&locks[1]);
}

Test(ww_mutex, row_2_2_a_younger_context_that_holds_nothing_waits_for_an_older_holder)
{
	struct told told = { 0 };

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	cr_expect_eq(lock_async(&locks[0], &contexts[1], &told), -EINPROGRESS);
	ww_mutex_unlock(&locks[0]);
	expect_told(&told, 0);
	ww_mutex_unlock(&locks[0]);
}

Test(ww_mutex, row_2_2_a_lock_that_the_context_has_is_EALREADY)
{
	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	cr_expect_eq(ww_mutex_lock(&locks[0], &contexts[0]), -EALREADY);
	ww_mutex_unlock(&locks[0]);
	cr_expect_not(ww_mutex_is_locked(&locks[0]), "it was locked once");
}

Test(ww_mutex, row_2_2_a_queued_younger_context_that_holds_a_lock_dies_when_an_older_one_queues)
{
	struct told young = { 0 }, old = { 0 };

	/* The holder is the youngest, so that all wait for it. */
	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[2]), 0);
	cr_assert_eq(ww_mutex_lock(&locks[1], &contexts[1]), 0);
	cr_assert_eq(lock_async(&locks[0], &contexts[1], &young), -EINPROGRESS);
	cr_expect_eq(lock_async(&locks[0], &contexts[0], &old), -EINPROGRESS);
	expect_told(&young, -EDEADLK);
	cr_expect_eq(old.calls, 0);
	ww_mutex_unlock(&locks[0]);
	expect_told(&old, 0);
	expect_told(&young, -EDEADLK);
	ww_mutex_unlock(&locks[0]);
	ww_mutex_unlock(&locks[1]);
}

Test(ww_mutex, a_queued_younger_context_that_holds_nothing_is_overtaken_by_an_older_one)
{
	struct told young = { 0 }, old = { 0 };

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[2]), 0);
	cr_assert_eq(lock_async(&locks[0], &contexts[1], &young), -EINPROGRESS);
	cr_assert_eq(lock_async(&locks[0], &contexts[0], &old), -EINPROGRESS);
	cr_expect_eq(young.calls, 0);
	ww_mutex_unlock(&locks[0]);
	expect_told(&old, 0);
	cr_expect_eq(young.calls, 0);
	ww_mutex_unlock(&locks[0]);
	expect_told(&young, 0);
	ww_mutex_unlock(&locks[0]);
}

Test(ww_mutex, row_2_2_a_younger_context_that_holds_a_lock_is_EDEADLK_at_an_older_one_that_waits)
{
	struct told told = { 0 };

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[2]), 0);
	cr_assert_eq(lock_async(&locks[0], &contexts[0], &told), -EINPROGRESS);
	cr_assert_eq(ww_mutex_lock(&locks[1], &contexts[1]), 0);
	cr_expect_eq(ww_mutex_lock(&locks[0], &contexts[1]), -EDEADLK);
	ww_mutex_unlock(&locks[0]);
	ww_mutex_unlock(&locks[0]);
	ww_mutex_unlock(&locks[1]);
}

Test(ww_mutex, a_holder_or_waiter_without_context_kills_nobody)
{
	struct told plain = { 0 }, told = { 0 };

	cr_assert_eq(ww_mutex_lock(&locks[0], NULL), 0);
	cr_assert_eq(lock_async(&locks[0], NULL, &plain), -EINPROGRESS);
	cr_assert_eq(ww_mutex_lock(&locks[1], &contexts[0]), 0);
	cr_expect_eq(lock_async(&locks[0], &contexts[0], &told), -EINPROGRESS);
	ww_mutex_unlock(&locks[0]);
	expect_told(&plain, 0);
	ww_mutex_unlock(&locks[0]);
	expect_told(&told, 0);
	ww_mutex_unlock(&locks[0]);
	ww_mutex_unlock(&locks[1]);
}

Test(ww_mutex, contexts_get_the_lock_by_age_and_the_others_in_the_order_of_asking)
{
	struct told by_age[3] = { 0 }, plain[3] = { 0 };
	int i;

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[3]), 0);
	cr_assert_eq(lock_async(&locks[0], &contexts[1], &by_age[1]), -EINPROGRESS);
	cr_assert_eq(lock_async(&locks[0], NULL, &plain[0]), -EINPROGRESS);
	cr_assert_eq(lock_async(&locks[0], &contexts[2], &by_age[2]), -EINPROGRESS);
	cr_assert_eq(lock_async(&locks[0], NULL, &plain[1]), -EINPROGRESS);
	cr_assert_eq(lock_async(&locks[0], &contexts[0], &by_age[0]), -EINPROGRESS);
	cr_assert_eq(lock_async(&locks[0], NULL, &plain[2]), -EINPROGRESS);
	for (i = 0; i < 7; i++)
		ww_mutex_unlock(&locks[0]);
	cr_expect_lt(by_age[0].order, by_age[1].order);
	cr_expect_lt(by_age[1].order, by_age[2].order);
	cr_expect_lt(plain[0].order, plain[1].order);
	cr_expect_lt(plain[1].order, plain[2].order);
	cr_expect_lt(by_age[1].order, plain[0].order);
	cr_expect_not(ww_mutex_is_locked(&locks[0]));
}

Test(ww_mutex, a_lock_that_is_given_back_goes_to_who_waits)
{
	struct told told = { 0 };

	cr_assert_eq(ww_mutex_lock(&locks[0], NULL), 0);
	cr_assert_eq(lock_async(&locks[0], &contexts[1], &told), -EINPROGRESS);
	ww_mutex_unlock(&locks[0]);
	cr_expect_not(ww_mutex_trylock(&locks[0], &contexts[0]));
	cr_expect_eq(ww_mutex_locking_ctx(&locks[0]), &contexts[1]);
	ww_mutex_unlock(&locks[0]);
}

Test(ww_mutex, trylock_takes_what_is_free_and_nothing_else)
{
	cr_expect(ww_mutex_trylock(&locks[0], &contexts[0]));
	cr_expect_eq(ww_mutex_locking_ctx(&locks[0]), &contexts[0]);
	cr_expect_not(ww_mutex_trylock(&locks[0], &contexts[0]));
	cr_expect_not(ww_mutex_trylock(&locks[0], NULL));
	ww_mutex_unlock(&locks[0]);
	cr_expect(ww_mutex_trylock(&locks[0], NULL));
	ww_mutex_unlock(&locks[0]);
}

Test(ww_mutex, a_context_that_is_done_or_of_another_class_is_EINVAL)
{
	struct ww_acquire_ctx stranger, done;

	ww_acquire_init(&stranger, &other_class);
	ww_acquire_init(&done, &class);
	ww_acquire_done(&done);
	cr_expect_eq(ww_mutex_lock(&locks[0], &stranger), -EINVAL);
	cr_expect_eq(ww_mutex_lock(&locks[0], &done), -EINVAL);
	cr_expect_not(ww_mutex_trylock(&locks[0], &done));
	cr_expect_not(ww_mutex_is_locked(&locks[0]));
	ww_acquire_fini(&stranger);
	ww_acquire_fini(&done);
}

/* ---- backing off ---- */

Test(ww_mutex, row_2_2_after_backing_off_the_contended_lock_is_waited_for)
{
	struct told told = { 0 };

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	cr_assert_eq(ww_mutex_lock(&locks[1], &contexts[1]), 0);
	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[1]), -EDEADLK);
	cr_expect_eq(ww_mutex_lock_slow_interruptible(&locks[0], &contexts[1]), -EINVAL,
		     "it holds another one still");
	ww_mutex_unlock(&locks[1]);
	cr_expect_eq(ww_mutex_lock_async(&locks[0], &contexts[1], &told.waiter, tell, true),
		     -EINPROGRESS);
	ww_mutex_unlock(&locks[0]);
	expect_told(&told, 0);
	cr_expect_eq(ww_mutex_lock(&locks[1], &contexts[1]), 0);
	ww_mutex_unlock(&locks[0]);
	ww_mutex_unlock(&locks[1]);
}

Test(ww_mutex, row_2_2_who_backs_off_keeps_its_age)
{
	struct told older = { 0 };

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	cr_assert_eq(ww_mutex_lock(&locks[1], &contexts[1]), 0);
	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[1]), -EDEADLK);
	ww_mutex_unlock(&locks[1]);
	ww_mutex_unlock(&locks[0]);
	ww_mutex_lock_slow(&locks[0], &contexts[1]);
	/* Against one that came later it wins by now. */
	cr_assert_eq(ww_mutex_lock(&locks[1], &contexts[2]), 0);
	cr_expect_eq(ww_mutex_lock(&locks[0], &contexts[2]), -EDEADLK);
	cr_expect_eq(lock_async(&locks[1], &contexts[1], &older), -EINPROGRESS);
	ww_mutex_unlock(&locks[1]);
	expect_told(&older, 0);
	ww_mutex_unlock(&locks[0]);
	ww_mutex_unlock(&locks[1]);
}

Test(ww_mutex, the_slow_way_while_holding_a_lock_is_a_program_error, .signal = SIGABRT)
{
	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	ww_mutex_lock_slow(&locks[1], &contexts[0]);
}

Test(ww_mutex, the_end_of_a_context_that_holds_a_lock_is_a_program_error, .signal = SIGABRT)
{
	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	ww_acquire_fini(&contexts[0]);
}

/* ---- cancelling ---- */

Test(ww_mutex, a_waiter_that_is_cancelled_is_not_called_and_gets_nothing)
{
	struct told told = { 0 }, next = { 0 };

	cr_assert_eq(ww_mutex_lock(&locks[0], NULL), 0);
	cr_assert_eq(lock_async(&locks[0], &contexts[0], &told), -EINPROGRESS);
	cr_assert_eq(lock_async(&locks[0], &contexts[1], &next), -EINPROGRESS);
	cr_expect(ww_mutex_lock_cancel(&told.waiter));
	ww_mutex_unlock(&locks[0]);
	cr_expect_eq(told.calls, 0);
	expect_told(&next, 0);
	ww_mutex_unlock(&locks[0]);
}

Test(ww_mutex, cancelling_what_was_told_is_too_late)
{
	struct told told = { 0 };

	cr_assert_eq(ww_mutex_lock(&locks[0], NULL), 0);
	cr_assert_eq(lock_async(&locks[0], NULL, &told), -EINPROGRESS);
	ww_mutex_unlock(&locks[0]);
	expect_told(&told, 0);
	cr_expect_not(ww_mutex_lock_cancel(&told.waiter));
	ww_mutex_unlock(&locks[0]);
	cr_expect_eq(told.calls, 1);
}

static pthread_barrier_t barrier;

static void *unlock_each_round(void *rounds)
{
	uintptr_t i;

	for (i = 0; i < (uintptr_t)rounds; i++) {
		pthread_barrier_wait(&barrier);
		ww_mutex_unlock(&locks[0]);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

Test(ww_mutex, a_cancel_that_races_with_the_grant_is_either_of_the_two)
{
	enum { ROUNDS = 5000 };
	struct told told;
	pthread_t thread;
	int i;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, unlock_each_round, (void *)ROUNDS);
	for (i = 0; i < ROUNDS; i++) {
		bool cancelled;

		told = (struct told){ 0 };
		cr_assert_eq(ww_mutex_lock(&locks[0], NULL), 0);
		cr_assert_eq(lock_async(&locks[0], &contexts[0], &told), -EINPROGRESS);
		pthread_barrier_wait(&barrier);
		cancelled = ww_mutex_lock_cancel(&told.waiter);
		pthread_barrier_wait(&barrier);
		cr_assert_eq(told.calls, !cancelled);
		cr_assert_eq(ww_mutex_is_locked(&locks[0]), !cancelled);
		if (!cancelled)
			ww_mutex_unlock(&locks[0]);
	}
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
}

/* ---- in the callback ---- */

static void lock_next_and_unlock(struct ww_waiter *waiter, int result)
{
	static struct told second;

	cr_expect_eq(result, 0);
	cr_expect_eq(lock_async(&locks[1], &contexts[1], &second), 0);
	ww_mutex_unlock(&locks[1]);
	ww_mutex_unlock(&locks[0]);
	free(waiter);
}

Test(ww_mutex, what_is_called_may_lock_unlock_and_free_its_waiter)
{
	struct ww_waiter *waiter = malloc(sizeof(*waiter));

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	cr_assert_eq(
		ww_mutex_lock_async(&locks[0], &contexts[1], waiter, lock_next_and_unlock, false),
		-EINPROGRESS);
	ww_mutex_unlock(&locks[0]);
	cr_expect_not(ww_mutex_is_locked(&locks[0]));
	cr_expect_not(ww_mutex_is_locked(&locks[1]));
}

/* ---- sleeping ---- */

struct sleeping {
	pthread_t thread;
	struct ww_acquire_ctx *ctx;
	bool interruptible, slow;
	_Atomic bool returned;
	int result;
};

static void *lock_first(void *argument)
{
	struct sleeping *sleeping = argument;

	if (sleeping->slow && sleeping->interruptible)
		sleeping->result = ww_mutex_lock_slow_interruptible(&locks[0], sleeping->ctx);
	else if (sleeping->slow)
		ww_mutex_lock_slow(&locks[0], sleeping->ctx);
	else if (sleeping->interruptible)
		sleeping->result = ww_mutex_lock_interruptible(&locks[0], sleeping->ctx);
	else
		sleeping->result = ww_mutex_lock(&locks[0], sleeping->ctx);
	sleeping->returned = true;
	return NULL;
}

/* Is a waiter in the queue of the first lock? */
static bool is_queued(void)
{
	bool queued;

	pthread_mutex_lock(&locks[0].lock);
	queued = locks[0].waiters;
	pthread_mutex_unlock(&locks[0].lock);
	return queued;
}

/* Returns once it is in the queue. */
static void sleep_in_thread(struct sleeping *sleeping)
{
	cr_assert_eq(pthread_create(&sleeping->thread, NULL, lock_first, sleeping), 0);
	while (!is_queued())
		sleep_ns(NSEC_PER_MSEC);
}

static void handle(int number)
{
}

static void interrupt(struct sleeping *sleeping)
{
	struct sigaction action = { .sa_handler = handle };

	sigaction(SIGUSR1, &action, NULL);
	pthread_kill(sleeping->thread, SIGUSR1);
}

Test(ww_mutex, a_thread_sleeps_until_the_lock_is_its_own)
{
	struct sleeping sleeping = { .ctx = &contexts[1] };

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	sleep_in_thread(&sleeping);
	cr_expect_not(sleeping.returned);
	ww_mutex_unlock(&locks[0]);
	pthread_join(sleeping.thread, NULL);
	cr_expect_eq(sleeping.result, 0);
	cr_expect_eq(ww_mutex_locking_ctx(&locks[0]), &contexts[1]);
	ww_mutex_unlock(&locks[0]);
}

Test(ww_mutex, row_2_2_a_thread_that_sleeps_is_woken_to_back_off)
{
	struct sleeping sleeping = { .ctx = &contexts[1] };
	struct told told = { 0 };

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[2]), 0);
	cr_assert_eq(ww_mutex_lock(&locks[1], &contexts[1]), 0);
	sleep_in_thread(&sleeping);
	cr_assert_eq(lock_async(&locks[0], &contexts[0], &told), -EINPROGRESS);
	pthread_join(sleeping.thread, NULL);
	cr_expect_eq(sleeping.result, -EDEADLK);
	ww_mutex_unlock(&locks[1]);
	ww_mutex_unlock(&locks[0]);
	ww_mutex_unlock(&locks[0]);
}

static void expect_interrupted(bool slow)
{
	struct sleeping sleeping = { .ctx = &contexts[1], .interruptible = true, .slow = slow };

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	sleep_in_thread(&sleeping);
	while (!sleeping.returned) {
		interrupt(&sleeping);
		sleep_ns(NSEC_PER_MSEC);
	}
	pthread_join(sleeping.thread, NULL);
	cr_expect_eq(sleeping.result, -ERESTARTSYS);
	cr_expect_not(is_queued());
	ww_mutex_unlock(&locks[0]);
	cr_expect_not(ww_mutex_is_locked(&locks[0]));
}

Test(ww_mutex, a_signal_handler_ends_an_interruptible_lock)
{
	expect_interrupted(false);
}

Test(ww_mutex, a_signal_handler_ends_an_interruptible_slow_lock)
{
	expect_interrupted(true);
}

static void expect_undisturbed(bool slow)
{
	struct sleeping sleeping = { .ctx = &contexts[1], .slow = slow };
	int i;

	cr_assert_eq(ww_mutex_lock(&locks[0], &contexts[0]), 0);
	sleep_in_thread(&sleeping);
	for (i = 0; i < 20; i++) {
		interrupt(&sleeping);
		sleep_ns(NSEC_PER_MSEC);
	}
	cr_expect_not(sleeping.returned);
	ww_mutex_unlock(&locks[0]);
	pthread_join(sleeping.thread, NULL);
	cr_expect_eq(sleeping.result, 0);
	ww_mutex_unlock(&locks[0]);
}

Test(ww_mutex, a_signal_handler_does_not_end_another_lock)
{
	expect_undisturbed(false);
}

Test(ww_mutex, a_signal_handler_does_not_end_another_slow_lock)
{
	expect_undisturbed(true);
}
