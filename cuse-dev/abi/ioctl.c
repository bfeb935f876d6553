/* SPDX-License-Identifier: MIT */
/*
 * ioctl.c - finds the row of a request, brings its argument to the size that the handler knows, and
 * answers.
 */
#include <errno.h>
#include <linux/ioctl.h>
#include <string.h>

#include "descriptor/export.h"
#include "file/file.h"
#include "abi/ioctl.h"
#include "linux_drm_syncobj.h"
#include "linux_sw_sync.h"

/* The most that an ioctl carries, and room for a struct that is larger than what came. */
#define ARGUMENT_MAX (DMA_FENCE_INLINE_MAX + 1)

static bool is_zero(const char *bytes, size_t count)
{
	/* The first is zero, and each is as the one before it. */
	return !count || (!bytes[0] && !memcmp(bytes, bytes + 1, count - 1));
}

int ioctl_check_tail(const struct request *request, const void *argument, uint64_t used)
{
	if (used < request->size && !is_zero((const char *)argument + used, request->size - used))
		return -E2BIG;
	return 0;
}

int ioctl_check_array(const struct request *request, const void *argument, size_t head_size,
		      uint32_t count, size_t entry_size, uint64_t pointer)
{
	uint64_t used = head_size + (pointer ? 0 : (uint64_t)count * entry_size);

	if (!count || (pointer ? count > MAX_COUNT : used > request->size))
		return -EINVAL;
	return ioctl_check_tail(request, argument, used);
}

static const struct ioctl_row *find_row(const struct ioctl_table *table, unsigned int command)
{
	unsigned int ignored = table->size_matters ? 0 : _IOC_SIZEMASK << _IOC_SIZESHIFT;

	if (table->as_it_comes)
		ignored |= (unsigned int)_IOC_DIRMASK << _IOC_DIRSHIFT;
	for (unsigned int i = 0; i < table->count; i++) {
		if (!((table->rows[i].command ^ command) & ~ignored))
			return &table->rows[i];
	}
	return NULL;
}

/* The ABI that the request belongs to, NULL where the file speaks none such. */
static const struct ioctl_table *table_of(const struct request *request)
{
	const struct bound *bound = request->file->bound;

	/* The fd of a syncobj answers nothing. */
	if (bound)
		return bound->syncobj ? NULL : &sync_file_table;
	switch (_IOC_TYPE(request->command)) {
	case DMA_FENCE_IOC_TYPE:
		return &native_table;
	case SW_SYNC_IOC_MAGIC:
		return &sw_sync_table;
	case DRM_IOCTL_BASE:
		return &drm_table;
	default:
		return NULL;
	}
}

static int call(struct request *request, const struct ioctl_table *table,
		const struct ioctl_row *row, char *argument, const void *input, size_t size)
{
	size_t room = row->size > request->size ? row->size : request->size;
	size_t came = request->size;

	/* What the request number promises is what came in; nothing else is looked at. */
	if (size > request->size)
		size = request->size;
	if (size)
		memcpy(argument, input, size);
	if (size < room)
		memset(argument + size, 0, room - size);
	if (request->size < row->minimum)
		return -EINVAL;
	if (!row->has_array && request->size > row->size) {
		if (!table->as_it_comes && size > row->size &&
		    !is_zero(argument + row->size, size - row->size))
			return -E2BIG;
		request->size = row->size;
	}
	request->answer_size = _IOC_DIR(request->command) & _IOC_READ ? request->size : 0;
	request->answer_always = table->as_it_comes;
	/* Nothing has come in, so all of what goes back is ours. */
	if (table->as_it_comes && _IOC_DIR(request->command) == _IOC_READ)
		request->answer_zeros = came - request->size;
	return row->handler(request, argument);
}

/* What no row answers. */
static void refuse(struct request *request, const struct ioctl_table *table)
{
	int result = table && table->refuse ? table->refuse(request->command) : -ENOTTY;

	/* It is known, but not for this caller: its argument goes back as it has begun. */
	if (result == -EACCES && _IOC_DIR(request->command) == _IOC_READ)
		request_reply_always(request->fuse, result, NULL, 0, request->size);
	else
		request_reply(request->fuse, result, NULL, 0);
}

static void reply(struct request *request, int result, const char *argument)
{
	if (request->answer_always)
		request_reply_always(request->fuse, result, argument, request->answer_size,
				     request->answer_zeros);
	else
		request_reply(request->fuse, result, argument, request->answer_size);
}

void ioctl_dispatch(struct request *request, const void *input, size_t size)
{
	struct device *device = request->device;
	const struct ioctl_table *table;
	const struct ioctl_row *row;
	char argument[ARGUMENT_MAX];
	int result;

	if (request->command == DMA_FENCE_IOC_IDENTIFY) {
		device_lock(device);
		result = identify_answer(device, request->file, request->thread) ? 0 : -ENOTTY;
		device_unlock(device);
		request_reply(request->fuse, result, NULL, 0);
		return;
	}
	/* Of the end of the device fence fds can tell, and nothing else. */
	if (device->is_ending && !request->file->bound) {
		request_reply(request->fuse, -ENOTCONN, NULL, 0);
		return;
	}
	/* Only the reader binds files, so this needs no lock. */
	table = table_of(request);
	row = table ? find_row(table, request->command) : NULL;
	if (!row) {
		refuse(request, table);
		return;
	}
	if (row->may_park)
		request_may_park(device, request->fuse);
	device_lock(device);
	result = call(request, table, row, argument, input, size);
	device_unlock(device);
	if (result != REQUEST_PARKED)
		reply(request, result, argument);
}
