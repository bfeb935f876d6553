/* SPDX-License-Identifier: MIT */
/*
 * daemon.h - starting and stopping a dma-fenced: for the runner, and for the tests that need one of
 * their own.
 *
 * Nothing here knows Criterion: errors are said on stderr and returned. The program is $DMA_FENCED,
 * the transport $DMA_FENCE_TRANSPORT (fuse where it is not set).
 */
#ifndef DMA_FENCE_TESTS_DAEMON_H
#define DMA_FENCE_TESTS_DAEMON_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* How long the daemon may take to come and to go. */
#define DAEMON_PATIENCE_MS 60000

/* The most options that a test adds. */
#define DAEMON_MAX_OPTIONS 16

struct daemon {
	pid_t pid;	     /* 0: not running */
	char node[PATH_MAX]; /* what clients open */
};

/* Where a node of this name goes: a file in $TMPDIR, or a device in /dev of its own. */
void daemon_place(struct daemon *daemon, const char *name);

/* Forks and executes it at daemon->node; options end with NULL, may be NULL. Its stderr is
 * error_fd, -1: ours. */
int daemon_spawn(struct daemon *daemon, const char *const *options, int ready_fd, int error_fd);
/* The same, and waits until it has said that it is ready. */
int daemon_start(struct daemon *daemon, const char *const *options);
/* Waits for its end: its wait status, -1 when it takes too long. */
int daemon_wait(struct daemon *daemon);
/* SIGTERM, and daemon_wait(). */
int daemon_stop(struct daemon *daemon);
/* Starts one that is expected to fail, and collects what it says: its wait status. */
int daemon_fail(struct daemon *daemon, const char *const *options, char *output, size_t size);

/* Is something mounted there? */
bool is_mounted(const char *path);
/* How many fds a process has; -1 when it is not there. */
int count_fds(pid_t pid);

#endif /* DMA_FENCE_TESTS_DAEMON_H */
