/* SPDX-License-Identifier: MIT */
/*
 * device-resv.c - tickets against each other, for some seconds: threads lock the same few buffers
 * in every order, are interrupted, give up, close their tickets or their files; others attach
 * without a ticket; and processes are killed while they hold or wait.
 *
 * The holder of a buffer's lock is the only one: each says so in a word of memory. All get on, and
 * in the end the device holds nothing more than before. Exit 0, or 1 after a line that says what
 * was wrong.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libdmafence.h"

#define SECONDS	  4
#define BUFFERS	  4
#define LOCKERS	  4
#define ATTACHERS 2
#define DEATHS	  30
/* Longer than any noise; in between every process gets its turn. */
#define TURN_NS 60000000000

static int buffers[BUFFERS];
static atomic_uint owners[BUFFERS];
static atomic_bool over, failed;
static atomic_ulong turns, refusals, attachments;

static void fail(const char *what)
{
	fprintf(stderr, "device-resv stress: %s (%s)\n", what, strerror(errno));
	atomic_store(&failed, true);
	atomic_store(&over, true);
}

static int64_t in_ns(int64_t ns)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec + ns;
}

static int open_device(void)
{
	int device;

	do {
		device = dma_fence_device_open(NULL);
	} while (device < 0 && errno == EINTR);
	if (device < 0)
		fail("cannot open the device");
	return device;
}

/* Some of the buffers, in some order: their indices. */
static unsigned int choose(unsigned int *seed, int chosen[BUFFERS])
{
	unsigned int count = 1 + (unsigned int)rand_r(seed) % BUFFERS;

	for (unsigned int i = 0; i < BUFFERS; i++)
		chosen[i] = (int)i;
	for (unsigned int i = BUFFERS - 1; i > 0; i--) {
		unsigned int other = (unsigned int)rand_r(seed) % (i + 1);
		int swapped = chosen[i];

		chosen[i] = chosen[other];
		chosen[other] = swapped;
	}
	return count;
}

static int lock(int device, unsigned int count, const int chosen[BUFFERS], int64_t deadline_ns,
		uint32_t *ticket)
{
	int wanted[BUFFERS];

	for (unsigned int i = 0; i < count; i++)
		wanted[i] = buffers[chosen[i]];
	return dma_fence_device_resv_lock_all(device, wanted, count, deadline_ns, ticket);
}

static void enter(unsigned int number, unsigned int count, const int chosen[BUFFERS])
{
	for (unsigned int i = 0; i < count; i++) {
		if (atomic_exchange(&owners[chosen[i]], number))
			fail("two have locked the same buffer");
	}
}

static void leave(unsigned int number, unsigned int count, const int chosen[BUFFERS])
{
	for (unsigned int i = 0; i < count; i++) {
		if (atomic_exchange(&owners[chosen[i]], 0) != number)
			fail("somebody else was in between");
	}
}

static void use(int device, uint32_t ticket, unsigned int count, const int chosen[BUFFERS],
		unsigned int *seed)
{
	uint32_t fence;
	int result = 0;

	if (dma_fence_device_create(device, "work", &fence)) {
		fail("create");
		return;
	}
	for (unsigned int i = 0; i < count; i++) {
		struct dma_fence_attach attach = {
			.fd = buffers[chosen[i]],
			.handle = fence,
			.usage = (uint32_t)rand_r(seed) % 4,
			.ticket = ticket,
		};

		if (dma_fence_device_attach_full(device, &attach) && errno != EINTR)
			fail("attach under a ticket");
	}
	if (rand_r(seed) % 4 == 0)
		result = dma_fence_device_signal(device, fence, 0);
	else if (rand_r(seed) % 4 == 0)
		result = dma_fence_device_resv_commit(device, ticket);
	if (result)
		fail("signal or commit");
	dma_fence_device_close_handle(device, fence);
}

/* The ticket ends, in one of the ways in which it can. */
static void give_back(int *device, uint32_t ticket, unsigned int *seed)
{
	int result = 0;

	switch (rand_r(seed) % 8) {
	case 0:
		result = dma_fence_device_close_handle(*device, ticket);
		break;
	case 1:
		result = dma_fence_device_resv_unlock(*device, ticket,
						      DMA_FENCE_RESV_UNLOCK_BACK_OFF) ||
			 dma_fence_device_close_handle(*device, ticket);
		break;
	case 2:
		close(*device);
		*device = open_device();
		break;
	default:
		result = dma_fence_device_resv_unlock(*device, ticket, 0);
	}
	if (result)
		fail("unlock");
}

