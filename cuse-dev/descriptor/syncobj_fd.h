/* SPDX-License-Identifier: MIT */
/*
 * syncobj_fd.h - syncobjs and descriptors: FD_TO_HANDLE, and what there is to export for
 * HANDLE_TO_FD. Under device->lock.
 */
#ifndef DMA_FENCED_SYNCOBJ_FD_H
#define DMA_FENCED_SYNCOBJ_FD_H

#include "descriptor/fence_fd.h"
#include "file/pending.h"

struct drm_syncobj_handle;

/*
 * What HANDLE_TO_FD would make a descriptor of, a reference: with EXPORT_SYNC_FILE a fence, else
 * the syncobj. point is the one that the caller asks for, 0 for a caller that passes none. -EINVAL
 * (flags; no such handle; nothing is submitted), -ENOENT (no such handle, with EXPORT_SYNC_FILE).
 */
int syncobj_find_export(struct open_file *file, uint32_t handle, uint32_t flags, uint64_t point,
			struct fd_object *object);

/* The requests. A reply cannot carry an fd: HANDLE_TO_FD is -EOPNOTSUPP where nothing is wrong. */
int syncobj_handle_to_fd_request(const struct request *request,
				 const struct drm_syncobj_handle *argument);
int syncobj_fd_to_handle_request(const struct request *request,
				 const struct drm_syncobj_handle *argument);

#endif /* DMA_FENCED_SYNCOBJ_FD_H */
