/* SPDX-License-Identifier: MIT */
/*
 * sync_file.c - groups: sync_files, of fences that are signaled and such that are not.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bed.h"
#include "descriptor.h"
#include "drm.h"
#include "exchange.h"
#include "groups.h"
#include "linux_sync_file.h"
#include "report.h"
#include "syncobj.h"

#define ADDRESS(of)  ((uint64_t)(uintptr_t)(of))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The struct, and an array of two fences, as they come back; untouched fields are marked. */
static void file_info(const char *name, int sync_file, struct sync_file_info info)
{
	struct sync_fence_info fences[2];
	uint32_t count = info.num_fences;
	long result;

	memset(fences, 0x5a, sizeof(fences));
	memset(info.name, 'x', sizeof(info.name) - 1);
	info.name[sizeof(info.name) - 1] = '\0';
	info.status = 77;
	if (info.sync_fence_info == 1)
		info.sync_fence_info = ADDRESS(fences);
	result = ioctl(sync_file, SYNC_IOC_FILE_INFO, &info);
	answer(name, "%s num_fences=%u of %u, name %s, status %s, fences[0] %s, fences[1] %s",
	       returned(result), info.num_fences, count,
	       info.name[0] == 'x' ? "untouched" : "written",
	       info.status == 77 ? "untouched" : "written",
	       fences[0].obj_name[0] == 0x5a ? "untouched" : "written",
	       fences[1].obj_name[0] == 0x5a ? "untouched" : "written");
}

