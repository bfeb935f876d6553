/* SPDX-License-Identifier: MIT */
/* fixture.c - an open of the node for every test, and the proof that nothing is left after it. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

/* A RELEASE follows its close() as soon as the daemon reads it; a loaded machine takes its time. */
#define SETTLE_MS PATIENCE_MS

#define FD_LIMIT 1024

int device = -1;

/* An open of the fixture's own, to look at the counters with. */
static int control = -1;
static struct dma_fence_stats at_begin;
static bool fds_at_begin[FD_LIMIT];

static void list_fds(bool fds[FD_LIMIT])
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;

	check(directory);
	memset(fds, 0, FD_LIMIT * sizeof(*fds));
	while ((entry = readdir(directory))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd != dirfd(directory) && fd < FD_LIMIT)
			fds[fd] = true;
	}
	closedir(directory);
}

static void expect_no_new_fd(void)
{
	bool fds[FD_LIMIT];
	int fd;

	list_fds(fds);
	for (fd = 0; fd < FD_LIMIT; fd++) {
		char path[64], target[256] = "";

		if (!fds[fd] || fds_at_begin[fd])
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		readlink(path, target, sizeof(target) - 1);
		check_failed(__FILE__, __LINE__, "the test leaves fd %d open: %s", fd, target);
	}
}

static uint64_t counter(size_t offset)
{
	struct dma_fence_stats stats;
	uint64_t value;

	expect(raw_stats(control, &stats), 0);
	memcpy(&value, (const char *)&stats + offset, sizeof(value));
	return value;
}

static void expect_counter(const char *file, int line, const char *name, size_t offset,
			   uint64_t wanted)
{
	int64_t end = in_ms(SETTLE_MS), pause = 1;
	uint64_t value;

	while ((value = counter(offset)) != wanted) {
		if (now_ns() > end)
			check_failed(file, line, "%s is %llu, not %llu", name,
				     (unsigned long long)value, (unsigned long long)wanted);
		sleep_ms(pause);
		if (pause < 50)
			pause *= 2;
	}
}

void fixture_expect_counter(const char *file, int line, const char *name, size_t offset,
			    int64_t more)
{
	uint64_t value;

	memcpy(&value, (const char *)&at_begin + offset, sizeof(value));
	expect_counter(file, line, name, offset, value + more);
}

void wait_until_waiting(int fd, unsigned int count)
{
	int64_t end = in_ms(SETTLE_MS);
	struct dma_fence_stats stats;

	do {
		check(now_ns() < end);
		expect(raw_stats(fd, &stats), 0);
		sleep_ms(1);
	} while (stats.waits < count);
}

void device_goes_on(void)
{
	int fd = open_device();
	struct dma_fence_caps caps;
	uint32_t handle;

	expect(raw_caps(fd, &caps), 0);
	handle = new_fence(fd);
	expect(status_of(fd, handle), 0);
	expect(raw_wait(fd, handle, 0), -ETIME);
	expect(raw_signal(fd, handle, 0), 0);
	expect(raw_wait(fd, handle, DMA_FENCE_WAIT_FOREVER), 0);
	expect(raw_close(fd, handle), 0);
	must(close(fd));
}

void need_feature(uint64_t feature, const char *what)
{
	struct dma_fence_caps caps;

	expect(raw_caps(device, &caps), 0);
	if (!(caps.features & feature))
		cr_skip_test("%s", what);
}

int need_dmabuf(void)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = getpagesize() };
	int udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), memory, dmabuf;

	if (udmabuf < 0)
		cr_skip_test("no /dev/udmabuf to make a dma-buf with");
	memory = new_buffer(getpagesize());
	must(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK));
	create.memfd = memory;
	dmabuf = must(ioctl(udmabuf, UDMABUF_CREATE, &create));
	must(close(memory));
	must(close(udmabuf));
	return dmabuf;
}

uint32_t pending(int buffer, uint32_t usage, uint32_t *snapshot)
{
	uint32_t handle, count;

	expect(raw_buffer_fences(device, buffer, usage, 0, &handle, &count), 0);
	if (snapshot)
		*snapshot = handle;
	else
		expect(raw_close(device, handle), 0);
	return count;
}

void fixture_begin(void)
{
	control = open_device();
	/* The test before has closed its files, but the device may not have heard yet. */
	expect_counter(__FILE__, __LINE__, "files (of others, before the test)",
		       offsetof(struct dma_fence_stats, files), 1);
	expect(raw_stats(control, &at_begin), 0);
	list_fds(fds_at_begin);
	device = open_device();
}

void fixture_end(void)
{
	check_context = CHECK_AFTER_TEST;
	if (device >= 0)
		must(close(device));
	device_goes_on();
	expect_no_new_fd();
	eventually(files, 0);
	eventually(handles, 0);
	eventually(fences, 0);
	eventually(timelines, 0);
	eventually(waits, 0);
	eventually(exports, 0);
	eventually(events, 0);
	eventually(buffers, 0);
	eventually(attachments, 0);
	eventually(seqno_writes, 0);
	eventually(tickets, 0);
	eventually(locks, 0);
	eventually(mem_fences, 0);
	eventually(workers, 0);
	must(close(control));
}
