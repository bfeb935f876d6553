/* SPDX-License-Identifier: MIT */
/*
 * memory_watch.c - see memory_watch.h.
 *
 * A watch has a word of its own among those that it sleeps on: code that changes what it has to do
 * adds one to that, under the lock, and wakes it.
 *
 * The kernel touches the memory when the thread goes to sleep there, and may block for it: that is
 * why this is done without the lock, in a thread of the user's. Where the memory is gone the call
 * fails, and the thread sleeps until the next poll.
 */
#include <errno.h>
#include <linux/futex.h>
#include <linux/time_types.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"
#include "memory/memory_watch.h"

/* As many words as the kernel takes, one of which is the watch's own. */
#define WORDS_MAX 128

/*
 * Polls in one go. Of a user with more watched fences each is polled less often; and after so many
 * other threads have their turn at the lock.
 */
#define POLLS_MAX      512
#define POLLS_PER_TURN 32

/*
 * Memory that changes all the time, or is woken all the time, without reaching anything: polling
 * takes at most a fifth of the thread's time, and polls are this much apart.
 */
#define PAUSE_NS      20000
#define PAUSE_PER_RUN 4

/* How long the thread stays when there is no fence any more; and how long the end waits for it. */
#define IDLE_NS	    1000000000
#define END_SECONDS 1

/* Fences are signaled from it, and the answers that this causes are built on the stack. */
#define STACK_SIZE (256 * 1024)

struct memory_watch {
	struct device *device;
	struct account *account;      /* a reference: whose fences these are */
	struct watched_fence *fences; /* utlist, in the order of creation */
	struct watched_fence *next;   /* where the next run begins; NULL: at the first */
	unsigned int count;
	_Atomic uint32_t word;
	UT_hash_handle hh; /* by account */
};

struct words {
	struct futex_waitv entries[WORDS_MAX];
	unsigned int count; /* with the watch's own, the first */
};

static struct memory_watch *watches; /* hash by account: those that take fences */
static unsigned int threads;
static pthread_cond_t ended;

static struct memory_watch *watch_of(struct account *account)
{
	struct memory_watch *watch;

	HASH_FIND_PTR(watches, &account, watch);
	return watch;
}

