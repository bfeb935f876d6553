/* SPDX-License-Identifier: MIT */
/*
 * search.c - runs a scenario in every way that can make a difference: depth first, each time from
 * the beginning, with the decisions of the last time up to the one that is changed.
 *
 * Dynamic partial-order reduction (C. Flanagan and P. Godefroid, 2005): at first one thread is
 * tried at each place. Wherever it shows that an operation could also have come before an earlier
 * one of another thread that it depends on, and nothing else has ordered the two, the thread that
 * leads there is to be tried in that place as well. Sleep sets (P. Godefroid): what was tried in a
 * place need not be tried further down, until something has happened that it depends on.
 */
#include <string.h>

#include "checker.h"

/* The search gives up, and the scenario has failed: it has to be made smaller. */
#define MAX_INTERLEAVINGS 3000000ul

/* A set of threads. */
typedef unsigned int threads_t;
#define ONE(thread) (1u << (thread))

/* A place where one of several threads can run: one in the run at hand, by its depth. */
struct place {
	threads_t enabled;
	threads_t wanted; /* to be tried, or tried */
	threads_t tried;  /* before the one that is being tried */
	threads_t asleep; /* no need to */
	struct operation next[MODEL_THREADS];
	int thread;	    /* that is being tried */
	struct clock known; /* how much of each thread its step depends on, with itself */
};

static struct place places[MAX_STEPS];
static unsigned int place_count; /* with a decision */

/* How much of each thread the steps of each depend on. */
static struct clock known[MODEL_THREADS];

static threads_t enabled_threads(void)
{
	threads_t enabled = 0;
	int i;

	for (i = 0; i < MODEL_THREADS; i++) {
		if (thread_is_enabled(&threads[i]))
			enabled |= ONE(i);
	}
	return enabled;
}

static threads_t running_threads(void)
{
	threads_t running = 0;
	int i;

	for (i = 0; i < MODEL_THREADS; i++) {
		if (!threads[i].finished)
			running |= ONE(i);
	}
	return running;
}

static void begin(const struct model_scenario *scenario)
{
	int i;

	finding[0] = '\0';
	memory_reset();
	memset(threads, 0, sizeof(threads));
	memset(known, 0, sizeof(known));
	fiber_run_alone(scenario->setup);
	for (i = 0; i < MODEL_THREADS; i++) {
		threads[i].clock.at[i] = 1;
		threads[i].finished = true;
	}
	for (i = 0; i < MODEL_THREADS && scenario->threads[i] && !finding[0]; i++) {
		threads[i].finished = false;
		fiber_start(i, scenario->threads[i]);
	}
}

static void end(const struct model_scenario *scenario)
{
	if (scenario->finish)
		fiber_run_alone(scenario->finish);
	if (!finding[0] && memory_blocks_alive())
		set_finding("%u allocations were not freed", memory_blocks_alive());
}

/* ---- the reduction ---- */

/* Has the step at depth happened before the next of this thread, for all decisions? */
static bool precedes(unsigned int depth, int thread)
{
	return known[thread].at[places[depth].thread] > depth;
}

static bool can_be_swapped(unsigned int depth, int thread)
{
	const struct place *place = &places[depth];
	const struct operation *step = &place->next[place->thread], *next = &threads[thread].next;

	return place->thread != thread && operation_depends(step, next) &&
	       operation_competes(step, next) && !precedes(depth, thread);
}

/* The threads that, tried at depth, let thread's next operation come first. */
static void want_to_swap(unsigned int depth, int thread)
{
	struct place *place = &places[depth];
	threads_t leading = ONE(thread);
	unsigned int i;

	for (i = depth + 1; i < place_count; i++) {
		if (precedes(i, thread))
			leading |= ONE(places[i].thread);
	}
	leading &= place->enabled;
	if (leading & place->wanted)
		return;
	if (leading & ONE(thread))
		place->wanted |= ONE(thread);
	else if (leading)
		place->wanted |= leading & -leading;
	else
		place->wanted |= place->enabled;
}

/* What the last step has brought: other operations may be next, or there is a step to swap with. */
static void look_for_swaps(void)
{
	unsigned int last = place_count - 1, depth;
	int i;

	for (i = 0; i < MODEL_THREADS; i++) {
		if (threads[i].finished)
			continue;
		/* The next operation of the others was looked at before. */
		depth = i == places[last].thread ? 0 : last;
		for (unsigned int at = place_count; at-- > depth;) {
			if (can_be_swapped(at, i)) {
				want_to_swap(at, i);
				break;
			}
		}
	}
}

/* Thread's step is the last: it depends on what each step depends on that it depends on. */
static void learn(int thread)
{
	struct place *last = &places[place_count - 1];
	const struct operation *operation = &last->next[thread];
	unsigned int i;

	for (i = 0; i < place_count - 1; i++) {
		if (operation_depends(&places[i].next[places[i].thread], operation))
			clock_join(&known[thread], &places[i].known);
	}
	known[thread].at[thread] = (uint16_t)place_count;
	last->known = known[thread];
}

