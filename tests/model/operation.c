/* SPDX-License-Identifier: MIT */
/*
 * operation.c - which operations of different threads matter to each other. To say that two do
 * where they do not costs time; the other way round interleavings would be missed.
 */
#include "checker.h"

/* What of the thing at its address an operation uses. */
enum {
	USES_VALUE = 1,
	CHANGES_VALUE = 2,
	USES_MUTEX = 4,
	USES_SLEEPERS = 8,
};

static const struct {
	const char *name;
	unsigned int uses;
} kinds[] = {
	[OPERATION_READ] = { "reads", USES_VALUE },
	[OPERATION_WRITE] = { "writes", USES_VALUE | CHANGES_VALUE },
	[OPERATION_AWAIT] = { "awaits", USES_VALUE },
	[OPERATION_LOCK] = { "locks", USES_MUTEX },
	[OPERATION_TRYLOCK] = { "tries to lock", USES_MUTEX },
	[OPERATION_UNLOCK] = { "unlocks", USES_MUTEX },
	[OPERATION_SLEEP] = { "sleeps on", USES_VALUE | USES_SLEEPERS },
	[OPERATION_WAKE_UP] = { "wakes up from", USES_SLEEPERS },
	[OPERATION_WAKE] = { "wakes who sleeps on", USES_SLEEPERS },
};

const char *operation_name(enum operation_kind kind)
{
	return kinds[kind].name;
}

/*
 * Atomic variables are accessed whole, so the same address means the same one; memory.c would find
 * an access of another size racing.
 */
bool operation_depends(const struct operation *one, const struct operation *other)
{
	const unsigned int uses = kinds[one->kind].uses, others = kinds[other->kind].uses;

	if (one->address != other->address)
		return false;
	if (uses & others & (USES_MUTEX | USES_SLEEPERS))
		return true;
	return (uses & others & USES_VALUE) && ((uses | others) & CHANGES_VALUE);
}

/* A mutex that can be unlocked cannot be locked, except in vain. */
bool operation_competes(const struct operation *one, const struct operation *other)
{
	if (one->kind == OPERATION_UNLOCK)
		return other->kind == OPERATION_TRYLOCK;
	if (other->kind == OPERATION_UNLOCK)
		return one->kind == OPERATION_TRYLOCK;
	return true;
}
