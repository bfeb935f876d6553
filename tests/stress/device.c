/* SPDX-License-Identifier: MIT */
/*
 * device.c - signals, every kind of wake-up, cancels, closes and deaths against each other, for
 * some seconds.
 *
 * Pairs of threads: one signals, the other sleeps in the way of the pair; it must be woken up each
 * time, with the right status. Beside them a canceller takes events and waits away at the last
 * moment, a closer drops what others still look at, and processes are killed in the middle of
 * everything. In the end the device holds nothing more than before.
 *
 * It runs against the device at $DMA_FENCE_DEVICE, whose daemon may be built with a sanitizer. Exit
 * 0, or 1 after a line that says what was wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libdmafence.h"

#define SECONDS 4
/* Longer than any noise, and shorter than what create() sets the fences' own timeouts to. */
#define WAKE_LIMIT_NS 60000000000
#define FENCE_ERROR (-EIO)
#define DEATHS	    40

static atomic_bool over, failed;
static atomic_ulong wake_ups, cancels, closes, deaths;

static void fail(const char *what)
{
	fprintf(stderr, "device stress: %s (%s)\n", what, strerror(errno));
	atomic_store(&failed, true);
	atomic_store(&over, true);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int open_device(void)
{
	int device = dma_fence_device_open(NULL);

	if (device < 0)
		fail("cannot open the device");
	return device;
}

/* Long enough that no fence ends by itself while a waiter is to be woken by its signal. */
static int create(int device, uint32_t *handle)
{
	struct dma_fence_create request = { .timeout_ns = 2 * WAKE_LIMIT_NS };
	int ret = dma_fence_device_create_full(device, &request);

	*handle = request.handle;
	return ret;
}

/* ---- pairs: a fence is made by one thread and slept on by the other ---- */

struct pair {
	const char *name;
	/*
	 * Prepares in the signaling thread, before the handle is passed on; and sleeps in the
	 * other. true: woken up, rightly.
	 */
	bool (*prepare)(struct pair *pair);
	bool (*sleep)(struct pair *pair);
	int device;
	uint32_t handle;
	int fd; /* a sync_file, an eventfd, a memfd */
	uint64_t *memory;
	uint64_t round;
	pthread_barrier_t start, done;
};

static bool sleep_in_wait(struct pair *pair)
{
	int status;

	return !dma_fence_device_wait(pair->device, pair->handle, now() + WAKE_LIMIT_NS, &status) &&
	       status == FENCE_ERROR;
}

static bool prepare_sync_file(struct pair *pair)
{
	if (pair->fd >= 0)
		close(pair->fd);
	pair->fd = dma_fence_device_export(pair->device, pair->handle);
	return pair->fd >= 0;
}

static bool sleep_in_poll(struct pair *pair)
{
	int status;

	return !dma_fence_sync_file_wait(pair->fd, now() + WAKE_LIMIT_NS, &status) &&
	       status == FENCE_ERROR;
}

static bool prepare_event(struct pair *pair)
{
	uint32_t event;

	return !dma_fence_device_event_add(pair->device, pair->handle, pair->round, &event);
}

static bool sleep_in_read(struct pair *pair)
{
	struct dma_fence_event event;

	return dma_fence_device_read_events(pair->device, &event, 1) == 1 &&
	       event.user_data == pair->round && event.status == FENCE_ERROR;
}

static bool sleep_in_poll_of_node(struct pair *pair)
{
	struct pollfd poll_fd = { .fd = pair->device, .events = POLLIN };

	return poll(&poll_fd, 1, WAKE_LIMIT_NS / 1000000) == 1 && sleep_in_read(pair);
}

static bool prepare_eventfd(struct pair *pair)
{
	uint32_t event;

	if (pair->fd < 0)
		pair->fd = eventfd(0, EFD_CLOEXEC);
	return !dma_fence_device_eventfd_add(pair->device, pair->handle, pair->fd, &event);
}

static bool sleep_in_eventfd(struct pair *pair)
{
	struct pollfd poll_fd = { .fd = pair->fd, .events = POLLIN };
	uint64_t count;

	return poll(&poll_fd, 1, WAKE_LIMIT_NS / 1000000) == 1 &&
	       read(pair->fd, &count, sizeof(count)) == 8 && count == 1;
}

static bool prepare_memory(struct pair *pair)
{
	if (pair->fd < 0) {
		pair->fd = memfd_create("stress", MFD_CLOEXEC);
		if (pair->fd < 0 || ftruncate(pair->fd, 4096))
			return false;
		pair->memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, pair->fd, 0);
	}
	return !dma_fence_device_seqno_write(pair->device, pair->handle, pair->fd, 16, pair->round,
					     8);
}

static bool sleep_in_futex(struct pair *pair)
{
	return !dma_fence_seqno_wait(&pair->memory[2], 8, pair->round, 1000,
				     now() + WAKE_LIMIT_NS) &&
	       pair->memory[2] == pair->round;
}

static bool prepare_nothing(struct pair *pair)
{
	return true;
}

