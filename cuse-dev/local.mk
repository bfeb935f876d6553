# SPDX-License-Identifier: MIT
# The daemon links the core into itself, so that it runs from a build tree and from anywhere.
sbin_PROGRAMS += dma-fenced
dma_fenced_SOURCES =
dma_fenced_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/cuse-dev
dma_fenced_CFLAGS = $(AM_CFLAGS) $(FUSE3_CFLAGS)
dma_fenced_LDADD = $(FUSE3_LIBS) -laio
