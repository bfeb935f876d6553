/* SPDX-License-Identifier: MIT */
/*
 * memory.c - the memory of the code that is checked: what is allocated, the accesses, and
 * what was known to whom by then.
 *
 * For each byte that was accessed there is a cell in one hash table. It says when each thread has
 * last accessed it, by that thread's own clock. A thread knows how far the others are by what it
 * has acquired from them: if an access there is not known to it, the two race. Allocations are cut
 * off one block of memory, with room between them, and never used again in the same run.
 */
#include <string.h>

#include "checker.h"

#define ARENA_SIZE (256 * 1024)
#define GAP	   16
#define CELLS	   (1u << 17) /* a power of two */

static _Alignas(GAP) char arena[ARENA_SIZE];
static size_t arena_used;
static unsigned int blocks_alive;
static struct cell cells[CELLS];
static unsigned int cells_used;
static uint32_t run;

void memory_reset(void)
{
	run++;
	cells_used = 0;
	arena_used = 0;
	blocks_alive = 0;
}

unsigned int memory_blocks_alive(void)
{
	return blocks_alive;
}

static bool is_in_arena(uintptr_t address)
{
	return address - (uintptr_t)arena < ARENA_SIZE;
}

struct cell *memory_cell(const volatile void *pointer)
{
	uintptr_t address = (uintptr_t)pointer;
	size_t i = (address * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (CELLS - 1);

	/* What is left of earlier runs is as good as empty. */
	while (cells[i].run == run && cells[i].address != address)
		i = (i + 1) & (CELLS - 1);
	if (cells[i].run != run) {
		if (++cells_used > CELLS / 2)
			model_fail("too much memory is in use");
		cells[i] = (struct cell){
			.address = address,
			.run = run,
			.outside = is_in_arena(address),
		};
	}
	return &cells[i];
}

/* Has one of those accesses not happened before what the current thread does now? */
static bool is_unknown(const struct clock *accesses)
{
	const struct clock *known = &threads[current_thread].clock;
	int i;

	for (i = 0; i < MODEL_THREADS; i++) {
		if (i != current_thread && accesses->at[i] > known->at[i])
			return true;
	}
	return false;
}

static bool races(const struct cell *cell, enum access_kind kind)
{
	const struct clock *accesses = cell->accesses;

	if (is_unknown(&accesses[ACCESS_WRITE]))
		return true;
	switch (kind) {
	case ACCESS_READ:
		return is_unknown(&accesses[ACCESS_ATOMIC_WRITE]);
	case ACCESS_WRITE:
		return is_unknown(&accesses[ACCESS_READ]) ||
		       is_unknown(&accesses[ACCESS_ATOMIC_READ]) ||
		       is_unknown(&accesses[ACCESS_ATOMIC_WRITE]);
	case ACCESS_ATOMIC_WRITE:
		return is_unknown(&accesses[ACCESS_READ]);
	default:
		return false;
	}
}

static void access_byte(const volatile char *byte, enum access_kind kind)
{
	struct cell *cell = memory_cell(byte);

	if (cell->freed)
		model_fail("use after free");
	if (cell->outside)
		model_fail("access outside of any allocation");
	if (current_thread == NO_THREAD)
		return;
	if (races(cell, kind))
		model_fail("data race");
	cell->accesses[kind].at[current_thread] = threads[current_thread].clock.at[current_thread];
}

void memory_access(const volatile void *address, size_t size, enum access_kind kind)
{
	size_t i;

	if (is_thread_local(address))
		return;
	for (i = 0; i < size; i++)
		access_byte((const volatile char *)address + i, kind);
}

void memory_acquire(const volatile void *address)
{
	if (current_thread != NO_THREAD)
		clock_join(&threads[current_thread].clock, &memory_cell(address)->released);
}

/* A store puts what this thread knows in place of what others have released; an exchange adds it.
 */
void memory_release(const volatile void *address, bool keeps_others)
{
	struct clock *released = &memory_cell(address)->released, *clock;

	if (current_thread == NO_THREAD)
		return;
	clock = &threads[current_thread].clock;
	if (keeps_others)
		clock_join(released, clock);
	else
		*released = *clock;
	/* What comes now is not part of it. */
	clock->at[current_thread]++;
}

void memory_forget(const volatile void *address)
{
	memory_cell(address)->released = (struct clock){ 0 };
}

/* The size comes first, at a distance. */
void *model_malloc(size_t size)
{
	size_t room = (size + 2 * GAP - 1) / GAP * GAP + GAP, i;
	char *block = arena + arena_used + GAP;

	if (room > ARENA_SIZE - arena_used)
		model_fail("too much memory is allocated");
	arena_used += room;
	blocks_alive++;
	memcpy(block - GAP, &size, sizeof(size));
	memset(block, 0xa5, size);
	for (i = 0; i < size; i++)
		memory_cell(block + i)->outside = false;
	return block;
}

void *model_calloc(size_t count, size_t size)
{
	return memset(model_malloc(count * size), 0, count * size);
}

void model_free(void *pointer)
{
	char *block = pointer;
	size_t size, i;

	if (!block)
		return;
	if (!is_in_arena((uintptr_t)block) || memory_cell(block)->outside)
		model_fail("free of what was not allocated");
	memcpy(&size, block - GAP, sizeof(size));
	memory_access(block, size, ACCESS_WRITE);
	for (i = 0; i < size; i++) {
		struct cell *cell = memory_cell(block + i);

		if (cell->owner)
			model_fail("free of a mutex that is held");
		cell->freed = true;
	}
	memset(block, 0x5a, size);
	blocks_alive--;
}
