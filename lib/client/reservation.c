/* SPDX-License-Identifier: MIT */
/* reservation.c - locking several buffers under a ticket, and what is done with that. */
#include "request.h"

/* The buffers are behind the struct, either way. */
static int lock_buffers(int device, struct dma_fence_resv_lock *head)
{
	if (head->count > DMA_FENCE_RESV_LOCK_INLINE_MAX) {
		head->pointer = (uintptr_t)(head + 1);
		return request(device, DMA_FENCE_IOC_RESV_LOCK, head);
	}
	return request(device, DMA_FENCE_IOC_RESV_LOCK_INLINE(head->count), head);
}

API int dma_fence_device_resv_lock(int device, const int *buffers, size_t count, uint32_t flags,
				   int64_t deadline_ns, uint32_t *ticket, uint32_t *contended)
{
	struct dma_fence_resv_lock head = {
		.ticket = *ticket,
		.count = count,
		.flags = flags,
		.deadline_ns = deadline_ns,
	}, *lock;
	union inline_room room;
	int result;

	if (head.count != count)
		return fail(EINVAL);
	lock = inline_room_fill(&room, &head, sizeof(head), buffers, count * sizeof(*buffers));
	if (!lock)
		return -1;
	result = lock_buffers(device, lock);
	if (result == 0 || errno == EDEADLK)
		*ticket = lock->ticket;
	if (contended && result < 0 && (errno == EDEADLK || errno == EALREADY || errno == EBUSY))
		*contended = lock->contended;
	inline_room_put(&room, lock);
	return result;
}

/* The contended one comes first. */
static void back_off(struct dma_fence_resv_lock *lock)
{
	int *buffers = (int *)(lock + 1), first = buffers[0];

	buffers[0] = buffers[lock->contended];
	buffers[lock->contended] = first;
	lock->flags = DMA_FENCE_RESV_LOCK_SLOW;
}

/* What a failed request has locked it has given back, so the ticket holds nothing in between. */
API int dma_fence_device_resv_lock_all(int device, const int *buffers, size_t count,
				       int64_t deadline_ns, uint32_t *ticket)
{
	struct dma_fence_resv_lock head = { .count = count, .deadline_ns = deadline_ns }, *lock;
	union inline_room room;
	int result, error;

	if (head.count != count)
		return fail(EINVAL);
	lock = inline_room_fill(&room, &head, sizeof(head), buffers, count * sizeof(*buffers));
	if (!lock)
		return -1;
	while ((result = lock_buffers(device, lock)) < 0 && errno == EDEADLK)
		back_off(lock);
	if (result == 0) {
		*ticket = lock->ticket;
	} else if (lock->ticket) {
		error = errno;
		dma_fence_device_close_handle(device, lock->ticket);
		errno = error;
	}
	inline_room_put(&room, lock);
	return result;
}

API int dma_fence_device_resv_commit(int device, uint32_t ticket)
{
	struct dma_fence_resv_commit commit = { .ticket = ticket };

	return request(device, DMA_FENCE_IOC_RESV_COMMIT, &commit);
}

API int dma_fence_device_resv_unlock(int device, uint32_t ticket, uint32_t flags)
{
	struct dma_fence_resv_unlock unlock = { .ticket = ticket, .flags = flags };

	return request(device, DMA_FENCE_IOC_RESV_UNLOCK, &unlock);
}

API int dma_fence_device_attach_full(int device, struct dma_fence_attach *attach)
{
	return request(device, DMA_FENCE_IOC_ATTACH, attach);
}
