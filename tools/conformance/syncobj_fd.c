/* SPDX-License-Identifier: MIT */
/*
 * syncobj_fd.c - groups: syncobjs and their fences as descriptors, out and in.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "descriptor.h"
#include "drm.h"
#include "exchange.h"
#include "groups.h"
#include "pass_fd.h"
#include "report.h"
#include "syncobj.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct row {
	const char *name;
	struct syncobj_fd argument;
};

static void rows_short(int fd, unsigned long request, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct syncobj_fd argument = rows[i].argument;

		exchange(rows[i].name, fd, request, &argument);
	}
}

void group_syncobj_fd(void)
{
	int fd = open_node(), exported;
	uint32_t handle = syncobj(fd);
	const struct row rows[] = {
		{ "no such handle", { .handle = NO_HANDLE, .fd = -7 } },
		{ "handle 0", { .handle = 0, .fd = -7 } },
		{ "pad 1", { .handle = handle, .fd = -7, .pad = 1 } },
		{ "flags 2", { .handle = handle, .fd = -7, .flags = 2 } },
		{ "flags 3", { .handle = handle, .fd = -7, .flags = 3 } },
		{ "flags 0x80000000", { .handle = handle, .fd = -7, .flags = 0x80000000 } },
		{ "flags 2, no such handle", { .handle = NO_HANDLE, .fd = -7, .flags = 2 } },
		{ "of one without a fence", { .handle = handle, .fd = -7 } },
	};

	rows_short(fd, SYNCOBJ_TO_FD, rows, COUNT(rows));
	exchange("no argument", fd, SYNCOBJ_TO_FD, NULL);
	exported = export_syncobj(fd, handle);
	answer_descriptor("syncobj", exported);
	answer_reopening("syncobj", exported);
	answer_calls("syncobj", exported);
	answer("syncobj: FILE_INFO", "%s", sync_file_state(exported));
}

void group_syncobj_fd_import(void)
{
	int fd = open_node(), event = eventfd(0, EFD_CLOEXEC);
	uint32_t handle = syncobj(fd);
	int exported = export_syncobj(fd, handle);
	const struct row rows[] = {
		{ "fd -1", { .handle = UNTOUCHED, .fd = -1 } },
		{ "an eventfd", { .handle = UNTOUCHED, .fd = event } },
		{ "the node", { .handle = UNTOUCHED, .fd = fd } },
		{ "pad 1", { .handle = UNTOUCHED, .fd = exported, .pad = 1 } },
		{ "flags 2", { .handle = UNTOUCHED, .fd = exported, .flags = 2 } },
		{ "flags 0x80", { .handle = UNTOUCHED, .fd = exported, .flags = 0x80 } },
		{ "as a sync_file", { .handle = handle, .fd = exported, .flags = 1 } },
		{ "good", { .handle = UNTOUCHED, .fd = exported } },
		{ "again", { .handle = UNTOUCHED, .fd = exported } },
	};

	rows_short(fd, SYNCOBJ_FROM_FD, rows, COUNT(rows));
	exchange("no argument", fd, SYNCOBJ_FROM_FD, NULL);
	if (bed.provider) {
		struct pending pending = make_pending();
		struct syncobj_fd argument = { .handle = UNTOUCHED, .fd = pending.sync_file };

		exchange("a sync_file", fd, SYNCOBJ_FROM_FD, &argument);
		signal_pending(&pending);
	}
}

/* One syncobj, by all its handles and descriptors. */
void group_syncobj_alias(void)
{
	int fd = open_node(), other = open_node(), exported;
	uint32_t handle = syncobj(fd);
	struct syncobj_fd import = { .fd = export_syncobj(fd, handle) };
	uint32_t alias, abroad;

	exported = import.fd;
	exchange("the same open file", fd, SYNCOBJ_FROM_FD, &import);
	alias = import.handle;
	import.handle = 0;
	exchange("another open file", other, SYNCOBJ_FROM_FD, &import);
	abroad = import.handle;
	signal_syncobj(fd, alias);
	answer("signaled through the alias", "%s", state_of(fd, handle));
	answer("signaled through the alias, abroad", "%s", state_of(other, abroad));
	reset_syncobj(other, abroad);
	answer("reset abroad", "%s", state_of(fd, alias));
	destroy_syncobj(fd, alias);
	answer("the alias is destroyed", "%s", state_of(fd, handle));
	destroy_syncobj(fd, handle);
	import.handle = 0;
	exchange("imported when no handle is left here", fd, SYNCOBJ_FROM_FD, &import);
	signal_syncobj(fd, import.handle);
	answer("it is still the same", "%s", state_of(other, abroad));
	close(fd);
	destroy_syncobj(other, abroad);
	import.handle = 0;
	exchange("imported when only the descriptor is left", other, SYNCOBJ_FROM_FD, &import);
	answer("it has kept its state", "%s", state_of(other, import.handle));
	close(exported);
	answer("the descriptor is closed", "%s", state_of(other, import.handle));
}

