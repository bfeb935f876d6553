# SPDX-License-Identifier: MIT
# The tests run in this order: first those that take longest by themselves.
include tests/model/local.mk
include tests/core/local.mk
include tests/abi/local.mk
include tests/stress/local.mk
include tests/header/local.mk
include tests/requests/local.mk
include tests/guest/local.mk
include tests/clients/local.mk
include tests/install/local.mk
include tests/layers/local.mk
include tests/run/local.mk
include tests/rows/local.mk
include tests/words/local.mk
include tests/conformance/local.mk
