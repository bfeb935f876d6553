# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# check.sh - the stages of `./quickstart check`, and the count of what was tested in them. It is
# sourced by quickstart, and runs its commands and says its lines through that.

# ---- the stages: what each is, in the order in which they run ----

stages=(gcc clang sanitizers threads guest clients options readme distcheck)

about_stage()
{
	case $1 in
	gcc) echo "make check: units, headers, manual pages, the device over FUSE" ;;
	clang) echo "everything compiled with clang, warnings as errors" ;;
	sanitizers) echo "the same programs under AddressSanitizer, UndefinedBehaviorSanitizer" ;;
	threads) echo "the stress programs under ThreadSanitizer" ;;
	guest) echo "over CUSE in a virtual machine: the tests, and the real kernel's answers" ;;
	clients) echo "programs that others wrote: over FUSE, and over CUSE in a virtual machine" ;;
	options) echo "builds with one part left out" ;;
	readme) echo "the commands of the README, as they are printed" ;;
	distcheck) echo "make distcheck: the archive builds, passes the tests that read it, installs" ;;
	*) return 1 ;;
	esac
}

list_stages()
{
	local stage
	for stage in "${stages[@]}"; do
		printf '%-11s %s\n' "$stage" "$(about_stage "$stage")"
	done
}

# choose_stages [STAGE]...: none means all.
choose_stages()
{
	local stage
	for stage; do
		about_stage "$stage" >/dev/null || {
			echo "quickstart: no such stage: $stage" >&2
			return 1
		}
	done
	[ $# -eq 0 ] || stages=("$@")
}

# ---- counting: single tests, not programs ----

passed=0
failed=0
skipped=0
failures=()
skips=()
stage=

# record PASS|FAIL|SKIP TEXT: one result of the stage that runs.
record()
{
	case $1 in
	PASS)
		passed=$((passed + 1))
		;;
	SKIP)
		skipped=$((skipped + 1))
		skips+=("$stage: $2")
		;;
	*)
		failed=$((failed + 1))
		failures+=("$stage: $2")
		echo "FAILED: $2" >>"$log"
		;;
	esac
}

# record_results FOLDER STATUS: what Automake's test driver has noted there, where make check ended
# with STATUS. That no test has failed is believed only if make says so too, and there were some.
record_results()
{
	local kind text count=0 failures_before=$failed
	while read -r _ kind text; do
		record "$kind" "$text"
		count=$((count + 1))
	done < <(find "$1" -name '*.trs' -exec grep -h '^:test-result:' {} +)
	find "$1" -name '*.trs' -exec grep -l '^:global-test-result: FAIL' {} + |
		sed 's/trs$/log/' | xargs --no-run-if-empty tail -n 20 >>"$log"
	[ "$count" != 0 ] || record FAIL "no test gave a result"
	if [ "$2" != 0 ] && [ "$failed" = "$failures_before" ]; then
		record FAIL "make check ended with status $2"
	fi
}

# record_rules FOLDER HALF...: whether each rule of tests/rows is shown by what has run there.
record_rules()
{
	local told text status=0
	told=$(tests/rows/check --results "$@" 2>&1) || status=$?
	printf '%s\n' "$told" >>"$log"
	if [ "$status" = 0 ]; then
		record PASS "every rule is shown: ${*:2}"
		return
	fi
	grep -q '^not ok' <<<"$told" || record FAIL "tests/rows/check ended with status $status"
	while read -r text; do
		record FAIL "$text"
	done < <(sed -n 's/^not ok [0-9]* - //p' <<<"$told")
}

# ---- building and testing in build/FOLDER ----

# build FOLDER ARGUMENT...: all programs and all tests.
build()
{
	local folder=build/$1
	shift
	bootstrap && configure_in "$folder" "$@" && make_in "$folder" &&
		make_in "$folder" check TESTS= && return
	record FAIL "does not build"
	return 1
}

# tests_of FOLDER TESTS: by what make calls them.
tests_of()
{
	make -s -C "build/$1" --eval="list: ; @echo $2" list
}

