/* SPDX-License-Identifier: MIT */
/*
 * limits.c - the limits that GET_CAPS tells: each has its error, and existing objects keep working.
 * Raw ioctls.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon.h"
#include "fixture.h"
#include "process.h"

TestSuite(limits, .init = fixture_begin, .fini = fixture_end, .timeout = TEST_TIMEOUT);

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
	uint32_t limit = caps_of_device().max_waits, fence = new_fence(device), ticket = 0, i;
	struct waiter *waiters = calloc(limit, sizeof(*waiters));
	int buffer = new_buffer(4096), other = open_device();

	check(waiters);
	new_ticket(other, &buffer, 1);
	for (i = 0; i < limit; i++)
		waiter_start(&waiters[i], device, fence, DMA_FENCE_WAIT_FOREVER);
	eventually(waits, limit);
	expect(raw_wait(device, fence, DMA_FENCE_WAIT_FOREVER), -ENOSPC);
	/* So are those for a locked buffer. */
	expect(raw_resv_lock(device, &buffer, 1, 0, DMA_FENCE_WAIT_FOREVER, &ticket, NULL),
	       -ENOSPC);
	expect(raw_attach(device, buffer, fence, DMA_FENCE_USAGE_READ), -ENOSPC);
	eventually(tickets, 1);
	/* One that does not block is none of them. */
	expect(raw_wait(device, fence, 0), -ETIME);
	device_goes_on();
	expect(raw_signal(device, fence, 0), 0);
	for (i = 0; i < limit; i++) {
		waiter_join(&waiters[i]);
		expect(waiters[i].result, 0);
	}
	free(waiters);
	must(close(other));
	must(close(buffer));
}

Test(limits, attachments_end_with_enospc)
{
	uint32_t limit = caps_of_device().max_attachments, fence = new_fence(device), i;
	uint32_t ticket = 0;
	int buffer = new_buffer(4096), other = open_device();

	for (i = 0; i < limit; i++)
		expect(raw_seqno_write(device, fence, buffer, 0, i, 8), 0);
	expect(raw_seqno_write(device, fence, buffer, 0, i, 8), -ENOSPC);
	expect(raw_attach(device, buffer, new_fence(device), DMA_FENCE_USAGE_READ), -ENOSPC);
	/* A lock is one more. */
	expect(raw_resv_lock(device, &buffer, 1, 0, DMA_FENCE_WAIT_FOREVER, &ticket, NULL),
	       -ENOSPC);
	eventually(tickets, 0);
	/* The limit is the user's, not the open file's. */
	expect(raw_attach(other, buffer, new_fence(other), DMA_FENCE_USAGE_READ), -ENOSPC);
	expect(raw_signal(device, fence, 0), 0);
	expect(raw_attach(other, buffer, new_fence(other), DMA_FENCE_USAGE_READ), 0);
	must(close(other));
	must(close(buffer));
}

Test(limits, merged_fences_are_as_many_attachments_as_they_are_made_of)
{
	enum { PARTS = 4000 };
	uint32_t limit = caps_of_device().max_attachments, parts[PARTS], merged, attached = 0, i;
	struct dma_fence_buffer_wait wait;
	int buffer = new_buffer(4096);

	for (i = 0; i < PARTS; i++)
		parts[i] = new_fence(device);
	for (i = 0; i < limit / PARTS; i++) {
		expect(raw_merge(device, parts, PARTS, 0, &merged), 0);
		expect(raw_attach(device, buffer, merged, DMA_FENCE_USAGE_READ), 0);
	}
	attached = i;
	expect(raw_attach(device, buffer, merged, DMA_FENCE_USAGE_READ), -ENOSPC);
	expect(raw_seqno_write(device, merged, buffer, 0, 1, 8), -ENOSPC);
	expect(raw_attach_for_memory_waiters(device, buffer, merged, DMA_FENCE_USAGE_READ),
	       -ENOSPC);
	expect(raw_buffer_wait(device, buffer, DMA_FENCE_USAGE_READ, 0, &wait), -ETIME);
	expect(wait.count, attached);
	/* All of it comes back. */
	expect(raw_signal_many(device, parts, PARTS, 0), 0);
	eventually(attachments, 0);
	for (i = 0; i < limit; i++)
		expect(raw_attach(device, buffer, new_fence(device), DMA_FENCE_USAGE_READ), 0);
	expect(raw_attach(device, buffer, new_fence(device), DMA_FENCE_USAGE_READ), -ENOSPC);
	must(close(buffer));
}

/* ---- a daemon of its own, that may open few files ---- */

#define FEW 256

Test(limits, locked_buffers_end_with_enospc)
{
	const struct rlimit few = { .rlim_cur = FEW, .rlim_max = FEW };
	struct daemon daemon;
	int buffers[FEW / 2], fd, i;
	struct dma_fence_stats stats;
	uint32_t ticket = 0;

	daemon_place(&daemon, "small");
	must(setrlimit(RLIMIT_NOFILE, &few));
	expect(daemon_start(&daemon, NULL), 0);
	fd = open_node(daemon.node);
	for (i = 0; i < FEW / 2; i++)
		buffers[i] = new_buffer(4096);
	/* A quarter is what one user may have the daemon keep. */
	expect(raw_resv_lock(fd, buffers, FEW / 2, 0, DMA_FENCE_WAIT_FOREVER, &ticket, NULL),
	       -ENOSPC);
	expect(raw_stats(fd, &stats), 0);
	expect(stats.locks, 0);
	expect(stats.tickets, 0);
	expect(raw_resv_lock(fd, buffers, FEW / 8, 0, DMA_FENCE_WAIT_FOREVER, &ticket, NULL), 0);
	expect(raw_resv_unlock(fd, ticket, 0), 0);
	for (i = 0; i < FEW / 2; i++)
		must(close(buffers[i]));
	must(close(fd));
	expect(daemon_stop(&daemon), 0);
}
