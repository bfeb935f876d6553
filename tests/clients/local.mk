# SPDX-License-Identifier: MIT
# Programs that others wrote. The kernel's selftests are skipped where nobody has fetched them.
if ENABLE_DAEMON
if ENABLE_TOOLS
clients_checks = tests/clients/sync-selftests.abi tests/clients/unprivileged-test
check_SCRIPTS += $(clients_checks)
TESTS += $(clients_checks)
endif
endif
