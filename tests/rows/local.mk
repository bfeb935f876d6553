# SPDX-License-Identifier: MIT
dist_check_SCRIPTS += tests/rows/check
TESTS += tests/rows/check