static struct pair pairs[] = {
	{ .name = "WAIT", .prepare = prepare_nothing, .sleep = sleep_in_wait },
	{ .name = "poll of a sync_file", .prepare = prepare_sync_file, .sleep = sleep_in_poll },
	{ .name = "read", .prepare = prepare_event, .sleep = sleep_in_read },
	{ .name = "poll of the node", .prepare = prepare_event, .sleep = sleep_in_poll_of_node },
	{ .name = "eventfd", .prepare = prepare_eventfd, .sleep = sleep_in_eventfd },
	{ .name = "futex", .prepare = prepare_memory, .sleep = sleep_in_futex },
};

#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

/*
 * Sometimes at once, so that the signal meets the other still on his way to sleep; sometimes later.
 */
static void hesitate(unsigned int *seed)
{
	if (rand_r(seed) % 4 == 0)
		usleep((useconds_t)rand_r(seed) % 200);
}

/* The signaler says in pair->round when it is the last one: 0. */
static void *signaler(void *data)
{
	struct pair *pair = data;
	unsigned int seed = (unsigned int)(uintptr_t)data;
	uint64_t round = 0;
	bool more;

	do {
		more = !atomic_load(&over);
		pair->round = more ? ++round : 0;
		if (more && (create(pair->device, &pair->handle) || !pair->prepare(pair))) {
			fail(pair->name);
			pair->round = 0;
			more = false;
		}
		pthread_barrier_wait(&pair->start);
		if (!more)
			break;
		hesitate(&seed);
		if (dma_fence_device_signal(pair->device, pair->handle, FENCE_ERROR))
			fail("signal");
		pthread_barrier_wait(&pair->done);
		if (dma_fence_device_close_handle(pair->device, pair->handle))
			fail("close handle");
	} while (more);
	return NULL;
}

static void *sleeper(void *data)
{
	struct pair *pair = data;
	unsigned int seed = (unsigned int)(uintptr_t)data + 1;

	for (;;) {
		pthread_barrier_wait(&pair->start);
		if (!pair->round)
			return NULL;
		hesitate(&seed);
		if (!pair->sleep(pair))
			fail(pair->name);
		atomic_fetch_add(&wake_ups, 1);
		pthread_barrier_wait(&pair->done);
	}
}

/* ---- cancel: after it has returned nothing is delivered ---- */

struct race {
	int device;
	uint32_t handle;
	pthread_barrier_t start, done;
	bool more;
};

static void *race_signaler(void *data)
{
	struct race *race = data;

	for (;;) {
		pthread_barrier_wait(&race->start);
		if (!race->more)
			return NULL;
		if (dma_fence_device_signal(race->device, race->handle, 0))
			fail("signal in the race with cancel");
		pthread_barrier_wait(&race->done);
	}
}

static void *canceller(void *data)
{
	struct race race = { .device = open_device() };
	unsigned int seed = 7;
	pthread_t thread;

	fcntl(race.device, F_SETFL, O_NONBLOCK);
	pthread_barrier_init(&race.start, NULL, 2);
	pthread_barrier_init(&race.done, NULL, 2);
	pthread_create(&thread, NULL, race_signaler, &race);
	do {
		struct dma_fence_event event;
		uint32_t number, fired;

		race.more = !atomic_load(&over);
		if (race.more &&
		    (create(race.device, &race.handle) ||
		     dma_fence_device_event_add(race.device, race.handle, 1, &number))) {
			fail("event add");
			race.more = false;
		}
		pthread_barrier_wait(&race.start);
		if (!race.more)
			break;
		hesitate(&seed);
		if (dma_fence_device_event_cancel(race.device, number, &fired))
			fail("cancel");
		if (dma_fence_device_read_events(race.device, &event, 1) != -1 || errno != EAGAIN)
			fail("delivered after cancel");
		pthread_barrier_wait(&race.done);
		if (dma_fence_device_read_events(race.device, &event, 1) != -1 || errno != EAGAIN)
			fail("delivered after cancel and signal");
		dma_fence_device_close_handle(race.device, race.handle);
		atomic_fetch_add(&cancels, 1);
	} while (race.more);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&race.start);
	pthread_barrier_destroy(&race.done);
	close(race.device);
	return NULL;
}

/* ---- close: the creator's open file goes while another process polls the exported fence ---- */

static void *closer(void *data)
{
	while (!atomic_load(&over)) {
		int device = open_device(), sync_file, status = 0;
		uint32_t handle;

		if (device < 0 || create(device, &handle)) {
			fail("create");
			return NULL;
		}
		sync_file = dma_fence_device_export(device, handle);
		close(device);
		if (dma_fence_sync_file_wait(sync_file, now() + WAKE_LIMIT_NS, &status) ||
		    status != -ECANCELED)
			fail("a fence whose creator is gone");
		close(sync_file);
		atomic_fetch_add(&closes, 1);
	}
	return NULL;
}

/* ---- death: a process that is in the middle of everything is killed ---- */

