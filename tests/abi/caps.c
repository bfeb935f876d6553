/* SPDX-License-Identifier: MIT */
/* caps.c - GET_CAPS, GET_STATS, and unknown requests. Raw ioctls. */
#include <string.h>
#include <unistd.h>

#include "fixture.h"

DEVICE_SUITE(caps);

Test(caps, version_and_transport_are_told)
{
	struct dma_fence_caps caps;

	expect(raw_caps(device, &caps), 0);
	expect(caps.abi_version >> 16, DMA_FENCE_ABI_VERSION >> 16);
	check(caps.transport == DMA_FENCE_TRANSPORT_CUSE ||
	      caps.transport == DMA_FENCE_TRANSPORT_FUSE);
}

Test(caps, limits_are_told_and_leave_room_to_work)
{
	struct dma_fence_caps caps;

	expect(raw_caps(device, &caps), 0);
	check(caps.max_handles >= 100000);
	check(caps.max_waits >= 16);
	check(caps.max_events >= 16);
	check(caps.max_exports >= 16);
	check(caps.max_attachments >= 16);
	check(caps.max_bytes >= 1 << 20);
	check(caps.max_count >= DMA_FENCE_SIGNAL_INLINE_MAX);
}

Test(caps, fds_and_memory_of_this_process_can_be_reached)
{
	struct dma_fence_caps caps;

	/* The daemon under test runs as root, or as we do. */
	expect(raw_caps(device, &caps), 0);
	check(caps.features & DMA_FENCE_FEATURE_CALLER_FDS);
	check(caps.features & DMA_FENCE_FEATURE_CALLER_MEMORY);
}

Test(caps, stats_count_open_files)
{
	int fd = open_device();

	eventually(files, 2);
	must(close(fd));
	eventually(files, 1);
}

Test(caps, stats_count_handles_fences_and_timelines)
{
	uint32_t fence = new_fence(device), timeline = new_timeline(device, 0), merged;

	eventually(handles, 2);
	eventually(fences, 1);
	eventually(timelines, 1);
	merged = new_merge(device, fence, new_fence(device), 0);
	eventually(handles, 4);
	eventually(fences, 2);
	expect(raw_close(device, merged), 0);
	expect(raw_close(device, timeline), 0);
	eventually(handles, 2);
	eventually(timelines, 0);
}

Test(caps, stats_count_what_was_signaled)
{
	struct dma_fence_stats before, after;
	uint32_t fence = new_fence(device);

	expect(raw_stats(device, &before), 0);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_stats(device, &after), 0);
	expect(after.signaled - before.signaled, 1);
}

static bool is_request(unsigned int asked)
{
	switch (asked) {
#define REQUEST(number, ...) case number:
#include "requests.def"
#undef REQUEST
		return true;
	default:
		return false;
	}
}

Test(caps, unknown_native_request_is_enotty)
{
	unsigned char argument[64] = { 0 };
	unsigned int number;

	/*
	 * The numbers for experiments and private changes are among them, and one that only the
	 * daemon itself may issue.
	 */
	for (number = 0; number < 0x100; number++) {
		if (!is_request(number))
			expect(raw_ioctl(device, DMA_FENCE_IOC(number, sizeof(argument)), argument),
			       -ENOTTY);
	}
	expect(raw_ioctl(device, _IO(DMA_FENCE_IOC_TYPE, 0xfe), NULL), -ENOTTY);
}

Test(caps, request_of_a_foreign_type_letter_is_enotty)
{
	unsigned char argument[64] = { 0 };

	expect(raw_ioctl(device, _IOWR('U', 0, argument), argument), -ENOTTY);
	expect(raw_ioctl(device, _IOC(_IOC_READ | _IOC_WRITE, 0xDE, 1, sizeof(argument)), argument),
	       -ENOTTY);
}

Test(caps, sync_file_request_on_the_node_is_enotty)
{
	struct sync_file_info info;

	expect(raw_file_info(device, &info, NULL, 0), -ENOTTY);
}

Test(caps, known_number_with_other_directions_is_enotty)
{
	struct dma_fence_create create = { .flags = 0 };
	unsigned int size = sizeof(create);

	/* Nothing comes in, or nothing goes back: it is another request. */
	expect(raw_ioctl(device, _IOC(_IOC_NONE, DMA_FENCE_IOC_TYPE, 0x01, 0), NULL), -ENOTTY);
	expect(raw_ioctl(device, _IOC(_IOC_READ, DMA_FENCE_IOC_TYPE, 0x01, size), &create),
	       -ENOTTY);
	expect(raw_ioctl(device, _IOC(_IOC_WRITE, DMA_FENCE_IOC_TYPE, 0x01, size), &create),
	       -ENOTTY);
	eventually(handles, 0);
}
