# SPDX-License-Identifier: MIT
# What an outsider has: the header of the ABI and the library.
tools_cppflags = -D_GNU_SOURCE -DDMA_FENCE_IN_TREE -I$(top_srcdir)/uapi -I$(top_srcdir)/lib/client

bin_PROGRAMS += tools/run/dma-fence-run
tools_run_dma_fence_run_SOURCES = \
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
