# SPDX-License-Identifier: MIT
check_SCRIPTS += tests/header/header-test
TESTS += tests/header/header-test
