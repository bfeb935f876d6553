/* SPDX-License-Identifier: MIT */
/*
 * sw_sync.c - the sw_sync requests on an open of the node, and SYNC_IOC_MERGE, as far as a reply
 * can go: with a token where the kernel returns an fd. Raw ioctls.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fixture.h"
#include "linux_sw_sync.h"
#include "process.h"

DEVICE_SUITE(sw_sync);

static int raw_inc(int timeline, uint32_t by)
{
	return raw_ioctl(timeline, SW_SYNC_IOC_INC, &by);
}

/* A sync_file for the value. */
static int new_sw_sync_fence(int timeline, uint32_t value)
{
	struct dma_fence_sw_sync_create_fence create = { .value = value };
	struct dma_fence_bind bind = { .kind = DMA_FENCE_EXPORT_SYNC_FILE };
	int fd = open_device();

	expect(raw_ioctl(timeline, DMA_FENCE_IOC_SW_SYNC_CREATE_FENCE, &create), 0);
	memcpy(bind.token, create.token, sizeof(bind.token));
	expect(raw_ioctl(fd, DMA_FENCE_IOC_BIND, &bind), 0);
	return fd;
}

static int raw_file_merge(int fd1, int fd2, const char *name, int *merged)
{
	struct dma_fence_sync_file_merge merge = { .fd1 = fd1, .fd2 = fd2 };
	struct dma_fence_bind bind = { .kind = DMA_FENCE_EXPORT_SYNC_FILE };
	int ret;

	memcpy(merge.name, name, strnlen(name, sizeof(merge.name)));
	ret = raw_ioctl(device, DMA_FENCE_IOC_SYNC_FILE_MERGE, &merge);
	if (ret)
		return ret;
	*merged = open_device();
	memcpy(bind.token, merge.token, sizeof(bind.token));
	expect(raw_ioctl(*merged, DMA_FENCE_IOC_BIND, &bind), 0);
	return 0;
}

static void expect_name(int fd, const char *name)
{
	struct sync_file_info info = { 0 };

	expect(raw_ioctl(fd, SYNC_IOC_FILE_INFO, &info), 0);
	expect(strcmp(info.name, name), 0);
}

Test(sw_sync, fence_is_signaled_when_the_value_is_reached)
{
	int fd = new_sw_sync_fence(device, 3);

	expect(raw_inc(device, 2), 0);
	expect(sync_file_status(fd), 0);
	expect(raw_inc(device, 1), 0);
	expect(sync_file_status(fd), 1);
	must(close(fd));
}

static void wait_for_file(void *data)
{
	expect(poll_for(*(int *)data, PATIENCE_MS), POLLIN);
}

Test(sw_sync, inc_wakes_who_polls)
{
	int fd = new_sw_sync_fence(device, 1);
	pid_t pid = spawn(wait_for_file, &fd);

	wait_until_asleep(pid);
	expect(raw_inc(device, 1), 0);
	expect_success(pid);
	must(close(fd));
}

Test(sw_sync, values_wrap_around_and_inc_may_pass_half_the_range)
{
	int before, after;

	expect(raw_inc(device, UINT32_MAX - 1), 0);
	before = new_sw_sync_fence(device, UINT32_MAX);
	after = new_sw_sync_fence(device, 1);
	expect(raw_inc(device, 1), 0);
	expect(sync_file_status(before), 1);
	expect(sync_file_status(after), 0);
	expect(raw_inc(device, 2), 0);
	expect(sync_file_status(after), 1);
	must(close(before));
	must(close(after));
}

Test(sw_sync, closing_the_timeline_ends_its_fences_with_enoent)
{
	int timeline = open_device(), done = new_sw_sync_fence(timeline, 1),
	    pending = new_sw_sync_fence(timeline, 2);

	expect(raw_inc(timeline, 1), 0);
	must(close(timeline));
	expect(poll_for(pending, PATIENCE_MS), POLLIN);
	expect(sync_file_status(pending), -ENOENT);
	expect(sync_file_status(done), 1);
	must(close(done));
	must(close(pending));
}

/* It was forked with the timeline open. */
static void hold_on(void *data)
{
	pause();
}

