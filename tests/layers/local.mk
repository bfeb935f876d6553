# SPDX-License-Identifier: MIT
dist_check_SCRIPTS += tests/layers/check tests/layers/planted-test
TESTS += tests/layers/check tests/layers/planted-test
