/* SPDX-License-Identifier: MIT */
/*
 * ww_mutex-scenarios.c - wait/die locks: several contexts that take several locks in any order, and
 * the asynchronous half. Contexts are made in setup, the oldest first: their number is their age.
 */
#include "model.h"
#include "ww_mutex.h"

#define LOCKS	 3
#define CONTEXTS 3
#define NOBODY	 -1

static DEFINE_WD_CLASS(class);
static struct ww_mutex *locks[LOCKS];
static struct ww_acquire_ctx contexts[CONTEXTS];
/* Whose number is in there has the lock to itself; plain, so that the lock has to order it. */
static int users[LOCKS];

struct asker {
	struct ww_waiter waiter;
	int calls;
	int result;
	_Atomic uint32_t told;
};

static struct asker askers[MODEL_THREADS];
static int results[MODEL_THREADS];
static bool cancelled;

static void setup(void)
{
	int i;

	for (i = 0; i < LOCKS; i++) {
		locks[i] = malloc(sizeof(*locks[i]));
		ww_mutex_init(locks[i], &class);
		users[i] = NOBODY;
	}
	for (i = 0; i < CONTEXTS; i++)
		ww_acquire_init(&contexts[i], &class);
	for (i = 0; i < MODEL_THREADS; i++) {
		askers[i] = (struct asker){ 0 };
		results[i] = 1;
	}
	cancelled = false;
}

static void finish(void)
{
	int i;

	for (i = 0; i < CONTEXTS; i++)
		ww_acquire_fini(&contexts[i]);
	for (i = 0; i < LOCKS; i++) {
		ww_mutex_destroy(locks[i]);
		free(locks[i]);
	}
}

static void begin_use(int lock, int who)
{
	MODEL_CHECK(users[lock] == NOBODY);
	users[lock] = who;
}

static void end_use(int lock, int who)
{
	MODEL_CHECK(users[lock] == who);
	users[lock] = NOBODY;
	ww_mutex_unlock(locks[lock]);
}

static void lock_alone(int lock, int who)
{
	MODEL_CHECK(!ww_mutex_lock(locks[lock], who == NOBODY ? NULL : &contexts[who]));
	users[lock] = who;
}

/* ---- all of some locks, backing off ---- */

static void give_back(const int *wanted, const bool *held, int count, int who)
{
	int i;

	for (i = 0; i < count; i++) {
		if (held[i])
			end_use(wanted[i], who);
	}
}

/* One try, with the contended one first if there is one. Returns which is contended, or NOBODY. */
static int try_all(const int *wanted, int count, int who, int contended)
{
	bool held[LOCKS] = { false };
	int i;

	if (contended != NOBODY) {
		ww_mutex_lock_slow(locks[wanted[contended]], &contexts[who]);
		begin_use(wanted[contended], who);
		held[contended] = true;
	}
	for (i = 0; i < count; i++) {
		int error;

		if (i == contended)
			continue;
		error = ww_mutex_lock(locks[wanted[i]], &contexts[who]);
		if (error) {
			MODEL_CHECK(error == -EDEADLK);
			/* The oldest never has to. */
			MODEL_CHECK(who != 0);
			give_back(wanted, held, count, who);
			return i;
		}
		begin_use(wanted[i], who);
		held[i] = true;
	}
	give_back(wanted, held, count, who);
	return NOBODY;
}

static void use_all(const int *wanted, int count, int who)
{
	int contended = NOBODY;

	do {
		contended = try_all(wanted, count, who, contended);
	} while (contended != NOBODY);
}

#define USE(name, who, ...)                                                      \
	static void name(void)                                                   \
	{                                                                        \
		static const int wanted[] = { __VA_ARGS__ };                     \
                                                                                 \
		use_all(wanted, (int)(sizeof(wanted) / sizeof(wanted[0])), who); \
	}

USE(oldest_uses_0, 0, 0)
USE(oldest_uses_0_1, 0, 0, 1)
USE(oldest_uses_1_0, 0, 1, 0)
USE(middle_uses_0_1, 1, 0, 1)
USE(middle_uses_1_0, 1, 1, 0)
USE(middle_uses_1_2, 1, 1, 2)
USE(youngest_uses_0, 2, 0)
USE(youngest_uses_2_0, 2, 2, 0)
USE(youngest_uses_1, 2, 1)

/* ---- without context, and with others ---- */

static void use_without_context(void)
{
	MODEL_CHECK(!ww_mutex_lock(locks[0], NULL));
	begin_use(0, CONTEXTS);
	end_use(0, CONTEXTS);
}

static void try_without_context(void)
{
	if (!ww_mutex_trylock(locks[0], NULL))
		return;
	begin_use(0, CONTEXTS);
	end_use(0, CONTEXTS);
}