Test(sw_sync, timeline_of_a_killed_process_ends_too)
{
	int timeline = open_device(), fd = new_sw_sync_fence(timeline, 1);
	pid_t pid = spawn(hold_on, NULL);

	wait_until_asleep(pid);
	must(close(timeline));
	sleep_ms(10);
	expect(sync_file_status(fd), 0);
	kill_child(pid);
	expect(poll_for(fd, PATIENCE_MS), POLLIN);
	expect(sync_file_status(fd), -ENOENT);
	must(close(fd));
}

Test(sw_sync, names_are_the_drivers_and_the_commands)
{
	struct sync_fence_info fence;
	struct sync_file_info info = { .num_fences = 1, .sync_fence_info = (uintptr_t)&fence };
	int fd;

	must(prctl(PR_SET_NAME, "a-client"));
	fd = new_sw_sync_fence(device, 7);
	expect(raw_ioctl(fd, SYNC_IOC_FILE_INFO, &info), 0);
	expect(strcmp(fence.driver_name, "sw_sync"), 0);
	expect(strcmp(fence.obj_name, "a-client"), 0);
	expect(strncmp(info.name, "sw_sync-a-client", strlen("sw_sync-a-client")), 0);
	expect(strcmp(strrchr(info.name, '-'), "-7"), 0);
	must(close(fd));
}

Test(sw_sync, request_for_an_fd_says_that_it_needs_help)
{
	struct sw_sync_create_fence_data create = { .value = 1 };
	struct sync_merge_data merge = { .fd2 = -1 };
	int fd = new_sync_file(device, new_signaled_fence(device, 0)), timeline = open_device();

	expect(raw_ioctl(timeline, SW_SYNC_IOC_CREATE_FENCE, &create), -EOPNOTSUPP);
	expect(raw_ioctl(fd, SYNC_IOC_MERGE, &merge), -EOPNOTSUPP);
	must(close(fd));
	must(close(timeline));
}

Test(sw_sync, row_5_3_earliest_deadline_is_told)
{
	struct sw_sync_get_deadline deadline = { 0 };
	int fd = new_sw_sync_fence(device, 1), other = new_sync_file(device, new_fence(device));
	struct sync_set_deadline hint = { .deadline_ns = 300 };

	deadline.fence_fd = fd;
	expect(raw_ioctl(device, SW_SYNC_GET_DEADLINE, &deadline), -ENOENT);
	expect(raw_ioctl(fd, SYNC_IOC_SET_DEADLINE, &hint), 0);
	hint.deadline_ns = 100;
	expect(raw_ioctl(fd, SYNC_IOC_SET_DEADLINE, &hint), 0);
	hint.deadline_ns = 200;
	expect(raw_ioctl(fd, SYNC_IOC_SET_DEADLINE, &hint), 0);
	expect(raw_ioctl(device, SW_SYNC_GET_DEADLINE, &deadline), 0);
	expect(deadline.deadline_ns, 100);
	/* The field of the answer is 0 in the request. */
	expect(raw_ioctl(device, SW_SYNC_GET_DEADLINE, &deadline), -EINVAL);
	expect(deadline.deadline_ns, 100);
	deadline = (struct sw_sync_get_deadline){ .pad = 1, .fence_fd = fd };
	expect(raw_ioctl(device, SW_SYNC_GET_DEADLINE, &deadline), -EINVAL);
	deadline = (struct sw_sync_get_deadline){ .fence_fd = other };
	expect(raw_ioctl(device, SW_SYNC_GET_DEADLINE, &deadline), -EINVAL);
	deadline.fence_fd = device;
	expect(raw_ioctl(device, SW_SYNC_GET_DEADLINE, &deadline), -EINVAL);
	deadline.fence_fd = -1;
	expect(raw_ioctl(device, SW_SYNC_GET_DEADLINE, &deadline), -EINVAL);
	must(close(fd));
	must(close(other));
}

