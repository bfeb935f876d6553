/* SPDX-License-Identifier: MIT */
/*
 * limits.c - the limits that GET_CAPS tells: each says so, and what was there before goes on. Raw
 * ioctls.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

TestSuite(limits, .init = fixture_begin, .fini = fixture_end, .timeout = 240);

static struct dma_fence_caps caps_of_device(void)
{
	struct dma_fence_caps caps;

	expect(raw_caps(device, &caps), 0);
	return caps;
}

Test(limits, handles_end_with_emfile)
{
	uint32_t limit = caps_of_device().max_handles, i, last = 0;
	struct dma_fence_create create = { .flags = 0 };
	struct dma_fence_timeline_create line = { .flags = 0 };
	uint32_t merged;

	for (i = 0; i < limit; i++)
		last = new_fence(device);
	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), -EMFILE);
	expect(raw_ioctl(device, DMA_FENCE_IOC_TIMELINE_CREATE, &line), -EMFILE);
	expect(raw_merge(device, &last, 1, 0, &merged), -EMFILE);
	eventually(handles, limit);
	/* Others have their own. */
	device_goes_on();
	expect(raw_close(device, last), 0);
	new_fence(device);
}

Test(limits, exports_end_with_enospc)
{
	uint32_t limit = caps_of_device().max_exports, fence = new_fence(device), i;
	int fresh = open_device();
	uint64_t token[2];

	for (i = 0; i < limit; i++)
		expect(raw_export(device, fence, token), 0);
	eventually(exports, limit);
	expect(raw_bind(fresh, token), 0);
	expect(raw_export(device, fence, token), 0);
	expect(raw_export(device, fence, token), -ENOSPC);
	eventually(exports, limit);
	must(close(fresh));
}

Test(limits, events_end_with_enospc)
{
	uint32_t limit = caps_of_device().max_events, fence = new_fence(device), event, i;
	struct dma_fence_event records[16];

	for (i = 0; i < limit; i++)
		expect(raw_event_add(device, fence, -1, i, &event), 0);
	expect(raw_event_add(device, fence, -1, i, &event), -ENOSPC);
	/* Signaled but not read they count as well. */
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_event_add(device, new_fence(device), -1, i, &event), -ENOSPC);
	expect(raw_read_events(device, records, 16), 16);
	expect(records[15].user_data, 15);
	expect(raw_event_add(device, new_fence(device), -1, i, &event), 0);
}

Test(limits, waits_end_with_enospc)
{
	uint32_t limit = caps_of_device().max_waits, fence = new_fence(device), i;
	struct waiter *waiters = calloc(limit, sizeof(*waiters));

	check(waiters);
	for (i = 0; i < limit; i++)
		waiter_start(&waiters[i], device, fence, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, limit);
	expect(raw_wait(device, fence, DMA_FENCE_WAIT_FOREVER), -ENOSPC);
	/* One that does not block is none of them. */
	expect(raw_wait(device, fence, 0), -ETIME);
	device_goes_on();
	expect(raw_signal(device, fence, 0), 0);
	for (i = 0; i < limit; i++) {
		waiter_join(&waiters[i]);
		expect(waiters[i].result, 0);
	}
	free(waiters);
}

Test(limits, attachments_end_with_enospc)
{
	uint32_t limit = caps_of_device().max_attachments, fence = new_fence(device), i;
	int buffer = new_buffer(4096), other = open_device();

	for (i = 0; i < limit; i++)
		expect(raw_seqno_write(device, fence, buffer, 0, i, 8), 0);
	expect(raw_seqno_write(device, fence, buffer, 0, i, 8), -ENOSPC);
	expect(raw_attach(device, buffer, new_fence(device), DMA_FENCE_USAGE_READ), -ENOSPC);
	/* The limit is the user's, not the open file's. */
	expect(raw_attach(other, buffer, new_fence(other), DMA_FENCE_USAGE_READ), -ENOSPC);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_attach(other, buffer, new_fence(other), DMA_FENCE_USAGE_READ), 0);
	must(close(other));
	must(close(buffer));
}
