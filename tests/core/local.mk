# SPDX-License-Identifier: MIT
check_PROGRAMS += tests/core/core-speed
TESTS += tests/core/core-speed
tests_core_core_speed_SOURCES = tests/core/core-speed.c
tests_core_core_speed_LDADD = libcore.la

if ENABLE_CRITERION
check_PROGRAMS += tests/core/core-test
TESTS += tests/core/core-test
tests_core_core_test_SOURCES = \
	tests/core/array-test.c \
	tests/core/callback-test.c \
	tests/core/chain-test.c \
	tests/core/core-test.c tests/core/core-test.h \
	tests/core/display-test.c \
	tests/core/dma-test.c \
	tests/core/dma_buf-test.c \
	tests/core/enable-test.c \
	tests/core/exporter.c tests/core/exporter.h \
	tests/core/fence-test.c \
	tests/core/fence_slot-test.c \
	tests/core/hw_fence-test.c \
	tests/core/lock-test.c \
	tests/core/mem_fence-test.c \
	tests/core/merge-test.c \
	tests/core/name-test.c \
	tests/core/nesting-test.c \
	tests/core/resv-test.c tests/core/resv-test.h \
	tests/core/resv_commit-test.c \
	tests/core/resv_iter-test.c \
	tests/core/resv_lock-test.c \
	tests/core/resv_query-test.c \
	tests/core/seqno_write-test.c \
	tests/core/sw_sync-test.c \
	tests/core/sync_file-test.c \
	tests/core/syncobj-test.c \
	tests/core/timeline-test.c \
	tests/core/unwrap-test.c \
	tests/core/wait-test.c \
	tests/core/ww_mutex-test.c
tests_core_core_test_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_core_core_test_LDADD = libcore.la $(CRITERION_LIBS)

# Where no sanitizer is asked for, as the model: here one would report what is broken on purpose.
if ENABLE_MODEL
AM_TESTS_ENVIRONMENT += CORE_CC='$(CC)'; CORE_CFLAGS='$(AM_CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS)'; \
	CORE_LIBS='$(CRITERION_LIBS)'; export CORE_CC CORE_CFLAGS CORE_LIBS;
check_SCRIPTS += tests/core/mutation-test
TESTS += tests/core/mutation-test
endif
endif
