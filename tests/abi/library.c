/* SPDX-License-Identifier: MIT */
/* library.c - libdmafence: opening, fences, timelines, events and buffers. Its sync_files are in
 * library_sync_file.c. */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon.h"
#include "fixture.h"
#include "libdmafence.h"
#include "process.h"

DEVICE_SUITE(library);

#define NOBODY 65534

/* ---- the device ---- */

Test(library, version_is_the_package_s)
{
	cr_assert_str_eq(dma_fence_library_version(), PACKAGE_VERSION);
}

Test(library, default_path_comes_from_the_environment)
{
	char *path = strdup(getenv("DMA_FENCE_DEVICE"));

	cr_assert_str_eq(dma_fence_device_default_path(), path);
	setenv("DMA_FENCE_DEVICE", "", 1);
	cr_assert_str_eq(dma_fence_device_default_path(), "/dev/dma_fence");
	unsetenv("DMA_FENCE_DEVICE");
	cr_assert_str_eq(dma_fence_device_default_path(), "/dev/dma_fence");
	setenv("DMA_FENCE_DEVICE", path, 1);
	free(path);
}

Test(library, open_without_a_path_takes_the_default)
{
	int fd = must(dma_fence_device_open(NULL));
	struct dma_fence_caps caps;

	expect(dma_fence_device_get_caps(fd, &caps), 0);
	expect(fcntl(fd, F_GETFD), FD_CLOEXEC);
	must(close(fd));
}

