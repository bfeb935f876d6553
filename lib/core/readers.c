/* SPDX-License-Identifier: MIT */
/*
 * readers.c - waiting until no earlier look-up is in progress.
 *
 * A look-up of a pointer to a reference-counted object has three steps: enter, load the pointer and
 * take a reference, leave. A thread that replaces the pointer waits here before it drops the
 * reference that belonged to the old pointer.
 *
 * Who may run at the same time: any number of readers, which never wait, and any number of waiting
 * threads, of which one at a time works. Why it is safe: all atomic operations here and on the
 * pointer are sequentially consistent. A reader that loaded the old pointer was counted before the
 * load, hence before the replacement, and stayed counted until it had its reference. So once each
 * of the two counts has been 0 after the replacement, no such reader is left, and the load that saw
 * the 0 makes the reader's reference visible. Why it ends: new readers count in the current phase.
 * The thread waits for the count of the other phase, then swaps the phases, and waits for the count
 * of the previous phase. So no new reader enters the phase that it waits for, except those that had
 * read the phase just before the swap, once each.
 *
 * The last reader that leaves wakes a sleeper. The sleeper sets sleeping and then loads the count.
 * The reader changes the count and then loads sleeping. So at least one of the two sees the other.
 */
#include "fence.h"
#include "internal.h"
#include "readers_internal.h"

void dma_readers_init(struct dma_readers *readers)
{
	*readers = (struct dma_readers){ .phase = 0 };
	pthread_mutex_init(&readers->lock, NULL);
}

void dma_readers_fini(struct dma_readers *readers)
{
	pthread_mutex_destroy(&readers->lock);
}

uint32_t dma_readers_enter(struct dma_readers *readers)
{
	uint32_t phase = atomic_load(&readers->phase);

	atomic_fetch_add(&readers->active[phase], 1);
	return phase;
}

void dma_readers_leave(struct dma_readers *readers, uint32_t phase)
{
	if (atomic_fetch_sub(&readers->active[phase], 1) == 1 && atomic_load(&readers->sleeping))
		futex_wake_all(&readers->active[phase]);
}

/* Waits until the count of a phase is 0, at least for a moment. */
static void drain(struct dma_readers *readers, uint32_t phase)
{
	uint32_t active;

	if (!atomic_load(&readers->active[phase]))
		return;
	atomic_store(&readers->sleeping, 1);
	while ((active = atomic_load(&readers->active[phase])))
		futex_wait(&readers->active[phase], active, DMA_FENCE_FOREVER);
	atomic_store(&readers->sleeping, 0);
}

void dma_readers_wait(struct dma_readers *readers)
{
	uint32_t phase;

	pthread_mutex_lock(&readers->lock);
	phase = atomic_load(&readers->phase);
	drain(readers, !phase);
	atomic_store(&readers->phase, !phase);
	drain(readers, phase);
	pthread_mutex_unlock(&readers->lock);
}
