/* SPDX-License-Identifier: MIT */
/*
 * server.h - a server as a child process: found, started, ready, stopped. It ends with the
 * benchmark, however that ends.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stddef.h>
#include <sys/types.h>

#include "bench.h"

struct server {
	pid_t pid; /* 0: not running */
	char program[64];
};

/*
 * Where a program of the project is: in the build tree that this one runs from, where `place` is
 * its path, or in PATH and the usual sbin folders. -ENOENT, -ENAMETOOLONG.
 */
int server_find(const char *place, char *path, size_t size);

/*
 * Runs argv[0] with argv, and --ready-fd=FD in the place of argv's first NULL (a second one must
 * follow), and waits until it says that it is ready. It inherits the affinity of the caller, and of
 * its file descriptors those of `inherited`, which ends with -1. Says what went wrong.
 */
int server_start(struct server *server, char **argv, const int *inherited);

/* SIGTERM, and SIGKILL where that does not help. Says so where it did not end well. */
void server_stop(struct server *server);

#endif /* BENCH_SERVER_H */
