/* SPDX-License-Identifier: MIT */
/*
 * syncobj_handles.c - groups: how syncobjs come and go, and how their handles are given out.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "drm.h"
#include "exchange.h"
#include "groups.h"
#include "report.h"
#include "syncobj.h"

void group_create(void)
{
	static const struct {
		const char *name;
		struct syncobj_create create;
	} rows[] = {
		{ "no flags", { .handle = UNTOUCHED } },
		{ "SIGNALED", { .handle = UNTOUCHED, .flags = SYNCOBJ_CREATE_SIGNALED } },
		{ "flag 2", { .handle = UNTOUCHED, .flags = 2 } },
		{ "SIGNALED and flag 2", { .handle = UNTOUCHED, .flags = 3 } },
		{ "flag 0x80000000", { .handle = UNTOUCHED, .flags = 0x80000000 } },
		{ "after the failures", { .handle = UNTOUCHED } },
	};
	int fd = open_node();
	uint32_t unsubmitted = 1, signaled = 2;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct syncobj_create create = rows[i].create;

		exchange(rows[i].name, fd, SYNCOBJ_CREATE, &create);
	}
	exchange("no argument", fd, SYNCOBJ_CREATE, NULL);
	answer("state of the first", "%s", state_of(fd, unsubmitted));
	answer("state of the SIGNALED one", "%s", state_of(fd, signaled));
	answer("timeline point of the first", "%s", point_of(fd, unsubmitted, 0));
	answer("timeline point of the SIGNALED one", "%s", point_of(fd, signaled, 0));
}

void group_destroy(void)
{
	int fd = open_node(), other = open_node();
	uint32_t first = syncobj(fd), second = syncobj(fd), third = syncobj(fd);
	struct {
		const char *name;
		struct syncobj_destroy destroy;
	} rows[] = {
		{ "pad 1", { .handle = second, .pad = 1 } },
		{ "pad 1, no such handle", { .handle = NO_HANDLE, .pad = 1 } },
		{ "no such handle", { .handle = NO_HANDLE } },
		{ "handle 0", { .handle = 0 } },
		{ "handle 0xffffffff", { .handle = 0xffffffff } },
		{ "once", { .handle = second } },
		{ "again", { .handle = second } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		exchange(rows[i].name, fd, SYNCOBJ_DESTROY, &rows[i].destroy);
	exchange("no argument", fd, SYNCOBJ_DESTROY, NULL);
	answer("state after it", "%s", state_of(fd, second));
	answer("the next handle", "%u", syncobj(fd));
	destroy_syncobj(fd, third);
	destroy_syncobj(fd, first);
	answer("the next handle, two are free", "%u", syncobj(fd));
	answer("the one after that", "%u", syncobj(fd));
	answer("the first of another open file", "%u", syncobj(other));
	answer("another's handle", "%s", state_of(other, 3));
}

/* A child's descriptors are those of the parent. */
static void in_child(int fd, uint32_t handle)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		answer("in a child", "%s", state_of(fd, handle));
		answer("the next handle in a child", "%u", syncobj(fd));
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		give_up("a child");
}

/* Handles are those of the open file, and a descriptor that is duplicated is the same open file. */
void group_open_files(void)
{
	int fd = open_node(), duplicate = dup(fd);
	uint32_t handle = syncobj(fd);

	in_child(fd, handle);
	answer("the next handle after the child", "%u", syncobj(fd));

	answer("through a duplicate", "%s", state_of(duplicate, handle));
	answer("the next handle through a duplicate", "%u", syncobj(duplicate));
	close(fd);
	answer("after one of the two is closed", "%s", state_of(duplicate, handle));
}
