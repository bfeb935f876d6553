# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# check.sh - what the checks of the examples share; sourced. They run under run-with-device, in the
# folder of the build, and write TAP: one result for each thing that the example promises. What is
# left in $TMPDIR is taken away at the end.
LC_ALL=C
export LC_ALL
output=$TMPDIR/output
results=0
failures=0
trap 'rm -f "$TMPDIR"/*' EXIT

# result STATUS NAME: one line of TAP, and behind a failure the output of the command last run.
result()
{
	results=$((results + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $results - $2"
		return
	fi
	echo "not ok $results - $2"
	sed 's/^/# /' "$output"
	failures=$((failures + 1))
}

# passes NAME COMMAND...: the command's exit status, by itself, is the result. The name has to match
# $CRITERION_TEST_PATTERN, as that of a test of Criterion's.
passes()
{
	case /$1 in
	${CRITERION_TEST_PATTERN:-*}) ;;
	*) return ;;
	esac
	name=$1
	shift
	"$@"
	result $? "$name"
}

# ends STATUS COMMAND...: runs it, with its output in $output. Did it end so?
ends()
{
	expected=$1
	shift
	status=0
	"$@" >"$output" 2>&1 || status=$?
	[ "$status" -eq "$expected" ] && return
	echo "exit status $status instead of $expected: $*" >>"$output"
	return 1
}

# refuses COMMAND...: it ends with 2, and what it says is one line.
refuses()
{
	ends 2 "$@" && [ "$(grep -c '' "$output")" -eq 1 ]
}

# says PATTERN: a line of the output is of that form.
says()
{
	grep -q "^$1\$" "$output"
}

# well_drawn FILE: the timeline is complete, and nothing in it overlaps: see check-picture.awk.
well_drawn()
{
	awk -f "$(dirname "$0")/../common/check-picture.awk" "$1" >"$output" 2>&1 &&
		[ "$(tail -n 1 "$1")" = '</svg>' ]
}

# well_traced FILE: the trace is complete, and its slices and arrows fit: see check-trace.awk.
well_traced()
{
	awk -f "$(dirname "$0")/../common/check-trace.awk" "$1" >"$output" 2>&1
}

# await PATTERN: until a line of the output is of that form, for a minute at most.
await()
{
	attempts=600
	until says "$1"; do
		attempts=$((attempts - 1))
		[ $attempts -gt 0 ] || return 1
		sleep 0.1
	done
}

# The plan comes last.
end_check()
{
	echo "1..$results"
	[ "$failures" -eq 0 ]
}
