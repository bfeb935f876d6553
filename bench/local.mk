# SPDX-License-Identifier: MIT
# Both run from the build tree only: a benchmark is for users of the source.
noinst_PROGRAMS += bench/dma-fence-bench bench/floor-server

bench_dma_fence_bench_SOURCES = \
	bench/bench.c bench/bench.h \
	bench/floor.h \
	bench/ioctl-cases.c \
	bench/ioctls.c bench/ioctls.h \
	bench/main.c \
	bench/measure.c bench/measure.h \
	bench/report.c bench/report.h \
	bench/server.c bench/server.h \
	bench/stage.c bench/stage.h \
	bench/wakeup-cases.c \
	bench/wakeups.c bench/wakeups.h
bench_dma_fence_bench_CFLAGS = $(AM_CFLAGS) $(LIBURING_CFLAGS)
bench_dma_fence_bench_LDADD = libdmafence.la $(LIBURING_LIBS)

bench_floor_server_SOURCES = bench/floor-server.c bench/floor.h
bench_floor_server_CFLAGS = $(AM_CFLAGS) $(FUSE3_CFLAGS)
bench_floor_server_LDADD = $(FUSE3_LIBS)

if ENABLE_TOOLS
noinst_PROGRAMS += bench/run-cost
bench_run_cost_SOURCES = bench/run-cost.c
bench_run_cost_LDADD = libdmafence.la
endif