Test(sw_sync, wrong_requests_are_refused)
{
	struct dma_fence_sw_sync_create_fence create = { .flags = 1 };
	unsigned char room[64] = { 0 };
	int timeline = open_device(), fresh;
	struct dma_fence_bind bind = { .kind = DMA_FENCE_EXPORT_SYNC_FILE };

	expect(raw_ioctl(timeline, DMA_FENCE_IOC_SW_SYNC_CREATE_FENCE, &create), -EINVAL);
	/* Told apart by the size, as the kernel does. */
	expect(raw_ioctl(timeline, _IOW('W', 1, __u64), room), -ENOTTY);
	expect(raw_ioctl(timeline, _IOWR('W', 3, __u32), room), -ENOTTY);
	expect(raw_ioctl(timeline, _IOWR('F', 1, __u32), room), -ENOTTY);
	/* An open that has become a timeline is nothing else any more. */
	expect(raw_inc(timeline, 1), 0);
	expect(raw_ioctl(timeline, DMA_FENCE_IOC_BIND, &bind), -EBUSY);
	must(close(timeline));
	fresh = open_device();
	expect(raw_ioctl(fresh, DMA_FENCE_IOC_BIND, &bind), -ENOENT);
	must(close(fresh));
}

/* The open file has as many tokens as it may have. */
static void use_up_tokens(void)
{
	uint32_t fence = new_fence(device);
	struct dma_fence_caps caps;
	uint64_t token[2];

	expect(raw_caps(device, &caps), 0);
	for (uint32_t i = 0; i < caps.max_exports; i++)
		expect(raw_export(device, fence, token), 0);
}

Test(sw_sync, open_is_no_timeline_after_a_fence_that_failed)
{
	struct dma_fence_sw_sync_create_fence create = { .value = 1 };

	use_up_tokens();
	expect(raw_ioctl(device, DMA_FENCE_IOC_SW_SYNC_CREATE_FENCE, &create), -ENOSPC);
	eventually(timelines, 0);
	/* One that it was before stays. */
	expect(raw_inc(device, 5), 0);
	expect(raw_ioctl(device, DMA_FENCE_IOC_SW_SYNC_CREATE_FENCE, &create), -ENOSPC);
	eventually(timelines, 1);
}

Test(sw_sync, merged_file_has_its_name_and_is_signaled_when_both_are)
{
	int a = new_sw_sync_fence(device, 1), other_timeline = open_device(),
	    b = new_sw_sync_fence(other_timeline, 1), merged;

	expect(raw_file_merge(a, b, "both", &merged), 0);
	expect_name(merged, "both");
	expect(raw_inc(device, 1), 0);
	expect(sync_file_status(merged), 0);
	expect(raw_inc(other_timeline, 1), 0);
	expect(sync_file_status(merged), 1);
	must(close(merged));
	/* A name of 32 bytes is cut, an empty one is the default. */
	expect(raw_file_merge(a, a, "0123456789abcdef0123456789abcdef", &merged), 0);
	expect_name(merged, "0123456789abcdef0123456789abcde");
	must(close(merged));
	must(close(a));
	must(close(b));
	must(close(other_timeline));
}

Test(sw_sync, merge_of_something_else_is_refused)
{
	struct dma_fence_sync_file_merge merge = { 0 };
	int fd = new_sync_file(device, new_fence(device)), merged;

	expect(raw_file_merge(fd, device, "", &merged), -EINVAL);
	expect(raw_file_merge(device, fd, "", &merged), -EINVAL);
	expect(raw_file_merge(fd, -1, "", &merged), -EBADF);
	merge.fd1 = merge.fd2 = fd;
	merge.flags = 1;
	expect(raw_ioctl(device, DMA_FENCE_IOC_SYNC_FILE_MERGE, &merge), -EINVAL);
	merge.flags = 0;
	merge.reserved = 1;
	expect(raw_ioctl(device, DMA_FENCE_IOC_SYNC_FILE_MERGE, &merge), -EINVAL);
	must(close(fd));
}

Test(sw_sync, thousand_fences_leave_nothing_behind)
{
	int timeline = open_device(), fds[1000], i;

	for (i = 0; i < 1000; i++)
		fds[i] = new_sw_sync_fence(timeline, 1000 - i);
	expect(raw_inc(timeline, 500), 0);
	for (i = 0; i < 1000; i++) {
		expect(sync_file_status(fds[i]), 1000 - i <= 500);
		must(close(fds[i]));
	}
	must(close(timeline));
	eventually(files, 1);
	eventually(timelines, 0);
}
