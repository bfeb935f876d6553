/* SPDX-License-Identifier: MIT */
/*
 * foreign.h - a file of a foreign FUSE server, which gives any answer.
 *
 * The server is a child of its own, so that who touches the file may hang in it and be killed, or
 * not, without the server. It speaks the protocol of <linux/fuse.h> itself: opening always works;
 * whether attributes, data and the flush at a close() are answered is switched by the test. The
 * fixed rule is that it blocks only the daemon in a close.
 */
#ifndef DMA_FENCE_TESTS_FOREIGN_H
#define DMA_FENCE_TESTS_FOREIGN_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#define FOREIGN_SIZE (1 << 20)

/* In memory that the server shares. */
struct foreign_control {
	atomic_bool hang;	/* what was read is never answered any more */
	atomic_bool hang_flush; /* for the daemon's close() too */
	atomic_uint unanswered; /* how many hang */
	atomic_uint unanswered_flushes;
};

struct foreign {
	pid_t server;
	char path[PATH_MAX];
	struct foreign_control *control;
};

/* Mounts it on a new file of this name in $TMPDIR. Skips the test where nothing can be mounted. */
void foreign_start(struct foreign *foreign, const char *name);
/* Opens it; its size is known to the kernel from then on. */
int foreign_open(const struct foreign *foreign);
/* Blocked callers get an error. */
void foreign_stop(struct foreign *foreign);

#endif /* DMA_FENCE_TESTS_FOREIGN_H */
