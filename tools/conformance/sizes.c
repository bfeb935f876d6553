/* SPDX-License-Identifier: MIT */
/*
 * sizes.c - groups: arguments of another size or direction than the request's own, and such that
 * cannot be written. DRM knows a request by its number alone: of a shorter argument the rest is
 * zero, of a longer one the rest is ignored, and only what the direction says is read and written.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bed.h"
#include "drm.h"
#include "groups.h"
#include "linux_dma_buf.h"
#include "linux_sw_sync.h"
#include "linux_sync_file.h"
#include "report.h"
#include "syncobj.h"

#define ADDRESS(of)   ((uint64_t)(uintptr_t)(of))
#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define READ_WRITE    (_IOC_READ | _IOC_WRITE)
#define ARGUMENT_SIZE 128
#define UNTOLD	      0x5a

/* What an argument points to. */
static uint32_t handle;
static uint64_t point;

static void fill_version(int fd, void *argument)
{
	const struct drm_version version = { .major = 77, .minor = 77, .patch = 77 };

	memcpy(argument, &version, sizeof(version));
}

static void fill_cap(int fd, void *argument)
{
	const struct drm_cap cap = { .capability = DRM_CAP_SYNCOBJ, .value = UNTOUCHED };

	memcpy(argument, &cap, sizeof(cap));
}

static void fill_create(int fd, void *argument)
{
	const struct syncobj_create create = { .handle = NO_HANDLE };

	memcpy(argument, &create, sizeof(create));
}

static void fill_destroy(int fd, void *argument)
{
	const struct syncobj_destroy destroy = { .handle = syncobj(fd) };

	memcpy(argument, &destroy, sizeof(destroy));
}

static void fill_to_fd(int fd, void *argument)
{
	const struct syncobj_fd_short export = { .handle = signaled_syncobj(fd), .fd = -7 };

	memcpy(argument, &export, sizeof(export));
}

static void fill_sync_file_to_fd(int fd, void *argument)
{
	const struct syncobj_fd_short export = {
		.handle = signaled_syncobj(fd),
		.flags = SYNCOBJ_FD_SYNC_FILE,
		.fd = -7,
	};

	memcpy(argument, &export, sizeof(export));
}

static void fill_from_fd(int fd, void *argument)
{
	const struct syncobj_fd_short import = {
		.handle = NO_HANDLE,
		.fd = export_syncobj(fd, syncobj(fd)),
	};

	memcpy(argument, &import, sizeof(import));
}

static void fill_wait(int fd, void *argument)
{
	const struct syncobj_wait wait = {
		.handles = ADDRESS(&handle),
		.count = 1,
		.first_signaled = UNTOUCHED,
	};

	handle = signaled_syncobj(fd);
	memcpy(argument, &wait, sizeof(wait));
}

static void fill_timeline_wait(int fd, void *argument)
{
	const struct syncobj_timeline_wait wait = {
		.handles = ADDRESS(&handle),
		.points = ADDRESS(&point),
		.count = 1,
		.first_signaled = UNTOUCHED,
	};

	handle = timeline(fd, 3);
	point = 3;
	memcpy(argument, &wait, sizeof(wait));
}

static void fill_array(int fd, void *argument)
{
	const struct syncobj_array array = { .handles = ADDRESS(&handle), .count = 1 };

	handle = signaled_syncobj(fd);
	memcpy(argument, &array, sizeof(array));
}

static void fill_timeline_array(int fd, void *argument)
{
	const struct syncobj_timeline_array array = {
		.handles = ADDRESS(&handle),
		.points = ADDRESS(&point),
		.count = 1,
	};

	handle = timeline(fd, 3);
	point = 4;
	memcpy(argument, &array, sizeof(array));
}

static void fill_transfer(int fd, void *argument)
{
	const struct syncobj_transfer transfer = {
		.source = signaled_syncobj(fd),
		.destination = syncobj(fd),
		.destination_point = 5,
	};

	memcpy(argument, &transfer, sizeof(transfer));
}

static void fill_eventfd(int fd, void *argument)
{
	const struct syncobj_eventfd event = {
		.handle = signaled_syncobj(fd),
		.fd = eventfd(0, EFD_CLOEXEC),
	};

	memcpy(argument, &event, sizeof(event));
}

