/* SPDX-License-Identifier: MIT */
/*
 * seqno_write.c - when a fence is signaled, store a value in memory and wake the waiters there.
 *
 * Who owns what: the caller owns the seqno_write until it is attached, then its callback, which
 * frees it. It owns a reference to the buffer, if there is one, from the attachment to the store.
 *
 * What can race: readers of the memory, also in other processes and devices. They see the value
 * together with everything that the signaler did before, because the store has release order and
 * follows a barrier if it goes to a device. A futex waiter that has checked the old value is woken,
 * because the wake follows the store.
 */
#include <stdlib.h>

#include "dma_buf.h"
#include "fence_internal.h"
#include "seqno_write.h"

struct seqno_write {
	struct dma_fence_cb callback;
	struct dma_buf *buffer; /* a reference, or NULL */
	struct iosys_map map;	/* the destination; system memory without a buffer */
	uint64_t value;
	uint32_t size;
};

struct seqno_write *seqno_write_alloc(void)
{
	return calloc(1, sizeof(struct seqno_write));
}

void seqno_write_free(struct seqno_write *seqno_write)
{
	free(seqno_write);
}

static void store(void *address, uint32_t size, uint64_t value)
{
	if (size == sizeof(uint32_t))
		atomic_store_explicit((_Atomic uint32_t *)address, (uint32_t)value,
				      memory_order_release);
	else
		atomic_store_explicit((_Atomic uint64_t *)address, value, memory_order_release);
}

void seqno_write_perform(void *address, uint32_t size, uint64_t value)
{
	store(address, size, value);
	/* Not FUTEX_PRIVATE: the waiters are other processes. */
	syscall(SYS_futex, memory_futex_word(address, size), FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/*
 * Without the exporter's accessor, this is a release store: one access of the full width that reads
 * nothing, because is_valid() rejects wider ones. No wake: I/O memory has no futexes.
 */
static void perform_io(struct seqno_write *write)
{
	struct dma_buf *buffer = write->buffer;

	io_write_barrier();
	if (buffer->ops->iowrite)
		buffer->ops->iowrite(buffer, write->map.vaddr_iomem, write->size, write->value);
	else
		store(write->map.vaddr_iomem, write->size, write->value);
}

static void perform(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct seqno_write *write = container_of(callback, struct seqno_write, callback);
	struct dma_buf *buffer = write->buffer;

	/* The CPU writes what a device will read. */
	if (buffer && buffer->ops->begin_cpu_access)
		buffer->ops->begin_cpu_access(buffer, DMA_TO_DEVICE);
	if (write->map.is_iomem)
		perform_io(write);
	else
		seqno_write_perform(write->map.vaddr, write->size, write->value);
	if (buffer) {
		dma_buf_end_cpu_access(buffer, DMA_TO_DEVICE);
		dma_buf_put(buffer);
	}
	seqno_write_free(write);
}

static bool is_valid(const struct dma_buf *buffer, const struct iosys_map *map, uint32_t size)
{
	const void *address = map->is_iomem ? map->vaddr_iomem : map->vaddr;

	if (size != sizeof(uint32_t) && size != sizeof(uint64_t))
		return false;
	if (!address || (uintptr_t)address % size)
		return false;
	/*
	 * The CPU stores at most a word to I/O memory: a wider store may be several accesses, or a
	 * compare and exchange, which reads.
	 */
	return !map->is_iomem || buffer->ops->iowrite || size <= sizeof(uintptr_t);
}

/* Cannot fail. */
static void attach(struct seqno_write *write, struct dma_fence *fence, const struct iosys_map *map,
		   uint32_t size, uint64_t value)
{
	write->map = *map;
	write->size = size;
	write->value = value;
	if (dma_fence_add_callback(fence, &write->callback, perform))
		perform(fence, &write->callback);
}

int seqno_write_attach(struct seqno_write *seqno_write, struct dma_fence *fence, void *address,
		       uint32_t size, uint64_t value)
{
	struct iosys_map map;

	iosys_map_set_vaddr(&map, address);
	if (!is_valid(NULL, &map, size))
		return -EINVAL;
	attach(seqno_write, fence, &map, size, value);
	return 0;
}

int seqno_write_attach_buffer(struct seqno_write *seqno_write, struct dma_fence *fence,
			      struct dma_buf *buffer, uint64_t offset, uint32_t size,
			      uint64_t value)
{
	struct iosys_map map;
	int error;

	if (size > buffer->size || offset > buffer->size - size)
		return -EINVAL;
	error = dma_buf_vmap(buffer, &map);
	if (error)
		return error;
	iosys_map_incr(&map, offset);
	if (!is_valid(buffer, &map, size))
		return -EINVAL;
	error = dma_buf_add_fence(buffer, fence, DMA_RESV_USAGE_BOOKKEEP);
	if (error)
		return error;
	seqno_write->buffer = dma_buf_get(buffer);
	attach(seqno_write, fence, &map, size, value);
	return 0;
}
