/* SPDX-License-Identifier: MIT */
/*
 * sync_file_fd.c - what an exported fd answers: the requests of <linux/sync_file.h>, with the
 * kernel's sizes and errors.
 */
#include <errno.h>
#include <stdlib.h>

#include "abi/ioctl.h"
#include "caller/caller_array.h"
#include "descriptor/fence_fd.h"
#include "linux_sync_file.h"

/* The capacity is at least the count, or 0 to ask for the count; a smaller one is an error. */
static int file_info(const struct request *request, void *argument)
{
	struct sync_file *sync_file = fence_fd_sync_file(request->file);
	struct sync_file_info *info = argument;
	unsigned int count = sync_file_fence_count(sync_file);
	struct sync_fence_info *fences;

	if (info->flags || info->pad)
		return -EINVAL;
	if (!info->num_fences) {
		sync_file_fill_info(sync_file, info);
		info->num_fences = count;
		return 0;
	}
	if (info->num_fences < count)
		return -EINVAL;
	fences = calloc(count, sizeof(*fences));
	if (!fences)
		return -ENOMEM;
	count = sync_file_fill_fence_info(sync_file, fences, count);
	sync_file_fill_info(sync_file, info);
	info->num_fences = count;
	caller_array_write_and_reply(request, info->sync_fence_info, fences,
				     count * sizeof(*fences), info, 0);
	free(fences);
	return REQUEST_BLOCKED;
}

static int set_deadline(const struct request *request, void *argument)
{
	const struct sync_set_deadline *deadline = argument;
	uint64_t at = deadline->deadline_ns;

	if (deadline->pad)
		return -EINVAL;
	dma_fence_set_deadline(fence_fd_sync_file(request->file)->fence,
			       at > INT64_MAX ? INT64_MAX : (int64_t)at);
	return 0;
}

/* The new fd cannot be returned: see native_fd.c for how it is done instead. */
static int merge(const struct request *request, void *argument)
{
	return -EOPNOTSUPP;
}

static const struct ioctl_row rows[] = {
	{ SYNC_IOC_MERGE, .size = sizeof(struct sync_merge_data), .handler = merge },
	{ SYNC_IOC_FILE_INFO, .may_block = true, .size = sizeof(struct sync_file_info),
	  .handler = file_info },
	{ SYNC_IOC_SET_DEADLINE, .size = sizeof(struct sync_set_deadline),
	  .handler = set_deadline },
};

const struct ioctl_table sync_file_table = {
	.type = _IOC_TYPE(SYNC_IOC_MERGE),
	.bound = true,
	.exact_size = true,
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};