/* size is that of the struct in Linux 6.12. */
static const struct shaped {
	const char *name;
	unsigned int number, size;
	bool has_handles;		      /* it has their address */
	void (*fill)(int fd, void *argument); /* with what succeeds */
} requests[] = {
	{ "VERSION", 0x00, 64, false, fill_version },
	{ "GET_CAP", 0x0c, 16, false, fill_cap },
	{ "CREATE", 0xbf, 8, false, fill_create },
	{ "DESTROY", 0xc0, 8, false, fill_destroy },
	{ "HANDLE_TO_FD", 0xc1, 16, false, fill_to_fd },
	{ "HANDLE_TO_FD, a sync_file", 0xc1, 16, false, fill_sync_file_to_fd },
	{ "FD_TO_HANDLE", 0xc2, 16, false, fill_from_fd },
	{ "WAIT", 0xc3, 40, true, fill_wait },
	{ "RESET", 0xc4, 16, true, fill_array },
	{ "SIGNAL", 0xc5, 16, true, fill_array },
	{ "TIMELINE_WAIT", 0xca, 48, true, fill_timeline_wait },
	{ "QUERY", 0xcb, 24, true, fill_timeline_array },
	{ "TRANSFER", 0xcc, 32, false, fill_transfer },
	{ "TIMELINE_SIGNAL", 0xcd, 24, true, fill_timeline_array },
	{ "EVENTFD", 0xcf, 24, false, fill_eventfd },
};