static void *locker(void *data)
{
	unsigned int number = (unsigned int)(uintptr_t)data, seed = number;
	int device = open_device(), chosen[BUFFERS];
	uint32_t ticket;

	while (!atomic_load(&over)) {
		unsigned int count = choose(&seed, chosen);
		bool patient = rand_r(&seed) % 4 != 0;
		int64_t deadline = in_ns(patient ? TURN_NS : rand_r(&seed) % 300000);

		if (lock(device, count, chosen, deadline, &ticket)) {
			if (errno != EINTR && (patient || errno != ETIME))
				fail("lock");
			atomic_fetch_add(&refusals, 1);
			continue;
		}
		enter(number, count, chosen);
		use(device, ticket, count, chosen, &seed);
		leave(number, count, chosen);
		give_back(&device, ticket, &seed);
		atomic_fetch_add(&turns, 1);
	}
	close(device);
	return NULL;
}

static void *attacher(void *data)
{
	unsigned int seed = (unsigned int)(uintptr_t)data;
	int device = open_device();

	while (!atomic_load(&over)) {
		uint32_t fence;

		if (dma_fence_device_create(device, "plain", &fence))
			fail("create");
		if (dma_fence_device_attach(device, buffers[rand_r(&seed) % BUFFERS], fence,
					    DMA_FENCE_USAGE_WRITE) &&
		    errno != EINTR)
			fail("attach");
		dma_fence_device_close_handle(device, fence);
		atomic_fetch_add(&attachments, 1);
	}
	close(device);
	return NULL;
}

static void victim(void)
{
	unsigned int seed = (unsigned int)getpid();
	int device = open_device(), chosen[BUFFERS];
	uint32_t ticket;

	for (;;) {
		unsigned int count = choose(&seed, chosen);

		if (!lock(device, count, chosen, in_ns(TURN_NS), &ticket))
			use(device, ticket, count, chosen, &seed);
		/* Now and then it dies here, now and then with a ticket more. */
		if (rand_r(&seed) % 4)
			dma_fence_device_close_handle(device, ticket);
		else
			usleep(1000);
	}
}

static void kill_victims(void)
{
	unsigned int seed = 5;

	for (int i = 0; i < DEATHS; i++) {
		pid_t child = fork();

		if (!child)
			victim();
		if (child < 0)
			_exit(1);
		usleep((useconds_t)rand_r(&seed) % (SECONDS * 1000000 / DEATHS));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	_exit(0);
}

static void on_signal(int number)
{
}

static bool is_as_before(const struct dma_fence_stats *before, const struct dma_fence_stats *after)
{
	return after->files == before->files && after->handles == before->handles &&
	       after->fences == before->fences && after->waits == before->waits &&
	       after->events == before->events && after->buffers == before->buffers &&
	       after->attachments == before->attachments && after->tickets == before->tickets &&
	       after->locks == before->locks;
}

static void expect_as_before(int device, const struct dma_fence_stats *before)
{
	struct dma_fence_stats after;

	/* A last close is heard of a moment later. */
	for (int i = 0; i < 6000; i++) {
		if (dma_fence_device_get_stats(device, &after) || is_as_before(before, &after))
			return;
		usleep(10000);
	}
	errno = 0;
	fail("the device holds more than before");
	fprintf(stderr,
		"files %llu waits %llu buffers %llu attachments %llu tickets %llu locks %llu\n",
		after.files - before->files, after.waits - before->waits,
		after.buffers - before->buffers, after.attachments - before->attachments,
		after.tickets - before->tickets, after.locks - before->locks);
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t threads[LOCKERS + ATTACHERS];
	struct dma_fence_stats before;
	int device = open_device(), status = -1;
	unsigned int seed = 1, count;
	pid_t killer;

	if (device < 0 || dma_fence_device_get_stats(device, &before))
		return 1;
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < BUFFERS; i++) {
		buffers[i] = memfd_create("stress", MFD_CLOEXEC);
		if (buffers[i] < 0)
			return 1;
	}
	fflush(stdout);
	/* Before there are threads that a child could inherit locks of. */
	killer = fork();
	if (!killer)
		kill_victims();
	for (count = 0; count < LOCKERS + ATTACHERS; count++)
		pthread_create(&threads[count], NULL, count < LOCKERS ? locker : attacher,
			       (void *)(uintptr_t)(count + 1));
	for (int i = 0; i < SECONDS * 200 && !atomic_load(&over); i++) {
		usleep(5000);
		pthread_kill(threads[(unsigned int)rand_r(&seed) % count], SIGUSR1);
	}
	waitpid(killer, &status, 0);
	if (status)
		fail("the process that kills others");
	atomic_store(&over, true);
	while (count)
		pthread_join(threads[--count], NULL);
	for (int i = 0; i < BUFFERS; i++)
		close(buffers[i]);
	expect_as_before(device, &before);
	close(device);
	printf("device-resv stress: %lu turns, %lu refusals, %lu attachments, %d deaths: %s\n",
	       atomic_load(&turns), atomic_load(&refusals), atomic_load(&attachments), DEATHS,
	       atomic_load(&failed) ? "FAILED" : "passed");
	return atomic_load(&failed);
}
