/* SPDX-License-Identifier: MIT */
/*
 * export.h - EXPORT and BIND: tokens for fences and syncobjs, by which an open file is bound to
 * them. Under device->lock.
 */
#ifndef DMA_FENCED_EXPORT_H
#define DMA_FENCED_EXPORT_H

#include "descriptor/fence_fd.h"

/*
 * A token that is good once, until the file that exports is closed. name: of the sync_file, "" or
 * NULL: the default. -ENOSPC, -ENOMEM, -EAGAIN (no randomness yet).
 */
int export_create(struct open_file *file, const struct fd_object *object, const char *name,
		  __u64 token[2]);
/*
 * Binds a fresh open file. kind: DMA_FENCE_EXPORT_*. -EBUSY: it is not fresh; -ENOENT: no such
 * token; -EINVAL: of another kind.
 */
int export_bind(struct open_file *file, const __u64 token[2], uint32_t kind);

#endif /* DMA_FENCED_EXPORT_H */
