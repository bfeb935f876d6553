# SPDX-License-Identifier: MIT
lib_LTLIBRARIES += libdmafence.la
libdmafence_la_SOURCES = \
	lib/client/buffer.c \
	lib/client/device.c \
	lib/client/dma.c \
	lib/client/event.c \
	lib/client/fence.c \
	lib/client/reservation.c \
	lib/client/mem_fence.c \
	lib/client/seqno_wait.c \
	lib/client/sync_file.c \
	lib/client/timeline.c \
	lib/client/request.h
libdmafence_la_LDFLAGS = $(AM_LDFLAGS) -version-info $(LIBDMAFENCE_VERSION) \
	-Wl,--version-script=$(top_srcdir)/lib/client/libdmafence.map
EXTRA_libdmafence_la_DEPENDENCIES = $(top_srcdir)/lib/client/libdmafence.map
EXTRA_DIST += lib/client/libdmafence.map
pkgconfig_DATA += lib/client/libdmafence.pc
dist_dmafenceinclude_HEADERS += lib/client/libdmafence.h
