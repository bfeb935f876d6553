# SPDX-License-Identifier: MIT
# dma-fence-conformance on our device; compare, in the guest alone, is run by tests/check.sh.
if ENABLE_DAEMON
if ENABLE_TOOLS
conformance_checks = tests/conformance/device.abi tests/conformance/usage.abi
TESTS += $(conformance_checks)
check_SCRIPTS += $(conformance_checks)
tests/conformance/device.log: tools/conformance/dma-fence-conformance$(EXEEXT)
tests/conformance/usage.log: tools/conformance/dma-fence-conformance$(EXEEXT)
endif
endif
