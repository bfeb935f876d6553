# SPDX-License-Identifier: MIT
# What an outsider has: the header of the ABI and the library.
examples_cppflags = -D_GNU_SOURCE -DDMA_FENCE_IN_TREE -I$(top_srcdir)/uapi -I$(top_srcdir)/lib/client \
	-I$(top_srcdir)/examples/common

# What the examples share.
noinst_LTLIBRARIES += examples/common/libcommon.la
examples_common_libcommon_la_SOURCES = \
	examples/common/arguments.c \
	examples/common/arguments.h \
	examples/common/chart.c \
	examples/common/chart.h \
	examples/common/message.c \
	examples/common/message.h \
	examples/common/picture.c \
	examples/common/picture.h \
	examples/common/program.c \
	examples/common/program.h \
	examples/common/table.c \
	examples/common/table.h
examples_common_libcommon_la_CPPFLAGS = $(examples_cppflags)

noinst_PROGRAMS += examples/page-flip/page-flip
examples_page_flip_page_flip_SOURCES = \
	examples/page-flip/display.c \
	examples/page-flip/display.h \
	examples/page-flip/main.c \
	examples/page-flip/options.c \
	examples/page-flip/options.h \
	examples/page-flip/protocol.h \
	examples/page-flip/renderer.c \
	examples/page-flip/renderer.h \
	examples/page-flip/report-svg.c \
	examples/page-flip/report-table.c \
	examples/page-flip/report-trace.c \
	examples/page-flip/report.h \
	examples/page-flip/run.c \
	examples/page-flip/run.h \
	examples/page-flip/screen.c \
	examples/page-flip/screen.h
examples_page_flip_page_flip_CPPFLAGS = $(examples_cppflags)
examples_page_flip_page_flip_CFLAGS = $(AM_CFLAGS) $(LIBURING_CFLAGS)
examples_page_flip_page_flip_LDADD = examples/common/libcommon.la libdmafence.la $(LIBURING_LIBS)

# Under tests/abi/run-with-device, as the programs there.
if ENABLE_DAEMON
if ENABLE_CRITERION
TESTS += examples/page-flip/check.abi
check_SCRIPTS += examples/page-flip/check.abi
examples/page-flip/check.log: examples/page-flip/page-flip$(EXEEXT)
endif
endif
