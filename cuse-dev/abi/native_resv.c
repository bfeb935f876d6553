/* SPDX-License-Identifier: MIT */
/*
 * native_resv.c - RESV_LOCK, RESV_COMMIT, RESV_UNLOCK. What a ticket is, and what can happen to it
 * at the same time, is in ticket.h; ATTACH under one is in attach.c.
 */
#include <errno.h>

#include "abi/ioctl.h"
#include "abi/native.h"
#include "buffer/resv_lock.h"
#include "buffer/ticket.h"

int native_resv_lock(const struct request *request, void *argument)
{
	const struct dma_fence_resv_lock *lock = argument;
	const uint32_t slow_and_try = DMA_FENCE_RESV_LOCK_SLOW | DMA_FENCE_RESV_LOCK_TRY;
	struct ticket *ticket;
	int ret;

	if (lock->flags & ~slow_and_try || (lock->flags & slow_and_try) == slow_and_try)
		return -EINVAL;
	ret = ioctl_check_array(request, argument, sizeof(*lock), lock->count, sizeof(int32_t),
				lock->pointer);
	if (!ret && lock->ticket)
		ret = ticket_get(request->file, lock->ticket, &ticket);
	return ret ? ret : resv_lock_request(request, lock);
}

int native_resv_commit(const struct request *request, void *argument)
{
	const struct dma_fence_resv_commit *commit = argument;
	struct ticket *ticket;
	int ret;

	if (commit->flags)
		return -EINVAL;
	ret = ticket_find(request->file, commit->ticket, &ticket);
	if (!ret)
		ticket_commit(ticket);
	return ret;
}

int native_resv_unlock(const struct request *request, void *argument)
{
	const struct dma_fence_resv_unlock *unlock = argument;
	bool back_off = unlock->flags & DMA_FENCE_RESV_UNLOCK_BACK_OFF;
	struct ticket *ticket;
	int ret;

	if (unlock->flags & ~DMA_FENCE_RESV_UNLOCK_BACK_OFF)
		return -EINVAL;
	ret = ticket_find(request->file, unlock->ticket, &ticket);
	if (!ret)
		ticket_unlock(ticket, !back_off);
	/* A lost one, too. */
	if (!back_off && (!ret || ret == -ETIMEDOUT))
		handle_close(&request->file->handles, unlock->ticket);
	return ret;
}
