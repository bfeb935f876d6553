# SPDX-License-Identifier: MIT
# What an outsider has: the header of the ABI and the library.
tools_cppflags = -D_GNU_SOURCE -DDMA_FENCE_IN_TREE -I$(top_srcdir)/uapi -I$(top_srcdir)/lib/client \
	-I$(top_srcdir)/tools/common

bin_PROGRAMS += tools/run/dma-fence-run
tools_run_dma_fence_run_SOURCES = \
	tools/common/pass_fd.c tools/common/pass_fd.h \
	tools/run/filter.c tools/run/filter.h \
	tools/run/main.c \
	tools/run/namespace.c tools/run/namespace.h \
	tools/run/node.c tools/run/node.h \
	tools/run/private.c tools/run/private.h \
	tools/run/program.h \
	tools/run/requests.c tools/run/requests.h \
	tools/run/supervisor.c tools/run/supervisor.h \
	tools/run/target.c tools/run/target.h
tools_run_dma_fence_run_CPPFLAGS = $(tools_cppflags) -I$(top_srcdir)/tools/run -DSBINDIR='"$(sbindir)"'
tools_run_dma_fence_run_CFLAGS = $(AM_CFLAGS) $(LIBSECCOMP_CFLAGS)
tools_run_dma_fence_run_LDADD = libdmafence.la $(LIBSECCOMP_LIBS)

bin_PROGRAMS += tools/conformance/dma-fence-conformance
tools_conformance_dma_fence_conformance_SOURCES = \
	tools/common/pass_fd.c tools/common/pass_fd.h \
	tools/conformance/bed.c tools/conformance/bed.h \
	tools/conformance/blocking.c \
	tools/conformance/descriptor.c tools/conformance/descriptor.h \
	tools/conformance/dma_buf.c \
	tools/conformance/drm.h \
	tools/conformance/exchange.c tools/conformance/exchange.h \
	tools/conformance/file_info.c \
	tools/conformance/groups.h \
	tools/conformance/main.c \
	tools/conformance/providers.c tools/conformance/providers.h \
	tools/conformance/render_node.c \
	tools/conformance/report.c tools/conformance/report.h \
	tools/conformance/sizes.c \
	tools/conformance/sw_sync.c \
	tools/conformance/sync_file.c \
	tools/conformance/syncobj.c tools/conformance/syncobj.h \
	tools/conformance/syncobj_fd.c \
	tools/conformance/syncobj_handles.c \
	tools/conformance/syncobj_signal.c \
	tools/conformance/syncobj_wait.c \
	tools/conformance/table.c \
	tools/conformance/timeline.c \
	tools/conformance/transfer.c
nodist_tools_conformance_dma_fence_conformance_SOURCES = tools/conformance/recorded.c
tools_conformance_dma_fence_conformance_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/uapi \
	-I$(top_srcdir)/tools/common -I$(top_srcdir)/tools/conformance

# What is recorded in text files, as tables.
conformance_records = tools/conformance/linux.answers tools/conformance/sw_sync.answers \
	tools/conformance/differences
CLEANFILES += tools/conformance/recorded.c
tools/conformance/recorded.c: tools/conformance/make-recorded $(conformance_records)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cd $(srcdir)/tools/conformance && \
		./make-recorded >$(abs_builddir)/$@.new && mv $(abs_builddir)/$@.new $(abs_builddir)/$@