void group_sync_file_export(void)
{
	int fd = open_node(), exported;
	uint32_t handle = signaled_syncobj(fd), unsubmitted = syncobj(fd);
	const uint32_t flag = SYNCOBJ_FD_SYNC_FILE;
	const struct row rows[] = {
		{ "without a fence", { .handle = unsubmitted, .flags = flag, .fd = -7 } },
		{ "no such handle", { .handle = NO_HANDLE, .flags = flag, .fd = -7 } },
		{ "handle 0", { .handle = 0, .flags = flag, .fd = -7 } },
		{ "pad 1", { .handle = handle, .flags = flag, .fd = -7, .pad = 1 } },
		{ "signaled", { .handle = handle, .flags = flag, .fd = -7 } },
	};

	rows_short(fd, SYNCOBJ_TO_FD, rows, COUNT(rows));
	exported = export_sync_file(fd, handle);
	answer_descriptor("sync_file", exported);
	answer_file_info("signaled: FILE_INFO", exported);
	answer_file_info("of a timeline: FILE_INFO", export_sync_file(fd, timeline(fd, 5)));
	reset_syncobj(fd, handle);
	answer("reset since", "%s", sync_file_state(exported));
}

void group_sync_file_import(void)
{
	int fd = open_node(), event = eventfd(0, EFD_CLOEXEC);
	uint32_t handle = syncobj(fd), other = signaled_syncobj(fd);
	int exported = export_sync_file(fd, other), syncobj_fd = export_syncobj(fd, other);
	const uint32_t flag = SYNCOBJ_FD_SYNC_FILE;
	const struct row rows[] = {
		{ "no such handle", { .handle = NO_HANDLE, .flags = flag, .fd = exported } },
		{ "handle 0", { .handle = 0, .flags = flag, .fd = exported } },
		{ "fd -1", { .handle = handle, .flags = flag, .fd = -1 } },
		{ "an eventfd", { .handle = handle, .flags = flag, .fd = event } },
		{ "a syncobj", { .handle = handle, .flags = flag, .fd = syncobj_fd } },
		{ "no such handle, fd -1", { .handle = NO_HANDLE, .flags = flag, .fd = -1 } },
		{ "pad 1", { .handle = handle, .flags = flag, .fd = exported, .pad = 1 } },
		{ "good", { .handle = handle, .flags = flag, .fd = exported } },
	};

	answer("before", "%s", state_of(fd, handle));
	rows_short(fd, SYNCOBJ_FROM_FD, rows, COUNT(rows));
	answer("after", "%s", state_of(fd, handle));
	answer("the timeline's point", "%s", point_of(fd, handle, 0));
	timeline_signal(fd, handle, 9);
	answer("the point, signaled at 9", "%s", point_of(fd, handle, 0));
	import_sync_file(fd, handle, exported);
	answer("the point, imported over a timeline", "%s", point_of(fd, handle, 0));
}

/* What is imported is the fence, not the place that it came from. */
void group_sync_file_pending(void)
{
	int fd = open_node(), exported;
	struct pending pending;
	uint32_t handle = pending_syncobj(fd, &pending), last;

	answer("state", "%s", state_of(fd, handle));
	close(pending.sync_file);
	exported = export_sync_file(fd, handle);
	answer_file_info("exported", exported);
	answer("poll", "%s", polled(exported, POLLIN));
	last = syncobj(fd);
	import_sync_file(fd, last, exported);
	destroy_syncobj(fd, handle);
	close(exported);
	answer("state of another that it is imported into", "%s", state_of(fd, last));
	signal_pending(&pending);
	answer("signaled: state of that", "%s", state_of(fd, last));
	answer_file_info("signaled: exported", export_sync_file(fd, last));
}

/* To another process: a descriptor over a socket, imported there. */
static void importer(int socket)
{
	struct syncobj_fd import = {};
	int fd = open_node();

	import.fd = take_fd(socket);
	if (import.fd < 0)
		give_up("receiving a syncobj");
	exchange("imported", fd, SYNCOBJ_FROM_FD, &import);
	answer("state there", "%s", state_of(fd, import.handle));
	signal_syncobj(fd, import.handle);
	_exit(0);
}

void group_syncobj_process(void)
{
	int sockets[2], fd, status;
	uint32_t handle;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		give_up("a pair of sockets");
	child = fork();
	if (child == 0)
		importer(sockets[1]);
	fd = open_node();
	handle = syncobj(fd);
	if (pass_fd(sockets[0], export_syncobj(fd, handle)))
		give_up("sending a syncobj");
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		give_up("the process that imports");
	answer("state here, signaled there", "%s", state_of(fd, handle));
}

/* The longer form of both requests; points of timelines came with it, later than Linux 6.12. */
void group_fd_sizes(void)
{
	int fd = open_node();
	uint32_t handle = timeline(fd, 5);
	struct syncobj_fd export = { .handle = handle, .fd = -7 };

	exchange("a syncobj, 24 bytes", fd, SYNCOBJ_TO_FD_POINT, &export);
	export.flags = SYNCOBJ_FD_SYNC_FILE;
	export.fd = -7;
	exchange("a sync_file, 24 bytes", fd, SYNCOBJ_TO_FD_POINT, &export);
	answer_file_info("a sync_file, 24 bytes: FILE_INFO", export.fd);
	export.handle = syncobj(fd);
	exchange("a sync_file in, 24 bytes", fd, SYNCOBJ_FROM_FD_POINT, &export);
	answer("a sync_file in, 24 bytes: state", "%s", state_of(fd, export.handle));
}
