# SPDX-License-Identifier: MIT
dist_check_SCRIPTS += tests/words/check
TESTS += tests/words/check
