/* SPDX-License-Identifier: MIT */
/*
 * timeline.c - groups: syncobjs as timelines: TIMELINE_SIGNAL, QUERY, TIMELINE_WAIT.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bed.h"
#include "drm.h"
#include "exchange.h"
#include "groups.h"
#include "report.h"
#include "syncobj.h"

#define ADDRESS(of)  ((uint64_t)(uintptr_t)(of))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A question in a row: what is asked, and the state of one timeline after each. */
static void signal_point(int fd, uint32_t handle, const char *name, uint64_t point)
{
	struct syncobj_timeline_array array = {
		.handles = ADDRESS(&handle),
		.points = ADDRESS(&point),
		.count = 1,
	};
	long result = ioctl(fd, SYNCOBJ_TIMELINE_SIGNAL, &array);

	answer(name, "%s point=%s submitted=%s state=%s", returned(result), point_of(fd, handle, 0),
	       point_of(fd, handle, SYNCOBJ_QUERY_LAST_SUBMITTED), state_of(fd, handle));
}

void group_timeline_signal(void)
{
	int fd = open_node();
	uint32_t handle = syncobj(fd);

	signal_point(fd, handle, "3", 3);
	signal_point(fd, handle, "7", 7);
	signal_point(fd, handle, "5, which is lower", 5);
	signal_point(fd, handle, "7 again", 7);
	signal_point(fd, handle, "8", 8);
	signal_point(fd, handle, "0", 0);
	signal_point(fd, handle, "2 after 0", 2);
	signal_point(fd, handle, "UINT64_MAX", UINT64_MAX);
	signal_point(fd, handle, "1 after UINT64_MAX", 1);
	handle = syncobj(fd);
	signal_point(fd, handle, "0 at first", 0);
	handle = signaled_syncobj(fd);
	signal_point(fd, handle, "4 on a binary one", 4);
	signal_syncobj(fd, handle);
	answer("binary SIGNAL on a timeline", "point=%s state=%s", point_of(fd, handle, 0),
	       state_of(fd, handle));
	signal_point(fd, handle, "2 after that", 2);
}

