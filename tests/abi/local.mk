# SPDX-License-Identifier: MIT
# Each program of the suite runs under run-with-device, which starts a daemon for it and proves that
# nothing is left. $DMA_FENCE_TRANSPORT says over which transport: fuse (where it is not set) or cuse.
if ENABLE_DAEMON
ABI_LOG_DRIVER = $(LOG_DRIVER)
ABI_LOG_COMPILER = tests/abi/run-with-device
AM_ABI_LOG_FLAGS = --daemon cuse-dev/dma-fenced --

check_PROGRAMS += tests/abi/run-with-device
tests_abi_run_with_device_SOURCES = \
	tests/abi/daemon.c tests/abi/daemon.h tests/abi/run-with-device.c
check_SCRIPTS += tests/abi/runner-test
TESTS += tests/abi/runner-test

if ENABLE_CRITERION
# What the programs share.
check_LTLIBRARIES = tests/abi/libabi.la
tests_abi_libabi_la_SOURCES = \
	tests/abi/buffer_suite.c tests/abi/buffer_suite.h \
	tests/abi/check.c tests/abi/check.h \
	tests/abi/daemon.c tests/abi/daemon.h \
	tests/abi/daemon_suite.c tests/abi/daemon_suite.h \
	tests/abi/fixture.c tests/abi/fixture.h \
	tests/abi/foreign.c tests/abi/foreign.h \
	tests/abi/process.c tests/abi/process.h \
	tests/abi/raw.c tests/abi/raw.h \
	tests/abi/raw_fd.c \
	tests/abi/requests.c tests/abi/requests.h \
	tests/abi/resv.c tests/abi/resv.h \
	tests/abi/syncobj.h tests/abi/syncobj_raw.c \
	tools/common/pass_fd.c tools/common/pass_fd.h
abi_cflags = $(AM_CFLAGS) $(CRITERION_CFLAGS)
abi_ldadd = tests/abi/libabi.la $(CRITERION_LIBS)
tests_abi_libabi_la_CFLAGS = $(abi_cflags)
tests_abi_libabi_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tools/common

abi_programs = \
	tests/abi/bad_array.abi \
	tests/abi/bad_buffer.abi \
	tests/abi/bad_caller.abi \
	tests/abi/bad_fd.abi \
	tests/abi/bad_mem_fence.abi \
	tests/abi/bad_struct.abi \
	tests/abi/buffer.abi \
	tests/abi/buffer_wait.abi \
	tests/abi/callers.abi \
	tests/abi/caps.abi \
	tests/abi/create.abi \
	tests/abi/daemon_end.abi \
	tests/abi/daemon_fds.abi \
	tests/abi/daemon_start.abi \
	tests/abi/daemon_stop.abi \
	tests/abi/drm_direction.abi \
	tests/abi/event.abi \
	tests/abi/footprint.abi \
	tests/abi/hostile.abi \
	tests/abi/interrupt.abi \
	tests/abi/io_uring.abi \
	tests/abi/last_reference.abi \
	tests/abi/lazy.abi \
	tests/abi/library.abi \
	tests/abi/library_resv.abi \
	tests/abi/library_dma.abi \
	tests/abi/library_mem_fence.abi \
	tests/abi/library_seqno_wait.abi \
	tests/abi/library_sync_file.abi \
	tests/abi/lifetime.abi \
	tests/abi/limits.abi \
	tests/abi/mem_fence.abi \
	tests/abi/merge.abi \
	tests/abi/name.abi \
	tests/abi/order.abi \
	tests/abi/query.abi \
	tests/abi/resv_commit.abi \
	tests/abi/resv_death.abi \
	tests/abi/resv_lock.abi \
	tests/abi/seqno_write.abi \
	tests/abi/signal.abi \
	tests/abi/sw_sync.abi \
	tests/abi/sync_file.abi \
	tests/abi/syncobj.abi \
	tests/abi/syncobj_fd.abi \
	tests/abi/syncobj_hostile.abi \
	tests/abi/syncobj_timeline.abi \
	tests/abi/syncobj_wait.abi \
	tests/abi/timeline.abi \
	tests/abi/wait.abi
check_PROGRAMS += $(abi_programs)
TESTS += $(abi_programs)

tests_abi_bad_array_abi_SOURCES = tests/abi/bad_array.c
tests_abi_bad_array_abi_CFLAGS = $(abi_cflags)
tests_abi_bad_array_abi_LDADD = $(abi_ldadd)

