/* SPDX-License-Identifier: MIT */
/*
 * hostile.c - clients that pass pointers and fds of their own FUSE server, which answers nothing,
 * and clients that are killed in the middle of everything. No other client is slowed down, and
 * nothing is left. Raw ioctls.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "foreign.h"
#include "process.h"

TestSuite(hostile, .init = fixture_begin, .fini = fixture_end, .timeout = TEST_TIMEOUT);

#define CLIENTS 20
#define NOBODY	65534

/* ---- twenty clients whose files and memory block every access ---- */

struct hostile {
	bool as_nobody; /* they are another user's */
	struct foreign foreign;
	int file;
	void *memory;
	pid_t clients[CLIENTS];
};

struct hostile_client {
	const struct hostile *hostile;
	int index;
};

static void hostile_begin(struct hostile *hostile)
{
	foreign_start(&hostile->foreign, "foreign");
	hostile->file = foreign_open(&hostile->foreign);
	hostile->memory = must(
		mmap(NULL, FOREIGN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, hostile->file, 0));
	hostile->foreign.control->hang = true;
	hostile->foreign.control->hang_flush = true;
}

static void hostile_end(struct hostile *hostile)
{
	foreign_stop(&hostile->foreign);
	must(munmap(hostile->memory, FOREIGN_SIZE));
	close(hostile->file);
	eventually(workers, 0);
}

/* Each in another page, and in one of the ways there are; it is never answered. */
static void call_once(const struct hostile *hostile, int fd, int index)
{
	uint64_t address = (uintptr_t)hostile->memory + (uint64_t)(index % 64) * 4096;
	uint32_t fence = new_fence(fd), handle, count;
	struct dma_fence_signal signal = { .count = 1, .pointer = address };
	struct dma_fence_merge merge = { .count = 1, .pointer = address };
	struct dma_fence_wait wait = { .count = 1, .pointer = address };
	struct sync_file_info info;
	int sync_file;

	switch (index % 8) {
	case 0:
		raw_ioctl(fd, DMA_FENCE_IOC_SIGNAL, &signal);
		break;
	case 1:
		raw_ioctl(fd, DMA_FENCE_IOC_WAIT, &wait);
		break;
	case 2:
		raw_ioctl(fd, DMA_FENCE_IOC_MERGE, &merge);
		break;
	case 3:
		sync_file = new_sync_file(fd, fence);
		raw_file_info(sync_file, &info, (struct sync_fence_info *)(uintptr_t)address, 1);
		break;
	case 4:
		raw_attach(fd, hostile->file, fence, DMA_FENCE_USAGE_WRITE);
		break;
	case 5:
		raw_seqno_write(fd, fence, hostile->file, 0, 1, 8);
		break;
	case 6:
		raw_import(fd, hostile->file, &handle);
		break;
	case 7:
		raw_buffer_fences(fd, hostile->file, DMA_FENCE_USAGE_READ, 0, &handle, &count);
		break;
	}
}

static void call_in_thread(void *data)
{
	struct hostile_client *client = data;

	call_once(client->hostile, open_device(), client->index);
}

/* Several threads, each with a call of its own kind, more than any client is given threads for. */
static void run_client(void *data)
{
	struct hostile_client *client = data, clients[8];
	struct thread threads[8];
	int i;

	if (client->hostile->as_nobody) {
		must(setresgid(NOBODY, NOBODY, NOBODY));
		must(setresuid(NOBODY, NOBODY, NOBODY));
	}
	for (i = 0; i < 8; i++) {
		clients[i] = *client;
		clients[i].index += i;
		thread_start(&threads[i], call_in_thread, &clients[i]);
	}
	pause();
}

static void start_clients(struct hostile *hostile)
{
	int64_t patience = in_ms(PATIENCE_MS);
	int i;

	for (i = 0; i < CLIENTS; i++) {
		struct hostile_client client = { .hostile = hostile, .index = i };

		hostile->clients[i] = spawn(run_client, &client);
	}
	/* All that can hang does. */
	while (hostile->foreign.control->unanswered < CLIENTS) {
		check(now_ns() < patience);
		sleep_ms(5);
	}
}

static void kill_clients(struct hostile *hostile)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		kill_child(hostile->clients[i]);
}

/* An honest client gets every request served, workers included: the rule is that it ends, by a
 * test with a timeout. */
