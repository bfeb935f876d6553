/* SPDX-License-Identifier: MIT */
/*
 * sync_file_ioctl.c - what an exported fd answers: the requests of <linux/sync_file.h>, with the
 * kernel's sizes and errors.
 */
#include <errno.h>
#include <stdlib.h>

#include "caller/caller_array.h"
#include "file/file.h"
#include "abi/ioctl.h"
#include "linux_sync_file.h"

/*
 * Room for as many as there are, or 0 to ask how many; with less nothing is written but an error.
 */
static int file_info(struct request *request, void *argument)
{
	struct sync_file *sync_file = &request->file->bound->sync_file;
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
	caller_memory_write_and_reply(request->file, request->fuse, request->thread,
				      info->sync_fence_info, fences, count * sizeof(*fences), info,
				      request->answer_size, 0);
	free(fences);
	return REQUEST_PARKED;
}

static int set_deadline(struct request *request, void *argument)
{
	const struct sync_set_deadline *deadline = argument;
	uint64_t at = deadline->deadline_ns;

	if (deadline->pad)
		return -EINVAL;
	dma_fence_set_deadline(request->file->bound->sync_file.fence,
			       at > INT64_MAX ? INT64_MAX : (int64_t)at);
	return 0;
}

/* The new fd cannot be returned: see native_token.c for how it is done instead. */
static int merge(struct request *request, void *argument)
{
	return -EOPNOTSUPP;
}

static const struct ioctl_row rows[] = {
	{ SYNC_IOC_MERGE, .size = sizeof(struct sync_merge_data), .handler = merge },
	{ SYNC_IOC_FILE_INFO, .may_park = true, .size = sizeof(struct sync_file_info),
	  .handler = file_info },
	{ SYNC_IOC_SET_DEADLINE, .size = sizeof(struct sync_set_deadline),
	  .handler = set_deadline },
};

const struct ioctl_table sync_file_table = {
	.size_matters = true,
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};
