/* SPDX-License-Identifier: MIT */
/*
 * fence_fd.h - open files that are bound: such a file is a sync_file, or a syncobj, and nothing
 * else. Under device->lock.
 */
#ifndef DMA_FENCED_FENCE_FD_H
#define DMA_FENCED_FENCE_FD_H

#include "file/file.h"
#include "sync_file.h"
#include "syncobj/device_syncobj.h"

/* What an fd stands for: one of the two, the other is NULL. */
struct fd_object {
	struct dma_fence *fence;
	struct device_syncobj *syncobj;
};

/* NULLs too. */
void fd_object_get(const struct fd_object *object);
void fd_object_put(const struct fd_object *object);
/* What a reference of a descriptor or a token to it is charged with. */
uint64_t fd_object_cost(const struct fd_object *object);

/*
 * Binds a fresh file, with a reference of its own. name: of the sync_file, "": the default.
 * -ENOMEM.
 */
int fence_fd_bind(struct open_file *file, const struct fd_object *object, const char *name);
/* What the file is bound to, borrowed; both NULL where it is not. */
struct fd_object fence_fd_object(const struct open_file *file);
/* The sync_file that a file is bound to. */
struct sync_file *fence_fd_sync_file(const struct open_file *file);

#endif /* DMA_FENCED_FENCE_FD_H */
