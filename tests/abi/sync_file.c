/* SPDX-License-Identifier: MIT */
/* sync_file.c - EXPORT, BIND and IMPORT, and what an exported fd answers. Raw ioctls. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

DEVICE_SUITE(sync_file);

Test(sync_file, poll_says_when_it_is_signaled)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence);

	expect(poll_for(fd, 0), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(poll_for(fd, 0), POLLIN);
	expect(sync_file_status(fd), 1);
	must(close(fd));
}

Test(sync_file, poll_says_pollin_on_error_too)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence);

	expect(raw_signal(device, fence, -EIO), 0);
	expect(poll_for(fd, 0), POLLIN);
	expect(sync_file_status(fd), -EIO);
	must(close(fd));
}

static void poll_for_signal(void *data)
{
	expect(poll_for(*(int *)data, PATIENCE_MS), POLLIN);
}

Test(sync_file, sleeping_pollers_are_woken)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence), i;
	struct thread threads[5];
	pid_t pid = spawn(poll_for_signal, &fd);

	for (i = 0; i < 5; i++)
		thread_start(&threads[i], poll_for_signal, &fd);
	wait_until_asleep(pid);
	sleep_ms(20);
	expect(raw_signal(device, fence, 0), 0);
	for (i = 0; i < 5; i++)
		thread_join(&threads[i]);
	expect_success(pid);
	must(close(fd));
}

Test(sync_file, epoll_works)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence), epoll = must(epoll_create1(EPOLL_CLOEXEC));
	struct epoll_event event = { .events = EPOLLIN };

	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	expect(epoll_wait(epoll, &event, 1, 0), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(epoll_wait(epoll, &event, 1, PATIENCE_MS), 1);
	expect(event.events, EPOLLIN);
	must(close(epoll));
	must(close(fd));
}

Test(sync_file, epoll_from_before_the_bind_is_told)
{
	uint32_t fence = new_fence(device);
	int fd = open_device(), epoll = must(epoll_create1(EPOLL_CLOEXEC));
	struct epoll_event event = { .events = EPOLLIN };
	uint64_t token[2];

	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	expect(raw_export(device, fence, token), 0);
	expect(raw_bind(fd, token), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(epoll_wait(epoll, &event, 1, PATIENCE_MS), 1);
	must(close(epoll));
	must(close(fd));
}

Test(sync_file, export_of_a_signaled_fence_is_readable_at_once)
{
	int fd = new_sync_file(device, new_signaled_fence(device, -EIO));

	expect(poll_for(fd, 0), POLLIN);
	expect(sync_file_status(fd), -EIO);
	must(close(fd));
}

Test(sync_file, token_waits_for_its_bind)
{
	uint64_t token[2];
	int fd;

	expect(raw_export(device, new_fence(device), token), 0);
	eventually(exports, 1);
	check(token[0] != 0 || token[1] != 0);
	fd = open_device();
	expect(raw_bind(fd, token), 0);
	eventually(exports, 0);
	must(close(fd));
}

Test(sync_file, every_token_is_another)
{
	uint32_t fence = new_fence(device);
	uint64_t a[2], b[2];

	expect(raw_export(device, fence, a), 0);
	expect(raw_export(device, fence, b), 0);
	check(a[0] != b[0] && a[1] != b[1]);
}

Test(sync_file, used_token_is_enoent)
{
	uint64_t token[2];
	int first = open_device(), second = open_device();

	expect(raw_export(device, new_fence(device), token), 0);
	expect(raw_bind(first, token), 0);
	expect(raw_bind(second, token), -ENOENT);
	must(close(first));
	must(close(second));
}

Test(sync_file, wrong_token_is_enoent)
{
	uint64_t token[2], wrong[2] = { 0, 0 };
	int fd = open_device();

	expect(raw_bind(fd, wrong), -ENOENT);
	expect(raw_export(device, new_fence(device), token), 0);
	wrong[0] = token[0];
	wrong[1] = token[1] ^ 1;
	expect(raw_bind(fd, wrong), -ENOENT);
	wrong[0] = token[1];
	wrong[1] = token[0];
	expect(raw_bind(fd, wrong), -ENOENT);
	/* And the fd is as fresh as it was. */
	expect(raw_bind(fd, token), 0);
	must(close(fd));
}

Test(sync_file, token_goes_with_its_exporter)
{
	int exporter = open_device(), fd = open_device();
	uint64_t token[2];

	expect(raw_export(exporter, new_fence(exporter), token), 0);
	must(close(exporter));
	eventually(exports, 0);
	expect(raw_bind(fd, token), -ENOENT);
	must(close(fd));
}

Test(sync_file, token_outlives_the_handle)
{
	uint32_t fence = new_fence(device);
	uint64_t token[2];
	int fd = open_device();

	expect(raw_export(device, fence, token), 0);
	expect(raw_close(device, fence), 0);
	expect(raw_bind(fd, token), 0);
	expect(sync_file_status(fd), -ECANCELED);
	must(close(fd));
}

