/* SPDX-License-Identifier: MIT */
/*
 * core-dma_buf.c - a few buffers that are replaced all the time, while threads attach to them, have
 * operations on them, write seqnos into them, and signal.
 *
 * Held up: between the start and the end of an operation there is no other; a buffer is released
 * once, when its last user and its last pending fence have gone, and not before a seqno was written
 * into it; nothing leaks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core-stress.h"
#include "dma_buf.h"
#include "seqno_write.h"

#define THREADS 4
#define BUFFERS 2
#define JOBS	4
#define IN_USE	UINT64_C(0x600d)

struct shared {
	struct dma_buf buffer;
	uint64_t state; /* plain: what orders it is what is tested */
	_Atomic uint64_t seqno;
	int operations; /* plain: the lock of the reservation orders it */
};

static struct slot {
	pthread_mutex_t lock;
	struct shared *shared;
} slots[BUFFERS];

static _Atomic unsigned long made, released, operations, refused, writes;

static int map(struct dma_buf_attachment *attachment, void **mapping)
{
	*mapping = attachment->buffer;
	return 0;
}

static void unmap(struct dma_buf_attachment *attachment, void *mapping)
{
	STRESS_CHECK(mapping == attachment->buffer);
}

static int pin(struct dma_buf_attachment *attachment)
{
	return 0;
}

static void unpin(struct dma_buf_attachment *attachment)
{
}

static int vmap(struct dma_buf *buffer, struct iosys_map *map)
{
	iosys_map_set_vaddr(map, &((struct shared *)buffer)->seqno);
	return 0;
}

static void vunmap(struct dma_buf *buffer, struct iosys_map *map)
{
}

static void release(struct dma_buf *buffer)
{
	struct shared *shared = (struct shared *)buffer;

	STRESS_CHECK(shared->state == IN_USE);
	shared->state = 0;
	released++;
	free(shared);
}

static const struct dma_buf_ops static_ops = {
	.map = map,
	.unmap = unmap,
	.vmap = vmap,
	.vunmap = vunmap,
	.release = release,
};

static const struct dma_buf_ops dynamic_ops = {
	.pin = pin,
	.unpin = unpin,
	.map = map,
	.unmap = unmap,
	.vmap = vmap,
	.vunmap = vunmap,
	.release = release,
};

static void move_notify(struct dma_buf_attachment *attachment)
{
}

static const struct dma_buf_attach_ops dynamic_importer = { .move_notify = move_notify };

static struct shared *create(bool dynamic)
{
	struct shared *shared = calloc(1, sizeof(*shared));

	STRESS_CHECK(shared);
	shared->state = IN_USE;
	dma_buf_init(&shared->buffer, dynamic ? &dynamic_ops : &static_ops, sizeof(uint64_t), NULL);
	made++;
	return shared;
}

static struct shared *get(struct slot *slot)
{
	struct shared *shared;

	pthread_mutex_lock(&slot->lock);
	shared = slot->shared;
	dma_buf_get(&shared->buffer);
	pthread_mutex_unlock(&slot->lock);
	return shared;
}

static void replace(struct slot *slot, bool dynamic)
{
	struct shared *fresh = create(dynamic), *old;

	pthread_mutex_lock(&slot->lock);
	old = slot->shared;
	slot->shared = fresh;
	pthread_mutex_unlock(&slot->lock);
	dma_buf_put(&old->buffer);
}

static struct dma_fence *create_job(void)
{
	return stress_fence_create(NULL, dma_fence_context_alloc(1), 1);
}

/* One operation, with job as its fence, or over at once. */
static void operate(struct dma_buf_attachment *attachment, uint64_t *chance, struct dma_fence *job)
{
	struct shared *shared = (struct shared *)attachment->buffer;
	enum dma_data_direction direction = (enum dma_data_direction)stress_random(chance, 3);
	struct dma_fence *before = NULL;
	struct dma_buf_dma dma;
	int error;

	/* Not for long: what is pending may be this thread's to signal. */
	error = dma_buf_start_dma(attachment, direction, 1000,
				  stress_random(chance, 2) ? &before : NULL, &dma);
	if (error) {
		STRESS_CHECK(error == -ETIME);
		refused++;
		return;
	}
	shared->operations++;
	STRESS_CHECK(shared->operations == 1);
	STRESS_CHECK(dma.mapping == &shared->buffer);
	dma_fence_put(before);
	shared->operations--;
	dma_buf_end_dma(&dma, job);
	operations++;
}

static void write_seqno(struct shared *shared, struct dma_fence *job)
{
	struct seqno_write *write = seqno_write_alloc();

	STRESS_CHECK(write);
	STRESS_CHECK(!seqno_write_attach_buffer(write, job, &shared->buffer, 0, 8, 1));
	writes++;
}

/* As an importer that comes, has some operations, and goes; and maybe has a seqno written. */
static void use(struct shared *shared, uint64_t *chance, struct dma_fence *job)
{
	struct dma_buf_attachment attachment;
	unsigned int i, count = stress_random(chance, 3);

	STRESS_CHECK(!dma_buf_attach(
		&shared->buffer, &attachment, stress_random(chance, 2) ? &dynamic_importer : NULL,
		stress_random(chance, 2) ? DMA_BUF_ATTACH_WAITS_ON_MEMORY : 0));
	for (i = 0; i < count; i++)
		operate(&attachment, chance, stress_random(chance, 4) ? job : NULL);
	dma_buf_detach(&attachment);
	if (!stress_random(chance, 3))
		write_seqno(shared, job);
}

static void finish(struct dma_fence *job, unsigned int how)
{
	if (how) {
		dma_fence_signal(job);
	} else {
		/* Found by the first poll: that of the buffer, or ours. */
		((struct stress_fence *)job)->done = true;
		dma_fence_is_signaled(job);
	}
	dma_fence_put(job);
}

static void *play(void *number)
{
	uint64_t chance = (uintptr_t)number + 1;
	struct dma_fence *jobs[JOBS];
	unsigned int i;

	for (i = 0; i < JOBS; i++)
		jobs[i] = create_job();
	while (stress_goes_on()) {
		struct slot *slot = &slots[stress_random(&chance, BUFFERS)];
		struct shared *shared = get(slot);

		i = stress_random(&chance, JOBS);
		use(shared, &chance, jobs[i]);
		if (!stress_random(&chance, 4))
			replace(slot, stress_random(&chance, 2));
		dma_buf_put(&shared->buffer);
		if (stress_random(&chance, 2)) {
			finish(jobs[i], stress_random(&chance, 2));
			jobs[i] = create_job();
		}
	}
	for (i = 0; i < JOBS; i++)
		finish(jobs[i], 1);
	return NULL;
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < BUFFERS; i++) {
		pthread_mutex_init(&slots[i].lock, NULL);
		slots[i].shared = create(i % 2);
	}
	stress_run_threads(THREADS, play);
	for (i = 0; i < BUFFERS; i++)
		dma_buf_put(&slots[i].shared->buffer);
	STRESS_CHECK(made == released);
	STRESS_CHECK(!stress_fences_alive());
	printf("core-dma_buf: %lu buffers, %lu operations, %lu had no time, %lu seqno writes\n",
	       made, operations, refused, writes);
	return 0;
}
