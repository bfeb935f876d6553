/* SPDX-License-Identifier: MIT */
/*
 * readers.h - who is looking up, without a lock, what others replace: part of a fence_slot and of a
 * reservation, and of no use by itself. The functions on it are the library's own (internal.h).
 */
#ifndef DMA_FENCE_CORE_READERS_H
#define DMA_FENCE_CORE_READERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#ifdef __cplusplus
#error "the core is C11; use libdmafence from C++"
#endif

/* The fields are this library's: see readers.c. */
struct dma_readers {
	_Atomic uint32_t active[2]; /* look-ups under way, by the phase that they began in */
	_Atomic uint32_t phase;	    /* 0 or 1: what the next one counts in */
	_Atomic uint32_t sleeping;  /* 1 while somebody sleeps until a count is 0 */
	pthread_mutex_t lock;	    /* of those who wait: one at a time */
};

#endif /* DMA_FENCE_CORE_READERS_H */
