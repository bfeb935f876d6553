# SPDX-License-Identifier: MIT
dist_check_SCRIPTS += tests/header/header-test
TESTS += tests/header/header-test
EXTRA_DIST += tests/header/layout.awk tests/header/layout.txt