static void oldest_locks_twice(void)
{
	MODEL_CHECK(!ww_mutex_lock(locks[0], &contexts[0]));
	begin_use(0, 0);
	MODEL_CHECK(ww_mutex_lock(locks[0], &contexts[0]) == -EALREADY);
	MODEL_CHECK(!ww_mutex_trylock(locks[0], &contexts[0]));
	end_use(0, 0);
}

static void middle_uses_interruptibly(void)
{
	int error;

	model_may_wake(EINTR);
	error = ww_mutex_lock_interruptible(locks[0], &contexts[1]);
	MODEL_CHECK(!error || error == -ERESTARTSYS);
	if (error)
		return;
	begin_use(0, 1);
	end_use(0, 1);
}

/* Is woken for nothing, and sleeps again. */
static void middle_uses_though_interrupted(void)
{
	model_may_wake(EINTR);
	MODEL_CHECK(!ww_mutex_lock(locks[0], &contexts[1]));
	begin_use(0, 1);
	end_use(0, 1);
}

static void setup_held(void)
{
	setup();
	lock_alone(0, NOBODY);
	users[0] = CONTEXTS;
}

static void give_back_held(void)
{
	end_use(0, CONTEXTS);
}

/* The last holder destroys it, while the one before may still be about to leave. */
static void middle_destroys(void)
{
	MODEL_CHECK(!ww_mutex_lock(locks[0], &contexts[1]));
	begin_use(0, 1);
	end_use(0, 1);
	ww_mutex_destroy(locks[0]);
	free(locks[0]);
	locks[0] = NULL;
}

static void finish_without_first(void)
{
	MODEL_CHECK(!locks[0]);
	locks[0] = malloc(sizeof(*locks[0]));
	ww_mutex_init(locks[0], &class);
	finish();
}

/* ---- the asynchronous half ---- */

static void tell(struct ww_waiter *waiter, int result)
{
	struct asker *asker = (struct asker *)waiter;

	asker->calls++;
	asker->result = result;
	asker->told = 1;
}

static int ask(struct asker *asker, int lock, int who)
{
	return ww_mutex_lock_async(locks[lock], who == NOBODY ? NULL : &contexts[who],
				   &asker->waiter, tell, false);
}

/* The result of one that was asked for, whenever it comes. */
static int answer(struct asker *asker, int ret)
{
	if (ret != -EINPROGRESS) {
		MODEL_CHECK(!asker->calls);
		return ret;
	}
	model_await(&asker->told);
	MODEL_CHECK(asker->calls == 1);
	return asker->result;
}

static void ask_and_cancel(void)
{
	int ret = ask(&askers[1], 0, 1);

	if (ret == -EINPROGRESS && ww_mutex_lock_cancel(&askers[1].waiter)) {
		MODEL_CHECK(!askers[1].calls);
		cancelled = true;
		return;
	}
	MODEL_CHECK(!answer(&askers[1], ret));
	begin_use(0, 1);
	end_use(0, 1);
}

static void expect_told_unless_cancelled(void)
{
	MODEL_CHECK(askers[1].calls <= !cancelled);
	MODEL_CHECK(!ww_mutex_is_locked(locks[0]));
	finish();
}

/*
 * The middle one holds 0 and waits for 1, which the youngest holds. In this state the oldest comes
 * to 1, the youngest gives it back, and the middle one changes its mind.
 */
static void setup_middle_queued(void)
{
	setup();
	lock_alone(0, 1);
	lock_alone(1, 2);
	MODEL_CHECK(ask(&askers[1], 1, 1) == -EINPROGRESS);
}

static void youngest_gives_back(void)
{
	end_use(1, 2);
}

static void middle_gets_its_answer(void)
{
	results[1] = answer(&askers[1], -EINPROGRESS);
	if (!results[1]) {
		begin_use(1, 1);
		end_use(1, 1);
	} else {
		MODEL_CHECK(results[1] == -EDEADLK);
	}
	end_use(0, 1);
}

static void middle_cancels(void)
{
	if (ww_mutex_lock_cancel(&askers[1].waiter)) {
		MODEL_CHECK(!askers[1].calls);
		cancelled = true;
		end_use(0, 1);
	} else {
		middle_gets_its_answer();
	}
}

static void expect_one_answer(void)
{
	MODEL_CHECK(askers[1].calls == !cancelled);
	finish();
}

/* Two without context, asked one after the other. */
static void setup_two_queued(void)
{
	setup_held();
	MODEL_CHECK(ask(&askers[1], 0, NOBODY) == -EINPROGRESS);
	MODEL_CHECK(ask(&askers[2], 0, NOBODY) == -EINPROGRESS);
}

static void first_gets_its_answer(void)
{
	MODEL_CHECK(!answer(&askers[1], -EINPROGRESS));
	MODEL_CHECK(!askers[2].told);
	begin_use(0, 1);
	end_use(0, 1);
}

static void second_gets_its_answer(void)
{
	MODEL_CHECK(!answer(&askers[2], -EINPROGRESS));
	MODEL_CHECK(askers[1].calls == 1);
	begin_use(0, 2);
	end_use(0, 2);
}

