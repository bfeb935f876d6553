/* SPDX-License-Identifier: MIT */
/*
 * model.h - a checker that runs the real code of lib/core under every interleaving of a few small
 * threads. This is what a scenario sees of it.
 *
 * How it works. The files of lib/core are compiled a second time, unchanged, together with the
 * scenarios: with -fsanitize=thread, so that the compiler calls a hook at each access to memory,
 * but with our hooks (hooks.c) instead of the sanitizer's library; and with instrument.h, which has
 * them call ours for mutexes, futexes, memory and the clock. Each thread of a scenario is a fiber
 * (fiber.c) of one OS thread, with a _Thread_local memory of its own. A fiber stops before each
 * operation that others can see: an atomic access, a mutex, a futex. The search (search.c) decides
 * which thread runs, runs to the end, begins again and decides otherwise, until nothing is left to
 * decide.
 *
 * It leaves out what makes no difference: operations on different memory, or two that only read,
 * are not tried in both orders (dynamic partial-order reduction with sleep sets). There is no other
 * bound: a scenario passes only when the search has come to its end.
 *
 * What it finds: a check that does not hold; a deadlock, which is what a lost wake-up ends in; use
 * of memory that was freed; memory that is not freed; a mutex unlocked by a thread that does not
 * hold it, or freed while it is held; threads that do not come to an end; a data race, which is an
 * access that no release and acquire (as the code states them), and no mutex, has ordered behind
 * another one. Since there is none, to stop at the atomic accesses alone is enough.
 *
 * What it does not: it is all one total order of atomic accesses (sequential consistency). Whether
 * a memory order is too weak is seen where it makes a data race of a plain access (a relaxed store
 * ends a release sequence, as in C++20, where C11 lets the same thread's carry on). That two
 * threads each store to one atomic variable, then read the other's and both miss it, is left to the
 * stress programs under ThreadSanitizer, and to the reader. A wait may time out, or be interrupted
 * or woken for nothing, at any moment; a compare-exchange that fails for nothing is not tried.
 * Memory is not reused within one run.
 *
 * To use it: "tests/model/model" runs every scenario, "model --list" names them, "model NAME..."
 * runs those. A finding is reported with its schedule, a digit for each step that says which thread
 * made it, and with the steps, each with its place in the source; "model --schedule=DIGITS NAME"
 * shows them again, or those of any other schedule. "--all" runs all interleavings, and checks the
 * reduction by them (reduction-test); "--stop" ends with the first finding, for mutation-test,
 * which breaks the core in many ways to see that it is found.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_THREADS 4

/*
 * Everything that a scenario uses is made in setup and gone again after finish: both run alone, and
 * again for each interleaving.
 */
struct model_scenario {
	const char *name;
	const char *rule; /* what it holds up: a sentence */
	void (*setup)(void);
	void (*threads[MODEL_THREADS])(void);
	void (*finish)(void); /* may be NULL */
	const char *planted;  /* not NULL: the finding that there must be */
	unsigned long count;  /* not 0: how many interleavings it has */
};

/* Each ends with one without name. */
extern const struct model_scenario planted_scenarios[];
extern const struct model_scenario callback_scenarios[];
extern const struct model_scenario lifetime_scenarios[];
extern const struct model_scenario wait_scenarios[];
extern const struct model_scenario slot_scenarios[];
extern const struct model_scenario seqno_scenarios[];
extern const struct model_scenario ww_mutex_scenarios[];

/* Where condition is false there is a finding. */
#define MODEL_CHECK(condition)                                              \
	do {                                                                \
		if (!(condition))                                           \
			model_check_failed(__FILE__, __LINE__, #condition); \
	} while (0)
void model_check_failed(const char *file, int line, const char *condition)
	__attribute__((noreturn));
/* Ends this interleaving with a finding. */
void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Sleeps until *word is not 0. */
void model_await(const _Atomic uint32_t *word);
/* This thread's next futex wait may, or may not, end at any moment with this errno; 0: for nothing.
 */
void model_may_wake(int error);

/* What instrument.h puts in place of the C library's. */
void *model_malloc(size_t size);
void *model_calloc(size_t count, size_t size);
void model_free(void *pointer);

#endif /* MODEL_H */
