/* SPDX-License-Identifier: MIT */
/*
 * syncobj_wait.c - groups: SYNCOBJ_WAIT without interruptions.
 *
 * The syncobjs of a row are letters: S is signaled, U has no fence, P has one that is pending,
 * X is no handle, 0 is the handle 0.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "bed.h"
#include "drm.h"
#include "exchange.h"
#include "groups.h"
#include "report.h"
#include "syncobj.h"

#define ADDRESS(of)  ((uint64_t)(uintptr_t)(of))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_HANDLES  4

struct row {
	const char *name;
	const char *syncobjs;
	int64_t deadline;
	uint32_t flags;
	uint32_t pad;
	uint64_t hint_ns; /* sent where it is not 0, or the flag is set */
};

struct actors {
	int fd;
	uint32_t signaled, unsubmitted, pending;
};

static uint32_t handle_of(const struct actors *actors, char letter)
{
	switch (letter) {
	case 'S':
		return actors->signaled;
	case 'U':
		return actors->unsubmitted;
	case 'P':
		return actors->pending;
	case '0':
		return 0;
	default:
		return NO_HANDLE;
	}
}

static void wait_row(const struct actors *actors, const struct row *row)
{
	uint32_t handles[MAX_HANDLES];
	struct syncobj_wait wait = {
		.handles = ADDRESS(handles),
		.timeout_ns = deadline_of(row->deadline),
		.count = (uint32_t)strlen(row->syncobjs),
		.flags = row->flags,
		.pad = row->pad,
		.first_signaled = UNTOUCHED,
		.deadline_ns = row->hint_ns,
	};
	int64_t began = now_ns();

	for (uint32_t i = 0; i < wait.count; i++)
		handles[i] = handle_of(actors, row->syncobjs[i]);
	exchange(row->name, actors->fd, row->hint_ns ? SYNCOBJ_WAIT_DEADLINE : SYNCOBJ_WAIT, &wait);
	if (row->deadline != AT_ONCE)
		answer(text("%s: how long", row->name), "%s", took(began));
}

static void wait_rows(const struct actors *actors, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		wait_row(actors, &rows[i]);
}

static struct actors make_actors(void)
{
	struct actors actors = { .fd = open_node() };

	actors.signaled = signaled_syncobj(actors.fd);
	actors.unsubmitted = syncobj(actors.fd);
	return actors;
}

void group_wait(void)
{
	static const struct row rows[] = {
		{ "signaled, at once", "S", AT_ONCE, 0, 0, 0 },
		{ "signaled, for ever", "S", EVER, 0, 0, 0 },
		{ "signaled, INT64_MIN", "S", INT64_MIN, 0, 0, 0 },
		{ "signaled, -1", "S", -1, 0, 0, 0 },
		{ "signaled, ALL", "S", AT_ONCE, WAIT_ALL, 0, 0 },
		{ "signaled, FOR_SUBMIT", "S", AT_ONCE, WAIT_FOR_SUBMIT, 0, 0 },
		{ "none", "", AT_ONCE, 0, 0, 0 },
		{ "none, ALL", "", AT_ONCE, WAIT_ALL, 0, 0 },
		{ "none, for ever", "", EVER, 0, 0, 0 },
		{ "none, pad 1", "", AT_ONCE, 0, 1, 0 },
		{ "none, flags 0x80", "", AT_ONCE, 0x80, 0, 0 },
		{ "signaled, pad 1", "S", AT_ONCE, 0, 1, 0 },
		{ "flags 0x80", "S", AT_ONCE, 0x80, 0, 0 },
		{ "flags 0x80, no such handle", "X", AT_ONCE, 0x80, 0, 0 },
		{ "AVAILABLE", "S", AT_ONCE, WAIT_AVAILABLE, 0, 0 },
		{ "DEADLINE, without the field", "S", AT_ONCE, WAIT_DEADLINE, 0, 0 },
		{ "DEADLINE, with the field", "S", AT_ONCE, WAIT_DEADLINE, 0, 1 },
		{ "no DEADLINE, with the field", "S", AT_ONCE, 0, 0, 1 },
		{ "no such handle", "X", AT_ONCE, 0, 0, 0 },
		{ "handle 0", "0", AT_ONCE, 0, 0, 0 },
		{ "two signaled, any", "SS", AT_ONCE, 0, 0, 0 },
		{ "two signaled, all", "SS", AT_ONCE, WAIT_ALL, 0, 0 },
		{ "signaled and no such handle", "SX", AT_ONCE, 0, 0, 0 },
		{ "no such handle and signaled", "XS", AT_ONCE, WAIT_ALL, 0, 0 },
	};
	struct actors actors = make_actors();

	wait_rows(&actors, rows, COUNT(rows));
}

