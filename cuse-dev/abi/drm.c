/* SPDX-License-Identifier: MIT */
/*
 * drm.c - the table of the DRM requests: the node as a render node whose driver has syncobjs
 * and nothing else. What clients ask first is answered here; the rest of what a render node knows
 * is refused as one does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/drm_syncobj.h"
#include "abi/ioctl.h"
#include "caller/caller.h"
#include "container_of.h"
#include "linux_drm_syncobj.h"

#define DRIVER_NAME	   "dma-fence"
#define DRIVER_DATE	   "0"
#define DRIVER_DESCRIPTION "Fences served from user space"
#define DRIVER_MAJOR	   1
#define DRIVER_MINOR	   0

/* The struct as a 32-bit caller has it. */
struct drm_version_32 {
	int32_t numbers[3];
	struct {
		uint32_t length, address;
	} strings[3];
};

/* The strings, in the order of the struct. */
static const char *const strings[] = { DRIVER_NAME, DRIVER_DATE, DRIVER_DESCRIPTION };

#define STRINGS (sizeof(strings) / sizeof(strings[0]))

/* VERSION, on its worker. */
struct version_job {
	struct worker_job job;
	uint64_t addresses[STRINGS], capacities[STRINGS]; /* the caller's */
};

static int write_strings(struct worker_job *job)
{
	struct version_job *this = container_of(job, struct version_job, job);
	int ret = 0;

	for (unsigned int i = 0; i < STRINGS && !ret; i++) {
		size_t length = strlen(strings[i]);

		if (length > this->capacities[i])
			length = this->capacities[i];
		if (length && this->addresses[i])
			ret = caller_write(job, this->addresses[i], strings[i], length);
	}
	return ret;
}

static const struct worker_job_ops version_ops = { .prepare = write_strings };

static void fill_version(struct version_job *this, struct drm_version *version)
{
	char *const pointers[] = { version->name, version->date, version->desc };
	const __kernel_size_t lengths[] = { version->name_len, version->date_len,
					    version->desc_len };

	for (unsigned int i = 0; i < STRINGS; i++) {
		this->addresses[i] = (uintptr_t)pointers[i];
		this->capacities[i] = lengths[i];
	}
	version->version_major = DRIVER_MAJOR;
	version->version_minor = DRIVER_MINOR;
	version->version_patchlevel = 0;
	version->name_len = strlen(DRIVER_NAME);
	version->date_len = strlen(DRIVER_DATE);
	version->desc_len = strlen(DRIVER_DESCRIPTION);
}

static void fill_version_32(struct version_job *this, struct drm_version_32 *version)
{
	version->numbers[0] = DRIVER_MAJOR;
	version->numbers[1] = DRIVER_MINOR;
	version->numbers[2] = 0;
	for (unsigned int i = 0; i < STRINGS; i++) {
		this->addresses[i] = version->strings[i].address;
		this->capacities[i] = version->strings[i].length;
		version->strings[i].length = (uint32_t)strlen(strings[i]);
	}
}

static int version(const struct request *request, void *argument)
{
	struct version_job *this = worker_job_create(request, &version_ops, sizeof(*this), argument,
						     sizeof(struct drm_version));

	if (!this)
		return -ENOMEM;
	if (request->is_32_bit)
		fill_version_32(this, this->job.argument);
	else
		fill_version(this, this->job.argument);
	return worker_submit(&this->job);
}

/* Of those about a display a driver without one says that it has none. */
static int get_cap(const struct request *request, void *argument)
{
	struct drm_get_cap *cap = argument;

	cap->value = 0;
	switch (cap->capability) {
	case DRM_CAP_SYNCOBJ:
	case DRM_CAP_SYNCOBJ_TIMELINE:
	case DRM_CAP_TIMESTAMP_MONOTONIC:
		cap->value = 1;
		return 0;
	case DRM_CAP_PRIME:
		return 0;
	case DRM_CAP_DUMB_BUFFER:
	case DRM_CAP_VBLANK_HIGH_CRTC:
	case DRM_CAP_DUMB_PREFERRED_DEPTH:
	case DRM_CAP_DUMB_PREFER_SHADOW:
	case DRM_CAP_ASYNC_PAGE_FLIP:
	case DRM_CAP_CURSOR_WIDTH:
	case DRM_CAP_CURSOR_HEIGHT:
	case DRM_CAP_ADDFB2_MODIFIERS:
	case DRM_CAP_PAGE_FLIP_TARGET:
	case DRM_CAP_CRTC_IN_VBLANK_EVENT:
	case DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/* The numbers that only a primary node answers, as measured on the kernel's. */
static bool is_of_primary_node(unsigned int number)
{
	static const struct {
		unsigned char first, last;
	} ranges[] = {
		{ 0x01, 0x02 }, { 0x05, 0x07 }, { 0x0a, 0x0b }, { 0x0d, 0x0d }, { 0x10, 0x13 },
		{ 0x1e, 0x1f }, { 0x27, 0x28 }, { 0x2c, 0x2c }, { 0x3a, 0x3c }, { 0x3f, 0x3f },
		{ 0xa0, 0xbe }, { 0xc6, 0xc9 }, { 0xce, 0xce }, { 0xd0, 0xd0 },
	};

	for (unsigned int i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (number >= ranges[i].first && number <= ranges[i].last)
			return true;
	}
	return false;
}

static int refuse(unsigned int command)
{
	return is_of_primary_node(_IOC_NR(command)) ? -EACCES : -EINVAL;
}

#define ROW(request, function, type, ...)                                          \
	{                                                                          \
		.command = DRM_IOCTL_##request, .size = sizeof(struct drm_##type), \
		.handler = function, __VA_ARGS__                                   \
	}
#define SYNCOBJ_ROW(request, function, type, ...) \
	ROW(SYNCOBJ_##request, drm_syncobj_##function, syncobj_##type, __VA_ARGS__)

static const struct ioctl_row rows[] = {
	SYNCOBJ_ROW(WAIT, wait, wait, .may_block = true),
	SYNCOBJ_ROW(TIMELINE_WAIT, timeline_wait, timeline_wait, .may_block = true),
	SYNCOBJ_ROW(SIGNAL, signal, array, .may_block = true),
	SYNCOBJ_ROW(TIMELINE_SIGNAL, timeline_signal, timeline_array, .may_block = true),
	SYNCOBJ_ROW(RESET, reset, array, .may_block = true),
	SYNCOBJ_ROW(QUERY, query, timeline_array, .may_block = true),
	SYNCOBJ_ROW(TRANSFER, transfer, transfer, .may_block = true),
	SYNCOBJ_ROW(EVENTFD, eventfd, eventfd, .may_block = true),
	SYNCOBJ_ROW(CREATE, create, create),
	SYNCOBJ_ROW(DESTROY, destroy, destroy),
	SYNCOBJ_ROW(HANDLE_TO_FD, handle_to_fd, handle),
	SYNCOBJ_ROW(FD_TO_HANDLE, fd_to_handle, handle, .may_block = true),
	ROW(VERSION, version, version, .may_block = true),
	ROW(GET_CAP, get_cap, get_cap),
};

const struct ioctl_table drm_table = {
	.type = DRM_IOCTL_BASE,
	.lax = true,
	.refuse = refuse,
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};
