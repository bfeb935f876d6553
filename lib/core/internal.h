/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the files of the core share among themselves: looking at a fence's state, its
 * making and its lock, futexes, time, the size of containers, look-ups without a lock.
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
 * Is the signaled bit set? Asks nobody, takes no lock. The acquire pairs with the release in
 * dma_fence_mark_signaled_locked(): who sees the bit sees the error and the timestamp too.
 */
static inline bool fence_is_marked(const struct dma_fence *fence)
{
	return atomic_load_explicit(&fence->flags, memory_order_acquire) &
	       (1u << DMA_FENCE_FLAG_SIGNALED_BIT);
}

/* dma_fence_init() with the bits that the flags have from the start, as masks. */
void fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops, pthread_mutex_t *lock,
		uint64_t context, uint64_t seqno, uint32_t flags);

/*
 * The lock of fences, which a callback of dma_fence_signal_locked() holds already: true when it was
 * taken here and is to be given back.
 */
bool fence_lock(pthread_mutex_t *lock);
/*
 * Does a dma_fence_signal_locked() further up this thread's stack hold the lock? Then its caller
 * relies on that, and ops->enable_signaling does not drop it.
 */
bool fence_lock_is_kept(const pthread_mutex_t *lock);
static inline void fence_unlock(pthread_mutex_t *lock, bool taken)
{
	if (taken)
		pthread_mutex_unlock(lock);
}

/*
 * Sleeps while *word is value, until the deadline (CLOCK_MONOTONIC, ns). 0 when woken, -EAGAIN when
 * it was another value, -ETIMEDOUT, -EINTR. There always is a deadline: without one the kernel
 * would restart the call after a signal handler, and nobody would learn of it.
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
 * Of memory that others store a value of size 4 or 8 to: the 32 bits that are a futex, which of 64
 * are the low half, since every step changes that.
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
 * All that this thread has read and written comes before what it stores to I/O memory afterwards,
 * for the device too: there a release store alone orders it for other threads only.
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

/* To be called in a loop that spins. */
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

/* When a timeout that begins now ends. */
static inline int64_t deadline_after(int64_t timeout_ns)
{
	int64_t now = dma_fence_now();

	return timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
}

/* What a wait that was successful returns. */
static inline int64_t time_left(int64_t deadline_ns)
{
	int64_t left;

	if (deadline_ns == INT64_MAX)
		return DMA_FENCE_FOREVER;
	left = deadline_ns - dma_fence_now();
	return left > 1 ? left : 1;
}

/* How large a container is, in the words of container.h. */
struct container_size {
	unsigned int depth;
	uint64_t leaves;
};

struct dma_fence_array;

struct container_size container_size(struct dma_fence *fence);
/* With one member more. */
void container_size_add(struct container_size *size, struct dma_fence *member);
struct container_size array_size(const struct dma_fence_array *array);

/*
 * What follows for one container from what happens to another, which it is made of or a member of:
 * to enable it, to signal it, to free it. Embedded in a container, which has one thing to be done
 * at a time. function is called with the work, off the list: at once, or, when this thread is at
 * such work further up its stack, after that and in the order of the calls. So there it holds no
 * more locks than here, and nothing recurses along nested containers.
 */
struct container_work {
	void (*function)(struct container_work *work);
	struct container_work *next, *prev;
};

void container_do(struct container_work *work, void (*function)(struct container_work *work));

/*
 * Of a container's member, which may be a container: is it signaled? Must be called without a lock.
 * DMA_FENCE_CONTAINER_LEVELS deep it asks; further down it enables signaling instead.
 */
bool container_member_is_signaled(struct dma_fence *member);
/* The hint goes as deep, and no deeper. */
void container_set_member_deadline(struct dma_fence *member, int64_t deadline_ns);

/*
 * Around a look-up: loading a pointer and taking a reference to what it points to, no more than
 * that. leave is given what enter has returned. Who has replaced the pointer waits, and may drop
 * the old reference after that.
 */
void dma_readers_init(struct dma_readers *readers);
void dma_readers_fini(struct dma_readers *readers);
uint32_t dma_readers_enter(struct dma_readers *readers);
void dma_readers_leave(struct dma_readers *readers, uint32_t phase);
void dma_readers_wait(struct dma_readers *readers);

#endif /* DMA_FENCE_CORE_INTERNAL_H */
