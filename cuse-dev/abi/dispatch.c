/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c - finds the row of a request, brings its argument to the size that the handler knows,
 * and answers.
 */
#include <errno.h>
#include <linux/ioctl.h>
#include <string.h>

#include "abi/dispatch.h"
#include "abi/ioctl.h"

/* The most that an ioctl carries; a struct that is larger than what came fits in, too. */
#define ARGUMENT_MAX (DMA_FENCE_INLINE_MAX + 1)

static const struct ioctl_table *const tables[] = {
	&native_table,
	&drm_table,
	&sync_file_table,
	&sw_sync_table,
};

static const struct ioctl_table *find_table(unsigned int type)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (tables[i]->type == type)
			return tables[i];
	}
	return NULL;
}

static const struct ioctl_row *find_row(const struct ioctl_table *table, unsigned int command)
{
	unsigned int ignored = table->exact_size ? 0 : _IOC_SIZEMASK << _IOC_SIZESHIFT;

	if (table->lax)
		ignored |= (unsigned int)_IOC_DIRMASK << _IOC_DIRSHIFT;
	for (unsigned int i = 0; i < table->count; i++) {
		if (!((table->rows[i].command ^ command) & ~ignored))
			return &table->rows[i];
	}
	return NULL;
}

/* Does the file speak this ABI? Only the loop thread binds files, so this needs no lock. */
static bool speaks(const struct open_file *file, const struct ioctl_table *table)
{
	if (file->operations)
		return table->bound && file->operations->ioctl_type == table->type;
	return !table->bound;
}

static int call(struct request *request, const struct ioctl_table *table,
		const struct ioctl_row *row, char *argument, const void *input, size_t size)
{
	size_t capacity = row->size > request->size ? row->size : request->size;
	size_t came = request->size;

	/* Only what the request number promises is read. */
	if (size > came)
		size = came;
	if (size)
		memcpy(argument, input, size);
	if (size < capacity)
		memset(argument + size, 0, capacity - size);
	if (came < row->minimum)
		return -EINVAL;
	if (!row->has_array && came > row->size) {
		if (!table->lax && size > row->size &&
		    !ioctl_is_zero(argument + row->size, size - row->size))
			return -E2BIG;
		request->size = row->size;
	}
	if (_IOC_DIR(request->command) & _IOC_READ)
		request->reply_size = request->size;
	/* Nothing came in, so all of what goes back is ours. */
	if (table->lax && _IOC_DIR(request->command) == _IOC_READ)
		request->reply_zeros = came - request->size;
	return row->handler(request, argument);
}

/* What no row answers. */
static void refuse(struct request *request, const struct ioctl_table *table)
{
	int result = table && table->refuse ? table->refuse(request->command) : -ENOTTY;

	/* It is known, but not for this caller: its argument goes back as it was at first. */
	if (result == -EACCES && _IOC_DIR(request->command) == _IOC_READ) {
		request->reply_zeros = request->size;
		request->always_replies = true;
	}
	request_reply(request, result, NULL);
}

void ioctl_dispatch(struct request *request, const void *input, size_t size)
{
	const struct ioctl_table *table = find_table(_IOC_TYPE(request->command));
	const struct ioctl_row *row = table ? find_row(table, request->command) : NULL;
	char argument[ARGUMENT_MAX];
	int result;

	/* At the end of the device fence fds still answer, and nothing else does. */
	if (request->device->is_ending && !request->file->operations) {
		request_reply(request, -ENOTCONN, NULL);
		return;
	}
	if (!row || !(row->any_file || speaks(request->file, table))) {
		refuse(request, table && speaks(request->file, table) ? table : NULL);
		return;
	}
	request->always_replies = table->lax;
	if (row->may_block)
		request_prepare_to_block(request);
	device_lock(request->device);
	result = call(request, table, row, argument, input, size);
	device_unlock(request->device);
	if (result != REQUEST_BLOCKED)
		request_reply(request, result, argument);
}
