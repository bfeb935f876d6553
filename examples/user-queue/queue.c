/* SPDX-License-Identifier: MIT */
/* The memory, its words, and the submitter's end of the ring. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "queue.h"

int queue_init(struct queue *queue)
{
	void *memory = MAP_FAILED;
	int error;

	*queue = (struct queue){ .fd = memfd_create("user-queue", MFD_CLOEXEC) };
	if (queue->fd >= 0 && !ftruncate(queue->fd, sizeof(*queue->memory)))
		memory = mmap(NULL, sizeof(*queue->memory), PROT_READ | PROT_WRITE, MAP_SHARED,
			      queue->fd, 0);
	if (memory != MAP_FAILED) {
		queue->memory = memory;
		return 0;
	}
	error = -errno;
	if (queue->fd >= 0)
		close(queue->fd);
	return error;
}

void queue_destroy(struct queue *queue)
{
	munmap(queue->memory, sizeof(*queue->memory));
	close(queue->fd);
}

/* The half that a futex of the word stands on. */
static uint32_t *low_half(uint64_t *word)
{
	uint32_t *halves = (uint32_t *)word;

	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? halves + 1 : halves;
}

void memory_write(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	syscall(SYS_futex, low_half(word), FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

uint64_t queue_offset(const struct queue *queue, const uint64_t *word)
{
	return (const char *)word - (const char *)queue->memory;
}

uint64_t *queue_word(const struct queue *queue, uint64_t offset)
{
	return (uint64_t *)((char *)queue->memory + offset);
}

void queue_put(struct queue *queue, const struct instruction *instruction)
{
	queue->memory->ring[queue->put++ % QUEUE_INSTRUCTIONS] = *instruction;
}

void queue_ring(struct queue *queue)
{
	memory_write(&queue->memory->put, queue->put);
}
