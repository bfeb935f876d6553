/* SPDX-License-Identifier: MIT */
/*
 * seqno_wait.c - the waiter's side of a seqno write: no call to the device, first spinning, then in
 * a futex.
 */
#include <linux/futex.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "request.h"

#define NSEC_PER_SEC 1000000000

/* The call that takes this compilation's struct timespec. */
#if defined(__USE_TIME_BITS64) && defined(SYS_futex_time64)
#define SYS_FUTEX SYS_futex_time64
#else
#define SYS_FUTEX SYS_futex
#endif

/*
 * How often a spinning waiter looks at the memory before it looks at the clock, which costs more.
 */
#define SPINS_PER_LOOK_AT_CLOCK 32

/*
 * A futex is 32 bits, so a 64-bit waiter sleeps on the low half. A store that changes the upper
 * half alone (the value grew by a multiple of 2^32) between the waiter's load and its sleep is one
 * that the futex cannot detect, because the wake-up came before the sleep. No counter does that in
 * practice, so it need not be fast, but it must not hang: such a sleep ends after this time, and
 * the waiter loads the value again.
 */
#define LOOK_AGAIN_NS (100 * 1000 * 1000)

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

/*
 * The acquire pairs with the release of the store: who sees the value sees what was done before the
 * signal.
 */
static inline uint64_t load(const void *address, uint32_t size)
{
	return size == 4 ? __atomic_load_n((const uint32_t *)address, __ATOMIC_ACQUIRE)
			 : __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
}

/* The difference, not the values, is compared: right across a wrap-around. */
static inline bool reached(uint64_t current, uint64_t value, uint32_t size)
{
	return size == 4 ? (int32_t)((uint32_t)current - (uint32_t)value) >= 0
			 : (int64_t)(current - value) >= 0;
}

/* The half of the value that the device wakes. */
static inline const uint32_t *futex_word(const void *address, uint32_t size)
{
	const uint32_t *word = address;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	if (size == 8)
		word++;
#endif
	return word;
}

/*
 * Sleeps while the word has this value, until the time at most. The memory is shared with others:
 * no private futex.
 */
static int futex_wait(const uint32_t *word, uint32_t value, int64_t until_ns)
{
	struct timespec until = {
		.tv_sec = until_ns / NSEC_PER_SEC,
		.tv_nsec = until_ns % NSEC_PER_SEC,
	};
	const struct timespec *timeout = until_ns / NSEC_PER_SEC > INT32_MAX ? NULL : &until;

	/*
	 * Never, if it is out of a 32-bit time_t: DMA_FENCE_WAIT_FOREVER, and deadlines in the far
	 * future.
	 */
	return syscall(SYS_FUTEX, word, FUTEX_WAIT_BITSET, value, timeout, NULL,
		       FUTEX_BITSET_MATCH_ANY);
}

static bool spin(const void *address, uint32_t size, uint64_t value, int64_t until_ns)
{
	unsigned int i;

	do {
		for (i = 0; i < SPINS_PER_LOOK_AT_CLOCK; i++) {
			if (reached(load(address, size), value, size))
				return true;
			relax();
		}
	} while (now_ns() < until_ns);
	return false;
}

/* Up to deadline_ns, but not for ever with 64 bits: see LOOK_AGAIN_NS. */
static int64_t sleep_until(uint32_t size, int64_t now, int64_t deadline_ns)
{
	return size == 8 && deadline_ns - now > LOOK_AGAIN_NS ? now + LOOK_AGAIN_NS : deadline_ns;
}

API int dma_fence_seqno_wait(const void *address, uint32_t size, uint64_t value, uint64_t spin_ns,
			     int64_t deadline_ns)
{
	uint64_t current;
	int64_t now;

	if ((size != 4 && size != 8) || (uintptr_t)address % size != 0)
		return fail(EINVAL);
	if (reached(load(address, size), value, size))
		return 0;
	now = now_ns();
	if (spin_ns && deadline_ns > now) {
		uint64_t left = deadline_ns - now;

		if (spin(address, size, value, now + (int64_t)(spin_ns < left ? spin_ns : left)))
			return 0;
	}
	for (;;) {
		current = load(address, size);
		if (reached(current, value, size))
			return 0;
		now = now_ns();
		if (now >= deadline_ns)
			return fail(ETIME);
		/*
		 * EAGAIN: the word has changed in the meantime. ETIMEDOUT: the next load decides
		 * which timeout it was.
		 */
		if (futex_wait(futex_word(address, size), (uint32_t)current,
			       sleep_until(size, now, deadline_ns)) < 0 &&
		    errno != EAGAIN && errno != ETIMEDOUT)
			return reached(load(address, size), value, size) ? 0 : -1;
	}
}
