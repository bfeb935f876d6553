# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
#
# selftests.sh - where the kernel's sync selftests are, and how they become tests of ours; sourced.
selftests=${DMA_FENCE_SELFTESTS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dma-fence/selftests}
# Without its stress tests, of up to 65,536 rounds, where $DMA_FENCE_SHORT is set: they take minutes
# where the processor is emulated, or a sanitizer is at work.
sync_test=$selftests/sync_test${DMA_FENCE_SHORT:+_short}
# The only place where they look for a device.
sw_sync=/sys/kernel/debug/sync/sw_sync

skip()
{
	echo "1..0 # SKIP $*"
	exit 77
}

need_selftests()
{
	[ -x "$sync_test" ] && return
	[ ! -s "$selftests/why-not" ] || skip "$(cat "$selftests/why-not")"
	skip "the kernel's selftests are not there: tests/clients/fetch-selftests fetches them"
}

# as_tests COMMAND...: runs it, which is to run them. The plan is ours, all ten, or the seven that are
# no stress tests: where they find no device they would announce none, which is no success here.
as_tests()
{
	set -o pipefail
	echo "1..$((10 ${DMA_FENCE_SHORT:+- 3}))"
	"$@" | sed -u '/^1\.\./d; s/^\(ok\|not ok\) \([0-9]*\) \[RUN\]\t/\1 \2 - /'
}
