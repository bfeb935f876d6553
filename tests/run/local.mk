# SPDX-License-Identifier: MIT
# dma-fence-run, with programs that know nothing of this project.
if ENABLE_DAEMON
if ENABLE_TOOLS
check_PROGRAMS += tests/run/client
tests_run_client_SOURCES = tests/run/client.c tools/common/pass_fd.c tools/common/pass_fd.h
tests_run_client_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tools/common

# It has no C library, hence none of what sanitizers need.
check_PROGRAMS += tests/run/bare
tests_run_bare_SOURCES = tests/run/bare.c
tests_run_bare_CFLAGS = -std=gnu11 -Wall -Wextra -O2 -ffreestanding -fno-stack-protector -fno-pie
tests_run_bare_LDFLAGS = -all-static -nostdlib -no-pie

# The same for 32 bit, where this compiler can.
check_SCRIPTS += tests/run/bare-32
tests/run/bare-32: tests/run/bare.c
	$(AM_V_CC)$(MKDIR_P) tests/run; $(CC) -m32 $(tests_run_bare_CFLAGS) -I$(top_srcdir)/uapi -nostdlib -static -no-pie \
		$(top_srcdir)/tests/run/bare.c -o $@ 2>/dev/null || : >$@
CLEANFILES += tests/run/bare-32

TESTS += tests/run/check.abi
endif
endif