tests_abi_bad_buffer_abi_SOURCES = tests/abi/bad_buffer.c
tests_abi_bad_buffer_abi_CFLAGS = $(abi_cflags)
tests_abi_bad_buffer_abi_LDADD = $(abi_ldadd)

tests_abi_bad_caller_abi_SOURCES = tests/abi/bad_caller.c
tests_abi_bad_caller_abi_CFLAGS = $(abi_cflags)
tests_abi_bad_caller_abi_LDADD = $(abi_ldadd)

tests_abi_bad_fd_abi_SOURCES = tests/abi/bad_fd.c
tests_abi_bad_fd_abi_CFLAGS = $(abi_cflags)
tests_abi_bad_fd_abi_LDADD = $(abi_ldadd)

tests_abi_bad_mem_fence_abi_SOURCES = tests/abi/bad_mem_fence.c
tests_abi_bad_mem_fence_abi_CFLAGS = $(abi_cflags)
tests_abi_bad_mem_fence_abi_LDADD = $(abi_ldadd)

tests_abi_bad_struct_abi_SOURCES = tests/abi/bad_struct.c
nodist_tests_abi_bad_struct_abi_SOURCES = tests/abi/fields.h
BUILT_SOURCES += tests/abi/fields.h
CLEANFILES += tests/abi/fields.h
fields_from = $(srcdir)/tests/abi/fields.awk $(srcdir)/uapi/requests.def $(srcdir)/uapi/dma_fence.h \
	$(srcdir)/uapi/linux_drm_syncobj.h
tests/abi/fields.h: $(fields_from)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(AWK) -f $(fields_from) >$@.new && mv $@.new $@
tests_abi_bad_struct_abi_CFLAGS = $(abi_cflags)
tests_abi_bad_struct_abi_LDADD = $(abi_ldadd)

tests_abi_buffer_abi_SOURCES = tests/abi/buffer.c
tests_abi_buffer_abi_CFLAGS = $(abi_cflags)
tests_abi_buffer_abi_LDADD = $(abi_ldadd)

tests_abi_buffer_wait_abi_SOURCES = tests/abi/buffer_wait.c
tests_abi_buffer_wait_abi_CFLAGS = $(abi_cflags)
tests_abi_buffer_wait_abi_LDADD = $(abi_ldadd)

tests_abi_callers_abi_SOURCES = tests/abi/callers.c
tests_abi_callers_abi_CFLAGS = $(abi_cflags)
tests_abi_callers_abi_LDADD = $(abi_ldadd)

tests_abi_caps_abi_SOURCES = tests/abi/caps.c
tests_abi_caps_abi_CFLAGS = $(abi_cflags)
tests_abi_caps_abi_LDADD = $(abi_ldadd)

tests_abi_create_abi_SOURCES = tests/abi/create.c
tests_abi_create_abi_CFLAGS = $(abi_cflags)
tests_abi_create_abi_LDADD = $(abi_ldadd)