/* The oldest queues last, and is first. */
static void setup_queued_by_age(void)
{
	setup_held();
	MODEL_CHECK(ask(&askers[1], 0, 2) == -EINPROGRESS);
	MODEL_CHECK(ask(&askers[2], 0, 1) == -EINPROGRESS);
}

static void older_gets_its_answer(void)
{
	MODEL_CHECK(!answer(&askers[2], -EINPROGRESS));
	MODEL_CHECK(!askers[1].told);
	begin_use(0, 2);
	end_use(0, 2);
}

static void younger_gets_its_answer(void)
{
	MODEL_CHECK(!answer(&askers[1], -EINPROGRESS));
	MODEL_CHECK(askers[2].calls == 1);
	begin_use(0, 1);
	end_use(0, 1);
}

const struct model_scenario ww_mutex_scenarios[] = {
	{
		.name = "ww-opposite",
		.rule = "two that lock in opposite orders both get through, the older at once",
		.setup = setup,
		.threads = { oldest_uses_0_1, middle_uses_1_0 },
		.finish = finish,
	},
	{
		.name = "ww-opposite-reversed",
		.rule = "whichever order is the older one's",
		.setup = setup,
		.threads = { oldest_uses_1_0, middle_uses_0_1 },
		.finish = finish,
	},
	{
		.name = "ww-ring",
		.rule = "three that lock in a ring all get through",
		.setup = setup,
		.threads = { oldest_uses_0_1, middle_uses_1_2, youngest_uses_2_0 },
		.finish = finish,
	},
	{
		.name = "ww-without-context",
		.rule = "without contexts it is a mutex, for who tries too",
		.setup = setup,
		.threads = { use_without_context, use_without_context, try_without_context },
		.finish = finish,
	},
	{
		.name = "ww-already",
		.rule = "a context that locks twice is told, whoever waits meanwhile",
		.setup = setup,
		.threads = { oldest_locks_twice, middle_uses_0_1 },
		.finish = finish,
	},
	{
		.name = "ww-interrupted",
		.rule = "a wait that is interrupted has the lock or not, as it says",
		.setup = setup_held,
		.threads = { give_back_held, middle_uses_interruptibly, use_without_context },
		.finish = finish,
	},
	{
		.name = "ww-not-interruptible",
		.rule = "one that is not interruptible goes on sleeping",
		.setup = setup_held,
		.threads = { give_back_held, middle_uses_though_interrupted },
		.finish = finish,
	},
	{
		.name = "ww-destroy",
		.rule = "who is given the lock last can free it",
		.setup = setup_held,
		.threads = { give_back_held, middle_destroys },
		.finish = finish_without_first,
	},
	{
		.name = "ww-cancel",
		.rule = "a waiter is given the lock, or cancelled, and not both",
		.setup = setup_held,
		.threads = { give_back_held, ask_and_cancel, use_without_context },
		.finish = expect_told_unless_cancelled,
	},
	{
		.name = "ww-die-or-get",
		.rule = "a waiter that has to die is told so, or is given the lock, and not both",
		.setup = setup_middle_queued,
		.threads = { oldest_uses_1_0, youngest_gives_back, middle_gets_its_answer },
		.finish = expect_one_answer,
	},
	{
		.name = "ww-die-or-cancel",
		.rule = "and neither if it is cancelled in time",
		.setup = setup_middle_queued,
		.threads = { oldest_uses_1_0, youngest_gives_back, middle_cancels },
		.finish = expect_one_answer,
	},
	{
		.name = "ww-fifo",
		.rule = "who has no context is served in the order of asking, and nobody overtakes",
		.setup = setup_two_queued,
		.threads = { give_back_held, first_gets_its_answer, second_gets_its_answer,
			     try_without_context },
		.finish = finish,
	},
	{
		.name = "ww-by-age",
		.rule = "contexts are served by age",
		.setup = setup_queued_by_age,
		.threads = { give_back_held, older_gets_its_answer, younger_gets_its_answer,
			     oldest_uses_0 },
		.finish = finish,
	},
	{
		.name = "ww-three-two",
		.rule = "three get through on two locks",
		.setup = setup,
		.threads = { oldest_uses_1_0, middle_uses_0_1, youngest_uses_0 },
		.finish = finish,
	},
	{
		.name = "ww-mixed",
		.rule = "two get through beside one without context",
		.setup = setup,
		.threads = { oldest_uses_0_1, middle_uses_1_0, use_without_context },
		.finish = finish,
	},
	{
		.name = "ww-queued-younger",
		.rule = "one that waits and holds makes way for an older one that comes to the queue",
		.setup = setup,
		.threads = { oldest_uses_1_0, middle_uses_0_1, youngest_uses_1 },
		.finish = finish,
	},
	{ .name = NULL },
};
