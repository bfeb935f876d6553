/* SPDX-License-Identifier: MIT */
/*
 * The whole of implicit synchronisation, for one buffer or several: lock, wait, attach, unlock; and
 * later signal.
 *
 * No other process may act between the wait and the attach: two that both see a buffer free would
 * both use it. So the buffers are locked for that, all of them under one ticket, which takes care
 * of those who lock the same ones in another order. The fences appear when the ticket is given
 * back, on all of them together.
 *
 * The lock is held while others finish. Here that is no longer than they take over one frame, which
 * main.c has compared with what the device allows. A program without such a bound gets the pending
 * fences with BUFFER_FENCES instead, as one fence, and waits for that after the unlock.
 */
#include <errno.h>

#include "access.h"
#include "libdmafence.h"
#include "program.h"

/* Longer than anything here takes: the device has given up on the signaler before. */
#define PATIENCE_NS (20 * NS_PER_SECOND)

/* Every function below that returns int returns an exit status. */

static int lock(int device, const struct access *access, uint32_t *ticket)
{
	int64_t deadline_ns = clock_now() + PATIENCE_NS;
	int fds[ACCESS_BUFFERS_MAX];

	for (size_t index = 0; index < access->count; index++)
		fds[index] = access->buffers[index].fd;
	while (dma_fence_device_resv_lock_all(device, fds, access->count, deadline_ns, ticket)) {
		if (errno != EINTR)
			return program_fail_device("cannot lock the buffers");
	}
	return STATUS_CLEAN;
}

static int wait_for_others(int device, const struct access *access, bool *failed)
{
	int64_t deadline_ns = clock_now() + PATIENCE_NS;

	*failed = false;
	for (size_t index = 0; index < access->count; index++) {
		const struct access_buffer *buffer = &access->buffers[index];
		int error;

		while (dma_fence_device_buffer_wait(device, buffer->fd,
						    DMA_FENCE_USAGE_RW(buffer->write), deadline_ns,
						    NULL, &error)) {
			if (errno != EINTR)
				return program_fail_device("cannot wait for a buffer");
		}
		*failed |= error != 0;
	}
	return STATUS_CLEAN;
}

static int attach(int device, const struct access *access, uint32_t ticket)
{
	for (size_t index = 0; index < access->count; index++) {
		const struct access_buffer *buffer = &access->buffers[index];
		struct dma_fence_attach request = {
			.fd = buffer->fd,
			.handle = access->fence,
			.usage = buffer->write ? DMA_FENCE_USAGE_WRITE : DMA_FENCE_USAGE_READ,
			.ticket = ticket,
		};

		if (dma_fence_device_attach_full(device, &request))
			return program_fail_device("cannot attach a fence");
	}
	return STATUS_CLEAN;
}

int access_begin(int device, struct access *access, const char *name, bool *failed)
{
	uint32_t ticket;

	if (dma_fence_device_create(device, name, &access->fence))
		return program_fail_device("cannot create a fence");
	/* Where one of them fails the end of this process gives all back. */
	if (lock(device, access, &ticket) || wait_for_others(device, access, failed) ||
	    attach(device, access, ticket))
		return STATUS_FAILED;
	if (dma_fence_device_resv_unlock(device, ticket, 0))
		return program_fail_device("cannot unlock the buffers");
	return STATUS_CLEAN;
}

int access_end(int device, struct access *access)
{
	if (dma_fence_device_signal(device, access->fence, 0) ||
	    dma_fence_device_close_handle(device, access->fence))
		return program_fail_device("cannot signal a fence");
	return STATUS_CLEAN;
}