# test_in FOLDER TESTS [COMMAND PREFIX]...: those tests, after build. Many wait most of their time.
test_in()
{
	local folder=build/$1 tests status=0
	tests=$(tests_of "$1" "$2")
	shift 2
	find "$folder" -name '*.trs' -delete
	quietly env "$@" make -C "$folder" --no-print-directory -k -j$((2 * $(nproc))) check \
		"TESTS=$tests" || status=$?
	record_results "$folder" "$status"
}

# test_sanitized FOLDER: the tests that run what was built, but for speed and for mutations. Each
# report of a sanitizer, of whatever process, is a failure too.
test_sanitized()
{
	local reports=$PWD/build/$1/reports report
	# The sanitizers' shadow memory and a heavily randomised address space do not go together.
	local prefix=(setarch "$(uname -m)" --addr-no-randomize)
	"${prefix[@]}" true 2>/dev/null || prefix=()
	rm -rf "$reports"
	mkdir -p "$reports"
	chmod 1777 "$reports"
	# Criterion has no frame pointers: the suppressions are found by unwinding with care.
	prefix+=(env DMA_FENCE_SHORT=1 "ASAN_OPTIONS=log_path=$reports/address:fast_unwind_on_malloc=0"
		"LSAN_OPTIONS=suppressions=$PWD/tests/leaks-of-others:print_suppressions=0"
		"UBSAN_OPTIONS=print_stacktrace=1:log_path=$reports/undefined"
		"TSAN_OPTIONS=log_path=$reports/thread")
	test_in "$1" '$(filter-out man/% tests/header/% tests/layers/% tests/requests/% tests/rows/% \
		tests/words/% %-speed %/mutation-test,$(TESTS))' "${prefix[@]}"
	for report in "$reports"/*; do
		[ -s "$report" ] || continue
		cat "$report" >>"$log"
		record FAIL "a sanitizer's report: ${report#"$PWD/"}"
	done
}

# ---- the stages ----

stage_gcc()
{
	build gcc CC=gcc --enable-werror || return
	test_in gcc '$(filter-out tests/clients/%,$(TESTS))'
	record_rules build/gcc core device
}

# Its warnings do not depend on optimisation.
stage_clang()
{
	build clang CC=clang --enable-werror CFLAGS=-O1 && record PASS "everything compiles"
}

stage_sanitizers()
{
	build sanitizers CC=gcc --enable-werror --enable-sanitizers=address,undefined \
		--disable-bench CFLAGS="-O1 -g" && test_sanitized sanitizers
}

stage_threads()
{
	build threads CC=gcc --enable-werror --enable-sanitizers=thread --disable-bench \
		CFLAGS="-O1 -g" && test_sanitized threads
}

# Can there be a guest?
have_guest()
{
	if [ "$(uname -m)" != x86_64 ]; then
		record SKIP "the guest is an x86_64 machine, this is $(uname -m)"
		return 1
	fi
	quietly tests/guest/setup || { apt_get update && quietly tests/guest/setup; } || {
		record FAIL "no guest"
		return 1
	}
}

# test_in_guest NAME [TEST]...: those device tests of build/gcc, or what tests/guest/tests says, with
# their results in build/NAME. Returns whether all of them were run.
test_in_guest()
{
	local results=$PWD/build/$1 status=0
	shift
	rm -rf "$results"
	mkdir -p "$results"
	quietly tests/guest/check build/gcc "$results" "$@" || status=$?
	record_results "$results" "$status"
	return "$status"
}

# The same questions to the real kernel and to our device.
compare_with_kernel()
{
	local results=$PWD/build/guest-compare
	rm -rf "$results"
	mkdir -p "$results"
	quietly tests/driver --test-name tests/conformance/compare \
		--log-file "$results/compare.log" --trs-file "$results/compare.trs" -- \
		tests/conformance/compare build/gcc
	record_results "$results" 0
}

stage_guest()
{
	build gcc CC=gcc --enable-werror || return
	have_guest || return
	test_in_guest guest && record_rules "$PWD/build/guest" device
	compare_with_kernel
}

# What libdrm's client expects is what the kernel does, with a GPU whose driver has syncobj, and vgem.
test_client_on_kernel()
{
	local name="tests/clients/libdrm on the kernel's own syncobj"
	if quietly tests/guest/run --gpu -- \
		sh -c 'modprobe vgem && exec build/gcc/tests/clients/libdrm --verbose'; then
		record PASS "$name"
	else
		record FAIL "$name"
	fi
}

# What cannot be fetched is skipped by the tests that need it, which say why.
stage_clients()
{
	build gcc CC=gcc --enable-werror || return
	quietly tests/clients/fetch-selftests || {
		apt_get update
		quietly tests/clients/fetch-selftests
	}
	test_in gcc '$(filter tests/clients/%,$(TESTS))'
	have_guest || return
	test_in_guest guest-clients tests/clients/libdrm.abi tests/clients/sync-selftests.abi
	test_client_on_kernel
}

# Each part can be left out. What is left out is not built, and nothing else needs it. What one
# configure has found out the others need not.
stage_options()
{
	local part folder
	rm -f build/without.cache
	for part in daemon tests tools examples bench; do
		folder=build/without-$part
		if bootstrap && configure_in "$folder" --cache-file=../without.cache --enable-werror \
			"--disable-$part" CFLAGS=-O0 && make_in "$folder"; then
			record PASS "--disable-$part"
		else
			record FAIL "--disable-$part"
		fi
	done
}

# On a busy machine this takes its time, most of it to build.
stage_readme()
{
	local results=$PWD/build/readme status=0
	rm -rf "$results"
	mkdir -p "$results"
	quietly tests/driver --test-name tests/install/readme-test \
		--log-file "$results/readme.log" --trs-file "$results/readme.trs" -- \
		tests/install/readme-test || status=$?
	record_results "$results" "$status"
}

# Of the tests those that are no programs: they need files of the archive, which may not be written
# there. The programs are made of the same sources as in the stage gcc.
stage_distcheck()
{
	build gcc CC=gcc --enable-werror || return
	if quietly tests/install/archive-test build/gcc; then
		record PASS "make dist makes the same archive again"
	else
		record FAIL "make dist makes the same archive again"
	fi
	if DMA_FENCE_SHORT=1 make_in build/gcc distcheck \
		"TESTS=$(tests_of gcc '$(filter-out $(check_PROGRAMS),$(TESTS))')"; then
		record PASS "make distcheck"
	else
		record FAIL "make distcheck"
	fi
}

# The programs of the stage that took longest, with their seconds, as tests/driver has said.
slowest()
{
	echo "The slowest:"
	sed -n 's/^[A-Z]*: \([^ ]*\) (.*, \([0-9]*\) s)$/\2 \1/p' "$log" | sort -rn | head -n 20
}

# What a stage has added, in the form that the last line has too.
run_stage()
{
	local passed_before=$passed failed_before=$failed skipped_before=$skipped result
	stage=$1
	step "$stage" "$(about_stage "$stage")"
	"stage_$stage"
	result="$((passed - passed_before)) passed, $((failed - failed_before)) failed,"
	result+=" $((skipped - skipped_before)) skipped"
	if [ "$failed" = "$failed_before" ]; then
		slowest >>"$log"
		done_with "$result"
	else
		failed "$result" 60
	fi
}

run_stages()
{
	local name
	for name in "${stages[@]}"; do
		run_stage "$name"
	done
	[ ${#skips[@]} -eq 0 ] || printf '\nSkipped:\n'
	[ ${#skips[@]} -eq 0 ] || printf '  %s\n' "${skips[@]}"
	[ ${#failures[@]} -eq 0 ] || printf '\nFailed:\n'
	[ ${#failures[@]} -eq 0 ] || printf '  %s\n' "${failures[@]}"
	printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" = 0 ]
}
