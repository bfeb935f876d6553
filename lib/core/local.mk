# SPDX-License-Identifier: MIT
# The objects are made once: daemon and unit tests link them from here, and the library contains them.
noinst_LTLIBRARIES += libcore.la
libcore_la_SOURCES = \
	lib/core/array.c lib/core/array.h \
	lib/core/chain.c lib/core/chain.h \
	lib/core/container.c lib/core/container.h lib/core/container_internal.h lib/core/container_of.h \
	lib/core/dma_buf.c lib/core/dma_buf.h \
	lib/core/fence.c lib/core/fence.h lib/core/fence_internal.h \
	lib/core/fence_slot.c lib/core/fence_slot.h \
	lib/core/hash.h \
	lib/core/heap.c lib/core/heap.h \
	lib/core/hw_fence.c lib/core/hw_fence.h \
	lib/core/internal.h \
	lib/core/iosys_map.h \
	lib/core/mem_fence.c lib/core/mem_fence.h \
	lib/core/merge.c lib/core/merge.h \
	lib/core/readers.c lib/core/readers.h lib/core/readers_internal.h \
	lib/core/resv.c lib/core/resv.h lib/core/resv_internal.h \
	lib/core/resv_iter.c lib/core/resv_list.c lib/core/resv_lock.c lib/core/resv_query.c \
	lib/core/seqno_write.c lib/core/seqno_write.h \
	lib/core/stub.c \
	lib/core/sw_sync.c lib/core/sw_sync.h \
	lib/core/sync_file.c lib/core/sync_file.h \
	lib/core/syncobj.c lib/core/syncobj.h \
	lib/core/timeline.c lib/core/timeline.h \
	lib/core/unwrap.c lib/core/unwrap.h \
	lib/core/wait.c \
	lib/core/ww_mutex.c lib/core/ww_mutex.h

lib_LTLIBRARIES += libdmafence-core.la
libdmafence_core_la_SOURCES =
libdmafence_core_la_LIBADD = libcore.la
libdmafence_core_la_LDFLAGS = $(AM_LDFLAGS) -version-info $(LIBDMAFENCE_CORE_VERSION) \
	-Wl,--version-script=$(top_srcdir)/lib/core/libdmafence-core.map
EXTRA_libdmafence_core_la_DEPENDENCIES = $(top_srcdir)/lib/core/libdmafence-core.map
EXTRA_DIST += lib/core/libdmafence-core.map
pkgconfig_DATA += lib/core/libdmafence-core.pc

coreincludedir = $(dmafenceincludedir)/core
coreinclude_HEADERS = \
	lib/core/array.h \
	lib/core/chain.h \
	lib/core/container.h \
	lib/core/dma_buf.h \
	lib/core/fence.h \
	lib/core/fence_slot.h \
	lib/core/hw_fence.h \
	lib/core/iosys_map.h \
	lib/core/mem_fence.h \
	lib/core/merge.h \
	lib/core/readers.h \
	lib/core/resv.h \
	lib/core/seqno_write.h \
	lib/core/sw_sync.h \
	lib/core/sync_file.h \
	lib/core/syncobj.h \
	lib/core/timeline.h \
	lib/core/unwrap.h \
	lib/core/ww_mutex.h
