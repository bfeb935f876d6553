/* SPDX-License-Identifier: MIT */
/* footprint.c - what the daemon costs: idle, and with many fences; and the limits that GET_CAPS
 * tells. Raw ioctls. */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon_suite.h"
#include "process.h"

DAEMON_SUITE(footprint);

static void need_honest_memory(void)
{
	if (UNDER_SANITIZER)
		cr_skip_test("a sanitizer's memory is not the daemon's");
}

static long memory_kib(const char *field)
{
	char path[64], line[128], format[32];
	long kib = -1;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", daemon_of_test.pid);
	snprintf(format, sizeof(format), "%s: %%ld kB", field);
	status = fopen(path, "re");
	check(status);
	while (kib < 0 && fgets(line, sizeof(line), status))
		sscanf(line, format, &kib);
	fclose(status);
	check(kib >= 0);
	return kib;
}

static unsigned long switches_of(const char *status)
{
	unsigned long count = 0;
	FILE *file = fopen(status, "re");
	char line[128];

	/* A thread may have ended meanwhile. */
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "voluntary_ctxt_switches: %lu", &count);
	if (file)
		fclose(file);
	return count;
}

/* Ticks of the clock that the daemon has run, and how often its threads have slept. */
static void look_at_cpu(unsigned long *ticks, unsigned long *switches)
{
	unsigned long user, system;
	char path[64], line[1024], *fields;
	glob_t threads;
	FILE *file;
	size_t i;

	snprintf(path, sizeof(path), "/proc/%d/stat", daemon_of_test.pid);
	file = fopen(path, "re");
	check(file);
	check(fgets(line, sizeof(line), file));
	fclose(file);
	fields = strrchr(line, ')');
	check(fields);
	expect(sscanf(fields, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		      &system),
	       2);
	*ticks = user + system;
	snprintf(path, sizeof(path), "/proc/%d/task/*/status", daemon_of_test.pid);
	expect(glob(path, 0, NULL, &threads), 0);
	*switches = 0;
	for (i = 0; i < threads.gl_pathc; i++)
		*switches += switches_of(threads.gl_pathv[i]);
	globfree(&threads);
}

