/* SPDX-License-Identifier: MIT */
/*
 * transfer.c - groups: SYNCOBJ_TRANSFER and SYNCOBJ_EVENTFD.
 */
#include <stdint.h>
#include <sys/eventfd.h>

#include "bed.h"
#include "drm.h"
#include "exchange.h"
#include "groups.h"
#include "report.h"
#include "syncobj.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void group_transfer(void)
{
	int fd = open_node();
	uint32_t from = timeline(fd, 3), to = syncobj(fd), binary = signaled_syncobj(fd);
	uint32_t empty = syncobj(fd);
	struct {
		const char *name;
		struct syncobj_transfer transfer;
	} rows[] = {
		{ "no such source", { .source = NO_HANDLE, .destination = to } },
		{ "no such destination",
		  { .source = from, .source_point = 3, .destination = NO_HANDLE } },
		{ "neither", { .source = NO_HANDLE, .destination = NO_HANDLE } },
		{ "pad 1", { .source = from, .source_point = 3, .destination = to, .pad = 1 } },
		{ "flags 0x80",
		  { .source = from, .source_point = 3, .destination = to, .flags = 0x80 } },
		{ "flags ALL",
		  { .source = from, .source_point = 3, .destination = to, .flags = WAIT_ALL } },
		{ "flags AVAILABLE",
		  { .source = from,
		    .source_point = 3,
		    .destination = to,
		    .flags = WAIT_AVAILABLE } },
		{ "a point that is not there",
		  { .source = from,
		    .source_point = 4,
		    .destination = to,
		    .destination_point = 1 } },
		{ "no fence", { .source = empty, .destination = to, .destination_point = 12 } },
		{ "no fence, to a binary one", { .source = empty, .destination = to } },
		{ "3 to 9",
		  { .source = from,
		    .source_point = 3,
		    .destination = to,
		    .destination_point = 9 } },
		{ "3 to 5, which is lower",
		  { .source = from,
		    .source_point = 3,
		    .destination = to,
		    .destination_point = 5 } },
		{ "3 to 0", { .source = from, .source_point = 3, .destination = to } },
		{ "binary to 11",
		  { .source = binary, .destination = to, .destination_point = 11 } },
		{ "2, which 3 covers, to 20",
		  { .source = from,
		    .source_point = 2,
		    .destination = to,
		    .destination_point = 20 } },
		{ "3 to 3, FOR_SUBMIT",
		  { .source = from,
		    .source_point = 3,
		    .destination = binary,
		    .destination_point = 3,
		    .flags = WAIT_FOR_SUBMIT } },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		exchange(rows[i].name, fd, SYNCOBJ_TRANSFER, &rows[i].transfer);
		answer(text("%s: destination", rows[i].name), "point=%s state=%s",
		       point_of(fd, to, 0), state_of(fd, to));
	}
	exchange("no argument", fd, SYNCOBJ_TRANSFER, NULL);
	transfer(fd, from, 3, from, 4);
	answer("onto itself, 3 to 4", "point=%s state=%s", point_of(fd, from, 0),
	       state_of(fd, from));
}

void group_transfer_pending(void)
{
	int fd = open_node();
	struct pending pending;
	uint32_t from = pending_syncobj(fd, &pending), to = timeline(fd, 2), binary = syncobj(fd);

	transfer(fd, from, 0, to, 6);
	answer("to 6", "point=%s submitted=%s", point_of(fd, to, 0),
	       point_of(fd, to, SYNCOBJ_QUERY_LAST_SUBMITTED));
	transfer(fd, to, 6, binary, 0);
	answer("to a binary one", "%s", state_of(fd, binary));
	answer_file_info("to a binary one: exported", export_sync_file(fd, binary));
	reset_syncobj(fd, from);
	signal_pending(&pending);
	answer("signaled: the timeline", "point=%s", point_of(fd, to, 0));
	answer("signaled: the binary one", "%s", state_of(fd, binary));
}

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		give_up("an eventfd");
	return fd;
}

