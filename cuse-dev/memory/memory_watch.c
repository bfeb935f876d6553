/* SPDX-License-Identifier: MIT */
/*
 * memory_watch.c - see memory_watch.h.
 *
 * A watch has a word of its own among those that it sleeps on: whoever changes what it has to do
 * adds one to that, under the lock, and wakes it.
 *
 * The kernel touches the memory when it goes to sleep there, and may have to wait for it: that is
 * why this is done without the lock, in a thread of the user's. Where it is gone the call fails,
 * and the thread just sleeps until it looks again.
 */
#include <errno.h>
#include <linux/futex.h>
#include <linux/time_types.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "memory/memory_watch.h"

/* As many words as the kernel takes, one of which is the watch's own. */
#define WORDS_MAX 128

/*
 * Looks in one go. Who has more than that to be waited for has each of them looked at less often;
 * and after so many others have their turn at the lock.
 */
#define LOOKS_MAX      512
#define LOOKS_PER_TURN 32

/*
 * Memory that changes all the time, or is woken all the time, without reaching anything: looking is
 * at most a fifth of the thread's time, and this much apart.
 */
#define PAUSE_NS      20000
#define PAUSE_PER_RUN 4

/* How long the thread stays when there is no fence any more; and how long the end waits for it. */
#define IDLE_NS	    1000000000
#define END_SECONDS 1

/* Signals are given from it, whose answers are built on the stack. */
#define STACK_SIZE (256 * 1024)

struct memory_watch {
	struct device *device;
	struct account *account;     /* one of its users */
	struct memory_fence *fences; /* utlist, in the order of creation */
	struct memory_fence *next;   /* where the next run begins; NULL: at the first */
	unsigned int count;
	_Atomic uint32_t word;
};

struct words {
	struct futex_waitv entries[WORDS_MAX];
	unsigned int count; /* with the watch's own, the first */
};