static void wake(struct memory_watch *watch)
{
	atomic_fetch_add(&watch->word, 1);
	syscall(SYS_futex, &watch->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void memory_watch_add(struct account *account, struct watched_fence *fence)
{
	struct memory_watch *watch = watch_of(account);
	struct watched_fence *before;

	/* The device stops. */
	if (!watch)
		return;
	before = watch->fences ? watch->fences->prev : NULL;
	/* Mostly the one that was created last is waited for last. */
	while (before && before->fence->context > fence->fence->context)
		before = before == watch->fences ? NULL : before->prev;
	if (before)
		DL_APPEND_ELEM(watch->fences, before, fence);
	else
		DL_PREPEND(watch->fences, fence);
	fence->watch = watch;
	watch->count++;
	wake(watch);
}

void memory_watch_remove(struct watched_fence *fence)
{
	struct memory_watch *watch = fence->watch;

	if (!watch)
		return;
	if (watch->next == fence)
		watch->next = fence->next;
	DL_DELETE(watch->fences, fence);
	fence->watch = NULL;
	watch->count--;
}

static bool has_fences(const struct memory_watch *watch)
{
	return account_count(watch->account, ACCOUNT_MEMORY_FENCES);
}

void memory_watch_may_end(struct account *account)
{
	struct memory_watch *watch = watch_of(account);

	if (watch && !has_fences(watch))
		wake(watch);
}

/* Fences that wait for one place, as those of a ring, mostly follow each other. */
static void add_word(struct words *words, const struct watched_fence *fence)
{
	struct futex_waitv *last = &words->entries[words->count - 1];
	uint64_t address = (uintptr_t)fence->futex_word;

	if (words->count == WORDS_MAX || last->uaddr == address)
		return;
	words->entries[words->count++] = (struct futex_waitv){
		.val = fence->seen,
		.uaddr = address,
		.flags = FUTEX_32,
	};
}

/* Signals what is reached, in the order of creation; collects the words of the rest. */
static void poll_fences(struct memory_watch *watch, struct words *words)
{
	struct device *device = watch->device;
	unsigned int polls = watch->count;
	struct watched_fence *entry;
	struct dma_fence *fence;

	if (polls <= POLLS_MAX)
		watch->next = NULL;
	else
		polls = POLLS_MAX;
	for (unsigned int i = 0; i < polls && watch->fences; i++) {
		entry = watch->next ? watch->next : watch->fences;
		watch->next = entry->next;
		fence = dma_fence_get(entry->fence);
		if (!dma_fence_is_signaled(fence) && entry->seen_is_recent)
			add_word(words, entry);
		dma_fence_put(fence);
		if (i % POLLS_PER_TURN == POLLS_PER_TURN - 1) {
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

/* The lock is held, but not while it sleeps. */
static void sleep_until_next(struct memory_watch *watch, const struct words *words, int64_t began)
{
	struct device *device = watch->device;
	int64_t now = dma_fence_now(), pause = (now - began) * PAUSE_PER_RUN, until;
	struct timespec rest;

	if (pause < PAUSE_NS)
		pause = PAUSE_NS;
	if (!watch->count && has_fences(watch))
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

static bool is_idle(const struct memory_watch *watch, int64_t since)
{
	return !has_fences(watch) && dma_fence_now() - since >= IDLE_NS;
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
		/* Before the polls: what is added meanwhile ends the sleep at once. */
		words.count = 1;
		words.entries[0] = (struct futex_waitv){
			.val = atomic_load(&watch->word),
			.uaddr = (uintptr_t)&watch->word,
			.flags = FUTEX_32 | FUTEX_PRIVATE_FLAG,
		};
		poll_fences(watch, &words);
		if (!device->stopping)
			sleep_until_next(watch, &words, began);
	} while (!device->stopping && !is_idle(watch, began));
	while (watch->fences)
		memory_watch_remove(watch->fences);
	HASH_DEL(watches, watch);
	account_put(watch->account);
	threads--;
	pthread_cond_broadcast(&ended);
	device_unlock_and_notify(device);
	free(watch);
	return NULL;
}

/* -ENOMEM. */
static int start_thread(struct memory_watch *watch)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int ret;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	ret = pthread_create(&thread, &attributes, watch_thread, watch);
	pthread_attr_destroy(&attributes);
	return ret ? -ENOMEM : 0;
}

int memory_watch_start(struct device *device, struct account *account)
{
	struct memory_watch *watch;

	device_assert_held(device);
	if (watch_of(account))
		return 0;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return -ENOMEM;
	watch->device = device;
	watch->account = account;
	HASH_ADD_PTR(watches, account, watch);
	if (!watch->hh.tbl)
		goto err_free;
	if (start_thread(watch))
		goto err_delete;
	account_get(account);
	threads++;
	return 0;

err_delete:
	HASH_DEL(watches, watch);
err_free:
	free(watch);
	return -ENOMEM;
}

void memory_watches_init(void)
{
	device_condition_init(&ended);
}

bool memory_watches_stop(struct device *device)
{
	struct memory_watch *watch, *next;
	struct timespec until;
	bool have_ended;
	int ret = 0;

	device_seconds_from_now(&until, END_SECONDS);
	device_lock(device);
	HASH_ITER(hh, watches, watch, next)
		wake(watch);
	while (threads && ret != ETIMEDOUT)
		ret = device_wait(device, &ended, &until);
	have_ended = !threads;
	device_unlock(device);
	if (have_ended)
		pthread_cond_destroy(&ended);
	return have_ended;
}