static void *blocked_in_wait(void *data)
{
	int device = *(int *)data;
	uint32_t handle;

	if (!create(device, &handle))
		dma_fence_device_wait(device, handle, DMA_FENCE_WAIT_FOREVER, NULL);
	return NULL;
}

static void *blocked_in_read(void *data)
{
	struct dma_fence_event event;

	dma_fence_device_read_events(*(int *)data, &event, 1);
	return NULL;
}

static void busy_child(void)
{
	static int device;
	int memory = memfd_create("victim", MFD_CLOEXEC);
	pthread_t thread;

	device = open_device();
	if (device < 0 || memory < 0 || ftruncate(memory, 4096))
		_exit(1);
	pthread_create(&thread, NULL, blocked_in_wait, &device);
	pthread_create(&thread, NULL, blocked_in_read, &device);
	for (;;) {
		uint32_t handle, event, merged;
		int sync_file;

		if (create(device, &handle))
			_exit(1);
		dma_fence_device_event_add(device, handle, 0, &event);
		dma_fence_device_seqno_write(device, handle, memory, 0, 1, 4);
		dma_fence_device_attach(device, memory, handle, DMA_FENCE_USAGE_WRITE);
		sync_file = dma_fence_device_export(device, handle);
		dma_fence_device_merge(device, (uint32_t[]){ handle, handle }, 2, 0, &merged);
		dma_fence_device_import(device, sync_file, &handle);
		close(sync_file);
	}
}

static void kill_children(void)
{
	unsigned int seed = 3;

	for (int i = 0; i < DEATHS && !atomic_load(&failed); i++) {
		pid_t child = fork();

		if (!child)
			busy_child();
		if (child < 0) {
			fail("fork");
			return;
		}
		usleep((useconds_t)rand_r(&seed) % (SECONDS * 1000000 / DEATHS));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		atomic_fetch_add(&deaths, 1);
	}
}

static bool is_as_before(const struct dma_fence_stats *before, const struct dma_fence_stats *after)
{
	return after->files == before->files && after->handles == before->handles &&
	       after->fences == before->fences && after->waits == before->waits &&
	       after->exports == before->exports && after->events == before->events &&
	       after->buffers == before->buffers && after->attachments == before->attachments &&
	       after->seqno_writes == before->seqno_writes;
}

int main(void)
{
	pthread_t threads[2 * PAIRS + 2];
	struct dma_fence_stats before, after;
	int device = open_device();
	unsigned int count = 0;

	if (device < 0 || dma_fence_device_get_stats(device, &before))
		return 1;
	/*
	 * Before there are threads that a child could inherit locks of; the killing runs in a
	 * process of its own.
	 */
	for (unsigned int i = 0; i < PAIRS; i++) {
		pairs[i].device = open_device();
		pairs[i].fd = -1;
		pthread_barrier_init(&pairs[i].start, NULL, 2);
		pthread_barrier_init(&pairs[i].done, NULL, 2);
	}
	fflush(stdout);
	pid_t killer = fork();

	if (!killer) {
		for (unsigned int i = 0; i < PAIRS; i++)
			close(pairs[i].device);
		kill_children();
		_exit(atomic_load(&failed) || atomic_load(&deaths) != DEATHS);
	}
	for (unsigned int i = 0; i < PAIRS; i++) {
		pthread_create(&threads[count++], NULL, signaler, &pairs[i]);
		pthread_create(&threads[count++], NULL, sleeper, &pairs[i]);
	}
	pthread_create(&threads[count++], NULL, canceller, NULL);
	pthread_create(&threads[count++], NULL, closer, NULL);
	for (int i = 0; i < SECONDS * 10 && !atomic_load(&over); i++)
		usleep(100000);
	atomic_store(&over, true);
	while (count)
		pthread_join(threads[--count], NULL);
	int status = -1;

	waitpid(killer, &status, 0);
	if (status)
		fail("the process that kills others");
	for (unsigned int i = 0; i < PAIRS; i++) {
		close(pairs[i].device);
		if (pairs[i].fd >= 0)
			close(pairs[i].fd);
		if (pairs[i].memory)
			munmap(pairs[i].memory, 4096);
	}
	/* A last close is heard of a moment later. */
	for (int i = 0; i < 6000; i++) {
		if (dma_fence_device_get_stats(device, &after) || is_as_before(&before, &after))
			break;
		usleep(10000);
	}
	if (!is_as_before(&before, &after)) {
		errno = 0;
		fail("the device holds more than before");
		fprintf(stderr,
			"files %llu handles %llu fences %llu waits %llu exports %llu events %llu "
			"buffers %llu\n",
			after.files - before.files, after.handles - before.handles,
			after.fences - before.fences, after.waits - before.waits,
			after.exports - before.exports, after.events - before.events,
			after.buffers - before.buffers);
	}
	close(device);
	printf("device stress: %lu wake-ups, %lu cancels, %lu closes, %d deaths: %s\n",
	       atomic_load(&wake_ups), atomic_load(&cancels), atomic_load(&closes), DEATHS,
	       atomic_load(&failed) ? "FAILED" : "passed");
	return atomic_load(&failed);
}