void group_timeline_signal_arguments(void)
{
	int fd = open_node();
	uint32_t handle = syncobj(fd), handles[] = { handle, NO_HANDLE }, none = NO_HANDLE;
	uint64_t points[] = { 6, 6 };
	struct {
		const char *name;
		struct syncobj_timeline_array array;
	} rows[] = {
		{ "none", { ADDRESS(handles), ADDRESS(points), 0, 0 } },
		{ "flags 1", { ADDRESS(handles), ADDRESS(points), 1, 1 } },
		{ "flags 1, none", { ADDRESS(handles), ADDRESS(points), 0, 1 } },
		{ "no handles", { 0, ADDRESS(points), 1, 0 } },
		{ "no such handle", { ADDRESS(&none), ADDRESS(points), 1, 0 } },
		{ "a good one and no such handle", { ADDRESS(handles), ADDRESS(points), 2, 0 } },
		{ "count 0x20000000", { ADDRESS(handles), ADDRESS(points), 0x20000000, 0 } },
		{ "points that cannot be read", { ADDRESS(handles), 8, 1, 0 } },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		exchange(rows[i].name, fd, SYNCOBJ_TIMELINE_SIGNAL, &rows[i].array);
	exchange("no argument", fd, SYNCOBJ_TIMELINE_SIGNAL, NULL);
	answer("the good one after these", "point=%s state=%s", point_of(fd, handle, 0),
	       state_of(fd, handle));
	rows[0].array.points = 0;
	rows[0].array.count = 1;
	exchange("no points", fd, SYNCOBJ_TIMELINE_SIGNAL, &rows[0].array);
	answer("no points: state", "point=%s state=%s", point_of(fd, handle, 0),
	       state_of(fd, handle));
}

/* Over fences that are pending. */
void group_timeline_pending(void)
{
	int fd = open_node();
	struct pending pending;
	uint32_t handle = pending_timeline(fd, 4, &pending);

	answer("pending at 4", "point=%s submitted=%s", point_of(fd, handle, 0),
	       point_of(fd, handle, SYNCOBJ_QUERY_LAST_SUBMITTED));
	signal_point(fd, handle, "6 over it", 6);
	signal_point(fd, handle, "5, out of order", 5);
	answer_file_info("exported", export_sync_file(fd, handle));
	signal_pending(&pending);
	answer("signaled", "point=%s submitted=%s", point_of(fd, handle, 0),
	       point_of(fd, handle, SYNCOBJ_QUERY_LAST_SUBMITTED));
	answer_file_info("signaled: exported", export_sync_file(fd, handle));
}

/* Two pending points, of which the later is signaled first. */
void group_timeline_order(void)
{
	int fd = open_node();
	struct pending first, second;
	uint32_t handle = pending_timeline(fd, 4, &first), source = pending_syncobj(fd, &second);

	transfer(fd, source, 0, handle, 8);
	answer("pending at 4 and 8", "point=%s submitted=%s", point_of(fd, handle, 0),
	       point_of(fd, handle, SYNCOBJ_QUERY_LAST_SUBMITTED));
	signal_pending(&second);
	answer("8 is done, 4 is not", "point=%s state=%s", point_of(fd, handle, 0),
	       state_of(fd, handle));
	signal_pending(&first);
	answer("4 is done too", "point=%s state=%s", point_of(fd, handle, 0), state_of(fd, handle));
}

void group_query(void)
{
	int fd = open_node();
	uint32_t handles[] = { timeline(fd, 3), syncobj(fd), timeline(fd, 9) }, none = NO_HANDLE;
	uint32_t bad[] = { handles[0], NO_HANDLE };
	uint64_t points[3];
	struct {
		const char *name;
		struct syncobj_timeline_array array;
	} rows[] = {
		{ "three", { ADDRESS(handles), ADDRESS(points), 3, 0 } },
		{ "three, LAST_SUBMITTED", { ADDRESS(handles), ADDRESS(points), 3, 1 } },
		{ "none", { ADDRESS(handles), ADDRESS(points), 0, 0 } },
		{ "flags 2", { ADDRESS(handles), ADDRESS(points), 1, 2 } },
		{ "flags 2, none", { ADDRESS(handles), ADDRESS(points), 0, 2 } },
		{ "no handles", { 0, ADDRESS(points), 1, 0 } },
		{ "no points", { ADDRESS(handles), 0, 1, 0 } },
		{ "no points, no such handle", { ADDRESS(&none), 0, 1, 0 } },
		{ "no such handle", { ADDRESS(&none), ADDRESS(points), 1, 0 } },
		{ "a good one and no such handle", { ADDRESS(bad), ADDRESS(points), 2, 0 } },
		{ "count 0x20000000", { ADDRESS(handles), ADDRESS(points), 0x20000000, 0 } },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		points[0] = points[1] = points[2] = UNTOUCHED;
		exchange(rows[i].name, fd, SYNCOBJ_QUERY, &rows[i].array);
		answer(text("%s: points", rows[i].name), "%" PRIu64 " %" PRIu64 " %" PRIu64,
		       points[0], points[1], points[2]);
	}
	exchange("no argument", fd, SYNCOBJ_QUERY, NULL);
}

struct wait_row {
	const char *name;
	uint64_t point;
	int64_t deadline;
	uint32_t flags;
	uint32_t pad;
	uint64_t hint_ns;
};

static void wait_rows(int fd, uint32_t handle, const struct wait_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct wait_row *row = &rows[i];
		int64_t began = now_ns();
		struct syncobj_timeline_wait wait = {
			.handles = ADDRESS(&handle),
			.points = ADDRESS(&row->point),
			.timeout_ns = deadline_of(row->deadline),
			.count = 1,
			.flags = row->flags,
			.pad = row->pad,
			.first_signaled = UNTOUCHED,
			.deadline_ns = row->hint_ns,
		};

		exchange(row->name, fd,
			 row->hint_ns ? SYNCOBJ_TIMELINE_WAIT_DEADLINE : SYNCOBJ_TIMELINE_WAIT,
			 &wait);
		if (row->deadline != AT_ONCE)
			answer(text("%s: how long", row->name), "%s", took(began));
	}
}

void group_timeline_wait(void)
{
	static const struct wait_row at_3[] = {
		{ "3 at 3", 3, AT_ONCE, 0, 0, 0 },
		{ "3 at 3, for ever", 3, EVER, 0, 0, 0 },
		{ "2 at 3", 2, AT_ONCE, 0, 0, 0 },
		{ "0 at 3", 0, AT_ONCE, 0, 0, 0 },
		{ "4 at 3", 4, AT_ONCE, 0, 0, 0 },
		{ "4 at 3, for ever", 4, EVER, 0, 0, 0 },
		{ "4 at 3, FOR_SUBMIT", 4, AT_ONCE, WAIT_FOR_SUBMIT, 0, 0 },
		{ "4 at 3, FOR_SUBMIT, soon", 4, SOON, WAIT_FOR_SUBMIT, 0, 0 },
		{ "4 at 3, AVAILABLE", 4, AT_ONCE, WAIT_AVAILABLE, 0, 0 },
		{ "4 at 3, AVAILABLE, soon", 4, SOON, WAIT_AVAILABLE, 0, 0 },
		{ "4 at 3, AVAILABLE and FOR_SUBMIT, soon", 4, SOON,
		  WAIT_AVAILABLE | WAIT_FOR_SUBMIT, 0, 0 },
		{ "3 at 3, AVAILABLE", 3, AT_ONCE, WAIT_AVAILABLE, 0, 0 },
		{ "UINT64_MAX at 3, FOR_SUBMIT", UINT64_MAX, AT_ONCE, WAIT_FOR_SUBMIT, 0, 0 },
		{ "flags 0x80", 3, AT_ONCE, 0x80, 0, 0 },
		{ "pad 1", 3, AT_ONCE, 0, 1, 0 },
		{ "DEADLINE, without the field", 3, AT_ONCE, WAIT_DEADLINE, 0, 0 },
		{ "DEADLINE, with the field", 3, AT_ONCE, WAIT_DEADLINE, 0, 1 },
		{ "4 at 3, FOR_SUBMIT and DEADLINE, soon", 4, SOON, WAIT_FOR_SUBMIT | WAIT_DEADLINE,
		  0, 1 },
	};
	static const struct wait_row binary[] = {
		{ "0 of a signaled binary one", 0, AT_ONCE, 0, 0, 0 },
		{ "1 of a signaled binary one", 1, AT_ONCE, 0, 0, 0 },
		{ "1 of a signaled binary one, FOR_SUBMIT", 1, AT_ONCE, WAIT_FOR_SUBMIT, 0, 0 },
	};
	static const struct wait_row unsubmitted[] = {
		{ "0 of one without a fence", 0, AT_ONCE, 0, 0, 0 },
		{ "0 of one without a fence, FOR_SUBMIT", 0, AT_ONCE, WAIT_FOR_SUBMIT, 0, 0 },
		{ "0 of one without a fence, AVAILABLE", 0, AT_ONCE, WAIT_AVAILABLE, 0, 0 },
	};
	int fd = open_node();

	wait_rows(fd, timeline(fd, 3), at_3, COUNT(at_3));
	wait_rows(fd, signaled_syncobj(fd), binary, COUNT(binary));
	wait_rows(fd, syncobj(fd), unsubmitted, COUNT(unsubmitted));
}

