/* SPDX-License-Identifier: MIT */
/*
 * syncobj_signal.c - groups: SYNCOBJ_SIGNAL and SYNCOBJ_RESET, which have the same argument.
 */
#include <stdint.h>

#include "bed.h"
#include "drm.h"
#include "exchange.h"
#include "groups.h"
#include "report.h"
#include "syncobj.h"

#define ADDRESS(of) ((uint64_t)(uintptr_t)(of))

/* What SIGNAL and RESET refuse alike; the good handle stays as it is, in a list with a bad one. */
static void refusals(int fd, unsigned long request, uint32_t good)
{
	uint32_t handles[] = { good, NO_HANDLE }, reversed[] = { NO_HANDLE, good };
	struct {
		const char *name;
		struct syncobj_array array;
	} rows[] = {
		{ "none", { .handles = ADDRESS(handles) } },
		{ "none, no array", { .handles = 0 } },
		{ "pad 1", { .handles = ADDRESS(handles), .count = 1, .pad = 1 } },
		{ "none, pad 1", { .handles = ADDRESS(handles), .pad = 1 } },
		{ "no array", { .count = 1 } },
		{ "no such handle", { .handles = ADDRESS(reversed), .count = 1 } },
		{ "a good one and no such handle", { .handles = ADDRESS(handles), .count = 2 } },
		{ "no such handle and a good one", { .handles = ADDRESS(reversed), .count = 2 } },
		{ "count 0x20000000", { .handles = ADDRESS(handles), .count = 0x20000000 } },
		{ "count 0xffffffff", { .handles = ADDRESS(handles), .count = 0xffffffff } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		exchange(rows[i].name, fd, request, &rows[i].array);
	exchange("no argument", fd, request, NULL);
	answer("the good one after these", "%s", state_of(fd, good));
}

void group_signal(void)
{
	int fd = open_node();
	uint32_t good = syncobj(fd), both[] = { syncobj(fd), syncobj(fd) };
	struct syncobj_array one = { .handles = ADDRESS(&good), .count = 1 };
	struct syncobj_array two = { .handles = ADDRESS(both), .count = 2 };

	refusals(fd, SYNCOBJ_SIGNAL, good);
	exchange("one", fd, SYNCOBJ_SIGNAL, &one);
	answer("one: state", "%s", state_of(fd, good));
	exchange("again", fd, SYNCOBJ_SIGNAL, &one);
	answer("again: state", "%s", state_of(fd, good));
	exchange("two", fd, SYNCOBJ_SIGNAL, &two);
	answer("two: state of the first", "%s", state_of(fd, both[0]));
	answer("two: state of the second", "%s", state_of(fd, both[1]));
	both[1] = both[0];
	exchange("the same twice", fd, SYNCOBJ_SIGNAL, &two);
}

void group_reset(void)
{
	int fd = open_node();
	uint32_t good = signaled_syncobj(fd), both[] = { signaled_syncobj(fd), timeline(fd, 7) };
	struct syncobj_array one = { .handles = ADDRESS(&good), .count = 1 };
	struct syncobj_array two = { .handles = ADDRESS(both), .count = 2 };

	refusals(fd, SYNCOBJ_RESET, good);
	exchange("one", fd, SYNCOBJ_RESET, &one);
	answer("one: state", "%s", state_of(fd, good));
	exchange("again", fd, SYNCOBJ_RESET, &one);
	answer("again: state", "%s", state_of(fd, good));
	exchange("two", fd, SYNCOBJ_RESET, &two);
	answer("two: state of the first", "%s", state_of(fd, both[0]));
	answer("two: the point of the second", "%s", point_of(fd, both[1], 0));
	timeline_signal(fd, both[1], 2);
	answer("the point when it is signaled at 2 again", "%s", point_of(fd, both[1], 0));
}

/* SIGNAL and RESET replace the fence; the fence itself is not signaled by them. */
void group_replace(void)
{
	int fd = open_node(), sync_file;
	struct pending pending;
	uint32_t handle = pending_syncobj(fd, &pending);

	answer("pending: state", "%s", state_of(fd, handle));
	signal_syncobj(fd, handle);
	answer("SIGNAL over a pending fence: state", "%s", state_of(fd, handle));
	answer("SIGNAL over a pending fence: the fence", "%s", sync_file_state(pending.sync_file));
	import_sync_file(fd, handle, pending.sync_file);
	answer("imported over a signaled one: state", "%s", state_of(fd, handle));
	sync_file = export_sync_file(fd, handle);
	reset_syncobj(fd, handle);
	answer("RESET over a pending fence: state", "%s", state_of(fd, handle));
	answer("RESET over a pending fence: what was exported", "%s", sync_file_state(sync_file));
	signal_pending(&pending);
	answer("signaled: what was exported", "%s", sync_file_state(sync_file));
	answer("signaled: state", "%s", state_of(fd, handle));
}