# The manual's own examples of poll() are part of it, as they are printed.
tests_abi_daemon_end_abi_SOURCES = tests/abi/daemon_end.c tests/abi/manual.h
nodist_tests_abi_daemon_end_abi_SOURCES = tests/abi/manual.c
tests_abi_daemon_end_abi_CFLAGS = $(abi_cflags) -I$(top_srcdir)/tests/abi
CLEANFILES += tests/abi/manual.c
tests/abi/manual.c: man/split-examples man/dma-fence.7 man/dma_fence_sync_file.4
	$(AM_V_GEN)$(MKDIR_P) $@.d && rm -f $@.d/* && \
		$(srcdir)/man/split-examples $(srcdir)/man/dma-fence.7 $@.d/7 && \
		$(srcdir)/man/split-examples $(srcdir)/man/dma_fence_sync_file.4 $@.d/4 && \
		{ echo '#include "manual.h"' && cat `grep -l 'poll(' $@.d/*`; } >$@.new && \
		rm -r $@.d && mv $@.new $@
tests_abi_daemon_end_abi_LDADD = $(abi_ldadd)

tests_abi_daemon_fds_abi_SOURCES = tests/abi/daemon_fds.c
tests_abi_daemon_fds_abi_CFLAGS = $(abi_cflags)
tests_abi_daemon_fds_abi_LDADD = $(abi_ldadd)

tests_abi_daemon_start_abi_SOURCES = tests/abi/daemon_start.c
tests_abi_daemon_start_abi_CFLAGS = $(abi_cflags)
tests_abi_daemon_start_abi_LDADD = $(abi_ldadd)

tests_abi_daemon_stop_abi_SOURCES = tests/abi/daemon_stop.c
tests_abi_daemon_stop_abi_CFLAGS = $(abi_cflags)
tests_abi_daemon_stop_abi_LDADD = $(abi_ldadd)

tests_abi_drm_direction_abi_SOURCES = tests/abi/drm_direction.c
tests_abi_drm_direction_abi_CFLAGS = $(abi_cflags)
tests_abi_drm_direction_abi_LDADD = $(abi_ldadd)

tests_abi_event_abi_SOURCES = tests/abi/event.c
tests_abi_event_abi_CFLAGS = $(abi_cflags)
tests_abi_event_abi_LDADD = $(abi_ldadd)

tests_abi_footprint_abi_SOURCES = tests/abi/footprint.c
tests_abi_footprint_abi_CFLAGS = $(abi_cflags)
tests_abi_footprint_abi_LDADD = $(abi_ldadd)

tests_abi_hostile_abi_SOURCES = tests/abi/hostile.c
tests_abi_hostile_abi_CFLAGS = $(abi_cflags)
tests_abi_hostile_abi_LDADD = $(abi_ldadd)

tests_abi_interrupt_abi_SOURCES = tests/abi/interrupt.c
tests_abi_interrupt_abi_CFLAGS = $(abi_cflags)
tests_abi_interrupt_abi_LDADD = $(abi_ldadd)

tests_abi_io_uring_abi_SOURCES = tests/abi/io_uring.c
tests_abi_io_uring_abi_CFLAGS = $(abi_cflags) $(LIBURING_CFLAGS)
tests_abi_io_uring_abi_LDADD = $(abi_ldadd) $(LIBURING_LIBS)

tests_abi_last_reference_abi_SOURCES = tests/abi/last_reference.c
tests_abi_last_reference_abi_CFLAGS = $(abi_cflags)
tests_abi_last_reference_abi_LDADD = $(abi_ldadd)

tests_abi_lazy_abi_SOURCES = tests/abi/lazy.c
tests_abi_lazy_abi_CFLAGS = $(abi_cflags)
tests_abi_lazy_abi_LDADD = $(abi_ldadd)

tests_abi_library_abi_SOURCES = tests/abi/library.c
tests_abi_library_abi_CFLAGS = $(abi_cflags)
tests_abi_library_abi_LDADD = $(abi_ldadd) libdmafence.la

tests_abi_library_resv_abi_SOURCES = tests/abi/library_resv.c
tests_abi_library_resv_abi_CFLAGS = $(abi_cflags)
tests_abi_library_resv_abi_LDADD = $(abi_ldadd) libdmafence.la
tests_abi_library_dma_abi_SOURCES = tests/abi/library_dma.c
tests_abi_library_dma_abi_CFLAGS = $(abi_cflags)
tests_abi_library_dma_abi_LDADD = $(abi_ldadd) libdmafence.la

tests_abi_library_mem_fence_abi_SOURCES = tests/abi/library_mem_fence.c
tests_abi_library_mem_fence_abi_CFLAGS = $(abi_cflags)
tests_abi_library_mem_fence_abi_LDADD = $(abi_ldadd) libdmafence.la

tests_abi_library_seqno_wait_abi_SOURCES = tests/abi/library_seqno_wait.c
tests_abi_library_seqno_wait_abi_CFLAGS = $(abi_cflags)
tests_abi_library_seqno_wait_abi_LDADD = $(abi_ldadd) libdmafence.la

tests_abi_library_sync_file_abi_SOURCES = tests/abi/library_sync_file.c
tests_abi_library_sync_file_abi_CFLAGS = $(abi_cflags)
tests_abi_library_sync_file_abi_LDADD = $(abi_ldadd) libdmafence.la

tests_abi_lifetime_abi_SOURCES = tests/abi/lifetime.c
tests_abi_lifetime_abi_CFLAGS = $(abi_cflags)
tests_abi_lifetime_abi_LDADD = $(abi_ldadd)

tests_abi_limits_abi_SOURCES = tests/abi/limits.c
tests_abi_limits_abi_CFLAGS = $(abi_cflags)
tests_abi_limits_abi_LDADD = $(abi_ldadd)

tests_abi_mem_fence_abi_SOURCES = tests/abi/mem_fence.c
tests_abi_mem_fence_abi_CFLAGS = $(abi_cflags)
tests_abi_mem_fence_abi_LDADD = $(abi_ldadd)

tests_abi_merge_abi_SOURCES = tests/abi/merge.c
tests_abi_merge_abi_CFLAGS = $(abi_cflags)
tests_abi_merge_abi_LDADD = $(abi_ldadd)

tests_abi_name_abi_SOURCES = tests/abi/name.c
tests_abi_name_abi_CFLAGS = $(abi_cflags)
tests_abi_name_abi_LDADD = $(abi_ldadd)

tests_abi_order_abi_SOURCES = tests/abi/order.c
tests_abi_order_abi_CFLAGS = $(abi_cflags)
tests_abi_order_abi_LDADD = $(abi_ldadd)

tests_abi_query_abi_SOURCES = tests/abi/query.c
tests_abi_query_abi_CFLAGS = $(abi_cflags)
tests_abi_query_abi_LDADD = $(abi_ldadd)

tests_abi_resv_commit_abi_SOURCES = tests/abi/resv_commit.c
tests_abi_resv_commit_abi_CFLAGS = $(abi_cflags)
tests_abi_resv_commit_abi_LDADD = $(abi_ldadd)

tests_abi_resv_death_abi_SOURCES = tests/abi/resv_death.c
tests_abi_resv_death_abi_CFLAGS = $(abi_cflags)
tests_abi_resv_death_abi_LDADD = $(abi_ldadd)

tests_abi_resv_lock_abi_SOURCES = tests/abi/resv_lock.c
tests_abi_resv_lock_abi_CFLAGS = $(abi_cflags)
tests_abi_resv_lock_abi_LDADD = $(abi_ldadd)

tests_abi_seqno_write_abi_SOURCES = tests/abi/seqno_write.c
tests_abi_seqno_write_abi_CFLAGS = $(abi_cflags)
tests_abi_seqno_write_abi_LDADD = $(abi_ldadd)

tests_abi_signal_abi_SOURCES = tests/abi/signal.c
tests_abi_signal_abi_CFLAGS = $(abi_cflags)
tests_abi_signal_abi_LDADD = $(abi_ldadd)

tests_abi_sw_sync_abi_SOURCES = tests/abi/sw_sync.c
tests_abi_sw_sync_abi_CFLAGS = $(abi_cflags)
tests_abi_sw_sync_abi_LDADD = $(abi_ldadd)

tests_abi_sync_file_abi_SOURCES = tests/abi/sync_file.c
tests_abi_sync_file_abi_CFLAGS = $(abi_cflags)
tests_abi_sync_file_abi_LDADD = $(abi_ldadd)

tests_abi_syncobj_abi_SOURCES = tests/abi/syncobj.c
tests_abi_syncobj_abi_CFLAGS = $(abi_cflags)
tests_abi_syncobj_abi_LDADD = $(abi_ldadd)

tests_abi_syncobj_fd_abi_SOURCES = tests/abi/syncobj_fd.c
tests_abi_syncobj_fd_abi_CFLAGS = $(abi_cflags)
tests_abi_syncobj_fd_abi_LDADD = $(abi_ldadd)

tests_abi_syncobj_hostile_abi_SOURCES = tests/abi/syncobj_hostile.c
tests_abi_syncobj_hostile_abi_CFLAGS = $(abi_cflags)
tests_abi_syncobj_hostile_abi_LDADD = $(abi_ldadd)

tests_abi_syncobj_timeline_abi_SOURCES = tests/abi/syncobj_timeline.c
tests_abi_syncobj_timeline_abi_CFLAGS = $(abi_cflags)
tests_abi_syncobj_timeline_abi_LDADD = $(abi_ldadd)

tests_abi_syncobj_wait_abi_SOURCES = tests/abi/syncobj_wait.c
tests_abi_syncobj_wait_abi_CFLAGS = $(abi_cflags)
tests_abi_syncobj_wait_abi_LDADD = $(abi_ldadd)

tests_abi_timeline_abi_SOURCES = tests/abi/timeline.c
tests_abi_timeline_abi_CFLAGS = $(abi_cflags)
tests_abi_timeline_abi_LDADD = $(abi_ldadd)

tests_abi_wait_abi_SOURCES = tests/abi/wait.c
tests_abi_wait_abi_CFLAGS = $(abi_cflags)
tests_abi_wait_abi_LDADD = $(abi_ldadd)
endif
endif