/* A descriptor may be made whose number is not told. */
static unsigned int count_descriptors(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* The offsets of the words that were changed. */
static void add_changes(char *line, size_t line_size, const unsigned char *before,
			const unsigned char *after)
{
	const char *what = "; changed at";

	for (size_t at = 0; at < ARGUMENT_SIZE; at += 4) {
		size_t used = strlen(line);

		if (!memcmp(before + at, after + at, 4))
			continue;
		snprintf(line + used, line_size - used, "%s %zu", what, at);
		what = "";
	}
}

static void ask(const char *name, int fd, unsigned long request, unsigned char *argument)
{
	unsigned char before[ARGUMENT_SIZE];
	unsigned int descriptors = count_descriptors();
	char line[256];
	long result;

	memcpy(before, argument, sizeof(before));
	result = ioctl(fd, request, argument);
	snprintf(line, sizeof(line), "%s", returned(result));
	add_changes(line, sizeof(line), before, argument);
	if (count_descriptors() != descriptors)
		strcat(line, "; a new descriptor");
	answer(name, "%s", line);
}

static void ask_in(int fd, const struct shaped *shaped, const char *shape, unsigned int direction,
		   unsigned int size)
{
	unsigned char argument[ARGUMENT_SIZE];

	memset(argument, UNTOLD, sizeof(argument));
	shaped->fill(fd, argument);
	ask(text("%s, %s", shaped->name, shape), fd, _IOC(direction, 'd', shaped->number, size),
	    argument);
}

/* With an argument that cannot be written. */
static void ask_read_only(const char *name, int fd, unsigned long request, const void *argument,
			  size_t size)
{
	unsigned char *copy = mmap(NULL, ARGUMENT_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		give_up("mmap");
	memcpy(copy, argument, size);
	mprotect(copy, ARGUMENT_SIZE, PROT_READ);
	ask(name, fd, request, copy);
	munmap(copy, ARGUMENT_SIZE);
}

/* It goes back last, whatever has become of the request. */
static void ask_shaped_read_only(int fd, const struct shaped *shaped, const char *shape,
				 void (*change)(void *argument))
{
	unsigned char argument[ARGUMENT_SIZE] = {};

	shaped->fill(fd, argument);
	change(argument);
	ask_read_only(text("%s, %s", shaped->name, shape), fd,
		      _IOC(READ_WRITE, 'd', shaped->number, shaped->size), argument,
		      sizeof(argument));
}

static void change_nothing(void *argument)
{
}

static void clear(void *argument)
{
	memset(argument, 0, ARGUMENT_SIZE);
}

static void forget_handle(void *argument)
{
	handle = NO_HANDLE;
}

void group_request_sizes(void)
{
	int fd = open_node(), null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* The descriptor that an argument without one names. */
	dup2(null, 0);
	for (size_t i = 0; i < COUNT(requests); i++) {
		const struct shaped *shaped = &requests[i];

		for (unsigned int size = 4; size <= shaped->size + 8; size += 4)
			ask_in(fd, shaped, text("%u bytes", size), READ_WRITE, size);
		ask_in(fd, shaped, text("%u bytes", shaped->size - 1), READ_WRITE,
		       shaped->size - 1);
		ask_in(fd, shaped, "_IOR", _IOC_READ, shaped->size);
		ask_in(fd, shaped, "_IOR, 8 bytes more", _IOC_READ, shaped->size + 8);
		ask_in(fd, shaped, "_IOW", _IOC_WRITE, shaped->size);
		ask_in(fd, shaped, "_IO", _IOC_NONE, 0);
		ask_in(fd, shaped, "_IO with a size", _IOC_NONE, shaped->size);
		ask_shaped_read_only(fd, shaped, "an argument that cannot be written",
				     change_nothing);
		ask_shaped_read_only(fd, shaped, "zeros that cannot be written", clear);
		if (shaped->has_handles)
			ask_shaped_read_only(fd, shaped, "no such handle, it cannot be written",
					     forget_handle);
	}
}

void group_read_only(void)
{
	struct pending pending = make_pending();
	int buffer = make_buffer(), fd = pending.sync_file;
	const struct sync_merge_data merge = { .name = "merged", .fd2 = fd, .fence = -7 };
	const struct sync_merge_data flags = { .fd2 = fd, .fence = -7, .flags = 1 };
	const struct sync_file_info info = { .num_fences = 0 };
	const struct sync_set_deadline deadline = { .deadline_ns = 1 };
	const struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_READ, .fd = -7 };
	const struct dma_buf_export_sync_file no_flags = { .fd = -7 };
	const struct dma_buf_import_sync_file import = { .flags = DMA_BUF_SYNC_READ, .fd = fd };

	ask_read_only("MERGE", fd, SYNC_IOC_MERGE, &merge, sizeof(merge));
	ask_read_only("MERGE, flags 1", fd, SYNC_IOC_MERGE, &flags, sizeof(flags));
	ask_read_only("FILE_INFO", fd, SYNC_IOC_FILE_INFO, &info, sizeof(info));
	ask_read_only("SET_DEADLINE", fd, SYNC_IOC_SET_DEADLINE, &deadline, sizeof(deadline));
	ask_read_only("EXPORT_SYNC_FILE", buffer, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export,
		      sizeof(export));
	ask_read_only("EXPORT_SYNC_FILE, no flags", buffer, DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
		      &no_flags, sizeof(no_flags));
	ask_read_only("IMPORT_SYNC_FILE", buffer, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import,
		      sizeof(import));
	signal_pending(&pending);
}

void group_sw_sync_read_only(void)
{
	struct pending pending = make_pending();
	int timeline = pending.source;
	const struct sw_sync_create_fence_data create = { .value = 1, .fence = -7 };
	const struct sw_sync_get_deadline get = { .fence_fd = pending.sync_file };
	const struct sync_set_deadline deadline = { .deadline_ns = 9000 };
	const uint32_t by = 1;

	ask_read_only("CREATE_FENCE", timeline, SW_SYNC_IOC_CREATE_FENCE, &create, sizeof(create));
	ask_read_only("GET_DEADLINE, none was set", timeline, SW_SYNC_GET_DEADLINE, &get,
		      sizeof(get));
	ask_read_only("SET_DEADLINE", pending.sync_file, SYNC_IOC_SET_DEADLINE, &deadline,
		      sizeof(deadline));
	ask_read_only("GET_DEADLINE", timeline, SW_SYNC_GET_DEADLINE, &get, sizeof(get));
	ask_read_only("INC", timeline, SW_SYNC_IOC_INC, &by, sizeof(by));
	answer("the fence", "%s", sync_file_state(pending.sync_file));
}
