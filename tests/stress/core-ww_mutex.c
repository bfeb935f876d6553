/* SPDX-License-Identifier: MIT */
/*
 * core-ww_mutex.c - several threads that take several locks in any order: sleeping, asking
 * asynchronously and cancelling, trying, with contexts and without.
 *
 * Held up: a lock has one holder; a waiter is notified once, or its cancel says that it came in
 * time; who backs off gets there at last, so that the program ends. What the holders write is plain
 * memory, for ThreadSanitizer to watch.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core-stress.h"
#include "ww_mutex.h"

#define THREADS 4
#define LOCKS	6
#define WANTED	3

static DEFINE_WD_CLASS(class);

static struct guarded {
	struct ww_mutex lock;
	unsigned long entered, left; /* the holder's */
} guarded[LOCKS];

static _Atomic unsigned long operations, backed_off, queued, told_locked, told_dead, cancelled;

static void enter(unsigned int which, uint64_t *chance)
{
	STRESS_CHECK(guarded[which].entered == guarded[which].left);
	guarded[which].entered++;
	/* Let others come to the lock: without that there is hardly a queue. */
	if (!stress_random(chance, 4))
		sched_yield();
}

static void leave(unsigned int which)
{
	guarded[which].left++;
	ww_mutex_unlock(&guarded[which].lock);
}

static void leave_all(bool held[LOCKS])
{
	unsigned int i;

	for (i = 0; i < LOCKS; i++) {
		if (held[i])
			leave(i);
	}
	memset(held, 0, LOCKS * sizeof(*held));
}

/* ---- sleeping ---- */

static void lock_several(uint64_t *chance)
{
	unsigned int i, wanted[WANTED];
	bool held[LOCKS] = { false };
	struct ww_acquire_ctx ctx;

	for (i = 0; i < WANTED; i++)
		wanted[i] = stress_random(chance, LOCKS);
	ww_acquire_init(&ctx, &class);
	for (i = 0; i < WANTED; i++) {
		int error = ww_mutex_lock(&guarded[wanted[i]].lock, &ctx);

		STRESS_CHECK((error == -EALREADY) == held[wanted[i]]);
		if (error == -EALREADY)
			continue;
		if (error) {
			STRESS_CHECK(error == -EDEADLK);
			leave_all(held);
			ww_mutex_lock_slow(&guarded[wanted[i]].lock, &ctx);
			backed_off++;
		}
		held[wanted[i]] = true;
		enter(wanted[i], chance);
		/* Again from the start, past those that it has. */
		if (error)
			i = -1;
	}
	leave_all(held);
	ww_acquire_fini(&ctx);
}

static void lock_one(uint64_t *chance)
{
	unsigned int which = stress_random(chance, LOCKS);

	if (stress_random(chance, 2)) {
		if (!ww_mutex_trylock(&guarded[which].lock, NULL))
			return;
	} else {
		STRESS_CHECK(!ww_mutex_lock(&guarded[which].lock, NULL));
	}
	STRESS_CHECK(ww_mutex_is_locked(&guarded[which].lock));
	STRESS_CHECK(!ww_mutex_locking_ctx(&guarded[which].lock));
	enter(which, chance);
	leave(which);
}

/* ---- asking and cancelling ---- */

struct asking {
	struct ww_waiter waiter;
	_Atomic int calls;
	_Atomic int result;
};

static void tell(struct ww_waiter *waiter, int result)
{
	struct asking *asking = (struct asking *)waiter;

	STRESS_CHECK(!result || result == -EDEADLK);
	asking->result = result;
	/* The last: with this it may be gone. */
	STRESS_CHECK(asking->calls++ == 0);
}

/* Waits a while, and cancels. Is the lock had? */
static bool ask(uint64_t *chance, unsigned int which, struct ww_acquire_ctx *ctx)
{
	unsigned int patience = stress_random(chance, 4);
	struct asking asking = { .calls = 0 };
	int error;

	error = ww_mutex_lock_async(&guarded[which].lock, ctx, &asking.waiter, tell, false);
	if (error != -EINPROGRESS) {
		STRESS_CHECK(!error || error == -EDEADLK || error == -EALREADY);
		return !error;
	}
	queued++;
	while (!asking.calls && patience--)
		sched_yield();
	if (ww_mutex_lock_cancel(&asking.waiter)) {
		STRESS_CHECK(!asking.calls);
		cancelled++;
		return false;
	}
	while (!asking.calls)
		sched_yield();
	if (asking.result)
		told_dead++;
	else
		told_locked++;
	return !asking.result;
}

static void ask_for_several(uint64_t *chance)
{
	bool held[LOCKS] = { false };
	struct ww_acquire_ctx ctx;
	unsigned int i;

	ww_acquire_init(&ctx, &class);
	for (i = 0; i < WANTED; i++) {
		unsigned int which = stress_random(chance, LOCKS);

		if (!ask(chance, which, &ctx))
			continue;
		STRESS_CHECK(!held[which]);
		STRESS_CHECK(ww_mutex_locking_ctx(&guarded[which].lock) == &ctx);
		held[which] = true;
		enter(which, chance);
	}
	leave_all(held);
	ww_acquire_fini(&ctx);
}

static void *play(void *number)
{
	uint64_t chance = (uintptr_t)number + 1;

	while (stress_goes_on()) {
		switch (stress_random(&chance, 4)) {
		case 0:
			lock_one(&chance);
			break;
		case 1:
			ask_for_several(&chance);
			break;
		default:
			lock_several(&chance);
		}
		operations++;
	}
	return NULL;
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < LOCKS; i++)
		ww_mutex_init(&guarded[i].lock, &class);
	stress_run_threads(THREADS, play);
	for (i = 0; i < LOCKS; i++) {
		STRESS_CHECK(!ww_mutex_is_locked(&guarded[i].lock));
		ww_mutex_destroy(&guarded[i].lock);
	}
	STRESS_CHECK(queued == told_locked + told_dead + cancelled);
	printf("core-ww_mutex: %lu operations, %lu backed off; %lu waiters, of which %lu were given "
	       "the lock, %lu died, %lu were cancelled\n",
	       operations, backed_off, queued, told_locked, told_dead, cancelled);
	return 0;
}
