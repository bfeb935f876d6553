# SPDX-License-Identifier: MIT
# The daemon links the core into itself, so that it runs from a build tree and from anywhere.
sbin_PROGRAMS += cuse-dev/dma-fenced
cuse_dev_dma_fenced_SOURCES = \
	cuse-dev/attach.c cuse-dev/attach.h \
	cuse-dev/attachment.h \
	cuse-dev/buffer.c cuse-dev/buffer.h \
	cuse-dev/buffer_memory.c cuse-dev/buffer_memory.h \
	cuse-dev/buffer_wait.c cuse-dev/buffer_wait.h \
	cuse-dev/caller.c cuse-dev/caller.h \
	cuse-dev/caller_memory.c cuse-dev/caller_memory.h \
	cuse-dev/device.c cuse-dev/device.h \
	cuse-dev/device_fence.c cuse-dev/device_fence.h \
	cuse-dev/device_syncobj.c cuse-dev/device_syncobj.h \
	cuse-dev/drm_ioctl.c \
	cuse-dev/event.c cuse-dev/event.h \
	cuse-dev/eventfd_signaler.c cuse-dev/eventfd_signaler.h \
	cuse-dev/export.c cuse-dev/export.h \
	cuse-dev/file.c cuse-dev/file.h \
	cuse-dev/file_io.c \
	cuse-dev/ioctl.c cuse-dev/ioctl.h \
	cuse-dev/lane.c cuse-dev/lane.h \
	cuse-dev/leaf_watch.c cuse-dev/leaf_watch.h \
	cuse-dev/lock_wait.c cuse-dev/lock_wait.h \
	cuse-dev/log.c cuse-dev/log.h \
	cuse-dev/loop.c \
	cuse-dev/main.c \
	cuse-dev/memory_fence.c cuse-dev/memory_fence.h \
	cuse-dev/memory_look.c \
	cuse-dev/memory_watch.c cuse-dev/memory_watch.h \
	cuse-dev/memory_write.c cuse-dev/memory_write.h \
	cuse-dev/native.c cuse-dev/native.h \
	cuse-dev/native_exchange.c \
	cuse-dev/native_fence.c \
	cuse-dev/native_resv.c \
	cuse-dev/native_token.c \
	cuse-dev/options.c cuse-dev/options.h \
	cuse-dev/ready.c cuse-dev/ready.h \
	cuse-dev/request.c cuse-dev/request.h \
	cuse-dev/resv_lock.c cuse-dev/resv_lock.h \
	cuse-dev/sw_sync_ioctl.c cuse-dev/sw_sync_ioctl.h \
	cuse-dev/sync_file_ioctl.c \
	cuse-dev/syncobj_array.c cuse-dev/syncobj_array.h \
	cuse-dev/syncobj_event.c cuse-dev/syncobj_event.h \
	cuse-dev/syncobj_fd.c cuse-dev/syncobj_fd.h \
	cuse-dev/syncobj_handle.c cuse-dev/syncobj_handle.h \
	cuse-dev/syncobj_ioctl.c cuse-dev/syncobj_ioctl.h \
	cuse-dev/syncobj_transfer.c cuse-dev/syncobj_transfer.h \
	cuse-dev/syncobj_wait.c cuse-dev/syncobj_wait.h \
	cuse-dev/ticket.c cuse-dev/ticket.h \
	cuse-dev/timer.c cuse-dev/timer.h \
	cuse-dev/transport.c cuse-dev/transport.h \
	cuse-dev/transport_cuse.c \
	cuse-dev/transport_fuse.c \
	cuse-dev/wait.c cuse-dev/wait.h
cuse_dev_dma_fenced_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/cuse-dev
cuse_dev_dma_fenced_CFLAGS = $(AM_CFLAGS) $(FUSE3_CFLAGS)
cuse_dev_dma_fenced_LDADD = libcore.la $(FUSE3_LIBS) -laio