void group_timeline_wait_pending(void)
{
	static const struct wait_row rows[] = {
		{ "4", 4, AT_ONCE, 0, 0, 0 },
		{ "4, soon", 4, SOON, 0, 0, 0 },
		{ "4, AVAILABLE", 4, AT_ONCE, WAIT_AVAILABLE, 0, 0 },
		{ "4, AVAILABLE, for ever", 4, EVER, WAIT_AVAILABLE, 0, 0 },
		{ "4, AVAILABLE and ALL", 4, AT_ONCE, WAIT_AVAILABLE | WAIT_ALL, 0, 0 },
		{ "2, which 4 covers", 2, AT_ONCE, 0, 0, 0 },
		{ "2, AVAILABLE", 2, AT_ONCE, WAIT_AVAILABLE, 0, 0 },
		{ "0", 0, AT_ONCE, 0, 0, 0 },
		{ "5", 5, AT_ONCE, 0, 0, 0 },
		{ "5, AVAILABLE, soon", 5, SOON, WAIT_AVAILABLE, 0, 0 },
	};
	static const struct wait_row after[] = {
		{ "signaled: 4", 4, AT_ONCE, 0, 0, 0 },
		{ "signaled: 2", 2, AT_ONCE, 0, 0, 0 },
		{ "signaled: 5", 5, AT_ONCE, 0, 0, 0 },
	};
	int fd = open_node();
	struct pending pending;
	uint32_t handle = pending_timeline(fd, 4, &pending);

	wait_rows(fd, handle, rows, COUNT(rows));
	signal_pending(&pending);
	wait_rows(fd, handle, after, COUNT(after));
}

void group_timeline_wait_arguments(void)
{
	int fd = open_node();
	uint32_t handles[] = { timeline(fd, 3), timeline(fd, 5) },
		 bad[] = { handles[0], NO_HANDLE };
	uint64_t points[] = { 4, 5 };
	struct {
		const char *name;
		struct syncobj_timeline_wait wait;
	} rows[] = {
		{ "none", { .handles = ADDRESS(handles), .points = ADDRESS(points) } },
		{ "no points", { .handles = ADDRESS(handles), .count = 1 } },
		{ "no handles", { .points = ADDRESS(points), .count = 1 } },
		{ "points that cannot be read",
		  { .handles = ADDRESS(handles), .points = 8, .count = 1 } },
		{ "no such handle",
		  { .handles = ADDRESS(bad + 1), .points = ADDRESS(points), .count = 1 } },
		{ "a good one and no such handle",
		  { .handles = ADDRESS(bad), .points = ADDRESS(points), .count = 2 } },
		{ "any of two, FOR_SUBMIT",
		  { .handles = ADDRESS(handles),
		    .points = ADDRESS(points),
		    .count = 2,
		    .flags = WAIT_FOR_SUBMIT } },
		{ "all of two, FOR_SUBMIT",
		  { .handles = ADDRESS(handles),
		    .points = ADDRESS(points),
		    .count = 2,
		    .flags = WAIT_FOR_SUBMIT | WAIT_ALL } },
		{ "count 0x10000000",
		  { .handles = ADDRESS(handles), .points = ADDRESS(points), .count = 0x10000000 } },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		rows[i].wait.first_signaled = UNTOUCHED;
		exchange(rows[i].name, fd, SYNCOBJ_TIMELINE_WAIT, &rows[i].wait);
	}
	exchange("no argument", fd, SYNCOBJ_TIMELINE_WAIT, NULL);
}