Test(library, open_of_something_else_is_enotty)
{
	char path[64];
	int fd;

	expect_errno(dma_fence_device_open("/dev/null"), ENOTTY);
	expect_errno(dma_fence_device_open("/proc/self/comm"), ENOTTY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", device);
	fd = must(dma_fence_device_open(path));
	must(close(fd));
}

Test(library, open_of_nothing_says_what_open_says)
{
	expect_errno(dma_fence_device_open("/no/such/node"), ENOENT);
	expect_errno(dma_fence_device_open("/"), EISDIR);
}

Test(library, reopen_gives_a_fresh_open)
{
	uint32_t fence = new_fence(device);
	int fd = must(dma_fence_device_reopen(device)), status;

	expect(fcntl(fd, F_GETFD), FD_CLOEXEC);
	expect_errno(dma_fence_device_get_status(fd, fence, &status), ENOENT);
	must(close(fd));
}

Test(library, reopen_of_a_sync_file_gives_a_device)
{
	int sync_file = new_sync_file(device, new_fence(device)),
	    fd = must(dma_fence_device_reopen(sync_file));

	new_fence(fd);
	must(close(fd));
	must(close(sync_file));
}

Test(library, reopen_of_no_device_is_refused)
{
	int null = must(open("/dev/null", O_RDWR | O_CLOEXEC));

	expect_errno(dma_fence_device_reopen(null), ENOTTY);
	expect_errno(dma_fence_device_reopen(900), EBADF);
	expect_errno(dma_fence_device_reopen(-1), EBADF);
	must(close(null));
}

static void reopen_is_forbidden(void *data)
{
	int fd = *(int *)data;
	struct dma_fence_stats stats;
	uint32_t fence;

	must(setgroups(0, NULL));
	must(setresgid(NOBODY, NOBODY, NOBODY));
	must(setresuid(NOBODY, NOBODY, NOBODY));
	expect_errno(dma_fence_device_reopen(fd), EACCES);
	expect(dma_fence_device_create(fd, NULL, &fence), 0);
	expect_errno(dma_fence_device_export(fd, fence), EACCES);
	expect(dma_fence_device_get_stats(fd, &stats), 0);
	expect(stats.exports, 0);
}

Test(library, reopen_and_export_are_eacces_where_the_mode_forbids_it)
{
	static const char *const options[] = { "--mode", "0600", NULL };
	struct daemon daemon;
	int fd;

	if (geteuid())
		cr_skip_test("only root can become another user");
	daemon_place(&daemon, "another");
	expect(daemon_start(&daemon, options), 0);
	fd = must(dma_fence_device_open(daemon.node));
	expect_success(spawn(reopen_is_forbidden, &fd));
	must(close(fd));
	expect(daemon_stop(&daemon), 0);
}

Test(library, caps_and_stats_are_those_of_the_device)
{
	struct dma_fence_stats stats;
	struct dma_fence_caps caps;

	expect(dma_fence_device_get_caps(device, &caps), 0);
	expect(caps.abi_version, DMA_FENCE_ABI_VERSION);
	expect(dma_fence_device_get_stats(device, &stats), 0);
	expect(stats.files, 2);
}

Test(library, functions_on_no_device_say_so)
{
	int null = must(open("/dev/null", O_RDWR | O_CLOEXEC)), status;
	struct dma_fence_caps caps;
	uint32_t handle;

	expect_errno(dma_fence_device_get_caps(null, &caps), ENOTTY);
	expect_errno(dma_fence_device_create(null, NULL, &handle), ENOTTY);
	expect_errno(dma_fence_device_signal(null, 1, 0), ENOTTY);
	expect_errno(dma_fence_device_get_status(null, 1, &status), ENOTTY);
	expect_errno(dma_fence_device_export(null, 1), ENOTTY);
	must(close(null));
	expect_errno(dma_fence_device_get_caps(null, &caps), EBADF);
	expect_errno(dma_fence_device_create(-1, NULL, &handle), EBADF);
	expect_errno(dma_fence_device_export(null, 1), EBADF);
}

/* ---- fences ---- */

Test(library, fence_goes_through_its_life)
{
	uint32_t fence;
	int status = 7;

	expect(dma_fence_device_create(device, "render", &fence), 0);
	expect(dma_fence_device_get_status(device, fence, &status), 0);
	expect(status, 0);
	expect_errno(dma_fence_device_wait(device, fence, 0, &status), ETIME);
	expect(status, 0);
	expect(dma_fence_device_signal(device, fence, -EIO), 0);
	expect(dma_fence_device_wait(device, fence, DMA_FENCE_WAIT_FOREVER, &status), 0);
	expect(status, -EIO);
	expect(dma_fence_device_wait(device, fence, DMA_FENCE_WAIT_FOREVER, NULL), 0);
	expect_errno(dma_fence_device_signal(device, fence, 0), EINVAL);
	expect(dma_fence_device_close_handle(device, fence), 0);
	expect_errno(dma_fence_device_close_handle(device, fence), ENOENT);
}

Test(library, names_are_taken_and_too_long_ones_refused)
{
	struct dma_fence_query query;
	uint32_t fence;

	expect(dma_fence_device_create(device, "0123456789012345678901234567890", &fence), 0);
	expect(dma_fence_device_query(device, fence, &query, NULL, 0), 0);
	cr_assert_str_eq(query.timeline_name, "0123456789012345678901234567890");
	expect_errno(dma_fence_device_create(device, "01234567890123456789012345678901", &fence),
		     EINVAL);
	expect_errno(dma_fence_device_timeline_create(device, "01234567890123456789012345678901", 0,
						      &fence),
		     EINVAL);
	expect(dma_fence_device_create(device, NULL, &fence), 0);
}

Test(library, create_full_does_all_that_create_can)
{
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_AUTO_SIGNAL,
		.signal_delay_ns = NSEC_PER_MSEC,
		.signal_error = -ENOSPC,
	};
	int status;

	expect(dma_fence_device_create_full(device, &create), 0);
	expect(dma_fence_device_wait(device, create.handle, in_ms(PATIENCE_MS), &status), 0);
	expect(status, -ENOSPC);
}

/* As many as fit the stack, as need memory, as fit a request, and more. */
static const size_t counts[] = {
	1,
	2,
	100,
	300,
	DMA_FENCE_WAIT_INLINE_MAX,
	DMA_FENCE_WAIT_INLINE_MAX + 1,
	DMA_FENCE_SIGNAL_INLINE_MAX,
	DMA_FENCE_SIGNAL_INLINE_MAX + 1,
	10000,
};

#define COUNTS (sizeof(counts) / sizeof(counts[0]))
#define MOST   10000

static uint32_t handles[MOST];
static struct dma_fence_wait_item items[MOST];

static void create_many(size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		expect(dma_fence_device_create(device, NULL, &handles[i]), 0);
		items[i] = (struct dma_fence_wait_item){ .handle = handles[i], .status = 7 };
	}
}

