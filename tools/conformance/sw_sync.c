/* SPDX-License-Identifier: MIT */
/*
 * sw_sync.c - groups: timelines that user space moves. What is expected is what the kernel's
 * documentation and its own tests of sw_sync say: distributions build it without.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bed.h"
#include "descriptor.h"
#include "exchange.h"
#include "groups.h"
#include "linux_sw_sync.h"
#include "linux_sync_file.h"
#include "report.h"

static int open_timeline(void)
{
	int fd = open(bed.sw_sync, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		give_up(bed.sw_sync);
	return fd;
}

static int create_fence(int fd, uint32_t value)
{
	struct sw_sync_create_fence_data create = { .value = value };

	prepare(fd, SW_SYNC_IOC_CREATE_FENCE, &create);
	return create.fence;
}

static void increase(int fd, uint32_t by)
{
	prepare(fd, SW_SYNC_IOC_INC, &by);
}

void group_sw_sync(void)
{
	int timeline = open_timeline(), at_0, at_2, at_5;
	struct sw_sync_create_fence_data create = { .value = 1, .fence = -7 };
	uint32_t none = 0;

	exchange("CREATE_FENCE", timeline, SW_SYNC_IOC_CREATE_FENCE, &create);
	answer_descriptor("fence", create.fence);
	answer_file_info("fence", create.fence);
	at_0 = create_fence(timeline, 0);
	at_5 = create_fence(timeline, 5);
	at_2 = create_fence(timeline, 2);
	answer("at 0: 0", "%s", sync_file_state(at_0));
	answer("at 0: 2", "%s", sync_file_state(at_2));
	increase(timeline, 1);
	answer("at 1: 2", "%s", sync_file_state(at_2));
	exchange("INC by 0", timeline, SW_SYNC_IOC_INC, &none);
	answer("at 1, increased by 0: 2", "%s", sync_file_state(at_2));
	increase(timeline, 2);
	answer("at 3: 2", "%s", sync_file_state(at_2));
	answer("at 3: 5", "%s", sync_file_state(at_5));
	answer("at 3: a new one for 3", "%s", sync_file_state(create_fence(timeline, 3)));
	answer("at 3: a new one for 4", "%s", sync_file_state(create_fence(timeline, 4)));
	increase(timeline, 7);
	answer("at 10: 5", "%s", sync_file_state(at_5));
	answer_file_info("at 10: 5, all of it", at_5);
}

void group_sw_sync_arguments(void)
{
	int timeline = open_timeline();
	struct sw_sync_create_fence_data create = {};

	exchange("CREATE_FENCE, no argument", timeline, SW_SYNC_IOC_CREATE_FENCE, NULL);
	exchange("INC, no argument", timeline, SW_SYNC_IOC_INC, NULL);
	answer("'W' 99", "%s",
	       returned(ioctl(timeline, _IOC(_IOC_READ | _IOC_WRITE, 'W', 99, 8), &timeline)));
	answer("INC of 8 bytes", "%s",
	       returned(ioctl(timeline, _IOC(_IOC_WRITE, 'W', 1, 8), &create)));
	answer("INC, _IOWR", "%s",
	       returned(ioctl(timeline, _IOC(_IOC_READ | _IOC_WRITE, 'W', 1, 4), &create)));
	answer("CREATE_FENCE of 36 bytes", "%s",
	       returned(ioctl(timeline, _IOC(_IOC_READ | _IOC_WRITE, 'W', 0, 36), &create)));
	answer("CREATE_FENCE, _IOW", "%s",
	       returned(ioctl(timeline, _IOC(_IOC_WRITE, 'W', 0, sizeof(create)), &create)));
	answer("GET_DEADLINE of 8 bytes", "%s",
	       returned(ioctl(timeline, _IOC(_IOC_READ | _IOC_WRITE, 'W', 2, 8), &create)));
}

/* Values have 32 bits; the sign of the difference gives their order. */
void group_sw_sync_wrap(void)
{
	int timeline = open_timeline(), high, wrapped;

	increase(timeline, INT32_MAX);
	increase(timeline, INT32_MAX);
	high = create_fence(timeline, UINT32_MAX);
	wrapped = create_fence(timeline, 2);
	answer("below the top: the top", "%s", sync_file_state(high));
	answer("below the top: 2", "%s", sync_file_state(wrapped));
	increase(timeline, 1);
	answer("at the top: the top", "%s", sync_file_state(high));
	answer("at the top: 2", "%s", sync_file_state(wrapped));
	increase(timeline, 3);
	answer("at 2: 2", "%s", sync_file_state(wrapped));
}

void group_sw_sync_close(void)
{
	int timeline = open_timeline(), other = open_timeline();
	int pending = create_fence(timeline, 1), merged;

	merged = make_merged(pending, create_fence(other, 1));
	answer("before", "%s", sync_file_state(pending));
	close(timeline);
	answer_file_info("the timeline is closed", pending);
	answer("the timeline is closed: poll", "%s", polled(pending, POLLIN));
	answer_file_info("the timeline is closed: merged with another's", merged);
	answer_file_info("the timeline is closed: merged since",
			 make_merged(pending, create_fence(other, 1)));
	answer_file_info("the timeline is closed: merged with itself",
			 make_merged(pending, pending));
	increase(other, 1);
	answer_file_info("the other is signaled: merged", merged);
	answer("the other is signaled: poll", "%s", polled(merged, POLLIN));
}

void group_sw_sync_merge(void)
{
	int timeline = open_timeline(), other = open_timeline();
	int one = create_fence(timeline, 1), two = create_fence(timeline, 2), same;

	same = make_merged(one, two);
	answer_file_info("two of one timeline", same);
	answer_file_info("two of one timeline, the later first", make_merged(two, one));
	answer("two of two timelines", "%s",
	       sync_file_state(make_merged(one, create_fence(other, 1))));
	increase(timeline, 1);
	answer("the first is signaled", "%s", sync_file_state(same));
	increase(timeline, 1);
	answer("both are signaled", "%s", sync_file_state(same));
}

void group_sw_sync_deadline(void)
{
	int timeline = open_timeline(), fence = create_fence(timeline, 1);
	struct sync_set_deadline late = { .deadline_ns = 9000 }, early = { .deadline_ns = 4000 };
	struct sw_sync_get_deadline get = { .fence_fd = fence };
	struct sw_sync_get_deadline set = { .fence_fd = fence, .deadline_ns = 77 };
	struct sw_sync_get_deadline pad = { .fence_fd = fence, .pad = 1 };
	struct sw_sync_get_deadline bad = { .fence_fd = -1 };

	exchange("none was set", timeline, SW_SYNC_GET_DEADLINE, &get);
	exchange("deadline_ns 77", timeline, SW_SYNC_GET_DEADLINE, &set);
	exchange("pad 1", timeline, SW_SYNC_GET_DEADLINE, &pad);
	exchange("fd -1", timeline, SW_SYNC_GET_DEADLINE, &bad);
	prepare(fence, SYNC_IOC_SET_DEADLINE, &late);
	exchange("9000 is set", timeline, SW_SYNC_GET_DEADLINE, &get);
	prepare(fence, SYNC_IOC_SET_DEADLINE, &early);
	get.deadline_ns = 0;
	exchange("4000 is set", timeline, SW_SYNC_GET_DEADLINE, &get);
	prepare(fence, SYNC_IOC_SET_DEADLINE, &late);
	get.deadline_ns = 0;
	exchange("9000 is set again", timeline, SW_SYNC_GET_DEADLINE, &get);
	increase(timeline, 1);
}
