/* SPDX-License-Identifier: MIT */
/*
 * libdrm.c - every drmSyncobj function of libdrm, as its clients call them, on the render node.
 *
 * The node is /dev/dri/renderD128, to which dma-fence-run maps the device; $DRM_NODE names another.
 * Nothing here knows of the device: on a kernel with a GPU the same program passes, and
 * tests/check.sh sees to it that it does.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xf86drm.h>

#include "pass_fd.h"
#include "pending.h"

#define UNTOUCHED 0xaaaau

/* Younger than the library that we build with: Linux 6.6. */
#ifndef DRM_IOCTL_SYNCOBJ_EVENTFD
struct drm_syncobj_eventfd {
	__u32 handle;
	__u32 flags;
	__u64 point;
	__s32 fd;
	__u32 pad;
};
#define DRM_IOCTL_SYNCOBJ_EVENTFD DRM_IOWR(0xCF, struct drm_syncobj_eventfd)
#endif

/* This test's open of the node. */
static int drm;

static int open_node(void)
{
	const char *node = getenv("DRM_NODE");
	int fd;

	if (!node)
		node = "/dev/dri/renderD128";
	fd = open(node, O_RDWR | O_CLOEXEC);
	cr_assert(fd >= 0, "%s: %s", node, strerror(errno));
	return fd;
}

static void begin(void)
{
	drm = open_node();
}

static void end(void)
{
	close(drm);
}

TestSuite(libdrm, .init = begin, .fini = end, .timeout = 600);

/* Some functions of the library return -errno, others -1: 0 or -errno. */
static int answer(int ret)
{
	return ret == -1 ? -errno : ret;
}