static void wake(struct memory_watch *watch)
{
	atomic_fetch_add(&watch->word, 1);
	syscall(SYS_futex, &watch->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void memory_watch_add(struct memory_fence *fence)
{
	struct memory_watch *watch = fence->account->watch;
	struct memory_fence *before;

	/* The device stops. */
	if (!watch)
		return;
	before = watch->fences ? watch->fences->watch_prev : NULL;
	/* Mostly the one that was made last is waited for last. */
	while (before && before->base.base.context > fence->base.base.context)
		before = before == watch->fences ? NULL : before->watch_prev;
	if (before)
		DL_APPEND_ELEM2(watch->fences, before, fence, watch_prev, watch_next);
	else
		DL_PREPEND2(watch->fences, fence, watch_prev, watch_next);
	fence->is_watched = true;
	watch->count++;
	wake(watch);
}

void memory_watch_remove(struct memory_fence *fence)
{
	struct memory_watch *watch = fence->account->watch;

	if (!fence->is_watched)
		return;
	if (watch->next == fence)
		watch->next = fence->watch_next;
	DL_DELETE2(watch->fences, fence, watch_prev, watch_next);
	fence->is_watched = false;
	watch->count--;
}

void memory_watch_may_end(struct account *account)
{
	if (!account->memory_fences && account->watch)
		wake(account->watch);
}

static const void *futex_word(const struct memory_fence *fence)
{
	const struct mem_fence_location *location = &fence->base.location;
	const char *address = window_address(fence->window, location->offset);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	address += location->size - sizeof(uint32_t);
#endif
	return address;
}

/* Fences that wait for one place, as those of a ring, mostly follow each other. */
static void add_word(struct words *words, const struct memory_fence *fence)
{
	struct futex_waitv *last = &words->entries[words->count - 1];
	uint64_t address = (uintptr_t)futex_word(fence);

	if (words->count == WORDS_MAX || last->uaddr == address)
		return;
	words->entries[words->count++] = (struct futex_waitv){
		.val = fence->seen,
		.uaddr = address,
		.flags = FUTEX_32,
	};
}

/* Signals what is reached, in the order of creation; collects the words of the rest. */
static void look_at_fences(struct memory_watch *watch, struct words *words)
{
	struct device *device = watch->device;
	unsigned int looks = watch->count;
	struct memory_fence *fence;

	if (looks <= LOOKS_MAX)
		watch->next = NULL;
	else
		looks = LOOKS_MAX;
	for (unsigned int i = 0; i < looks && watch->fences; i++) {
		fence = watch->next ? watch->next : watch->fences;
		watch->next = fence->watch_next;
		dma_fence_get(&fence->base.base);
		if (!dma_fence_is_signaled(&fence->base.base) && fence->seen_is_recent)
			add_word(words, fence);
		dma_fence_put(&fence->base.base);
		if (i % LOOKS_PER_TURN == LOOKS_PER_TURN - 1) {
			device_unlock_and_notify(device);
			device_lock(device);
		}
	}
}

static void sleep_on_own_word(struct memory_watch *watch, uint32_t seen, int64_t until_ns)
{
	struct timespec until = {
		.tv_sec = until_ns / 1000000000,
		.tv_nsec = until_ns % 1000000000,
	};

	syscall(SYS_futex, &watch->word, FUTEX_WAIT_BITSET_PRIVATE, seen,
		until_ns == INT64_MAX ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
}

/* Without the lock, until one of the words changes or the time has come. */
static void sleep_on(struct memory_watch *watch, const struct words *words, int64_t until_ns)
{
#ifdef SYS_futex_waitv
	struct __kernel_timespec until = {
		.tv_sec = until_ns / 1000000000,
		.tv_nsec = until_ns % 1000000000,
	};

	/* EAGAIN: one has changed meanwhile. EFAULT: one is not there; ENOSYS: Linux before 5.16.
	 */
	if (words->count > 1 && (syscall(SYS_futex_waitv, words->entries, words->count, 0, &until,
					 CLOCK_MONOTONIC) >= 0 ||
				 errno == EAGAIN || errno == ETIMEDOUT))
		return;
#endif
	sleep_on_own_word(watch, (uint32_t)words->entries[0].val, until_ns);
}

/* No longer before the next looks than this. The lock is held, but not while it sleeps. */
static void sleep_until_next(struct memory_watch *watch, const struct words *words, int64_t began)
{
	struct device *device = watch->device;
	int64_t now = dma_fence_now(), pause = (now - began) * PAUSE_PER_RUN, until;
	struct timespec rest;

	if (pause < PAUSE_NS)
		pause = PAUSE_NS;
	if (!watch->count && watch->account->memory_fences)
		until = INT64_MAX;
	else
		until = now + (watch->count ? (int64_t)device->memory_poll_ns : IDLE_NS);
	device_unlock_and_notify(device);
	sleep_on(watch, words, until);
	if (words->count > 1 && dma_fence_now() < now + pause) {
		rest = (struct timespec){
			.tv_sec = (now + pause) / 1000000000,
			.tv_nsec = (now + pause) % 1000000000,
		};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &rest, NULL);
	}
	device_lock(device);
}

/* Nothing has come for as long as it stays. */
static bool is_idle(const struct memory_watch *watch, int64_t since)
{
	return !watch->account->memory_fences && dma_fence_now() - since >= IDLE_NS;
}

static void *watch_thread(void *data)
{
	struct memory_watch *watch = data;
	struct device *device = watch->device;
	struct words words;
	int64_t began;

	device_lock(device);
	do {
		began = dma_fence_now();
		/* Before the looks: what is added meanwhile ends the sleep at once. */
		words.count = 1;
		words.entries[0] = (struct futex_waitv){
			.val = atomic_load(&watch->word),
			.uaddr = (uintptr_t)&watch->word,
			.flags = FUTEX_32 | FUTEX_PRIVATE_FLAG,
		};
		look_at_fences(watch, &words);
		if (!device->stopping)
			sleep_until_next(watch, &words, began);
	} while (!device->stopping && !is_idle(watch, began));
	while (watch->fences)
		memory_watch_remove(watch->fences);
	watch->account->watch = NULL;
	account_put(device, watch->account);
	device->memory_watches--;
	pthread_cond_broadcast(&device->watch_ended);
	device_unlock_and_notify(device);
	free(watch);
	return NULL;
}

int memory_watch_start(struct device *device, struct account *account)
{
	struct memory_watch *watch;
	pthread_attr_t attributes;
	pthread_t thread;
	int ret;

	if (account->watch)
		return 0;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return -ENOMEM;
	watch->device = device;
	watch->account = account;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	ret = pthread_create(&thread, &attributes, watch_thread, watch);
	pthread_attr_destroy(&attributes);
	if (ret) {
		free(watch);
		return -ENOMEM;
	}
	account->watch = watch;
	account->users++;
	device->memory_watches++;
	return 0;
}

void memory_watches_init(struct device *device)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&device->watch_ended, &attributes);
	pthread_condattr_destroy(&attributes);
}

void memory_watches_stop(struct device *device)
{
	struct account *account, *next;
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += END_SECONDS;
	device_lock(device);
	HASH_ITER(hh, device->accounts, account, next) {
		if (account->watch)
			wake(account->watch);
	}
	while (device->memory_watches && ret != ETIMEDOUT)
		ret = pthread_cond_timedwait(&device->watch_ended, &device->lock, &until);
	device_unlock(device);
}
