/* SPDX-License-Identifier: MIT */
/*
 * seqno_write.c - when a fence is signaled, store a value in memory and wake who waits there.
 *
 * Who owns what: the caller owns the seqno_write and the memory behind address. What can race:
 * readers of that memory, in other processes too. They see the value with all that the signaler did
 * before, for the store has release order, and a futex waiter that has checked the old value is
 * woken, for the wake comes after the store.
 */
#include "internal.h"
#include "seqno_write.h"

void seqno_write_perform(void *address, uint32_t size, uint64_t value)
{
	if (size == sizeof(uint32_t))
		atomic_store_explicit((_Atomic uint32_t *)address, (uint32_t)value,
				      memory_order_release);
	else
		atomic_store_explicit((_Atomic uint64_t *)address, value, memory_order_release);
	/* Not FUTEX_PRIVATE: those who wait are other processes. */
	syscall(SYS_futex, memory_futex_word(address, size), FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void perform(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct seqno_write *seqno_write = container_of(callback, struct seqno_write, callback);

	seqno_write_perform(seqno_write->address, seqno_write->size, seqno_write->value);
	if (seqno_write->done)
		seqno_write->done(seqno_write);
}

int seqno_write_attach(struct seqno_write *seqno_write, struct dma_fence *fence)
{
	uint32_t size = seqno_write->size;

	if (size != sizeof(uint32_t) && size != sizeof(uint64_t))
		return -EINVAL;
	if (!seqno_write->address || (uintptr_t)seqno_write->address % size)
		return -EINVAL;
	if (dma_fence_add_callback(fence, &seqno_write->callback, perform))
		perform(fence, &seqno_write->callback);
	return 0;
}

bool seqno_write_cancel(struct seqno_write *seqno_write, struct dma_fence *fence)
{
	return dma_fence_remove_callback(fence, &seqno_write->callback);
}