Test(library, any_number_is_signaled_and_waited_for)
{
	uint32_t first;
	size_t i, j;

	for (i = 0; i < COUNTS; i++) {
		size_t count = counts[i];

		create_many(count);
		expect_errno(dma_fence_device_wait_many(device, items, count, DMA_FENCE_WAIT_ALL, 0,
							&first),
			     ETIME);
		expect(first, DMA_FENCE_WAIT_NONE);
		expect(items[count - 1].status, 0);
		expect(dma_fence_device_signal(device, handles[count - 1], 0), 0);
		expect(dma_fence_device_wait_many(device, items, count, 0, DMA_FENCE_WAIT_FOREVER,
						  &first),
		       0);
		expect(first, count - 1);
		if (count > 1)
			expect(dma_fence_device_signal_many(device, handles, count - 1, -EIO), 0);
		expect(dma_fence_device_wait_many(device, items, count, DMA_FENCE_WAIT_ALL,
						  in_ms(PATIENCE_MS), NULL),
		       0);
		for (j = 0; j < count; j++)
			expect(items[j].status, j == count - 1 ? 1 : -EIO);
		for (j = 0; j < count; j++)
			expect(dma_fence_device_close_handle(device, handles[j]), 0);
	}
}

Test(library, any_number_is_merged_and_told)
{
	static struct dma_fence_member members[MOST];
	struct dma_fence_query query;
	uint32_t merged;
	size_t i, j;

	for (i = 0; i < COUNTS; i++) {
		size_t count = counts[i];

		create_many(count);
		expect(dma_fence_device_merge(device, handles, count, 0, &merged), 0);
		memset(members, 0, sizeof(members));
		expect(dma_fence_device_query(device, merged, &query, members, count), 0);
		expect(query.member_count, count);
		for (j = 0; j < count; j++)
			check(members[j].context != 0 &&
			      (j == 0 || members[j].context > members[j - 1].context));
		/* A capacity for fewer, and for more. */
		expect(dma_fence_device_query(device, merged, &query, members, 1), 0);
		expect(query.member_count, count);
		expect(dma_fence_device_query(device, merged, &query, members, MOST), 0);
		expect(query.member_count, count);
		for (j = 0; j < count; j++)
			expect(dma_fence_device_close_handle(device, handles[j]), 0);
		expect(dma_fence_device_close_handle(device, merged), 0);
	}
}

Test(library, none_and_too_many_are_einval)
{
	uint32_t merged;

	expect_errno(dma_fence_device_signal_many(device, NULL, 0, 0), EINVAL);
	expect_errno(dma_fence_device_wait_many(device, NULL, 0, 0, 0, NULL), EINVAL);
	expect_errno(dma_fence_device_merge(device, NULL, 0, 0, &merged), EINVAL);
	expect_errno(dma_fence_device_signal_many(device, handles, UINT32_MAX, 0), EINVAL);
	expect_errno(dma_fence_device_merge(device, handles, UINT32_MAX, 0, &merged), EINVAL);
#if SIZE_MAX > UINT32_MAX
	expect_errno(dma_fence_device_signal_many(device, handles, (size_t)UINT32_MAX + 2, 0),
		     EINVAL);
	expect_errno(dma_fence_device_wait_many(device, items, (size_t)UINT32_MAX + 2, 0, 0, NULL),
		     EINVAL);
	expect_errno(dma_fence_device_merge(device, handles, (size_t)UINT32_MAX + 2, 0, &merged),
		     EINVAL);
#endif
}

Test(library, deadline_is_a_hint_that_can_be_read)
{
	struct dma_fence_query query;
	uint32_t fence = new_fence(device);
	int64_t soon = in_ms(1000);

	expect(dma_fence_device_set_deadline(device, fence, soon), 0);
	expect(dma_fence_device_query(device, fence, &query, NULL, 0), 0);
	expect(query.deadline_ns, soon);
}

/* ---- timelines ---- */

Test(library, timeline_gives_points_and_signals_them)
{
	uint32_t line, a, b, signaled;
	uint64_t seqno = 0;
	int status;

	expect(dma_fence_device_timeline_create(device, "engine", 10, &line), 0);
	expect(dma_fence_device_timeline_point(device, line, &seqno, &a), 0);
	expect(seqno, 11);
	seqno = 20;
	expect(dma_fence_device_timeline_point(device, line, &seqno, &b), 0);
	expect(seqno, 20);
	expect(dma_fence_device_timeline_advance(device, line, 19, 0, &signaled), 0);
	expect(signaled, 1);
	expect(dma_fence_device_get_status(device, b, &status), 0);
	expect(status, 0);
	expect(dma_fence_device_timeline_advance(device, line, 20, -EIO, NULL), 0);
	expect(dma_fence_device_get_status(device, b, &status), 0);
	expect(status, -EIO);
	expect(dma_fence_device_timeline_point(device, line, NULL, &b), 0);
	expect_errno(dma_fence_device_timeline_advance(device, line, 1, 0, NULL), EINVAL);
}

