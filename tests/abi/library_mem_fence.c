/* SPDX-License-Identifier: MIT */
/*
 * library_mem_fence.c - libdmafence: memory fences, and a peer that waits on the memory itself.
 */
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "buffer_suite.h"
#include "daemon.h"
#include "libdmafence.h"
#include "process.h"

BUFFER_SUITE(library_mem_fence);

/* No call except to the futex. */
static void store_and_wake(uint64_t offset, uint32_t value)
{
	store32(offset, value);
	wake(offset, INT_MAX);
}

static uint32_t create(int fd, uint64_t offset, uint64_t value)
{
	struct dma_fence_mem_fence mem_fence = {
		.fd = buffer,
		.offset = offset,
		.value = value,
		.size = 4,
		.name = "ring",
	};

	expect(dma_fence_device_mem_fence(fd, &mem_fence), 0);
	check(mem_fence.handle && mem_fence.context);
	return mem_fence.handle;
}

Test(library_mem_fence, fence_is_signaled_by_memory)
{
	uint32_t fence = create(device, 8, 3), signaled = 7;
	int status;

	expect(dma_fence_device_mem_fence_kick(device, fence, &signaled), 0);
	expect(signaled, 0);
	store32(8, 3);
	expect(dma_fence_device_mem_fence_kick(device, fence, &signaled), 0);
	expect(signaled, 1);
	expect(dma_fence_device_mem_fence_kick(device, fence, NULL), 0);
	expect(dma_fence_device_get_status(device, fence, &status), 0);
	expect(status, 1);
}

Test(library_mem_fence, another_kind_has_no_location)
{
	struct dma_fence_mem_fence_location location;

	expect_errno(dma_fence_device_mem_fence_location(device, new_fence(device), &location),
		     EINVAL);
}

/* Waits at the location, with no device to answer a request. */
static void wait_on_memory(void *data)
{
	const struct dma_fence_mem_fence_location *location = data;

	expect(dma_fence_seqno_wait((char *)memory + location->offset, location->size,
				    location->value, 0, in_ms(PATIENCE_MS)),
	       0);
}

Test(library_mem_fence, row_1_8_peer_waits_on_memory_while_the_daemon_is_stopped)
{
	struct dma_fence_mem_fence_location location;
	struct daemon daemon;
	int creator, peer, sync_file, status;
	uint32_t fence, imported;
	pid_t child;

	daemon_place(&daemon, "another");
	expect(daemon_start(&daemon, NULL), 0);
	creator = open_node(daemon.node);
	peer = open_node(daemon.node);
	fence = create(creator, 16, 0x100);
	sync_file = dma_fence_device_export(creator, fence);
	check(sync_file >= 0);
	expect(dma_fence_device_import(peer, sync_file, &imported), 0);
	expect(dma_fence_device_mem_fence_location(peer, imported, &location), 0);
	expect(location.offset, 16);

	must(kill(daemon.pid, SIGSTOP));
	child = spawn(wait_on_memory, &location);
	wait_until_asleep(child);
	check(!reap_within(child, 20, &status));
	store_and_wake(16, 0xff);
	check(!reap_within(child, 20, &status));
	store_and_wake(16, 0x100);
	expect_success(child);
	must(kill(daemon.pid, SIGCONT));

	expect(dma_fence_device_get_status(peer, imported, &status), 0);
	expect(status, 1);
	must(close(sync_file));
	must(close(peer));
	must(close(creator));
	expect(daemon_stop(&daemon), 0);
}

Test(library_mem_fence, row_4_6_bind_is_a_number_that_a_ring_waits_for_and_a_fence_for_others)
{
	uint32_t bind = new_fence(device), job;
	struct dma_fence_mem_fence_location location;

	/* The ring waits for the number that the bind writes; who is no ring, for the fence of it.
	 */
	expect(raw_seqno_write(device, bind, buffer, 64, 1, 4), 0);
	job = create(device, 64, 1);
	expect(dma_fence_device_mem_fence_location(device, job, &location), 0);
	expect(status_of(device, job), 0);
	expect(raw_signal(device, bind, 0), 0);
	expect(dma_fence_seqno_wait((char *)memory + location.offset, location.size, location.value,
				    0, in_ms(PATIENCE_MS)),
	       0);
	expect(status_of(device, job), 1);
}
