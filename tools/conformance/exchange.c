/* SPDX-License-Identifier: MIT */
/*
 * exchange.c - issues requests, and compares their arguments before and after, field by field.
 */
#include <inttypes.h>
#include <linux/ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drm.h"
#include "exchange.h"
#include "linux_dma_buf.h"
#include "linux_sw_sync.h"
#include "linux_sync_file.h"
#include "report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD_OF(type, member, kind)                                                  \
	{                                                                             \
#member, offsetof(type, member), sizeof(((type *)NULL)->member), kind \
	}
#define NUMBER(type, member) FIELD_OF(struct type, member, FIELD_NUMBER)
#define FD(type, member)     FIELD_OF(struct type, member, FIELD_FD)

static const struct field version_fields[] = {
	NUMBER(drm_version, major),	  NUMBER(drm_version, minor),
	NUMBER(drm_version, patch),	  NUMBER(drm_version, name_length),
	NUMBER(drm_version, date_length), NUMBER(drm_version, description_length),
};
static const struct field unique_fields[] = { NUMBER(drm_unique, length) };
static const struct field magic_fields[] = { NUMBER(drm_auth, magic) };
static const struct field set_version_fields[] = {
	NUMBER(drm_set_version, interface_major),
	NUMBER(drm_set_version, interface_minor),
	NUMBER(drm_set_version, driver_major),
	NUMBER(drm_set_version, driver_minor),
};
static const struct field cap_fields[] = { NUMBER(drm_cap, capability), NUMBER(drm_cap, value) };
static const struct field create_fields[] = {
	NUMBER(syncobj_create, handle),
	NUMBER(syncobj_create, flags),
};
static const struct field destroy_fields[] = {
	NUMBER(syncobj_destroy, handle),
	NUMBER(syncobj_destroy, pad),
};
static const struct field fd_fields[] = {
	NUMBER(syncobj_fd, handle), NUMBER(syncobj_fd, flags), FD(syncobj_fd, fd),
	NUMBER(syncobj_fd, pad),    NUMBER(syncobj_fd, point),
};
static const struct field wait_fields[] = {
	NUMBER(syncobj_wait, handles),	   NUMBER(syncobj_wait, timeout_ns),
	NUMBER(syncobj_wait, count),	   NUMBER(syncobj_wait, flags),
	NUMBER(syncobj_wait, pad),	   NUMBER(syncobj_wait, first_signaled),
	NUMBER(syncobj_wait, deadline_ns),
};
static const struct field timeline_wait_fields[] = {
	NUMBER(syncobj_timeline_wait, handles),	       NUMBER(syncobj_timeline_wait, points),
	NUMBER(syncobj_timeline_wait, timeout_ns),     NUMBER(syncobj_timeline_wait, count),
	NUMBER(syncobj_timeline_wait, flags),	       NUMBER(syncobj_timeline_wait, pad),
	NUMBER(syncobj_timeline_wait, first_signaled), NUMBER(syncobj_timeline_wait, deadline_ns),
};
static const struct field array_fields[] = {
	NUMBER(syncobj_array, handles),
	NUMBER(syncobj_array, count),
	NUMBER(syncobj_array, pad),
};
static const struct field timeline_array_fields[] = {
	NUMBER(syncobj_timeline_array, handles),
	NUMBER(syncobj_timeline_array, points),
	NUMBER(syncobj_timeline_array, count),
	NUMBER(syncobj_timeline_array, flags),
};
static const struct field transfer_fields[] = {
	NUMBER(syncobj_transfer, source),	NUMBER(syncobj_transfer, destination),
	NUMBER(syncobj_transfer, source_point), NUMBER(syncobj_transfer, destination_point),
	NUMBER(syncobj_transfer, flags),	NUMBER(syncobj_transfer, pad),
};
static const struct field eventfd_fields[] = {
	NUMBER(syncobj_eventfd, handle), NUMBER(syncobj_eventfd, flags),
	NUMBER(syncobj_eventfd, point),	 FD(syncobj_eventfd, fd),
	NUMBER(syncobj_eventfd, pad),
};
static const struct field merge_fields[] = {
	FD(sync_merge_data, fd2),
	FD(sync_merge_data, fence),
	NUMBER(sync_merge_data, flags),
	NUMBER(sync_merge_data, pad),
};
static const struct field deadline_fields[] = {
	NUMBER(sync_set_deadline, deadline_ns),
	NUMBER(sync_set_deadline, pad),
};
static const struct field sync_file_fields[] = {
	NUMBER(dma_buf_export_sync_file, flags),
	FD(dma_buf_export_sync_file, fd),
};
static const struct field create_fence_fields[] = {
	NUMBER(sw_sync_create_fence_data, value),
	FD(sw_sync_create_fence_data, fence),
};
static const struct field get_deadline_fields[] = {
	NUMBER(sw_sync_get_deadline, deadline_ns),
	NUMBER(sw_sync_get_deadline, pad),
	FD(sw_sync_get_deadline, fence_fd),
};

