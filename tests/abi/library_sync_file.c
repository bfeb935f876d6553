/* SPDX-License-Identifier: MIT */
/* library_sync_file.c - libdmafence: fences as file descriptors. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "fixture.h"
#include "libdmafence.h"
#include "process.h"
#include "syncobj.h"

DEVICE_SUITE(library_sync_file);

Test(library_sync_file, export_gives_a_sync_file)
{
	uint32_t fence = new_fence(device);
	int fd = must(dma_fence_device_export(device, fence)), status = 7;

	expect(fcntl(fd, F_GETFD), FD_CLOEXEC);
	/* As the kernel's are. */
	expect(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	expect(dma_fence_sync_file_get_status(fd, &status), 0);
	expect(status, 0);
	expect(dma_fence_device_signal(device, fence, -EIO), 0);
	expect(dma_fence_sync_file_get_status(fd, &status), 0);
	expect(status, -EIO);
	must(close(fd));
}

Test(library_sync_file, export_of_no_fence_leaves_nothing)
{
	expect_errno(dma_fence_device_export(device, NO_SUCH_HANDLE), ENOENT);
	expect_errno(dma_fence_device_export(device, new_timeline(device, 0)), EINVAL);
	eventually(exports, 0);
	eventually(files, 1);
}

Test(library_sync_file, token_binds_a_fresh_open)
{
	uint32_t fence = new_fence(device);
	int fresh = must(dma_fence_device_open(NULL)), status;
	uint64_t token[2];

	expect(dma_fence_device_export_token(device, fence, token), 0);
	expect_errno(dma_fence_device_bind(device, token), EBUSY);
	expect(dma_fence_device_bind(fresh, token), 0);
	expect(dma_fence_sync_file_get_status(fresh, &status), 0);
	expect(status, 0);
	must(close(fresh));
}

Test(library_sync_file, import_gives_a_handle)
{
	uint32_t fence = new_fence(device), imported;
	int fd = must(dma_fence_device_export(device, fence)), status;

	expect(dma_fence_device_import(device, fd, &imported), 0);
	expect_errno(dma_fence_device_signal(device, imported, 0), EPERM);
	expect(dma_fence_device_signal(device, fence, 0), 0);
	expect(dma_fence_device_get_status(device, imported, &status), 0);
	expect(status, 1);
	must(close(fd));
	expect_errno(dma_fence_device_import(device, device, &imported), EINVAL);
	expect_errno(dma_fence_device_import(device, -1, &imported), EBADF);
}

Test(library_sync_file, merge_is_signaled_when_both_are)
{
	uint32_t a = new_fence(device), b = new_fence(device);
	int fd_a = must(dma_fence_device_export(device, a)),
	    fd_b = must(dma_fence_device_export(device, b));
	int merged = must(dma_fence_device_merge_sync_files(device, NULL, fd_a, fd_b)), status;

	/* The handles that it took are gone again, the sources stay. */
	eventually(handles, 2);
	expect(fcntl(merged, F_GETFD), FD_CLOEXEC);
	expect(dma_fence_device_signal(device, a, 0), 0);
	expect(dma_fence_sync_file_get_status(merged, &status), 0);
	expect(status, 0);
	expect(dma_fence_device_signal(device, b, -EIO), 0);
	expect(dma_fence_sync_file_wait(merged, DMA_FENCE_WAIT_FOREVER, &status), 0);
	expect(status, -EIO);
	expect(dma_fence_sync_file_get_status(fd_a, &status), 0);
	expect(status, 1);
	must(close(merged));
	must(close(fd_a));
	must(close(fd_b));
}

Test(library_sync_file, merge_takes_a_name)
{
	int fd = must(dma_fence_device_export(device, new_fence(device)));
	int merged = must(dma_fence_device_merge_sync_files(device, "frame", fd, fd));
	struct sync_file_info info;

	expect(dma_fence_sync_file_info(merged, &info, NULL, 0), 0);
	expect(strcmp(info.name, "frame"), 0);
	must(close(merged));
	expect_errno(dma_fence_device_merge_sync_files(
			     device, "a name of more than thirty-one bytes", fd, fd),
		     EINVAL);
	must(close(fd));
}

