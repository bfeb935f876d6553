/* SPDX-License-Identifier: MIT */
/*
 * syncobj.c - the states that syncobjs are put in, and the looks that are taken at them.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "bed.h"
#include "drm.h"
#include "exchange.h"
#include "report.h"
#include "syncobj.h"

#define ADDRESS(of) ((uint64_t)(uintptr_t)(of))

static uint32_t create(int fd, uint32_t flags)
{
	struct syncobj_create create = { .flags = flags };

	prepare(fd, SYNCOBJ_CREATE, &create);
	return create.handle;
}

uint32_t syncobj(int fd)
{
	return create(fd, 0);
}

uint32_t signaled_syncobj(int fd)
{
	return create(fd, SYNCOBJ_CREATE_SIGNALED);
}

uint32_t timeline(int fd, uint64_t point)
{
	uint32_t handle = syncobj(fd);

	timeline_signal(fd, handle, point);
	return handle;
}

uint32_t pending_syncobj(int fd, struct pending *pending)
{
	uint32_t handle = syncobj(fd);

	*pending = make_pending();
	import_sync_file(fd, handle, pending->sync_file);
	return handle;
}

uint32_t pending_timeline(int fd, uint64_t point, struct pending *pending)
{
	uint32_t handle = syncobj(fd), source = pending_syncobj(fd, pending);

	transfer(fd, source, 0, handle, point);
	destroy_syncobj(fd, source);
	return handle;
}

void import_sync_file(int fd, uint32_t handle, int sync_file)
{
	struct syncobj_fd_short import = {
		.handle = handle,
		.flags = SYNCOBJ_FD_SYNC_FILE,
		.fd = sync_file,
	};

	prepare(fd, SYNCOBJ_FROM_FD, &import);
}

int export_sync_file(int fd, uint32_t handle)
{
	struct syncobj_fd_short export = { .handle = handle, .flags = SYNCOBJ_FD_SYNC_FILE };

	prepare(fd, SYNCOBJ_TO_FD, &export);
	return export.fd;
}

int export_syncobj(int fd, uint32_t handle)
{
	struct syncobj_fd_short export = { .handle = handle };

	prepare(fd, SYNCOBJ_TO_FD, &export);
	return export.fd;
}

void timeline_signal(int fd, uint32_t handle, uint64_t point)
{
	struct syncobj_timeline_array array = {
		.handles = ADDRESS(&handle),
		.points = ADDRESS(&point),
		.count = 1,
	};

	prepare(fd, SYNCOBJ_TIMELINE_SIGNAL, &array);
}

static void array_request(int fd, unsigned long request, uint32_t handle)
{
	struct syncobj_array array = { .handles = ADDRESS(&handle), .count = 1 };

	prepare(fd, request, &array);
}

void signal_syncobj(int fd, uint32_t handle)
{
	array_request(fd, SYNCOBJ_SIGNAL, handle);
}

void reset_syncobj(int fd, uint32_t handle)
{
	array_request(fd, SYNCOBJ_RESET, handle);
}

void destroy_syncobj(int fd, uint32_t handle)
{
	struct syncobj_destroy destroy = { .handle = handle };

	prepare(fd, SYNCOBJ_DESTROY, &destroy);
}

void transfer(int fd, uint32_t source, uint64_t source_point, uint32_t destination, uint64_t point)
{
	struct syncobj_transfer transfer = {
		.source = source,
		.source_point = source_point,
		.destination = destination,
		.destination_point = point,
	};

	prepare(fd, SYNCOBJ_TRANSFER, &transfer);
}

void register_eventfd(int fd, uint32_t handle, uint64_t point, uint32_t flags, int eventfd)
{
	struct syncobj_eventfd request = {
		.handle = handle,
		.point = point,
		.flags = flags,
		.fd = eventfd,
	};

	prepare(fd, SYNCOBJ_EVENTFD, &request);
}

const char *state_of(int fd, uint32_t handle)
{
	struct syncobj_wait wait = { .handles = ADDRESS(&handle), .count = 1 };

	if (!ioctl(fd, SYNCOBJ_WAIT, &wait))
		return "signaled";
	return strerrorname_np(errno);
}

const char *point_of(int fd, uint32_t handle, uint32_t flags)
{
	uint64_t point = UNTOUCHED;
	struct syncobj_timeline_array array = {
		.handles = ADDRESS(&handle),
		.points = ADDRESS(&point),
		.count = 1,
		.flags = flags,
	};

	if (ioctl(fd, SYNCOBJ_QUERY, &array))
		return strerrorname_np(errno);
	return text("%" PRIu64, point);
}

const char *count_of(int eventfd)
{
	uint64_t count;

	if (read(eventfd, &count, sizeof(count)) != sizeof(count))
		return errno == EAGAIN ? "0" : strerrorname_np(errno);
	return text("%" PRIu64, count);
}

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t deadline_of(int64_t deadline)
{
	return deadline == SOON ? now_ns() + soon_ms * INT64_C(1000000) : deadline;
}

const char *took(int64_t began_ns)
{
	int64_t ms = (now_ns() - began_ns) / 1000000;

	if (ms < soon_ms * 3 / 4)
		return "at once";
	return ms < 25 * soon_ms ? "waited" : "too long";
}
