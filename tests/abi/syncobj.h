/* SPDX-License-Identifier: MIT */
/*
 * syncobj.h - the requests of linux_drm_syncobj.h as the tests issue them: as those of raw.h.
 *
 * What they state is what Linux 6.12 has answered to the same requests on a virtio GPU, but for the
 * few things that dma_fence_syncobj(4) lists.
 */
#ifndef DMA_FENCE_TESTS_SYNCOBJ_H
#define DMA_FENCE_TESTS_SYNCOBJ_H

#include <stdbool.h>
#include <stdint.h>

#include "linux_drm_syncobj.h"

/* What first_signaled is before a wait, and stays if it fails. */
#define UNTOUCHED 0xaaaau

#define ALL	  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL
#define SUBMIT	  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT
#define AVAILABLE DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE
#define DEADLINE  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE

/* The request with another size or direction. */
unsigned long with_size(unsigned long request, size_t size);
unsigned long with_direction(unsigned long request, unsigned int direction);

/* flags: DRM_SYNCOBJ_CREATE_*. */
uint32_t new_syncobj(int fd, uint32_t flags);
int raw_destroy(int fd, uint32_t handle);
int raw_syncobj_wait(int fd, const uint32_t *handles, uint32_t count, uint32_t flags,
		     int64_t timeout_nsec, uint32_t *first);
/* Of one. */
int wait_one(int fd, uint32_t handle, uint32_t flags, int64_t timeout_nsec);
int raw_timeline_wait(int fd, const uint32_t *handles, const uint64_t *points, uint32_t count,
		      uint32_t flags, int64_t timeout_nsec, uint32_t *first);
int wait_point(int fd, uint32_t handle, uint64_t point, uint32_t flags, int64_t timeout_nsec);
/* request: DRM_IOCTL_SYNCOBJ_RESET or _SIGNAL. */
int raw_syncobj_array(int fd, unsigned long request, const uint32_t *handles, uint32_t count);
int raw_reset(int fd, uint32_t handle);
int raw_syncobj_signal(int fd, uint32_t handle);
int raw_signal_point(int fd, uint32_t handle, uint64_t point);
/* The last point that is signaled, or with LAST_SUBMITTED that was put in. */
uint64_t query_point(int fd, uint32_t handle, uint32_t flags);
int raw_transfer(int fd, uint32_t source, uint64_t source_point, uint32_t destination,
		 uint64_t destination_point, uint32_t flags);
int raw_eventfd(int fd, uint32_t handle, uint64_t point, int eventfd, uint32_t flags);
/* How often it was added to since the last time. */
uint64_t eventfd_count(int eventfd);

/* Both halves of HANDLE_TO_FD: an fd, or a negative errno. */
int raw_to_fd(int fd, uint32_t handle, uint32_t flags, uint64_t point);
int new_syncobj_fd(int fd, uint32_t handle);
int raw_from_fd(int fd, int from, uint32_t *handle);
int raw_import_sync_file(int fd, uint32_t handle, int sync_file);
/* Of a new native fence, whose handle is returned, and a syncobj that holds it. */
uint32_t new_pending_syncobj(int fd, uint32_t *syncobj);

#endif /* DMA_FENCE_TESTS_SYNCOBJ_H */
