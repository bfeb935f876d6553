# SPDX-License-Identifier: MIT
noinst_PROGRAMS += examples/page-flip/page-flip
examples_page_flip_page_flip_SOURCES = \
	examples/page-flip/display.c \
	examples/page-flip/display.h \
	examples/page-flip/main.c \
	examples/page-flip/options.c \
	examples/page-flip/options.h \
	examples/page-flip/picture.c \
	examples/page-flip/picture.h \
	examples/page-flip/protocol.c \
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
# What an outsider has: the header of the ABI and the library.
examples_page_flip_page_flip_CPPFLAGS = -D_GNU_SOURCE -DDMA_FENCE_IN_TREE -I$(top_srcdir)/uapi -I$(top_srcdir)/lib/client
examples_page_flip_page_flip_CFLAGS = $(AM_CFLAGS) $(LIBURING_CFLAGS)
examples_page_flip_page_flip_LDADD = libdmafence.la $(LIBURING_LIBS)
# What `page-flip --svg` drew, for the README.

# Under tests/abi/run-with-device, as the programs there.
if ENABLE_DAEMON
if ENABLE_CRITERION
TESTS += examples/page-flip/check.abi
check_SCRIPTS += examples/page-flip/check.abi
examples/page-flip/check.log: examples/page-flip/page-flip$(EXEEXT)
endif
endif
