/* SPDX-License-Identifier: MIT */
/*
 * readers.c - waiting until nobody can be in the middle of a look-up any more.
 *
 * A pointer to something with a reference count is looked up in three steps: enter, load the
 * pointer and take a reference, leave. Who replaces the pointer waits before it drops the reference
 * that went with it.
 *
 * Who may run at the same time: any number of readers, which never wait, with any number of those
 * who wait for them, one of which is at work. Why it is safe: all atomic operations here, and those
 * on the pointer, are sequentially consistent. A reader that has loaded the old pointer counted
 * itself before that, hence before the pointer was replaced, and until it had its reference. So
 * once each of the two counts has been seen at 0, after the replacement, no such reader is left;
 * and the load that saw the 0 makes its reference visible. Why it ends: new readers count in the
 * current phase. The count of the other one is waited for first, then the phases change places and
 * the other is; so that neither is waited for while new readers come to it, except those who had
 * read the phase just before, once each.
 *
 * A reader that is the last to leave wakes whoever sleeps. Sleeper: sets sleeping, then looks at
 * the count. Reader: changes the count, then looks at sleeping. One of the two sees the other.
 */
#include "internal.h"

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

/* Until the count of a phase is 0, if only for a moment. */
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