Test(sync_file, only_a_fresh_open_can_be_bound)
{
	int fd = open_device();
	uint64_t token[2];

	expect(raw_export(device, new_fence(device), token), 0);
	expect(raw_bind(device, token), -EBUSY);
	new_fence(fd);
	expect(raw_bind(fd, token), -EBUSY);
	must(close(fd));
}

Test(sync_file, bound_fd_cannot_be_bound_again)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence);
	uint64_t token[2];
	int result;

	expect(raw_export(device, fence, token), 0);
	/* It answers sync_file requests and nothing else. */
	result = raw_bind(fd, token);
	check(result == -ENOTTY || result == -EBUSY);
	expect(sync_file_status(fd), 0);
	must(close(fd));
}

Test(sync_file, unknown_kind_is_einval)
{
	struct dma_fence_export export = { .handle = new_fence(device) };
	struct dma_fence_bind bind = { .kind = 2 };
	int fd = open_device();

	expect(raw_ioctl(device, DMA_FENCE_IOC_EXPORT, &export), -EINVAL);
	export.kind = ~0u;
	expect(raw_ioctl(device, DMA_FENCE_IOC_EXPORT, &export), -EINVAL);
	expect(raw_export(device, export.handle, (uint64_t *)bind.token), 0);
	expect(raw_ioctl(fd, DMA_FENCE_IOC_BIND, &bind), -EINVAL);
	must(close(fd));
}

Test(sync_file, bound_fd_answers_nothing_else)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence);
	struct dma_fence_caps caps;
	struct dma_fence_stats stats;
	struct dma_fence_query query;
	unsigned char argument[64] = { 0 };
	unsigned int number;

	expect(raw_caps(fd, &caps), -ENOTTY);
	expect(raw_stats(fd, &stats), -ENOTTY);
	expect(raw_query(fd, fence, &query), -ENOTTY);
	expect(raw_signal(fd, fence, 0), -ENOTTY);
	/* Among them the numbers of an older ABI, which old clients try first. */
	for (number = 0; number < 32; number++)
		if (number != _IOC_NR(SYNC_IOC_FILE_INFO) &&
		    number != _IOC_NR(SYNC_IOC_SET_DEADLINE) && number != _IOC_NR(SYNC_IOC_MERGE))
			expect(raw_ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, '>', number, 40),
					 argument),
			       -ENOTTY);
	must(close(fd));
}

Test(sync_file, bound_fd_has_no_records_to_read)
{
	int fd = new_sync_file(device, new_signaled_fence(device, 0));
	struct dma_fence_event record;

	expect(raw_read_events(fd, &record, 1), -EINVAL);
	must(close(fd));
}

Test(sync_file, file_info_of_a_single_fence)
{
	uint32_t fence = new_named_fence(device, "render");
	int fd = new_sync_file(device, fence);
	struct sync_fence_info fences[1];
	struct sync_file_info info;

	expect(raw_file_info(fd, &info, fences, 1), 0);
	expect(info.status, 0);
	expect(info.num_fences, 1);
	check(info.name[0] != '\0');
	cr_assert_str_eq(fences[0].obj_name, "render");
	check(fences[0].driver_name[0] != '\0');
	expect(fences[0].status, 0);
	expect(fences[0].timestamp_ns, 0);
	must(close(fd));
}

Test(sync_file, file_info_after_the_signal)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence);
	struct sync_fence_info fences[1];
	struct sync_file_info info;
	struct dma_fence_query query;

	expect(raw_signal(device, fence, -EIO), 0);
	expect(raw_query(device, fence, &query), 0);
	expect(raw_file_info(fd, &info, fences, 1), 0);
	expect(info.status, -EIO);
	expect(fences[0].status, -EIO);
	expect(fences[0].timestamp_ns, query.timestamp_ns);
	must(close(fd));
}

static int merged_sync_file(void)
{
	uint32_t handles[3] = { new_fence(device), new_fence(device), new_fence(device) }, merged;

	expect(raw_merge(device, handles, 3, 0, &merged), 0);
	return new_sync_file(device, merged);
}

Test(sync_file, file_info_without_room_tells_the_count)
{
	struct sync_file_info info;
	int fd = merged_sync_file();

	expect(raw_file_info(fd, &info, NULL, 0), 0);
	expect(info.num_fences, 3);
	expect(info.status, 0);
	must(close(fd));
}

Test(sync_file, file_info_with_exact_room)
{
	struct sync_fence_info fences[4];
	struct sync_file_info info;
	int fd = merged_sync_file(), i;

	memset(fences, 0x55, sizeof(fences));
	expect(raw_file_info(fd, &info, fences, 3), 0);
	expect(info.num_fences, 3);
	for (i = 0; i < 3; i++) {
		cr_assert_str_eq(fences[i].obj_name, "test");
		expect(fences[i].status, 0);
	}
	expect(fences[3].status, 0x55555555);
	must(close(fd));
}

