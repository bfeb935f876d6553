# SPDX-License-Identifier: MIT
# Programs of other projects. The kernel's selftests are skipped if they were not fetched.
if ENABLE_DAEMON
if ENABLE_TOOLS
clients_checks = tests/clients/libdrm.abi tests/clients/sync-selftests.abi \
	tests/clients/unprivileged-test
check_SCRIPTS += $(clients_checks)
TESTS += $(clients_checks)

if HAVE_LIBDRM
if ENABLE_CRITERION
check_PROGRAMS += tests/clients/libdrm
tests_clients_libdrm_SOURCES = tests/clients/libdrm.c tests/clients/pending.c tests/clients/pending.h \
	tools/common/pass_fd.c tools/common/pass_fd.h
tests_clients_libdrm_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tools/common
tests_clients_libdrm_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS) $(LIBDRM_CFLAGS)
tests_clients_libdrm_LDADD = $(CRITERION_LIBS) $(LIBDRM_LIBS)
endif
endif
endif
endif