static void work(void)
{
	int fd = open_device(), buffer = new_buffer(4096), round;
	uint64_t *memory = map_buffer(buffer, 4096);

	for (round = 1; round <= 100; round++) {
		uint32_t fence = new_fence(fd), handle, count;
		struct dma_fence_signal signal = { .count = 1, .pointer = (uintptr_t)&fence };
		int sync_file = new_sync_file(fd, fence);

		expect(raw_attach(fd, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
		expect(raw_seqno_write(fd, fence, buffer, 0, round, 8), 0);
		expect(raw_buffer_fences(fd, buffer, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), 0);
		expect(raw_wait(fd, handle, 0), -ETIME);
		expect(raw_ioctl(fd, DMA_FENCE_IOC_SIGNAL, &signal), 0);
		expect(*memory, round);
		expect(poll_for(sync_file, 0), POLLIN);
		expect(status_of(fd, import(fd, sync_file)), 1);
		must(close(sync_file));
	}
	must(munmap(memory, 4096));
	must(close(buffer));
	must(close(fd));
}

static void work_in_child(void *data)
{
	work();
}

Test(hostile, twenty_hostile_clients_slow_nobody_else_down)
{
	struct hostile hostile = { .as_nobody = false };

	hostile_begin(&hostile);
	start_clients(&hostile);
	expect_success(spawn(work_in_child, NULL));
	kill_clients(&hostile);
	hostile_end(&hostile);
}

Test(hostile, hostile_clients_can_be_killed_while_their_server_lives)
{
	struct hostile hostile = { .as_nobody = false };

	hostile_begin(&hostile);
	start_clients(&hostile);
	kill_clients(&hostile);
	expect_success(spawn(work_in_child, NULL));
	hostile_end(&hostile);
}

Test(hostile, hostile_clients_are_let_go_when_their_server_dies)
{
	struct hostile hostile = { .as_nobody = false };
	int i;

	hostile_begin(&hostile);
	start_clients(&hostile);
	must(kill(hostile.foreign.server, SIGKILL));
	for (i = 0; i < CLIENTS; i++)
		must(kill(hostile.clients[i], SIGKILL));
	for (i = 0; i < CLIENTS; i++)
		reap(hostile.clients[i]);
	hostile_end(&hostile);
}

/* A killed client leaves threads that hang with the server; they count for their user, and for
 * no other. */
Test(hostile, generations_of_hostile_clients_harm_their_own_user_at_most)
{
	struct hostile hostile = { .as_nobody = true };
	int generation;

	if (geteuid())
		cr_skip_test("only root can become another user");
	hostile_begin(&hostile);
	for (generation = 0; generation < 8; generation++) {
		start_clients(&hostile);
		kill_clients(&hostile);
		expect_success(spawn(work_in_child, NULL));
	}
	hostile_end(&hostile);
}

/* ---- a thousand that are killed ---- */

static void in_a_wait(int fd)
{
	raw_wait(fd, new_fence(fd), DMA_FENCE_WAIT_FOREVER);
}

static void holding_exports(int fd)
{
	uint32_t fence = new_fence(fd);
	uint64_t token[2];

	expect(raw_export(fd, fence, token), 0);
	new_sync_file(fd, fence);
	new_sync_file(fd, new_point(fd, new_timeline(fd, 0)));
	pause();
}

static void with_pending_writes(int fd)
{
	int buffer = new_buffer(4096), i;
	uint32_t fence = new_fence(fd);

	for (i = 0; i < 8; i++)
		expect(raw_seqno_write(fd, fence, buffer, i * 8, 1, 8), 0);
	expect(raw_attach(fd, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	pause();
}

static void reading_events(int fd)
{
	struct dma_fence_event record;
	uint32_t event;

	expect(raw_event_add(fd, new_fence(fd), -1, 0, &event), 0);
	raw_read_events(fd, &record, 1);
}

static void polling(int fd)
{
	poll_for(new_sync_file(fd, new_fence(fd)), INT32_MAX);
}

static void working(int fd)
{
	for (;;) {
		uint32_t fence = new_fence(fd), imported;
		int sync_file = new_sync_file(fd, fence);

		imported = import(fd, sync_file);
		raw_signal(fd, fence, 0);
		raw_close(fd, new_merge(fd, fence, imported, 0));
		raw_close(fd, fence);
		raw_close(fd, imported);
		close(sync_file);
	}
}

static void (*const states[])(int fd) = {
	in_a_wait, holding_exports, with_pending_writes, reading_events, polling, working,
};

#define STATES (int)(sizeof(states) / sizeof(states[0]))

static void run_state(void *data)
{
	int fd = open_device();

	states[*(int *)data](fd);
}

static long daemon_memory_kib(void)
{
	const char *daemon = getenv("DMA_FENCED_PID");
	char path[64], line[128];
	long kib = -1;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%s/status", daemon ? daemon : "self");
	status = fopen(path, "re");
	check(status);
	while (kib < 0 && fgets(line, sizeof(line), status))
		sscanf(line, "VmRSS: %ld kB", &kib);
	fclose(status);
	return kib;
}

#define AT_ONCE 10

static void kill_some(int count)
{
	static unsigned int seed = 1;
	pid_t pids[AT_ONCE];
	int done, i;

	for (done = 0; done < count; done += AT_ONCE) {
		for (i = 0; i < AT_ONCE; i++) {
			int state = (done + i) % STATES;

			pids[i] = spawn(run_state, &state);
		}
		/* Some have just started, some are where they wanted to be. */
		sleep_ms(rand_r(&seed) % 8);
		for (i = 0; i < AT_ONCE; i++)
			kill_child(pids[i]);
	}
}

static void expect_all_gone(void)
{
	eventually(files, 1);
	eventually(handles, 0);
	eventually(fences, 0);
	eventually(waits, 0);
	eventually(exports, 0);
	eventually(events, 0);
	eventually(buffers, 0);
	eventually(attachments, 0);
	eventually(seqno_writes, 0);
	eventually(workers, 0);
}

Test(hostile, a_thousand_killed_clients_leave_nothing)
{
	long before;

	/* The daemon's memory reaches what it takes for so many at once, and grows no further. */
	kill_some(200);
	expect_all_gone();
	before = daemon_memory_kib();
	kill_some(1000);
	expect_all_gone();
	if (UNDER_SANITIZER)
		cr_log_info("memory is not looked at under a sanitizer");
	else
		check(daemon_memory_kib() - before <= 1024);
}

Test(hostile, every_state_is_reached_before_the_kill)
{
	pid_t pids[STATES];
	int i;

	for (i = 0; i < STATES; i++) {
		pids[i] = spawn(run_state, &i);
		wait_until_asleep(pids[i]);
	}
	eventually(seqno_writes, 8);
	/* The one in a wait, the one in read(), and at times the one at work. */
	sleep_ms(50);
	for (i = 0; i < STATES; i++)
		kill_child(pids[i]);
	expect_all_gone();
}
