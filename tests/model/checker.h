/* SPDX-License-Identifier: MIT */
/* checker.h - what the parts of the checker share among themselves. model.h tells how it works. */
#ifndef MODEL_CHECKER_H
#define MODEL_CHECKER_H

#include "model.h"

/* The thread that runs setup and finish, alone. */
#define NO_THREAD -1

/* How many steps one interleaving may have, before it is said not to end. */
#define MAX_STEPS 500

/* For each thread how much of it has happened before. */
struct clock {
	uint16_t at[MODEL_THREADS];
};

static inline void clock_join(struct clock *clock, const struct clock *other)
{
	unsigned int i;

	for (i = 0; i < MODEL_THREADS; i++) {
		if (clock->at[i] < other->at[i])
			clock->at[i] = other->at[i];
	}
}

/* ---- operation.c: what a thread does next, and whether it matters to another ---- */

enum operation_kind {
	OPERATION_READ,
	OPERATION_WRITE, /* and read at once, and compare-exchange even when it fails */
	OPERATION_AWAIT,
	OPERATION_LOCK,
	OPERATION_TRYLOCK,
	OPERATION_UNLOCK,
	OPERATION_SLEEP,   /* a futex wait: look at the word, and begin to sleep */
	OPERATION_WAKE_UP, /* and its end */
	OPERATION_WAKE,
};

struct operation {
	enum operation_kind kind;
	const volatile void *address;
	const void *caller; /* in the code that is checked */
};

const char *operation_name(enum operation_kind kind);
/* Does it make a difference which of the two, of different threads, comes first? */
bool operation_depends(const struct operation *one, const struct operation *other);
/* Can both be possible at the same time? */
bool operation_competes(const struct operation *one, const struct operation *other);

/* ---- fiber.c: threads ---- */

struct thread {
	struct operation next; /* what it has stopped before */
	bool finished;
	struct clock clock; /* by release and acquire; memory.c */
	/* A futex wait; hooks.c. */
	const volatile void *sleeps_on; /* NULL: does not */
	bool woken;
	bool times_out;
	bool may_wake; /* model_may_wake(), with this error */
	int early_error;
};

extern struct thread threads[MODEL_THREADS];
/* Which of them runs, or NO_THREAD. */
extern int current_thread;

void fibers_init(void);
/* Brings thread number to its first operation. */
void fiber_start(int number, void (*function)(void));
/* Lets it execute the operation at which it stopped, and run to the next one, or its end. */
void fiber_step(int number);
/* Called by a thread: stops it before that. */
void fiber_stop(void);
/* Is it one of the running thread's _Thread_local variables? */
bool is_thread_local(const volatile void *address);
/* Runs function alone, as no thread. */
void fiber_run_alone(void (*function)(void));
/*
 * The finding that has ended the last fiber_start(), fiber_step() or fiber_run_alone(), or that the
 * search has set; "": none.
 */
extern char finding[400];
/* Whose it is. */
extern int finding_thread;
void set_finding(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- memory.c: the accesses, and what is alive ---- */

enum access_kind {
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_ATOMIC_READ,
	ACCESS_ATOMIC_WRITE,
	ACCESS_KINDS,
};

/* A byte's, or that of the object that begins there. */
struct cell {
	uintptr_t address;
	uint32_t run; /* of which it tells */
	bool outside; /* in our memory, but not in any live allocation */
	bool freed;
	bool destroyed; /* a mutex */
	int8_t owner;	/* a mutex: its holder, from 1 up; 0: none */
	struct clock accesses[ACCESS_KINDS];
	struct clock released; /* what an acquire learns here */
};

void memory_reset(void);
struct cell *memory_cell(const volatile void *address);
/* Finds accesses to what is not alive, and those that race. */
void memory_access(const volatile void *address, size_t size, enum access_kind kind);
/* The current thread learns what was released there, and releases what it knows. */
void memory_acquire(const volatile void *address);
void memory_release(const volatile void *address, bool keeps_others);
/* A relaxed store: it orders nothing. */
void memory_forget(const volatile void *address);
unsigned int memory_blocks_alive(void);

/* ---- hooks.c ---- */

/* Of the last access to memory: in the code that is checked. */
extern const void *latest_caller;

/* Can this thread run? */
bool thread_is_enabled(const struct thread *thread);

/* ---- search.c ---- */

struct step {
	int thread;
	struct operation operation;
};

struct search {
	const struct model_scenario *scenario;
	bool all;		     /* without reduction */
	unsigned long interleavings; /* that came to their end */
	unsigned long cut;	     /* that turned out to be done already */
	unsigned long different;     /* where all are run: that matter */
	unsigned int step_count;     /* of the last one */
	struct step steps[MAX_STEPS];
};

/* Every interleaving until there is a finding. false: too many. */
bool search_run(struct search *search);
/* One: by schedule, a digit each step; where that ends, each thread runs as long as it can. */
void search_replay(struct search *search, const char *schedule);

#endif /* MODEL_CHECKER_H */
