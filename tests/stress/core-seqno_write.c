/* SPDX-License-Identifier: MIT */
/*
 * core-seqno_write.c - a litmus test: threads that know no fence poll memory until a seqno is
 * written there, of 8 bytes, of 4, and in I/O memory, and then read what the signaler did before.
 *
 * Held up: they see all of it. What they read is plain on purpose, and nothing but the seqno orders
 * it behind the write: with a store that is weaker than release, ThreadSanitizer tells so, and a
 * processor that reorders stores may show it.
 */
#include <sched.h>
#include <stdio.h>

#include "core-stress.h"
#include "dma_buf.h"
#include "mem_fence.h"
#include "seqno_write.h"

enum { PLACE_8, PLACE_4, PLACE_IO, PLACES };

/* Where a reader polls. Its own, so that nothing that another has seen orders anything for it. */
static struct place {
	_Alignas(64) uint64_t memory;
	_Alignas(64) _Atomic uint64_t seen; /* the last seqno that its reader is done with */
} places[PLACES];

/* Written before each seqno, read after it. */
static struct {
	uint64_t seqno;
	bool is_last;
} work;

static uint32_t size_of(unsigned int place)
{
	return place == PLACE_4 ? 4 : 8;
}

static int vmap(struct dma_buf *buffer, struct iosys_map *map)
{
	iosys_map_set_vaddr_iomem(map, &places[PLACE_IO].memory);
	return 0;
}

static void vunmap(struct dma_buf *buffer, struct iosys_map *map)
{
}

static void release(struct dma_buf *buffer)
{
}

static const struct dma_buf_ops io_ops = { .vmap = vmap, .vunmap = vunmap, .release = release };

static void attach(struct dma_fence *fence, struct dma_buf *buffer, unsigned int place,
		   uint64_t seqno)
{
	struct seqno_write *write = seqno_write_alloc();

	STRESS_CHECK(write);
	if (place == PLACE_IO)
		STRESS_CHECK(!seqno_write_attach_buffer(write, fence, buffer, 0, 8, seqno));
	else
		STRESS_CHECK(!seqno_write_attach(write, fence, &places[place].memory,
						 size_of(place), seqno));
}

/* Attached before the signal, and after it: that makes no difference to the readers. */
static void signal_one(struct dma_buf *buffer, uint64_t seqno, bool is_last, bool late)
{
	struct dma_fence *fence = stress_fence_create(NULL, 1, seqno);
	unsigned int i;

	for (i = 0; i < PLACES && !late; i++)
		attach(fence, buffer, i, seqno);
	work.seqno = seqno;
	work.is_last = is_last;
	STRESS_CHECK(!dma_fence_signal(fence));
	for (i = 0; i < PLACES && late; i++)
		attach(fence, buffer, i, seqno);
	dma_fence_put(fence);
}

static void write_seqnos(void)
{
	struct dma_buf buffer;
	uint64_t seqno = 0;
	unsigned int i;
	bool is_last;

	dma_buf_init(&buffer, &io_ops, sizeof(places[PLACE_IO].memory), NULL);
	do {
		is_last = !stress_goes_on();
		seqno++;
		signal_one(&buffer, seqno, is_last, seqno % 2);
		/* No reader reads a word while it is written. It orders nothing for readers. */
		for (i = 0; i < PLACES; i++) {
			while (atomic_load_explicit(&places[i].seen, memory_order_acquire) != seqno)
				sched_yield();
		}
	} while (!is_last);
	dma_buf_put(&buffer);
	printf("core-seqno_write: %lu seqnos in %d places\n", seqno, PLACES);
}

static void read_seqnos(unsigned int place)
{
	uint64_t seqno = 0;
	bool is_last;

	do {
		seqno++;
		while (!mem_fence_reached(&places[place].memory, size_of(place), seqno))
			sched_yield();
		STRESS_CHECK(work.seqno == seqno);
		is_last = work.is_last;
		atomic_store_explicit(&places[place].seen, seqno, memory_order_release);
	} while (!is_last);
}

static void *play(void *number)
{
	if ((uintptr_t)number < PLACES)
		read_seqnos((uintptr_t)number);
	else
		write_seqnos();
	return NULL;
}

int main(void)
{
	stress_run_threads(PLACES + 1, play);
	STRESS_CHECK(!stress_fences_alive());
	return 0;
}
