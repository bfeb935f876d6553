/* SPDX-License-Identifier: MIT */
/*
 * readers.h - the look-ups without a lock that are in progress, of a pointer that others replace. A
 * fence_slot and a reservation contain one; it has no use by itself. Its functions are internal
 * (readers_internal.h).
 */
#ifndef DMA_FENCE_CORE_READERS_H
#define DMA_FENCE_CORE_READERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#ifdef __cplusplus
#error "the core is C11; use libdmafence from C++"
#endif

/* The fields belong to the library: see readers.c. */
struct dma_readers {
	_Atomic uint32_t active[2]; /* look-ups in progress, by the phase in which they began */
	_Atomic uint32_t phase;	    /* 0 or 1: the phase of the next look-up */
	_Atomic uint32_t sleeping;  /* 1 while a thread sleeps until a count is 0 */
	pthread_mutex_t lock;	    /* serialises the threads that wait */
};

#endif /* DMA_FENCE_CORE_READERS_H */
