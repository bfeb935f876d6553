/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the files of the core share: the state of a fence, its initialisation and its
 * lock, futexes, time, the size of containers, look-ups without a lock.
 */
#ifndef DMA_FENCE_CORE_INTERNAL_H
#define DMA_FENCE_CORE_INTERNAL_H

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "container_of.h"
#include "fence.h"
#include "readers.h"

#define NSEC_PER_SEC 1000000000

/*
 * Is the signaled bit set? Calls no op and takes no lock. The acquire pairs with the release in
 * dma_fence_mark_signaled_locked(): a thread that sees the bit sees the error and the timestamp
 * too.
 */
static inline bool fence_is_marked(const struct dma_fence *fence)
{
	return atomic_load_explicit(&fence->flags, memory_order_acquire) &
	       (1u << DMA_FENCE_FLAG_SIGNALED_BIT);
}

/* dma_fence_init() with the initial flags, as masks. */
void fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops, pthread_mutex_t *lock,
		uint64_t context, uint64_t seqno, uint32_t flags);

/*
 * Locks the lock of fences, unless a dma_fence_signal_locked() further up this thread's stack holds
 * it. Returns true if this call took it; fence_unlock() then releases it.
 */
bool fence_lock(pthread_mutex_t *lock);
/*
 * Does a dma_fence_signal_locked() further up this thread's stack hold the lock? Its caller relies
 * on that, so ops->enable_signaling must not drop it.
 */
bool fence_lock_is_kept(const pthread_mutex_t *lock);
static inline void fence_unlock(pthread_mutex_t *lock, bool taken)
{
	if (taken)
		pthread_mutex_unlock(lock);
}

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

/* The deadline of a timeout that begins now. */
static inline int64_t deadline_after(int64_t timeout_ns)
{
	int64_t now = dma_fence_now();

	return timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
}

/* The result of a successful wait. */
static inline int64_t time_left(int64_t deadline_ns)
{
	int64_t left;

	if (deadline_ns == INT64_MAX)
		return DMA_FENCE_FOREVER;
	left = deadline_ns - dma_fence_now();
	return left > 1 ? left : 1;
}

/* The size of a container, in the terms of container.h. */
struct container_size {
	unsigned int depth;
	uint64_t leaves;
};

struct dma_fence_array;

struct container_size container_size(struct dma_fence *fence);
/* Adds one member. */
void container_size_add(struct container_size *size, struct dma_fence *member);
struct container_size array_size(const struct dma_fence_array *array);

/*
 * Work on a container that an event of another container causes (of its member, or of a container
 * that it is a member of): enabling, signaling or freeing it. Embedded in the container, which has
 * at most one work at a time. container_do() removes the work from the list and calls function: at
 * once, or, if such work runs further up this thread's stack, after that work, in the order of the
 * calls. So function runs with no more locks than its container_do() was called with, and nothing
 * recurses along nested containers.
 */
struct container_work {
	void (*function)(struct container_work *work);
	struct container_work *next, *prev;
};

void container_do(struct container_work *work, void (*function)(struct container_work *work));

/*
 * Is this member of a container signaled? The member may be a container. Must be called without a
 * lock. Polls it down to DMA_FENCE_CONTAINER_LEVELS levels; below that, enables signaling instead.
 */
bool container_member_is_signaled(struct dma_fence *member);
/* Passes the deadline down as many levels. */
void container_set_member_deadline(struct dma_fence *member, int64_t deadline_ns);

/*
 * Enclose a look-up, which only loads a pointer and takes a reference to its object. leave gets
 * what enter has returned. A thread that has replaced the pointer waits, and may then drop the old
 * reference.
 */
void dma_readers_init(struct dma_readers *readers);
void dma_readers_fini(struct dma_readers *readers);
uint32_t dma_readers_enter(struct dma_readers *readers);
void dma_readers_leave(struct dma_readers *readers, uint32_t phase);
void dma_readers_wait(struct dma_readers *readers);

#endif /* DMA_FENCE_CORE_INTERNAL_H */