static void file_info_rows(int sync_file)
{
	/* An address of 1 is that of the array. */
	static const struct {
		const char *name;
		struct sync_file_info info;
	} rows[] = {
		{ "no room", { .num_fences = 0 } },
		{ "no room, an array", { .num_fences = 0, .sync_fence_info = 1 } },
		{ "room for 1", { .num_fences = 1, .sync_fence_info = 1 } },
		{ "room for 2", { .num_fences = 2, .sync_fence_info = 1 } },
		{ "room for 0xffffffff", { .num_fences = 0xffffffff, .sync_fence_info = 1 } },
		{ "room for 1, no array", { .num_fences = 1 } },
		{ "room for 2, no array", { .num_fences = 2 } },
		{ "flags 1", { .flags = 1, .num_fences = 2, .sync_fence_info = 1 } },
		{ "flags 1, no room", { .flags = 1 } },
		{ "pad 1", { .pad = 1, .num_fences = 2, .sync_fence_info = 1 } },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		file_info(rows[i].name, sync_file, rows[i].info);
	answer("no argument", "%s", returned(ioctl(sync_file, SYNC_IOC_FILE_INFO, NULL)));
	answer("48 bytes instead of 56", "%s",
	       returned(ioctl(sync_file, _IOC(_IOC_READ | _IOC_WRITE, '>', 4, 48),
			      &(struct sync_file_info){})));
	answer("_IOR", "%s",
	       returned(ioctl(sync_file, _IOC(_IOC_READ, '>', 4, sizeof(struct sync_file_info)),
			      &(struct sync_file_info){})));
	answer("40 bytes, the request of old", "%s",
	       returned(ioctl(sync_file, _IOC(_IOC_READ | _IOC_WRITE, '>', 2, 40),
			      &(struct sync_file_info){})));
}

void group_file_info(void)
{
	int sync_file = make_signaled();

	answer_file_info("what it says", sync_file);
	file_info_rows(sync_file);
}

void group_file_info_merged(void)
{
	struct pending first = make_pending(), second = make_pending();
	int merged = make_merged(first.sync_file, second.sync_file);

	answer_file_info("what it says", merged);
	file_info_rows(merged);
	signal_pending(&first);
	signal_pending(&second);
}

void group_sync_file_calls(void)
{
	int sync_file = make_signaled();

	answer_descriptor("signaled", sync_file);
	answer_reopening("signaled", sync_file);
	answer_calls("signaled", sync_file);
}

void group_sync_file_pending_calls(void)
{
	struct pending pending = make_pending();

	answer_file_info("FILE_INFO", pending.sync_file);
	answer_descriptor("pending", pending.sync_file);
	answer_reopening("pending", pending.sync_file);
	answer_calls("pending", pending.sync_file);
	signal_pending(&pending);
	answer_file_info("signaled: FILE_INFO", pending.sync_file);
	answer("signaled: poll", "%s", polled(pending.sync_file, POLLIN));
}

void group_set_deadline(void)
{
	struct sync_set_deadline past = { .deadline_ns = 1 }, ever = { .deadline_ns = UINT64_MAX };
	struct sync_set_deadline bad = { .pad = 1 };
	struct pending pending = make_pending();

	exchange("past", pending.sync_file, SYNC_IOC_SET_DEADLINE, &past);
	exchange("UINT64_MAX", pending.sync_file, SYNC_IOC_SET_DEADLINE, &ever);
	exchange("pad 1", pending.sync_file, SYNC_IOC_SET_DEADLINE, &bad);
	exchange("no argument", pending.sync_file, SYNC_IOC_SET_DEADLINE, NULL);
	answer("the fence", "%s", sync_file_state(pending.sync_file));
	signal_pending(&pending);
	exchange("signaled", pending.sync_file, SYNC_IOC_SET_DEADLINE, &past);
	answer("8 bytes", "%s",
	       returned(ioctl(pending.sync_file, _IOC(_IOC_WRITE, '>', 5, 8), &past)));
	answer("_IOWR", "%s",
	       returned(ioctl(pending.sync_file, _IOC(_IOC_READ | _IOC_WRITE, '>', 5, sizeof(past)),
			      &past)));
}

void group_merge_arguments(void)
{
	int sync_file = make_signaled(), event = eventfd(0, EFD_CLOEXEC), node = open_node();
	int syncobj_fd = export_syncobj(node, syncobj(node));
	struct {
		const char *name;
		struct sync_merge_data merge;
	} rows[] = {
		{ "with itself", { .name = "m", .fd2 = sync_file, .fence = -7 } },
		{ "fd -1", { .name = "m", .fd2 = -1, .fence = -7 } },
		{ "an eventfd", { .name = "m", .fd2 = event, .fence = -7 } },
		{ "a syncobj", { .name = "m", .fd2 = syncobj_fd, .fence = -7 } },
		{ "the node", { .name = "m", .fd2 = node, .fence = -7 } },
		{ "flags 1", { .name = "m", .fd2 = sync_file, .fence = -7, .flags = 1 } },
		{ "pad 1", { .name = "m", .fd2 = sync_file, .fence = -7, .pad = 1 } },
		{ "flags 1, fd -1", { .name = "m", .fd2 = -1, .fence = -7, .flags = 1 } },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		exchange(rows[i].name, sync_file, SYNC_IOC_MERGE, &rows[i].merge);
	exchange("no argument", sync_file, SYNC_IOC_MERGE, NULL);
	answer("40 bytes", "%s",
	       returned(
		       ioctl(sync_file, _IOC(_IOC_READ | _IOC_WRITE, '>', 3, 40), &rows[0].merge)));
	answer("_IOW", "%s",
	       returned(ioctl(sync_file, _IOC(_IOC_WRITE, '>', 3, sizeof(rows[0].merge)),
			      &rows[0].merge)));
	answer_descriptor("merged", rows[0].merge.fence);
}

/* The name that is given, where there is one. */
void group_merge_names(void)
{
	static const char *const names[] = {
		"m1",
		"",
		"0123456789abcdef0123456789abcde",
		"0123456789abcdef0123456789abcdef",
		"spaces and \"quotes\"",
	};
	int sync_file = make_signaled();

	for (size_t i = 0; i < COUNT(names); i++) {
		struct sync_merge_data merge = { .fd2 = sync_file };

		memcpy(merge.name, names[i], strnlen(names[i], sizeof(merge.name)));
		prepare(sync_file, SYNC_IOC_MERGE, &merge);
		answer_file_info(text("\"%s\"", names[i]), merge.fence);
	}
}

/* What is left when fences are put together. */
void group_merge(void)
{
	struct pending first = make_pending(), second = make_pending(), third = make_pending();
	int signaled = make_signaled(), both = make_merged(first.sync_file, second.sync_file);
	int all = make_merged(third.sync_file, both);

	answer_file_info("two pending", both);
	answer_file_info("the later first", make_merged(second.sync_file, first.sync_file));
	answer_file_info("pending, with itself", make_merged(first.sync_file, first.sync_file));
	answer_file_info("pending and signaled", make_merged(first.sync_file, signaled));
	answer_file_info("signaled and pending", make_merged(signaled, first.sync_file));
	answer_file_info("merged, and one that is in it", make_merged(both, first.sync_file));
	answer_file_info("merged, and another", all);
	answer("poll", "%s", polled(both, POLLIN));
	signal_pending(&first);
	answer_file_info("one of two is signaled", both);
	answer("one of two is signaled: poll", "%s", polled(both, POLLIN));
	answer_file_info("that and a pending one", make_merged(both, third.sync_file));
	close(second.sync_file);
	signal_pending(&second);
	answer_file_info("both are signaled", both);
	answer("both are signaled: poll", "%s", polled(both, POLLIN));
	answer_file_info("two of three are signaled", all);
	signal_pending(&third);
	answer("all three are signaled: poll", "%s", polled(all, POLLIN));
	answer_file_info("signaled, merged with signaled", make_merged(both, signaled));
}