/* Every kind of request once, so that whatever is made at its first use has been made. */
static void work_a_little(void)
{
	int buffer = new_buffer(4096), sync_file = open_node(daemon_of_test.node);
	uint32_t fence = new_fence(fd), event, word;
	struct dma_fence_caps caps;
	uint64_t token[2];

	expect(raw_caps(fd, &caps), 0);
	expect(raw_attach(fd, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_seqno_write(fd, fence, buffer, 0, 1, 8), 0);
	expect(raw_event_add(fd, fence, -1, 0, &event), 0);
	expect(raw_export(fd, fence, token), 0);
	expect(raw_bind(sync_file, token), 0);
	expect(raw_wait(fd, fence, in_ms(1)), -ETIME);
	expect(raw_signal(fd, fence, 0), 0);
	word = new_mem_fence(fd, buffer, 8, 1, 8);
	expect(raw_wait(fd, word, in_ms(10)), -ETIME);
	expect(raw_close(fd, word), 0);
	/* The device does not poll a fence without a waiter. */
	new_mem_fence(fd, buffer, 8, 1, 8);
	must(close(sync_file));
	must(close(buffer));
}

Test(footprint, idle_daemon_has_at_most_10_mib)
{
	need_honest_memory();
	check(memory_kib("VmRSS") <= 10 * 1024);
	work_a_little();
	check(memory_kib("VmRSS") <= 10 * 1024);
}

/*
 * The daemon comes to rest: it neither runs nor reads the clock now and then. Threads that had work
 * wait a moment for more before they sleep, and longer on a busy machine.
 */
static void expect_rest(void)
{
	unsigned long ticks[2], switches[2];
	int64_t end = in_ms(PATIENCE_MS);

	do {
		check(now_ns() < end);
		look_at_cpu(&ticks[0], &switches[0]);
		sleep_ms(2000);
		look_at_cpu(&ticks[1], &switches[1]);
	} while (ticks[0] != ticks[1] || switches[0] != switches[1]);
}

Test(footprint, idle_daemon_burns_no_cpu)
{
	work_a_little();
	expect_rest();
}

Test(footprint, daemon_with_waiters_burns_no_cpu)
{
	struct waiter waiters[10];
	uint32_t fence = new_fence(fd);
	struct dma_fence_stats stats;
	int i;

	for (i = 0; i < 10; i++)
		waiter_start(&waiters[i], fd, fence, in_ms(PATIENCE_MS));
	do
		expect(raw_stats(fd, &stats), 0);
	while (stats.waits < 10);
	expect_rest();
	expect(raw_signal(fd, fence, 0), 0);
	for (i = 0; i < 10; i++)
		waiter_join(&waiters[i]);
}

/* How often a file is mapped in the daemon. */
static unsigned int mappings_of(int buffer)
{
	char path[64], line[512];
	unsigned int count = 0;
	struct stat stat;
	FILE *maps;

	must(fstat(buffer, &stat));
	snprintf(path, sizeof(path), "/proc/%d/maps", daemon_of_test.pid);
	maps = fopen(path, "re");
	check(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long long inode;

		count += sscanf(line, "%*s %*s %*s %*s %llu", &inode) == 1 && inode == stat.st_ino;
	}
	fclose(maps);
	return count;
}

Test(footprint, row_3_6_buffer_is_mapped_at_its_first_use_and_stays_so_for_all_others)
{
	int buffer = new_buffer(1 << 20), read_only, i;
	uint32_t fence = new_fence(fd);

	expect(raw_attach(fd, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(mappings_of(buffer), 0);
	for (i = 0; i < 100; i++) {
		uint32_t short_one = new_fence(fd);

		expect(raw_seqno_write(fd, short_one, buffer, i * 4096, 1, 8), 0);
		expect(raw_signal(fd, short_one, 0), 0);
		expect(mappings_of(buffer), 1);
	}
	/* Who may only read shares it. */
	read_only = reopen(buffer, O_RDONLY);
	expect(raw_close(fd, new_mem_fence(fd, read_only, 8, 1, 8)), 0);
	expect(mappings_of(buffer), 1);
	must(close(read_only));
	/* It goes with the last that is pending there. */
	expect(raw_signal(fd, fence, 0), 0);
	expect(mappings_of(buffer), 0);
	must(close(buffer));
}

#define MANY 100000

static void expect_cost(uint32_t timeline)
{
	struct dma_fence_stats stats;
	long before, after;
	int i;

	/* What the first ones cost once is not the fences' doing. */
	for (i = 0; i < 100; i++)
		new_default_fence(fd);
	before = memory_kib("VmRSS");
	for (i = 0; i < MANY; i++)
		timeline ? new_point(fd, timeline) : new_default_fence(fd);
	after = memory_kib("VmRSS");
	cr_log_info("%.0f bytes a fence", (after - before) * 1024. / MANY);
	check((after - before) * 1024 <= MANY * 256);
	expect(raw_stats(fd, &stats), 0);
	expect(stats.fences, MANY + 100);
}

Test(footprint, live_fence_costs_at_most_256_bytes)
{
	need_honest_memory();
	expect_cost(0);
}

Test(footprint, live_point_costs_at_most_256_bytes)
{
	need_honest_memory();
	expect_cost(new_timeline(fd, 0));
}

Test(footprint, memory_of_many_fences_is_used_again)
{
	struct dma_fence_stats stats;
	long first = 0;
	int round, i;

	need_honest_memory();
	for (round = 0; round < 8; round++) {
		int other = open_node(daemon_of_test.node);

		for (i = 0; i < 20000; i++)
			new_default_fence(other);
		must(close(other));
		do
			expect(raw_stats(fd, &stats), 0);
		while (stats.fences);
		/* Allocated and freed memory reach a steady state. */
		if (round == 3)
			first = memory_kib("VmRSS");
	}
	check(memory_kib("VmRSS") - first <= 512);
}
