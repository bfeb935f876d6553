/* SPDX-License-Identifier: MIT */
/*
 * export.h - fence <-> sync_file, and syncobj <-> fd: tokens, binding an open file with one, and
 * finding out which fence or syncobj a caller's fd is.
 */
#ifndef DMA_FENCED_EXPORT_H
#define DMA_FENCED_EXPORT_H

#include "caller/worker.h"
#include "sync_file.h"

/*
 * The request by which a lane asks what an fd is: nobody else's business, ENOTTY for all but the
 * daemon's own lanes.
 */
#define DMA_FENCE_IOC_IDENTIFY _IO(DMA_FENCE_IOC_TYPE, 0x7f)

/* A token that nobody has used yet. It belongs to the open file that exported. */
struct export
{
	uint64_t token[2];
	struct open_file *file;
	struct dma_fence *fence;	/* a reference; NULL: a syncobj */
	struct device_syncobj *syncobj; /* the same the other way round */
	uint32_t kind;
	char name[SYNC_FILE_NAME_SIZE]; /* of the sync_file; "": the default */
	struct export *prev, *next;	/* of file->exports */
	UT_hash_handle hh;		/* of device->exports, by token */
};

/* Under the lock. name: of the sync_file, "" or NULL: the default. -ENOSPC, -ENOMEM, -EAGAIN (no
 * randomness yet). */
int export_create(struct open_file *file, struct dma_fence *fence, uint32_t kind, const char *name,
		  uint64_t token[2]);
/* The same of a syncobj; the kind is DMA_FENCE_EXPORT_SYNCOBJ. */
int export_create_syncobj(struct open_file *file, struct device_syncobj *syncobj,
			  uint64_t token[2]);
/*
 * Under the lock: binds a fresh open file. -EBUSY, -ENOENT (no such token), -EINVAL (of another
 * kind).
 */
int export_bind(struct open_file *file, const uint64_t token[2], uint32_t kind);
/* Under the lock. */
void exports_drop_all(struct open_file *file);

/*
 * On a lane, without the lock: the fence that a sync_file of this device stands for, or the syncobj
 * that an fd is; a reference. fd is the caller's. They ask the device itself, and the reader
 * answers. -EINVAL: it is nothing like that; -EBADF, -EPERM: see caller_take_fd().
 */
int caller_take_fence(struct lane_job *job, int fd, struct dma_fence **fence);
int caller_take_syncobj(struct lane_job *job, int fd, struct device_syncobj **syncobj);
/* The reader's part, under the lock: true where it was a lane that asked. */
bool identify_answer(struct device *device, struct open_file *file, pid_t thread);

#endif /* DMA_FENCED_EXPORT_H */