Test(library_sync_file, sw_sync_timeline_is_an_open_of_its_own)
{
	int timeline = must(dma_fence_device_reopen(device));
	int fd = must(dma_fence_sw_sync_fence_create(timeline, 2)), status;

	expect(fcntl(fd, F_GETFD), FD_CLOEXEC);
	expect(dma_fence_sw_sync_timeline_inc(timeline, 1), 0);
	expect(dma_fence_sync_file_get_status(fd, &status), 0);
	expect(status, 0);
	must(close(timeline));
	expect(dma_fence_sync_file_wait(fd, DMA_FENCE_WAIT_FOREVER, &status), 0);
	expect(status, -ENOENT);
	must(close(fd));
	expect_errno(dma_fence_sw_sync_fence_create(-1, 2), EBADF);
	expect_errno(dma_fence_sw_sync_timeline_inc(-1, 2), EBADF);
}

Test(library_sync_file, merge_with_something_else_leaves_nothing)
{
	int fd = must(dma_fence_device_export(device, new_fence(device)));

	expect_errno(dma_fence_device_merge_sync_files(device, NULL, fd, device), EINVAL);
	expect_errno(dma_fence_device_merge_sync_files(device, NULL, 900, fd), EBADF);
	eventually(handles, 1);
	eventually(files, 2);
	must(close(fd));
}

Test(library_sync_file, info_tells_the_fences)
{
	uint32_t fences[3] = { new_fence(device), new_fence(device), new_fence(device) }, merged;
	struct sync_fence_info told[3];
	struct sync_file_info info;
	int fd;

	expect(dma_fence_device_merge(device, fences, 3, 0, &merged), 0);
	fd = must(dma_fence_device_export(device, merged));
	expect(dma_fence_sync_file_info(fd, &info, NULL, 0), 0);
	expect(info.num_fences, 3);
	expect_errno(dma_fence_sync_file_info(fd, &info, told, 2), EINVAL);
	expect(dma_fence_sync_file_info(fd, &info, told, 3), 0);
	cr_assert_str_eq(told[2].obj_name, "test");
	must(close(fd));
}

Test(library_sync_file, deadline_reaches_the_fence)
{
	uint32_t fence = new_fence(device);
	int fd = must(dma_fence_device_export(device, fence));
	struct dma_fence_query query;
	int64_t soon = in_ms(1000);

	expect(dma_fence_sync_file_set_deadline(fd, soon), 0);
	expect(dma_fence_device_query(device, fence, &query, NULL, 0), 0);
	expect(query.deadline_ns, soon);
	expect(dma_fence_sync_file_set_deadline(fd, INT64_MIN), 0);
	expect(dma_fence_sync_file_set_deadline(fd, INT64_MAX), 0);
	must(close(fd));
}

/* ---- waiting ---- */

struct sync_file_waiter {
	struct thread thread;
	int fd, result, error, status;
};

static void wait_for_sync_file(void *data)
{
	struct sync_file_waiter *waiter = data;

	waiter->result = dma_fence_sync_file_wait(waiter->fd, in_ms(PATIENCE_MS), &waiter->status);
	waiter->error = waiter->result < 0 ? errno : 0;
}

Test(library_sync_file, wait_ends_with_the_signal)
{
	uint32_t fence = new_fence(device);
	struct sync_file_waiter waiter = { .fd = must(dma_fence_device_export(device, fence)) };

	thread_start(&waiter.thread, wait_for_sync_file, &waiter);
	sleep_ms(20);
	expect(dma_fence_device_signal(device, fence, -EIO), 0);
	thread_join(&waiter.thread);
	expect(waiter.result, 0);
	expect(waiter.status, -EIO);
	must(close(waiter.fd));
}

Test(library_sync_file, wait_keeps_its_deadline)
{
	int fd = must(dma_fence_device_export(device, new_fence(device))), status = 7;
	int64_t deadline = in_ms(20);

	expect_errno(dma_fence_sync_file_wait(fd, deadline, &status), ETIME);
	check(now_ns() >= deadline);
	expect(status, 0);
	expect_errno(dma_fence_sync_file_wait(fd, deadline, NULL), ETIME);
	expect_errno(dma_fence_sync_file_wait(fd, 0, NULL), ETIME);
	expect_errno(dma_fence_sync_file_wait(fd, INT64_MIN, NULL), ETIME);
	must(close(fd));
}