Test(library, point_of_no_timeline_is_enoent)
{
	uint32_t handle;

	expect_errno(dma_fence_device_timeline_point(device, 0, NULL, &handle), ENOENT);
	expect_errno(dma_fence_device_timeline_point(device, NO_SUCH_HANDLE, NULL, &handle),
		     ENOENT);
	eventually(handles, 0);
}

/* ---- buffers ---- */

Test(library, buffer_has_its_fences_and_its_value)
{
	int buffer = new_buffer(4096), status;
	uint32_t fence = new_fence(device), pending, count;
	uint64_t *memory = map_buffer(buffer, 4096);

	expect(dma_fence_device_attach(device, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(dma_fence_device_seqno_write(device, fence, buffer, 8, 42, 8), 0);
	expect(dma_fence_device_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE, 0, &pending,
					      &count),
	       0);
	expect(count, 1);
	expect(dma_fence_device_buffer_fences(device, buffer, DMA_FENCE_USAGE_WRITE,
					      DMA_FENCE_BUFFER_LATEST, &pending, NULL),
	       0);
	expect_errno(dma_fence_seqno_wait(&memory[1], 8, 42, 0, in_ms(10)), ETIME);
	expect(dma_fence_device_signal(device, fence, 0), 0);
	expect(dma_fence_seqno_wait(&memory[1], 8, 42, 0, in_ms(PATIENCE_MS)), 0);
	expect(dma_fence_device_get_status(device, pending, &status), 0);
	expect(status, 1);
	must(munmap(memory, 4096));
	must(close(buffer));
}

Test(library, buffer_wait_tells_how_many_are_pending)
{
	int buffer = new_buffer(4096), error = 1;
	uint32_t fence = new_fence(device), count;

	expect(raw_attach(device, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect_errno(dma_fence_device_buffer_wait(device, buffer, DMA_FENCE_USAGE_WRITE, 0, &count,
						  &error),
		     ETIME);
	expect(count, 1);
	expect(error, 0);
	expect(dma_fence_device_signal(device, fence, -EIO), 0);
	expect(dma_fence_device_buffer_wait(device, buffer, DMA_FENCE_USAGE_WRITE,
					    DMA_FENCE_WAIT_FOREVER, NULL, NULL),
	       0);
	expect_errno(
		dma_fence_device_buffer_wait(device, -1, DMA_FENCE_USAGE_WRITE, 0, &count, &error),
		EBADF);
	must(close(buffer));
}

/* ---- events ---- */

Test(library, events_are_read)
{
	struct dma_fence_event records[4];
	uint32_t fence = new_fence(device), a, b, fired;

	expect(dma_fence_device_event_add(device, fence, 1, &a), 0);
	expect(dma_fence_device_event_add(device, fence, 2, &b), 0);
	expect(dma_fence_device_event_cancel(device, a, &fired), 0);
	expect(fired, 0);
	expect(dma_fence_device_signal(device, fence, 0), 0);
	expect(dma_fence_device_read_events(device, records, 4), 1);
	expect(records[0].event, b);
	expect_errno(dma_fence_device_event_cancel(device, b, NULL), ENOENT);
	must(fcntl(device, F_SETFL, O_RDWR | O_NONBLOCK));
	expect_errno(dma_fence_device_read_events(device, records, 4), EAGAIN);
	expect_errno(dma_fence_device_read_events(device, records, 0), EINVAL);
}

Test(library, eventfd_is_written)
{
	uint32_t fence = new_fence(device), event;
	uint64_t value;
	int counter;

	need_feature(DMA_FENCE_FEATURE_EVENTFD, "the system has no asynchronous I/O contexts left");
	counter = must(eventfd(0, EFD_CLOEXEC));
	expect(dma_fence_device_eventfd_add(device, fence, counter, &event), 0);
	expect(dma_fence_device_signal(device, fence, 0), 0);
	expect(poll_for(counter, PATIENCE_MS), POLLIN);
	expect(read(counter, &value, sizeof(value)), sizeof(value));
	expect(value, 1);
	must(close(counter));
}

Test(library, eventfd_of_minus_1_is_ebadf)
{
	uint32_t event;

	/* In the request it would ask for a record. */
	expect_errno(dma_fence_device_eventfd_add(device, new_fence(device), -1, &event), EBADF);
	eventually(events, 0);
}