void group_eventfd_arguments(void)
{
	int fd = open_node(), event = new_eventfd();
	uint32_t handle = signaled_syncobj(fd);
	struct {
		const char *name;
		struct syncobj_eventfd request;
	} rows[] = {
		{ "no such handle", { .handle = NO_HANDLE, .fd = event } },
		{ "fd -1", { .handle = handle, .fd = -1 } },
		{ "no such handle, fd -1", { .handle = NO_HANDLE, .fd = -1 } },
		{ "the node", { .handle = handle, .fd = fd } },
		{ "flags ALL", { .handle = handle, .fd = event, .flags = WAIT_ALL } },
		{ "flags FOR_SUBMIT", { .handle = handle, .fd = event, .flags = WAIT_FOR_SUBMIT } },
		{ "flags DEADLINE", { .handle = handle, .fd = event, .flags = WAIT_DEADLINE } },
		{ "pad 1", { .handle = handle, .fd = event, .pad = 1 } },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		exchange(rows[i].name, fd, SYNCOBJ_EVENTFD, &rows[i].request);
	exchange("no argument", fd, SYNCOBJ_EVENTFD, NULL);
	answer("counted after these", "%s", count_of(event));
	rows[0].request.handle = handle;
	exchange("signaled", fd, SYNCOBJ_EVENTFD, &rows[0].request);
	answer("signaled: counted", "%s", count_of(event));
	rows[0].request.flags = WAIT_AVAILABLE;
	exchange("signaled, AVAILABLE", fd, SYNCOBJ_EVENTFD, &rows[0].request);
	answer("signaled, AVAILABLE: counted", "%s", count_of(event));
	rows[0].request.flags = 0;
	rows[0].request.point = 5;
	exchange("point 5 of a signaled binary one", fd, SYNCOBJ_EVENTFD, &rows[0].request);
	answer("point 5 of a signaled binary one: counted", "%s", count_of(event));
}

void group_eventfd(void)
{
	int fd = open_node(), event = new_eventfd();
	uint32_t handle = syncobj(fd);

	register_eventfd(fd, handle, 0, 0, event);
	answer("no fence", "%s", count_of(event));
	signal_syncobj(fd, handle);
	answer("signaled", "%s", count_of(event));
	reset_syncobj(fd, handle);
	signal_syncobj(fd, handle);
	answer("signaled once more", "%s", count_of(event));
	reset_syncobj(fd, handle);
	register_eventfd(fd, handle, 0, WAIT_AVAILABLE, event);
	answer("AVAILABLE, no fence", "%s", count_of(event));
	signal_syncobj(fd, handle);
	answer("AVAILABLE, signaled", "%s", count_of(event));
	reset_syncobj(fd, handle);
	register_eventfd(fd, handle, 5, 0, event);
	register_eventfd(fd, handle, 5, 0, event);
	timeline_signal(fd, handle, 4);
	answer("5 twice, at 4", "%s", count_of(event));
	timeline_signal(fd, handle, 6);
	answer("5 twice, at 6", "%s", count_of(event));
	timeline_signal(fd, handle, 7);
	answer("5 twice, at 7", "%s", count_of(event));
	register_eventfd(fd, handle, 3, 0, event);
	answer("3 at 7", "%s", count_of(event));
	register_eventfd(fd, handle, 9, 0, event);
	destroy_syncobj(fd, handle);
	answer("destroyed", "%s", count_of(event));
}

void group_eventfd_pending(void)
{
	int fd = open_node(), event = new_eventfd(), available = new_eventfd();
	struct pending pending, second;
	uint32_t handle = pending_syncobj(fd, &pending), line;

	register_eventfd(fd, handle, 0, 0, event);
	register_eventfd(fd, handle, 0, WAIT_AVAILABLE, available);
	answer("pending", "%s", count_of(event));
	answer("pending, AVAILABLE", "%s", count_of(available));
	signal_pending(&pending);
	answer("signaled", "%s", count_of(event));
	answer("signaled, AVAILABLE", "%s", count_of(available));
	line = syncobj(fd);
	register_eventfd(fd, line, 4, 0, event);
	register_eventfd(fd, line, 4, WAIT_AVAILABLE, available);
	transfer(fd, pending_syncobj(fd, &second), 0, line, 4);
	answer("pending at 4", "%s", count_of(event));
	answer("pending at 4, AVAILABLE", "%s", count_of(available));
	signal_pending(&second);
	answer("signaled at 4", "%s", count_of(event));
	answer("signaled at 4, AVAILABLE", "%s", count_of(available));
}