Test(sync_file, file_info_with_too_much_room)
{
	struct sync_fence_info fences[5];
	struct sync_file_info info;
	int fd = merged_sync_file();

	memset(fences, 0x55, sizeof(fences));
	expect(raw_file_info(fd, &info, fences, 5), 0);
	expect(info.num_fences, 3);
	expect(fences[2].status, 0);
	expect(fences[3].status, 0x55555555);
	must(close(fd));
}

Test(sync_file, file_info_with_too_little_room_writes_nothing)
{
	struct sync_fence_info fences[2];
	struct sync_file_info info, before;
	int fd = merged_sync_file();

	memset(fences, 0x55, sizeof(fences));
	memset(&before, 0, sizeof(before));
	before.num_fences = 2;
	before.sync_fence_info = (uintptr_t)fences;
	expect(raw_file_info(fd, &info, fences, 2), -EINVAL);
	expect(memcmp(&info, &before, sizeof(info)), 0);
	expect(fences[0].status, 0x55555555);
	must(close(fd));
}

Test(sync_file, file_info_with_flags_or_pad_is_einval)
{
	int fd = merged_sync_file();
	struct sync_file_info flags = { .flags = 1 }, pad = { .pad = 1 };

	expect(raw_ioctl(fd, SYNC_IOC_FILE_INFO, &flags), -EINVAL);
	expect(raw_ioctl(fd, SYNC_IOC_FILE_INFO, &pad), -EINVAL);
	must(close(fd));
}

Test(sync_file, deadline_reaches_the_fence)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence);
	struct sync_set_deadline deadline = { .deadline_ns = in_ms(1000) };
	struct dma_fence_query query;

	expect(raw_ioctl(fd, SYNC_IOC_SET_DEADLINE, &deadline), 0);
	expect(raw_query(device, fence, &query), 0);
	expect(query.deadline_ns, deadline.deadline_ns);
	deadline.deadline_ns += 5;
	expect(raw_ioctl(fd, SYNC_IOC_SET_DEADLINE, &deadline), 0);
	expect(raw_query(device, fence, &query), 0);
	expect(query.deadline_ns, deadline.deadline_ns - 5);
	must(close(fd));
}

Test(sync_file, deadline_with_pad_is_einval)
{
	int fd = new_sync_file(device, new_fence(device));
	struct sync_set_deadline deadline = { .deadline_ns = in_ms(1000), .pad = 1 };

	expect(raw_ioctl(fd, SYNC_IOC_SET_DEADLINE, &deadline), -EINVAL);
	must(close(fd));
}

Test(sync_file, largest_deadline_is_taken)
{
	int fd = new_sync_file(device, new_fence(device));
	struct sync_set_deadline deadline = { .deadline_ns = UINT64_MAX };

	expect(raw_ioctl(fd, SYNC_IOC_SET_DEADLINE, &deadline), 0);
	must(close(fd));
}

Test(sync_file, import_gives_a_handle_of_the_same_fence)
{
	uint32_t fence = new_fence(device), imported;
	int fd = new_sync_file(device, fence), other = open_device();
	struct dma_fence_query here, there;

	imported = import(other, fd);
	must(close(fd));
	expect(raw_query(device, fence, &here), 0);
	expect(raw_query(other, imported, &there), 0);
	expect(here.context, there.context);
	expect(here.seqno, there.seqno);
	expect(raw_signal(device, fence, -EIO), 0);
	expect(status_of(other, imported), -EIO);
	must(close(other));
}

Test(sync_file, import_of_a_merge_has_its_members)
{
	int fd = merged_sync_file();
	struct dma_fence_query query;

	expect(raw_query(device, import(device, fd), &query), 0);
	expect(query.member_count, 3);
	must(close(fd));
}

Test(sync_file, every_import_is_a_handle_of_its_own)
{
	int fd = new_sync_file(device, new_fence(device));
	uint32_t a = import(device, fd), b = import(device, fd);

	check(a != b);
	expect(raw_close(device, a), 0);
	expect(status_of(device, b), 0);
	must(close(fd));
}

Test(sync_file, duplicates_are_the_same_sync_file)
{
	uint32_t fence = new_fence(device);
	int fd = new_sync_file(device, fence), copy = must(dup(fd));

	must(close(fd));
	expect(sync_file_status(copy), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(poll_for(copy, 0), POLLIN);
	must(close(copy));
}

Test(sync_file, read_only_open_can_be_bound)
{
	uint32_t fence = new_fence(device);
	uint64_t token[2];
	int fd;

	fd = reopen(device, O_RDONLY);
	expect(raw_export(device, fence, token), 0);
	expect(raw_bind(fd, token), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(poll_for(fd, 0), POLLIN);
	expect(sync_file_status(fd), 1);
	must(close(fd));
}

Test(sync_file, closed_sync_file_does_not_cancel_the_fence)
{
	uint32_t fence = new_fence(device);

	must(close(new_sync_file(device, fence)));
	eventually(files, 1);
	expect(status_of(device, fence), 0);
}