Test(library_sync_file, wait_on_a_signaled_one_returns_at_once)
{
	int fd = must(dma_fence_device_export(device, new_signaled_fence(device, 0))), status;

	expect(dma_fence_sync_file_wait(fd, 0, NULL), 0);
	expect(dma_fence_sync_file_wait(fd, DMA_FENCE_WAIT_FOREVER, &status), 0);
	expect(status, 1);
	must(close(fd));
}

Test(library_sync_file, wait_on_something_else_says_so)
{
	int ends[2], status;

	must(pipe2(ends, O_CLOEXEC));
	expect(write(ends[1], "x", 1), 1);
	expect_errno(dma_fence_sync_file_wait(ends[0], in_ms(PATIENCE_MS), &status), ENOTTY);
	expect_errno(dma_fence_sync_file_wait(-1, DMA_FENCE_WAIT_FOREVER, &status), EBADF);
	must(close(ends[0]));
	must(close(ends[1]));
	expect_errno(dma_fence_sync_file_wait(ends[0], DMA_FENCE_WAIT_FOREVER, &status), EBADF);
}

static void on_signal(int number)
{
}

Test(library_sync_file, wait_is_interrupted_as_poll_is)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct sync_file_waiter waiter = { .fd = must(dma_fence_device_export(device,
									      new_fence(device))) };

	must(sigaction(SIGUSR1, &action, NULL));
	thread_start(&waiter.thread, wait_for_sync_file, &waiter);
	do
		pthread_kill(waiter.thread.thread, SIGUSR1);
	while (pthread_tryjoin_np(waiter.thread.thread, NULL) != 0 && (sleep_ms(5), true));
	expect(waiter.result, -1);
	expect(waiter.error, EINTR);
	must(close(waiter.fd));
}

Test(library_sync_file, wait_ends_with_the_device)
{
	struct sync_file_waiter waiter;
	struct daemon daemon;
	uint32_t fence;
	int fd;

	daemon_place(&daemon, "another");
	expect(daemon_start(&daemon, NULL), 0);
	fd = must(dma_fence_device_open(daemon.node));
	expect(dma_fence_device_create(fd, NULL, &fence), 0);
	waiter.fd = must(dma_fence_device_export(fd, fence));
	thread_start(&waiter.thread, wait_for_sync_file, &waiter);
	sleep_ms(20);
	must(kill(daemon.pid, SIGKILL));
	daemon_wait(&daemon);
	thread_join(&waiter.thread);
	expect(waiter.result, -1);
	expect(waiter.error, ENOTCONN);
	expect_errno(dma_fence_sync_file_wait(waiter.fd, DMA_FENCE_WAIT_FOREVER, NULL), ENOTCONN);
	expect_errno(dma_fence_sync_file_get_status(waiter.fd, &waiter.status), ENOTCONN);
	close(waiter.fd);
	close(fd);
	/* Another one takes what is left away. */
	expect(daemon_start(&daemon, NULL), 0);
	expect(daemon_stop(&daemon), 0);
	unlink(daemon.node);
}

Test(library_sync_file, syncobj_gives_either_kind_of_descriptor)
{
	const uint32_t sync_file = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
	const uint32_t timeline = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE;
	uint32_t handle = new_syncobj(device, 0), other;
	int fd, status;

	expect_errno(dma_fence_syncobj_to_fd(device, NO_SUCH_HANDLE, 0, 0), EINVAL);
	expect_errno(dma_fence_syncobj_to_fd(device, NO_SUCH_HANDLE, sync_file, 0), ENOENT);
	expect_errno(dma_fence_syncobj_to_fd(device, handle, sync_file, 0), EINVAL);
	fd = must(dma_fence_syncobj_to_fd(device, handle, 0, 0));
	expect(fcntl(fd, F_GETFD), FD_CLOEXEC);
	expect(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	expect(raw_from_fd(device, fd, &other), 0);
	must(close(fd));
	expect(raw_signal_point(device, other, 4), 0);
	expect_errno(dma_fence_syncobj_to_fd(device, handle, sync_file | timeline, 5), EINVAL);
	fd = must(dma_fence_syncobj_to_fd(device, handle, sync_file | timeline, 4));
	expect(dma_fence_sync_file_get_status(fd, &status), 0);
	expect(status, 1);
	must(close(fd));
}