static threads_t asleep_after(const struct place *place)
{
	threads_t candidates = (place->asleep | place->tried) & ~ONE(place->thread), asleep = 0;
	int i;

	for (i = 0; i < MODEL_THREADS; i++) {
		if ((candidates & ONE(i)) &&
		    !operation_depends(&place->next[i], &place->next[place->thread]))
			asleep |= ONE(i);
	}
	return asleep;
}

/* ---- the reduction checked: how many of all interleavings differ in what depends on what ---- */

#define MAX_DIFFERENT (1u << 20) /* a power of two */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* Whatever the order of steps that do not depend on each other. */
static uint64_t hash_of_run(void)
{
	uint64_t sum = 0;
	unsigned int i, j;

	for (i = 0; i < place_count; i++) {
		uint64_t step = mix(1, (uint64_t)places[i].thread);

		for (j = 0; j < MODEL_THREADS; j++) {
			unsigned int at, steps = 0;

			/* By the thread's own count, not by depth. */
			for (at = 0; at < places[i].known.at[j]; at++)
				steps += places[at].thread == (int)j;
			step = mix(step, steps);
		}
		sum += step;
	}
	return sum | 1;
}

static void count_if_different(struct search *search)
{
	static uint64_t seen[MAX_DIFFERENT];
	uint64_t hash = hash_of_run();
	size_t i = hash >> 32 & (MAX_DIFFERENT - 1);

	if (!search->different)
		memset(seen, 0, sizeof(seen));
	while (seen[i] && seen[i] != hash)
		i = (i + 1) & (MAX_DIFFERENT - 1);
	if (seen[i] || search->different == MAX_DIFFERENT / 2)
		return;
	seen[i] = hash;
	search->different++;
}

/* ---- one run ---- */

/* The same as before if it may, so that there are few changes of threads; -1: none. */
static int choose(threads_t possible)
{
	int before = place_count ? places[place_count - 1].thread : 0;

	if (possible & ONE(before))
		return before;
	return possible ? __builtin_ctz(possible) : -1;
}

/* A place that was not there in the last run. false: all that could happen is asleep. */
static bool open_place(const struct search *search, threads_t enabled)
{
	struct place *place = &places[place_count];
	int i;

	place->asleep = place_count && !search->all ? asleep_after(&places[place_count - 1]) : 0;
	place->thread = choose(enabled & ~place->asleep);
	if (place->thread < 0)
		return false;
	place->enabled = enabled;
	place->wanted = search->all ? enabled : ONE(place->thread);
	place->tried = 0;
	for (i = 0; i < MODEL_THREADS; i++)
		place->next[i] = threads[i].next;
	return true;
}

static void make_step(struct search *search)
{
	struct place *place = &places[place_count++];

	search->steps[search->step_count++] = (struct step){
		.thread = place->thread,
		.operation = place->next[place->thread],
	};
	learn(place->thread);
	fiber_step(place->thread);
}

/* Can it run? */
static bool has_ended(unsigned int step_count, threads_t enabled)
{
	if (finding[0] || !running_threads())
		return true;
	if (!enabled)
		set_finding("deadlock: all threads that have not ended sleep");
	else if (step_count == MAX_STEPS)
		set_finding("no end after %u steps", MAX_STEPS);
	return finding[0];
}

/* decided: how many places have their decision already. */
static void run(struct search *search, unsigned int decided)
{
	threads_t enabled;

	search->step_count = 0;
	place_count = 0;
	begin(search->scenario);
	for (;;) {
		if (place_count >= decided && place_count && !search->all && !finding[0])
			look_for_swaps();
		enabled = finding[0] ? 0 : enabled_threads();
		if (has_ended(place_count, enabled))
			break;
		if (place_count >= decided && !open_place(search, enabled)) {
			search->cut++;
			return;
		}
		make_step(search);
	}
	search->interleavings++;
	if (search->all)
		count_if_different(search);
	if (!finding[0])
		end(search->scenario);
}

/* Changes the last decision that there is another one for. Returns how many there are then. */
static unsigned int change_decision(void)
{
	while (place_count) {
		struct place *place = &places[place_count - 1];
		threads_t left;

		place->tried |= ONE(place->thread);
		left = place->wanted & ~place->tried & ~place->asleep;
		if (left) {
			place->thread = __builtin_ctz(left);
			return place_count;
		}
		place_count--;
	}
	return 0;
}

bool search_run(struct search *search)
{
	unsigned int decided = 0;

	search->interleavings = 0;
	search->cut = 0;
	search->different = 0;
	do {
		run(search, decided);
		if (finding[0])
			return true;
		decided = change_decision();
	} while (decided && search->interleavings + search->cut < MAX_INTERLEAVINGS);
	return !decided;
}

void search_replay(struct search *search, const char *schedule)
{
	threads_t enabled;

	search->step_count = 0;
	place_count = 0;
	begin(search->scenario);
	while (!has_ended(place_count, enabled = finding[0] ? 0 : enabled_threads())) {
		open_place(search, enabled);
		if (*schedule) {
			places[place_count].thread = *schedule++ - '0';
			if (!(enabled & ONE(places[place_count].thread))) {
				set_finding("the schedule names a thread that cannot go on");
				return;
			}
		}
		make_step(search);
	}
	if (!finding[0])
		end(search->scenario);
}