#define LAYOUT(request, fields)                                             \
	{                                                                   \
		_IOC_NR(request), _IOC_TYPE(request), fields, COUNT(fields) \
	}

static const struct layout layouts[] = {
	LAYOUT(DRM_VERSION, version_fields),
	LAYOUT(DRM_GET_UNIQUE, unique_fields),
	LAYOUT(DRM_GET_MAGIC, magic_fields),
	LAYOUT(DRM_SET_VERSION, set_version_fields),
	LAYOUT(DRM_GET_CAP, cap_fields),
	LAYOUT(SYNCOBJ_CREATE, create_fields),
	LAYOUT(SYNCOBJ_DESTROY, destroy_fields),
	LAYOUT(SYNCOBJ_TO_FD, fd_fields),
	LAYOUT(SYNCOBJ_FROM_FD, fd_fields),
	LAYOUT(SYNCOBJ_WAIT, wait_fields),
	LAYOUT(SYNCOBJ_RESET, array_fields),
	LAYOUT(SYNCOBJ_SIGNAL, array_fields),
	LAYOUT(SYNCOBJ_TIMELINE_WAIT, timeline_wait_fields),
	LAYOUT(SYNCOBJ_QUERY, timeline_array_fields),
	LAYOUT(SYNCOBJ_TRANSFER, transfer_fields),
	LAYOUT(SYNCOBJ_TIMELINE_SIGNAL, timeline_array_fields),
	LAYOUT(SYNCOBJ_EVENTFD, eventfd_fields),
	LAYOUT(SYNC_IOC_MERGE, merge_fields),
	LAYOUT(SYNC_IOC_SET_DEADLINE, deadline_fields),
	LAYOUT(DMA_BUF_IOCTL_EXPORT_SYNC_FILE, sync_file_fields),
	LAYOUT(DMA_BUF_IOCTL_IMPORT_SYNC_FILE, sync_file_fields),
	LAYOUT(SW_SYNC_IOC_CREATE_FENCE, create_fence_fields),
	LAYOUT(SW_SYNC_GET_DEADLINE, get_deadline_fields),
};

static const struct layout *layout_of(unsigned long request)
{
	for (size_t i = 0; i < COUNT(layouts); i++) {
		const struct layout *layout = &layouts[i];

		if (layout->number == _IOC_NR(request) && layout->type == (char)_IOC_TYPE(request))
			return layout;
	}
	return NULL;
}

static uint64_t value_of(const struct field *field, const void *argument)
{
	const char *at = (const char *)argument + field->offset;
	uint64_t wide;
	uint32_t narrow;

	if (field->size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

static void add_change(char *line, size_t size, const struct field *field, const void *after)
{
	uint64_t value = value_of(field, after);
	size_t used = strlen(line);

	if (field->kind == FIELD_FD)
		snprintf(line + used, size - used, " %s=%s", field->name,
			 (int32_t)value >= 0 ? "new" : "negative");
	else
		snprintf(line + used, size - used, " %s=%" PRIu64, field->name, value);
}

int exchange(const char *name, int fd, unsigned long request, void *argument)
{
	const struct layout *layout = argument ? layout_of(request) : NULL;
	char before[256], line[512];
	size_t size = 0;
	int result;

	for (size_t i = 0; layout && i < layout->count; i++) {
		const struct field *field = &layout->fields[i];

		if (field->offset + field->size <= _IOC_SIZE(request) &&
		    field->offset + field->size > size)
			size = field->offset + field->size;
	}
	memcpy(before, argument ? argument : "", size);
	result = ioctl(fd, request, argument);
	snprintf(line, sizeof(line), "%s", returned(result));
	for (size_t i = 0; layout && i < layout->count; i++) {
		const struct field *field = &layout->fields[i];

		if (field->offset + field->size <= size &&
		    value_of(field, before) != value_of(field, argument))
			add_change(line, sizeof(line), field, argument);
	}
	answer(name, "%s", line);
	return result;
}

void prepare(int fd, unsigned long request, void *argument)
{
	if (ioctl(fd, request, argument) < 0)
		give_up(text("preparing request '%c' 0x%02x", (int)_IOC_TYPE(request),
			     (unsigned int)_IOC_NR(request)));
}