#define expect(call, expected)                                                                \
	do {                                                                                  \
		int got = answer(call);                                                       \
                                                                                              \
		cr_assert_eq(got, expected, "%s is %d, not %d", #call, got, (int)(expected)); \
	} while (0)

static uint32_t create(uint32_t flags)
{
	uint32_t handle = 0;

	expect(drmSyncobjCreate(drm, flags, &handle), 0);
	cr_assert_neq(handle, 0);
	return handle;
}

static int64_t in_ms(int64_t ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec + ms * 1000000;
}

static int wait_one(uint32_t handle, int64_t timeout, unsigned int flags)
{
	return answer(drmSyncobjWait(drm, &handle, 1, timeout, flags, NULL));
}

static int wait_point(uint32_t handle, uint64_t point, int64_t timeout, unsigned int flags)
{
	return answer(drmSyncobjTimelineWait(drm, &handle, &point, 1, timeout, flags, NULL));
}

static int signal_point(uint32_t handle, uint64_t point)
{
	return answer(drmSyncobjTimelineSignal(drm, &handle, &point, 1));
}

static uint64_t query(uint32_t handle, uint32_t flags)
{
	uint64_t point = UNTOUCHED;

	expect(drmSyncobjQuery2(drm, &handle, &point, 1, flags), 0);
	return point;
}

static bool is_signaled(int sync_file)
{
	struct pollfd poll_fd = { .fd = sync_file, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents == POLLIN;
}

/* ---- what a client asks first ---- */

Test(libdrm, version_names_a_driver)
{
	drmVersionPtr version = drmGetVersion(drm);

	cr_assert(version);
	cr_assert_gt(version->name_len, 0);
	cr_assert_eq(strlen(version->name), (size_t)version->name_len);
	cr_assert_eq(strlen(version->desc), (size_t)version->desc_len);
	cr_assert_eq(strlen(version->date), (size_t)version->date_len);
	drmFreeVersion(version);
}

Test(libdrm, capabilities_tell_of_syncobj_and_of_timelines)
{
	uint64_t value = 0;

	expect(drmGetCap(drm, DRM_CAP_SYNCOBJ, &value), 0);
	cr_assert_eq(value, 1);
	value = 0;
	expect(drmGetCap(drm, DRM_CAP_SYNCOBJ_TIMELINE, &value), 0);
	cr_assert_eq(value, 1);
	expect(drmGetCap(drm, 0x7fffffff, &value), -EINVAL);
}

/* ---- binary ---- */

Test(libdrm, create_makes_a_handle_and_destroy_ends_it)
{
	uint32_t first = create(0), second = create(0), refused = 0;

	cr_assert_neq(first, second);
	expect(drmSyncobjDestroy(drm, first), 0);
	expect(drmSyncobjDestroy(drm, first), -EINVAL);
	expect(wait_one(first, 0, 0), -ENOENT);
	expect(wait_one(second, 0, 0), -EINVAL);
	/* Not every version of the library returns the error. */
	drmSyncobjCreate(drm, 0x80, &refused);
	cr_assert_eq(refused, 0);
}

Test(libdrm, handles_are_those_of_the_open_file)
{
	uint32_t handle = create(DRM_SYNCOBJ_CREATE_SIGNALED), first;
	int other = open_node();

	expect(drmSyncobjWait(other, &handle, 1, 0, 0, &first), -ENOENT);
	expect(drmSyncobjDestroy(other, handle), -EINVAL);
	close(other);
	expect(wait_one(handle, 0, 0), 0);
}

Test(libdrm, signal_and_reset_change_what_wait_finds)
{
	uint32_t handles[] = { create(0), create(DRM_SYNCOBJ_CREATE_SIGNALED) };
	uint32_t missing[] = { handles[0], 4242 };

	/* Without a fence there is nothing to wait for. */
	expect(wait_one(handles[0], 0, 0), -EINVAL);
	expect(wait_one(handles[0], 0, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), -ETIME);
	expect(wait_one(handles[1], 0, 0), 0);
	expect(drmSyncobjSignal(drm, missing, 2), -ENOENT);
	expect(wait_one(handles[0], 0, 0), -EINVAL);
	expect(drmSyncobjSignal(drm, handles, 2), 0);
	expect(wait_one(handles[0], 0, 0), 0);
	expect(drmSyncobjReset(drm, missing, 2), -ENOENT);
	expect(wait_one(handles[0], 0, 0), 0);
	expect(drmSyncobjReset(drm, handles, 2), 0);
	expect(wait_one(handles[0], 0, 0), -EINVAL);
	expect(wait_one(handles[1], 0, 0), -EINVAL);
	expect(drmSyncobjSignal(drm, handles, 0), -EINVAL);
	expect(drmSyncobjReset(drm, handles, 0), -EINVAL);
}

Test(libdrm, wait_tells_which_was_first)
{
	const unsigned int submit = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
	const unsigned int all = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL;
	uint32_t handles[] = { create(0), create(DRM_SYNCOBJ_CREATE_SIGNALED) };
	uint32_t first = UNTOUCHED;

	expect(drmSyncobjWait(drm, handles, 2, 0, submit | all, &first), -ETIME);
	cr_assert_eq(first, UNTOUCHED);
	expect(drmSyncobjWait(drm, handles, 2, 0, submit, &first), 0);
	cr_assert_eq(first, 1);
	expect(drmSyncobjWait(drm, handles, 2, 0, 0, &first), -EINVAL);
	expect(drmSyncobjSignal(drm, handles, 1), 0);
	expect(drmSyncobjWait(drm, handles, 2, 0, all, &first), 0);
	expect(drmSyncobjWait(drm, handles, 2, INT64_MAX, 0, &first), 0);
	cr_assert_eq(first, 0);
}

Test(libdrm, wait_ends_at_its_deadline)
{
	uint32_t handle = create(0);
	int64_t deadline = in_ms(30);

	expect(wait_one(handle, deadline, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), -ETIME);
	cr_assert_geq(in_ms(0), deadline);
	expect(wait_one(handle, 1, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), -ETIME);
}

/* What a thread does a moment later. */
struct later {
	pthread_t thread;
	uint32_t handle;
	uint64_t point; /* 0: binary */
	int ret;
};

static void *do_later(void *data)
{
	const struct timespec moment = { .tv_nsec = 30000000 };
	struct later *later = data;

	nanosleep(&moment, NULL);
	later->ret = later->point ? signal_point(later->handle, later->point)
				  : answer(drmSyncobjSignal(drm, &later->handle, 1));
	return NULL;
}

static void signal_later(struct later *later)
{
	cr_assert_eq(pthread_create(&later->thread, NULL, do_later, later), 0);
}

static void join_later(struct later *later)
{
	pthread_join(later->thread, NULL);
	cr_assert_eq(later->ret, 0);
}

Test(libdrm, wait_is_woken_by_a_signal_from_another_thread)
{
	struct later later = { .handle = create(0) };

	signal_later(&later);
	expect(wait_one(later.handle, INT64_MAX, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), 0);
	join_later(&later);
}

/* ---- as a descriptor ---- */

Test(libdrm, descriptor_is_the_same_syncobj_in_another_open)
{
	uint32_t handle = create(0), alias = 0, elsewhere = 0, first;
	int other = open_node(), fd = -1;

	expect(drmSyncobjHandleToFD(drm, handle, &fd), 0);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	expect(drmSyncobjFDToHandle(drm, fd, &alias), 0);
	expect(drmSyncobjFDToHandle(other, fd, &elsewhere), 0);
	close(fd);
	cr_assert_neq(alias, handle);
	expect(drmSyncobjSignal(other, &elsewhere, 1), 0);
	expect(wait_one(handle, 0, 0), 0);
	expect(wait_one(alias, 0, 0), 0);
	expect(drmSyncobjDestroy(drm, handle), 0);
	expect(drmSyncobjReset(drm, &alias, 1), 0);
	expect(drmSyncobjWait(other, &elsewhere, 1, 0, 0, &first), -EINVAL);
	close(other);
}

Test(libdrm, descriptor_keeps_the_syncobj_of_a_node_that_was_closed)
{
	uint32_t handle = create(DRM_SYNCOBJ_CREATE_SIGNALED);
	int fd = -1;

	expect(drmSyncobjHandleToFD(drm, handle, &fd), 0);
	close(drm);
	drm = open_node();
	expect(drmSyncobjFDToHandle(drm, fd, &handle), 0);
	close(fd);
	expect(wait_one(handle, 0, 0), 0);
}

Test(libdrm, what_is_no_syncobj_is_no_handle)
{
	int event = eventfd(0, EFD_CLOEXEC), fd = -7;
	uint32_t handle = 0;

	expect(drmSyncobjHandleToFD(drm, 4242, &fd), -EINVAL);
	expect(drmSyncobjFDToHandle(drm, -1, &handle), -EINVAL);
	expect(drmSyncobjFDToHandle(drm, event, &handle), -EINVAL);
	expect(drmSyncobjFDToHandle(drm, drm, &handle), -EINVAL);
	close(event);
}

/* Another process, with an open of its own: 0, or where it failed. */
static int signal_what_comes(int socket)
{
	int fd = take_fd(socket), node = open_node();
	uint64_t point = 2;
	uint32_t handle;

	if (fd < 0)
		return 1;
	if (drmSyncobjFDToHandle(node, fd, &handle))
		return 2;
	return drmSyncobjTimelineSignal(node, &handle, &point, 1) ? 3 : 0;
}

Test(libdrm, descriptor_goes_to_another_process_which_signals_it)
{
	uint32_t handle = create(0);
	int sockets[2], fd = -1, status;
	pid_t child;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
	child = fork();
	if (!child)
		_exit(signal_what_comes(sockets[1]));
	expect(drmSyncobjHandleToFD(drm, handle, &fd), 0);
	expect(pass_fd(sockets[0], fd), 0);
	expect(wait_point(handle, 2, INT64_MAX, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	cr_assert_eq(query(handle, 0), 2);
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
}

/* ---- sync_files ---- */

Test(libdrm, sync_file_of_a_signaled_syncobj_signals_another)
{
	uint32_t source = create(DRM_SYNCOBJ_CREATE_SIGNALED), target = create(0);
	int fd = -1;

	expect(drmSyncobjExportSyncFile(drm, target, &fd), -EINVAL);
	expect(drmSyncobjExportSyncFile(drm, source, &fd), 0);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_assert(is_signaled(fd));
	expect(drmSyncobjImportSyncFile(drm, target, fd), 0);
	expect(wait_one(target, 0, 0), 0);
	expect(drmSyncobjImportSyncFile(drm, 4242, fd), -ENOENT);
	expect(drmSyncobjImportSyncFile(drm, target, drm), -EINVAL);
	close(fd);
}

Test(libdrm, pending_sync_file_is_waited_for)
{
	struct pending pending;
	uint32_t handle;
	int fd = -1;

	pending_begin(&pending);
	handle = create(0);
	expect(drmSyncobjImportSyncFile(drm, handle, pending.sync_file), 0);
	expect(wait_one(handle, 0, 0), -ETIME);
	expect(wait_one(handle, in_ms(20), 0), -ETIME);
	expect(drmSyncobjExportSyncFile(drm, handle, &fd), 0);
	cr_assert_not(is_signaled(fd));
	pending_signal(&pending);
	expect(wait_one(handle, INT64_MAX, 0), 0);
	cr_assert(is_signaled(fd));
	close(fd);
	pending_end(&pending);
}

Test(libdrm, reset_leaves_a_sync_file_that_was_exported)
{
	uint32_t handle = create(DRM_SYNCOBJ_CREATE_SIGNALED);
	int fd = -1;

	expect(drmSyncobjExportSyncFile(drm, handle, &fd), 0);
	expect(drmSyncobjReset(drm, &handle, 1), 0);
	expect(drmSyncobjDestroy(drm, handle), 0);
	cr_assert(is_signaled(fd));
	close(fd);
}

/* ---- timelines ---- */

Test(libdrm, timeline_goes_up_to_the_point_signaled)
{
	uint32_t handle = create(0);
	uint64_t point = UNTOUCHED;

	expect(drmSyncobjQuery(drm, &handle, &point, 1), 0);
	cr_assert_eq(point, 0);
	expect(wait_point(handle, 3, 0, 0), -EINVAL);
	expect(wait_point(handle, 3, 0, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), -ETIME);
	expect(signal_point(handle, 3), 0);
	expect(drmSyncobjQuery(drm, &handle, &point, 1), 0);
	cr_assert_eq(point, 3);
	expect(wait_point(handle, 2, 0, 0), 0);
	expect(wait_point(handle, 3, 0, 0), 0);
	expect(wait_point(handle, 4, 0, 0), -EINVAL);
	expect(drmSyncobjQuery(drm, &handle, &point, 0), -EINVAL);
}

Test(libdrm, several_timelines_are_signaled_queried_and_waited_for_at_once)
{
	const unsigned int all = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL;
	const unsigned int submit = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
	uint32_t handles[] = { create(0), create(0) }, first = UNTOUCHED;
	uint64_t points[] = { 7, UINT64_MAX }, found[2], later[] = { 8, 1 };

	expect(drmSyncobjTimelineSignal(drm, handles, points, 2), 0);
	expect(drmSyncobjQuery(drm, handles, found, 2), 0);
	cr_assert_arr_eq(found, points, sizeof(points));
	expect(drmSyncobjTimelineWait(drm, handles, points, 2, 0, all, &first), 0);
	expect(drmSyncobjTimelineWait(drm, handles, later, 2, 0, submit | all, &first), -ETIME);
	expect(drmSyncobjTimelineWait(drm, handles, later, 2, 0, submit, &first), 0);
	cr_assert_eq(first, 1);
}

Test(libdrm, wait_for_a_point_is_woken_when_it_is_passed)
{
	struct later later = { .handle = create(0), .point = 6 };

	signal_later(&later);
	expect(wait_point(later.handle, 5, INT64_MAX, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), 0);
	join_later(&later);
}

Test(libdrm, point_is_available_before_it_is_signaled)
{
	uint32_t binary = create(0), timeline = create(0);
	struct pending pending;

	pending_begin(&pending);
	expect(drmSyncobjImportSyncFile(drm, binary, pending.sync_file), 0);
	expect(wait_point(timeline, 4, 0, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE), -ETIME);
	expect(drmSyncobjTransfer(drm, timeline, 4, binary, 0, 0), 0);
	expect(wait_point(timeline, 4, 0, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE), 0);
	expect(wait_point(timeline, 4, 0, 0), -ETIME);
	cr_assert_eq(query(timeline, 0), 0);
	cr_assert_eq(query(timeline, DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED), 4);
	/* A later point does not pass it. */
	expect(signal_point(timeline, 6), 0);
	expect(wait_point(timeline, 6, 0, 0), -ETIME);
	cr_assert_eq(query(timeline, DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED), 6);
	pending_signal(&pending);
	expect(wait_point(timeline, 6, INT64_MAX, 0), 0);
	cr_assert_eq(query(timeline, 0), 6);
	pending_end(&pending);
}

Test(libdrm, transfer_goes_between_points_and_binary)
{
	uint32_t timeline = create(0), other = create(0), binary = create(0);

	expect(drmSyncobjTransfer(drm, other, 1, timeline, 3, 0), -EINVAL);
	expect(signal_point(timeline, 3), 0);
	expect(drmSyncobjTransfer(drm, other, 9, timeline, 3, 0), 0);
	cr_assert_eq(query(other, 0), 9);
	expect(drmSyncobjTransfer(drm, binary, 0, timeline, 3, 0), 0);
	expect(wait_one(binary, 0, 0), 0);
	expect(drmSyncobjTransfer(drm, timeline, 4, binary, 0, 0), 0);
	cr_assert_eq(query(timeline, 0), 4);
	expect(drmSyncobjTransfer(drm, timeline, 5, 4242, 0, 0), -ENOENT);
	expect(drmSyncobjTransfer(drm, 4242, 5, timeline, 3, 0), -ENOENT);
}

Test(libdrm, reset_takes_a_timeline_back_to_nothing)
{
	uint32_t handle = create(0);

	expect(signal_point(handle, 3), 0);
	expect(drmSyncobjReset(drm, &handle, 1), 0);
	cr_assert_eq(query(handle, 0), 0);
	expect(wait_point(handle, 3, 0, 0), -EINVAL);
}

/* ---- eventfd ---- */

static int add_eventfd(uint32_t handle, uint64_t point, uint32_t flags, int fd)
{
	struct drm_syncobj_eventfd add = {
		.handle = handle,
		.flags = flags,
		.point = point,
		.fd = fd,
	};

	return answer(drmIoctl(drm, DRM_IOCTL_SYNCOBJ_EVENTFD, &add));
}

/* What it counts within a moment or, if it is expected to come, a long while. */
static uint64_t count_of(int event, bool comes)
{
	struct pollfd poll_fd = { .fd = event, .events = POLLIN };
	uint64_t count = 0;

	if (poll(&poll_fd, 1, comes ? 30000 : 20) == 1)
		cr_assert_eq(read(event, &count, sizeof(count)), (ssize_t)sizeof(count));
	return count;
}

Test(libdrm, eventfd_is_told_of_a_point)
{
	int event = eventfd(0, EFD_CLOEXEC);
	uint32_t handle = create(0);

	expect(add_eventfd(4242, 0, 0, event), -ENOENT);
	expect(add_eventfd(handle, 5, 0, drm), -EINVAL);
	expect(add_eventfd(handle, 5, 0, event), 0);
	expect(signal_point(handle, 4), 0);
	cr_assert_eq(count_of(event, false), 0);
	expect(signal_point(handle, 6), 0);
	cr_assert_eq(count_of(event, true), 1);
	expect(add_eventfd(handle, 6, 0, event), 0);
	cr_assert_eq(count_of(event, true), 1);
	close(event);
}

/* ---- together ---- */

/*
 * As linux-drm-syncobj-v1 has it: the client's timeline is the compositor's too. It is notified of
 * the acquire point before there is a fence for it, then that there is one, then waits for it, and
 * releases the buffer on the same timeline.
 */
Test(libdrm, compositor_and_client_share_a_timeline)
{
	int compositor = open_node(), event = eventfd(0, EFD_CLOEXEC), fd = -1;
	uint32_t timeline = create(0), theirs, rendered = create(0);
	uint64_t acquire = 1, release = 2;
	struct drm_syncobj_eventfd available = {
		.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE,
		.point = acquire,
		.fd = event,
	};
	struct pending pending;

	pending_begin(&pending);
	expect(drmSyncobjHandleToFD(drm, timeline, &fd), 0);
	expect(drmSyncobjFDToHandle(compositor, fd, &theirs), 0);
	close(fd);
	available.handle = theirs;
	expect(drmIoctl(compositor, DRM_IOCTL_SYNCOBJ_EVENTFD, &available), 0);
	cr_assert_eq(count_of(event, false), 0);

	/* The client's job is submitted, and its fence put on the timeline. */
	expect(drmSyncobjImportSyncFile(drm, rendered, pending.sync_file), 0);
	expect(drmSyncobjTransfer(drm, timeline, acquire, rendered, 0, 0), 0);
	cr_assert_eq(count_of(event, true), 1);
	expect(drmSyncobjTimelineWait(compositor, &theirs, &acquire, 1, 0, 0, NULL), -ETIME);
	pending_signal(&pending);
	expect(drmSyncobjTimelineWait(compositor, &theirs, &acquire, 1, INT64_MAX, 0, NULL), 0);

	expect(wait_point(timeline, release, 0, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), -ETIME);
	expect(drmSyncobjTimelineSignal(compositor, &theirs, &release, 1), 0);
	expect(wait_point(timeline, release, INT64_MAX, 0), 0);
	pending_end(&pending);
	close(event);
	close(compositor);
}
