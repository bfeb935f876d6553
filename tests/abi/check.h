/* SPDX-License-Identifier: MIT */
/*
 * check.h - one way to state what must hold, for a test, for its threads and for its children.
 *
 * Criterion's own assertions end a test with a jump, which only the test's main thread can do. So
 * what is stated here knows where it is: the main thread fails the test, a second thread ends and
 * its join fails the test, a child prints and exits with CHILD_FAILED. What fails in the teardown,
 * where Criterion has counted the test already, leaves a file behind, which the runner finds.
 */
#ifndef DMA_FENCE_TESTS_CHECK_H
#define DMA_FENCE_TESTS_CHECK_H

#include <errno.h>
#include <stdbool.h>

enum check_context {
	CHECK_TEST,
	CHECK_AFTER_TEST,
	CHECK_THREAD,
	CHECK_CHILD,
};

#define CHILD_FAILED 99

extern __thread enum check_context check_context;

void check_failed(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
/* "0", "-EINVAL", or the number. */
const char *check_name(long long value, char buffer[32]);

#define check(condition)                                                                  \
	do {                                                                              \
		if (!(condition))                                                         \
			check_failed(__FILE__, __LINE__, "%s does not hold", #condition); \
	} while (0)

/* For calls that return a number, or 0 and a negative errno: a failure names both. */
#define expect(call, expected)                                                      \
	do {                                                                        \
		long long check_got = (call), check_want = (expected);              \
		char check_a[32], check_b[32];                                      \
                                                                                    \
		if (check_got != check_want)                                        \
			check_failed(__FILE__, __LINE__, "%s is %s, not %s", #call, \
				     check_name(check_got, check_a),                \
				     check_name(check_want, check_b));              \
	} while (0)

/* For functions that return -1 and set errno. */
#define expect_errno(call, error)         \
	do {                              \
		errno = 0;                \
		expect(call, -1);         \
		expect(-errno, -(error)); \
	} while (0)

/* For system calls of a test's own, which may not fail. Evaluates to the result. */
#define must(call)                                                         \
	({                                                                 \
		__typeof__(call) check_result = (call);                    \
                                                                           \
		if (check_result == (__typeof__(check_result))-1)          \
			check_failed(__FILE__, __LINE__, "%s: %s", #call,  \
				     check_name(-errno, (char[32]){ 0 })); \
		check_result;                                              \
	})

#endif /* DMA_FENCE_TESTS_CHECK_H */