void group_wait_unsubmitted(void)
{
	static const struct row rows[] = {
		{ "at once", "U", AT_ONCE, 0, 0, 0 },
		{ "for ever", "U", EVER, 0, 0, 0 },
		{ "ALL", "U", AT_ONCE, WAIT_ALL, 0, 0 },
		{ "FOR_SUBMIT, at once", "U", AT_ONCE, WAIT_FOR_SUBMIT, 0, 0 },
		{ "FOR_SUBMIT, 1", "U", 1, WAIT_FOR_SUBMIT, 0, 0 },
		{ "FOR_SUBMIT, -1", "U", -1, WAIT_FOR_SUBMIT, 0, 0 },
		{ "FOR_SUBMIT, INT64_MIN", "U", INT64_MIN, WAIT_FOR_SUBMIT, 0, 0 },
		{ "FOR_SUBMIT, soon", "U", SOON, WAIT_FOR_SUBMIT, 0, 0 },
		{ "FOR_SUBMIT with ALL, soon", "U", SOON, WAIT_FOR_SUBMIT | WAIT_ALL, 0, 0 },
		{ "any, signaled second", "US", AT_ONCE, 0, 0, 0 },
		{ "any, signaled second, FOR_SUBMIT", "US", AT_ONCE, WAIT_FOR_SUBMIT, 0, 0 },
		{ "any, signaled second, FOR_SUBMIT, for ever", "US", EVER, WAIT_FOR_SUBMIT, 0, 0 },
		{ "any, signaled first, FOR_SUBMIT", "SU", AT_ONCE, WAIT_FOR_SUBMIT, 0, 0 },
		{ "all, one signaled, FOR_SUBMIT", "US", AT_ONCE, WAIT_FOR_SUBMIT | WAIT_ALL, 0,
		  0 },
		{ "all, one signaled, FOR_SUBMIT, soon", "SU", SOON, WAIT_FOR_SUBMIT | WAIT_ALL, 0,
		  0 },
		{ "signaled, without, and no such handle", "SUX", AT_ONCE, 0, 0, 0 },
		{ "DEADLINE and FOR_SUBMIT, soon", "U", SOON, WAIT_FOR_SUBMIT | WAIT_DEADLINE, 0,
		  1 },
	};
	struct actors actors = make_actors();

	wait_rows(&actors, rows, COUNT(rows));
}

void group_wait_pending(void)
{
	static const struct row rows[] = {
		{ "at once", "P", AT_ONCE, 0, 0, 0 },
		{ "1", "P", 1, 0, 0, 0 },
		{ "-1", "P", -1, 0, 0, 0 },
		{ "soon", "P", SOON, 0, 0, 0 },
		{ "soon, ALL", "P", SOON, WAIT_ALL, 0, 0 },
		{ "soon, FOR_SUBMIT", "P", SOON, WAIT_FOR_SUBMIT, 0, 0 },
		{ "soon, DEADLINE", "P", SOON, WAIT_DEADLINE, 0, 1 },
		{ "any, with a signaled one", "PS", AT_ONCE, 0, 0, 0 },
		{ "any, with a signaled one, for ever", "PS", EVER, 0, 0, 0 },
		{ "all, with a signaled one", "PS", AT_ONCE, WAIT_ALL, 0, 0 },
		{ "any, with one that has none", "PU", AT_ONCE, 0, 0, 0 },
		{ "any, with one that has none, FOR_SUBMIT, soon", "PU", SOON, WAIT_FOR_SUBMIT, 0,
		  0 },
		{ "twice the same, soon", "PP", SOON, WAIT_ALL, 0, 0 },
	};
	static const struct row after[] = {
		{ "signaled since, at once", "P", AT_ONCE, 0, 0, 0 },
		{ "signaled since, -1", "P", -1, 0, 0, 0 },
		{ "signaled since, twice the same", "PP", AT_ONCE, WAIT_ALL, 0, 0 },
	};
	struct actors actors = make_actors();
	struct pending pending;

	actors.pending = pending_syncobj(actors.fd, &pending);
	wait_rows(&actors, rows, COUNT(rows));
	signal_pending(&pending);
	wait_rows(&actors, after, COUNT(after));
}

/* Handles that cannot be read, and how many there may be. */
void group_wait_arrays(void)
{
	static const struct {
		const char *name;
		uint32_t count;
	} counts[] = {
		{ "count 1000000000, no memory for it", 1000000000 },
		{ "count 0x10000000", 0x10000000 },
		{ "count 0xffffffff", 0xffffffff },
	};
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_node();
	uint32_t handle = signaled_syncobj(fd);
	struct syncobj_wait wait = { .count = 1, .first_signaled = UNTOUCHED };

	if (pages == MAP_FAILED || munmap(pages + 4096, 4096))
		give_up("two pages");
	exchange("no handles", fd, SYNCOBJ_WAIT, &wait);
	exchange("no argument", fd, SYNCOBJ_WAIT, NULL);
	wait.flags = 0x80;
	exchange("no handles, flags 0x80", fd, SYNCOBJ_WAIT, &wait);
	wait.flags = 0;
	wait.handles = ADDRESS(pages + 4096 - 4 * 16);
	for (int i = 0; i < 16; i++)
		memcpy(pages + 4096 - 4 * 16 + 4 * i, &handle, sizeof(handle));
	wait.count = 16;
	exchange("an array that ends with its page", fd, SYNCOBJ_WAIT, &wait);
	wait.count = 17;
	wait.first_signaled = UNTOUCHED;
	exchange("an array that ends behind its page", fd, SYNCOBJ_WAIT, &wait);
	wait.handles = ADDRESS(&handle);
	for (size_t i = 0; i < COUNT(counts); i++) {
		wait.count = counts[i].count;
		exchange(counts[i].name, fd, SYNCOBJ_WAIT, &wait);
	}
}
