/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the files of the core need of the machine: futexes, loads and barriers. The
 * internal functions of a file NAME.c are in NAME_internal.h.
 */
#ifndef DMA_FENCE_CORE_INTERNAL_H
#define DMA_FENCE_CORE_INTERNAL_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "container_of.h"

#define NSEC_PER_SEC 1000000000

/*
 * Sleeps while *word is value, until the deadline (CLOCK_MONOTONIC, ns). 0: woken; -EAGAIN: *word
 * has another value; -ETIMEDOUT; -EINTR. There always is a deadline: without one, the kernel would
 * restart the call after a signal handler, and the caller would not notice the signal.
 */
static inline int futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t deadline_ns)
{
	struct timespec deadline = {
		.tv_sec = deadline_ns / NSEC_PER_SEC,
		.tv_nsec = deadline_ns % NSEC_PER_SEC,
	};

	if (!syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, &deadline, NULL,
		     FUTEX_BITSET_MATCH_ANY))
		return 0;
	return -errno;
}

static inline void futex_wake_all(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* The acquire pairs with the release of the store. */
static inline uint64_t memory_load(const void *address, uint32_t size)
{
	return size == sizeof(uint32_t)
		       ? __atomic_load_n((const uint32_t *)address, __ATOMIC_ACQUIRE)
		       : __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
}

/*
 * The 32-bit futex word of memory that holds a value of size 4 or 8. Of 8 bytes it is the low half,
 * because every step of the value changes that.
 */
static inline void *memory_futex_word(const void *address, uint32_t size)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return (char *)address + size - sizeof(uint32_t);
#else
	return (void *)address;
#endif
}

/*
 * Orders everything that this thread has read and written before its later stores to I/O memory,
 * for the device too: a release store alone orders it only for other threads.
 */
static inline void io_write_barrier(void)
{
#if defined(__x86_64__)
	__asm__ volatile("sfence" ::: "memory");
#elif defined(__aarch64__)
	__asm__ volatile("dmb osh" ::: "memory");
#elif defined(__riscv)
	__asm__ volatile("fence iorw, ow" ::: "memory");
#else
	__sync_synchronize();
#endif
}

/* Call it in a loop that spins. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

#endif /* DMA_FENCE_CORE_INTERNAL_H */
