/* SPDX-License-Identifier: MIT */
/*
 * report.h - the answers: one line each, collected group by group, judged or printed.
 *
 * A group runs in a process of its own, which says its answers through answer(); what it leaves
 * open is gone with it, and one that does not end is ended.
 */
#ifndef CONFORMANCE_REPORT_H
#define CONFORMANCE_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/* What the device has to offer for a group to be run. */
enum needs {
	NEEDS_SYNCOBJ = 1u << 0,
	NEEDS_PENDING = 1u << 1, /* a fence that is signaled when we say so */
	NEEDS_BUFFER = 1u << 2,
	NEEDS_SW_SYNC = 1u << 3,
	NEEDS_SYNC_FILE = 1u << 4, /* however it is made */
};

struct group {
	const char *key;   /* the answers' names begin with it */
	const char *title; /* what the group shows, as a sentence */
	unsigned int needs;
	void (*run)(void);
};

/* One line that some implementation is known for. */
struct recorded {
	const char *name;
	const char *answer;
};
extern const struct recorded linux_answers[]; /* measured on Linux; ends with NULL */
extern const struct recorded may_differ[];    /* an implementation's own choice, and why */

/* Says one answer of the group that runs. The name is unique within it. */
void answer(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * How many milliseconds "soon" is: a call that takes less than most of it has not waited. A group
 * whose answers are not those of Linux is asked again with more: on a busy machine they may be late.
 */
extern int soon_ms;

/* The reason why a group could not continue; it has no further answers. */
_Noreturn void give_up(const char *what);

/* What a call has returned, with errno; as text that stays valid for some more calls. */
const char *returned(long result);
const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the plan, runs all groups that the device offers something for, and prints TAP. */
int report_tests(const struct group *groups, size_t count, unsigned int offered);
/* Prints the answers alone. */
int report_answers(const struct group *groups, size_t count, unsigned int offered);

#endif /* CONFORMANCE_REPORT_H */
