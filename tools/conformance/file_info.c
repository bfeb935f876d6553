/* SPDX-License-Identifier: MIT */
/*
 * file_info.c - what a sync_file reports of itself, without what varies from run to run: contexts,
 * times, and the names of the creators of the pending fences.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "bed.h"
#include "linux_sync_file.h"
#include "report.h"

#define MAX_FENCES 16

static const char *timeline_name(void)
{
	if (!bed.provider)
		return "";
	return bed.provider->timeline ? bed.provider->timeline : program_invocation_short_name;
}

/* A name of 32 bytes may have been cut off. */
static bool is_name(const char *found, const char *name)
{
	return *found && !strncmp(found, name, strlen(found)) &&
	       (strlen(found) == strlen(name) || strlen(found) >= 15);
}

static const char *driver_of(const char *found)
{
	return bed.provider && is_name(found, bed.provider->driver) ? "DRIVER" : found;
}

/* That of a pending fence only: others may have a timeline of the same name. */
static const char *timeline_of(const char *driver, const char *found)
{
	if (strcmp(driver_of(driver), "DRIVER") || !is_name(found, timeline_name()))
		return found;
	return "TIMELINE";
}

/* A default name is "driver-timelineCONTEXT-SEQNO"; the context varies. */
static const char *file_name(const char *name)
{
	const char *dash = strchr(name, '-'), *last = strrchr(name, '-'), *context = last;
	char driver[32], timeline[32];

	if (!dash || dash == last)
		return name;
	while (context > dash + 1 && isdigit((unsigned char)context[-1]))
		context--;
	if (context == last)
		return name;
	snprintf(driver, sizeof(driver), "%.*s", (int)(dash - name), name);
	snprintf(timeline, sizeof(timeline), "%.*s", (int)(context - dash - 1), dash + 1);
	return text("%s-%s#%s", driver_of(driver), timeline_of(driver, timeline), last);
}

static const char *time_of(uint64_t timestamp_ns)
{
	struct timespec now;

	if (!timestamp_ns)
		return "0";
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (timestamp_ns <= (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec)
		return "past";
	return "future";
}

static void add_fence(char *line, size_t size, const struct sync_fence_info *fence)
{
	size_t used = strlen(line);

	snprintf(line + used, size - used, " [%s %s status=%d flags=%u time=%s]",
		 driver_of(fence->driver_name), timeline_of(fence->driver_name, fence->obj_name),
		 fence->status, fence->flags, time_of(fence->timestamp_ns));
}

void answer_file_info(const char *name, int sync_file)
{
	struct sync_fence_info fences[MAX_FENCES] = {};
	struct sync_file_info info = {
		.num_fences = MAX_FENCES,
		.sync_fence_info = (uint64_t)(uintptr_t)fences,
		.status = 77,
	};
	char line[900];
	int result = ioctl(sync_file, SYNC_IOC_FILE_INFO, &info);

	if (result) {
		answer(name, "%s", returned(result));
		return;
	}
	snprintf(line, sizeof(line), "ret=0 name=\"%s\" status=%d flags=%u pad=%u num_fences=%u",
		 file_name(info.name), info.status, info.flags, info.pad, info.num_fences);
	for (unsigned int i = 0; i < info.num_fences && i < MAX_FENCES; i++)
		add_fence(line, sizeof(line), &fences[i]);
	answer(name, "%s", line);
}

const char *sync_file_state(int sync_file)
{
	struct sync_file_info info = {};
	int result = ioctl(sync_file, SYNC_IOC_FILE_INFO, &info);

	if (result)
		return returned(result);
	return text("status=%d num_fences=%u", info.status, info.num_fences);
}
