/* SPDX-License-Identifier: MIT */
/* create.c - CREATE and CLOSE: contexts, names, timeouts, and fences that signal themselves. Raw
 * ioctls. */
#include <string.h>
#include <unistd.h>

#include "fixture.h"

DEVICE_SUITE(create);

static int raw_create(struct dma_fence_create *create)
{
	return raw_ioctl(device, DMA_FENCE_IOC_CREATE, create);
}

Test(create, new_fence_is_active)
{
	struct dma_fence_create create = { .name = "render" };
	struct dma_fence_query query;

	expect(raw_create(&create), 0);
	check(create.handle != 0);
	check(create.context != 0);
	expect(raw_query(device, create.handle, &query), 0);
	expect(query.status, 0);
	expect(query.timestamp_ns, 0);
	expect(query.context, create.context);
	expect(query.seqno, create.seqno);
	expect(query.member_count, 1);
}

Test(create, handles_are_small_numbers_and_never_0)
{
	uint32_t first = new_fence(device), second = new_fence(device);

	check(first != 0 && second != 0 && first != second);
	check(first < 100 && second < 100);
}

Test(create, row_5_1_every_fence_has_a_context_of_its_own)
{
	struct dma_fence_create a = { .name = "a" }, b = { .name = "b" };

	expect(raw_create(&a), 0);
	expect(raw_create(&b), 0);
	check(a.context != b.context);
}

Test(create, name_is_the_timeline_name)
{
	struct dma_fence_query query;

	expect(raw_query(device, new_named_fence(device, "scanout"), &query), 0);
	cr_assert_str_eq(query.timeline_name, "scanout");
	check(query.driver_name[0] != '\0');
	check(memchr(query.driver_name, '\0', sizeof(query.driver_name)));
}

Test(create, name_may_fill_its_field_but_for_the_end)
{
	static const char name[] = "0123456789012345678901234567890";
	struct dma_fence_query query;

	expect(raw_query(device, new_named_fence(device, name), &query), 0);
	cr_assert_str_eq(query.timeline_name, name);
}

Test(create, name_may_be_empty)
{
	struct dma_fence_create create = { .flags = 0 };

	expect(raw_create(&create), 0);
}

Test(create, name_without_an_end_is_einval)
{
	struct dma_fence_create create = { .flags = 0 };

	memset(create.name, 'x', sizeof(create.name));
	expect(raw_create(&create), -EINVAL);
	eventually(handles, 0);
}

Test(create, row_5_4_fence_is_timed_out)
{
	struct dma_fence_create create = { .timeout_ns = 20 * NSEC_PER_MSEC };
	int64_t start = now_ns();

	expect(raw_create(&create), 0);
	expect(raw_wait(device, create.handle, DMA_FENCE_WAIT_FOREVER), 0);
	check(now_ns() - start >= 20 * NSEC_PER_MSEC);
	expect(status_of(device, create.handle), -ETIMEDOUT);
}

Test(create, fence_that_never_times_out_stays_active)
{
	struct dma_fence_create create = { .timeout_ns = DMA_FENCE_TIMEOUT_NEVER };

	expect(raw_create(&create), 0);
	expect(raw_wait(device, create.handle, in_ms(50)), -ETIME);
	expect(raw_signal(device, create.handle, 0), 0);
	expect(status_of(device, create.handle), 1);
}

Test(create, longest_timeout_is_taken)
{
	struct dma_fence_create create = { .timeout_ns = DMA_FENCE_TIMEOUT_NEVER - 1 };

	/* Added to the clock it goes over the end of time. */
	expect(raw_create(&create), 0);
	expect(raw_wait(device, create.handle, in_ms(20)), -ETIME);
}

/*
 * Signals a fence before it would time out or signal itself with an error: the signal stays. On a
 * busy machine the signal may come too late.
 */
static void expect_signal_to_stay(struct dma_fence_create *create, int error)
{
	struct dma_fence_create later = { .timeout_ns = 50 * NSEC_PER_MSEC };
	int64_t begin = now_ns();
	int result;

	expect(raw_create(create), 0);
	result = raw_signal(device, create->handle, 0);
	check(result == 0 || now_ns() - begin >= 50 * NSEC_PER_MSEC);
	/* Timers expire in order: when a later fence has timed out, this one would have. */
	expect(raw_create(&later), 0);
	expect(raw_wait(device, later.handle, DMA_FENCE_WAIT_FOREVER), 0);
	expect(status_of(device, create->handle), result ? error : 1);
}

