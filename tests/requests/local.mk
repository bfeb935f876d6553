# SPDX-License-Identifier: MIT
check_SCRIPTS += tests/requests/check
TESTS += tests/requests/check
