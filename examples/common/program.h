/* SPDX-License-Identifier: MIT */
/*
 * What each process of an example needs: reports of failures, the exit statuses, the clock, the
 * device, and the watchdog. All of it is state of the process; the processes of one run share only
 * whether a failure has been reported. program_init() comes before the fork.
 */
#ifndef EXAMPLES_PROGRAM_H
#define EXAMPLES_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS     1000000.0
#define NS_PER_US     1000.0

/* The exit statuses. */
enum {
	STATUS_CLEAN = 0,
	STATUS_WRONG = 1,	/* what fences are there to prevent has happened */
	STATUS_FAILED = 2,
};

/*
 * name is the program's, device the path of the node; both are kept. progress: how far it is may be
 * shown. 0, or a negative errno.
 */
int program_init(const char *name, const char *device, bool progress);
void program_exit(void);

/*
 * How far it is, on standard error: one line that is written over on a terminal, lines of their own
 * elsewhere. Does nothing where it has done so a moment before. The line is to be wiped before
 * anything else is written; program_fail() does.
 */
void program_show_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool program_has_progress_line(void);
void program_wipe_progress_line(void);

/*
 * Says on standard error what went wrong, unless a process of this run has done so already: when
 * one fails the others see that it is gone, and the user is to read the cause, not its echo.
 * Returns STATUS_FAILED.
 */
int program_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a call to the device that has just failed: what it was, and errno. */
int program_fail_device(const char *what);
/* An open of the device, the caller's to close, or -1 after reporting the cause. */
int program_open_device(void);

/* SIGINT and SIGTERM: how is that of sigprocmask(). */
void program_mask_signals(int how);
/*
 * Waits for the end of a child that is called `what`, and tells how it ended where the child did
 * not itself. Returns an exit status. program_finish(): the child is to end by itself, with status
 * 0. program_reap(): it was ended, so that does not matter (expected), or should not have ended at
 * all.
 */
int program_finish(pid_t child, const char *what);
/* The same for one that waitpid() has returned with status, which is not 0. */
int program_fail_child(const char *what, int status);
int program_reap(pid_t child, const char *what, bool expected);

int64_t clock_now(void);

/*
 * Ends the process, and before it the process `peer` (0: none), when watchdog_feed() has not been
 * called for twice limit_ns: a call to the device that never returns can be ended by nothing else.
 * One a process. 0, or a negative errno.
 */
int watchdog_start(int64_t limit_ns, pid_t peer);
void watchdog_feed(void);
void watchdog_stop(void);

#endif /* EXAMPLES_PROGRAM_H */