Test(create, signal_in_time_ends_the_timeout)
{
	struct dma_fence_create create = { .timeout_ns = 50 * NSEC_PER_MSEC };

	expect_signal_to_stay(&create, -ETIMEDOUT);
}

Test(create, default_timeout_is_the_one_of_the_caps)
{
	struct dma_fence_create create = { .flags = 0 };
	struct dma_fence_caps caps;

	/* That it is kept takes a daemon with a shorter one: see daemon.c. */
	expect(raw_caps(device, &caps), 0);
	expect(caps.fence_timeout_ns, 10 * NSEC_PER_SEC);
	expect(raw_create(&create), 0);
	expect(raw_wait(device, create.handle, in_ms(20)), -ETIME);
}

Test(create, fence_signals_itself_after_its_delay)
{
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_AUTO_SIGNAL,
		.signal_delay_ns = 20 * NSEC_PER_MSEC,
	};
	int64_t start = now_ns();

	expect(raw_create(&create), 0);
	expect(raw_wait(device, create.handle, DMA_FENCE_WAIT_FOREVER), 0);
	check(now_ns() - start >= 20 * NSEC_PER_MSEC);
	expect(status_of(device, create.handle), 1);
}

Test(create, fence_fails_by_itself)
{
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_AUTO_SIGNAL,
		.signal_delay_ns = NSEC_PER_MSEC,
		.signal_error = -EIO,
	};

	expect(raw_create(&create), 0);
	expect(raw_wait(device, create.handle, DMA_FENCE_WAIT_FOREVER), 0);
	expect(status_of(device, create.handle), -EIO);
}

Test(create, delay_of_0_signals_at_once)
{
	struct dma_fence_create create = { .flags = DMA_FENCE_CREATE_AUTO_SIGNAL };

	expect(raw_create(&create), 0);
	expect(raw_wait(device, create.handle, DMA_FENCE_WAIT_FOREVER), 0);
}

Test(create, fence_that_signals_itself_can_be_signaled_before)
{
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_AUTO_SIGNAL,
		.signal_delay_ns = 50 * NSEC_PER_MSEC,
		.signal_error = -EIO,
	};

	expect_signal_to_stay(&create, -EIO);
}

Test(create, timeout_before_the_delay_wins)
{
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_AUTO_SIGNAL,
		.timeout_ns = 10 * NSEC_PER_MSEC,
		.signal_delay_ns = 10 * NSEC_PER_SEC,
	};

	expect(raw_create(&create), 0);
	expect(raw_wait(device, create.handle, DMA_FENCE_WAIT_FOREVER), 0);
	expect(status_of(device, create.handle), -ETIMEDOUT);
}

Test(create, error_of_its_own_must_be_a_negative_errno)
{
	static const int32_t bad[] = { 1, EIO, -4096, INT32_MIN, INT32_MAX };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct dma_fence_create create = {
			.flags = DMA_FENCE_CREATE_AUTO_SIGNAL,
			.signal_error = bad[i],
		};

		expect(raw_create(&create), -EINVAL);
	}
	eventually(handles, 0);
}

Test(create, closed_handle_is_enoent)
{
	uint32_t handle = new_fence(device);

	expect(raw_close(device, handle), 0);
	expect(raw_close(device, handle), -ENOENT);
	expect(raw_signal(device, handle, 0), -ENOENT);
	eventually(fences, 0);
}

Test(create, handle_of_another_open_file_is_enoent)
{
	int other = open_device();
	uint32_t handle;

	new_fence(device);
	new_fence(device);
	handle = new_fence(device);
	expect(raw_signal(other, handle, 0), -ENOENT);
	expect(raw_wait(other, handle, 0), -ENOENT);
	expect(raw_close(other, handle), -ENOENT);
	expect(status_of(device, handle), 0);
	must(close(other));
}
