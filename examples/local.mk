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
	examples/common/outputs.c \
	examples/common/outputs.h \
	examples/common/picture.c \
	examples/common/picture.h \
	examples/common/program.c \
	examples/common/program.h \
	examples/common/table.c \
	examples/common/table.h \
	examples/common/trace.c \
	examples/common/trace.h
examples_common_libcommon_la_CPPFLAGS = $(examples_cppflags)

pkglibexec_PROGRAMS += examples/page-flip/page-flip
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

pkglibexec_PROGRAMS += examples/user-queue/user-queue
examples_user_queue_user_queue_SOURCES = \
	examples/user-queue/camera.c \
	examples/user-queue/camera.h \
	examples/user-queue/engine.c \
	examples/user-queue/engine.h \
	examples/user-queue/main.c \
	examples/user-queue/options.c \
	examples/user-queue/options.h \
	examples/user-queue/queue.c \
	examples/user-queue/queue.h \
	examples/user-queue/report-svg.c \
	examples/user-queue/report-table.c \
	examples/user-queue/report-trace.c \
	examples/user-queue/report.h \
	examples/user-queue/run.c \
	examples/user-queue/run.h \
	examples/user-queue/submitter.c \
	examples/user-queue/submitter.h
examples_user_queue_user_queue_CPPFLAGS = $(examples_cppflags)
examples_user_queue_user_queue_LDADD = examples/common/libcommon.la libdmafence.la

pkglibexec_PROGRAMS += examples/implicit-sync/implicit-sync
examples_implicit_sync_implicit_sync_SOURCES = \
	examples/implicit-sync/access.c \
	examples/implicit-sync/access.h \
	examples/implicit-sync/main.c \
	examples/implicit-sync/options.c \
	examples/implicit-sync/options.h \
	examples/implicit-sync/report-svg.c \
	examples/implicit-sync/report-table.c \
	examples/implicit-sync/report-trace.c \
	examples/implicit-sync/report.h \
	examples/implicit-sync/run.c \
	examples/implicit-sync/run.h \
	examples/implicit-sync/worker.c \
	examples/implicit-sync/worker.h
examples_implicit_sync_implicit_sync_CPPFLAGS = $(examples_cppflags)
examples_implicit_sync_implicit_sync_LDADD = examples/common/libcommon.la libdmafence.la

# Under tests/abi/run-with-device, as the programs there.
if ENABLE_DAEMON
if ENABLE_CRITERION
example_checks = examples/page-flip/check.abi examples/user-queue/check.abi \
	examples/implicit-sync/check.abi
TESTS += $(example_checks)
check_SCRIPTS += $(example_checks)
examples/page-flip/check.log: examples/page-flip/page-flip$(EXEEXT)
examples/implicit-sync/check.log: examples/implicit-sync/implicit-sync$(EXEEXT)
examples/user-queue/check.log: examples/user-queue/user-queue$(EXEEXT)
endif
endif
