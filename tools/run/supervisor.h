/* SPDX-License-Identifier: MIT */
/*
 * supervisor.h - the process that completes what a program's threads are stopped at.
 *
 * It is no relative of the program: that one runs in the process that dma-fence-run was started as,
 * so that its parent, its terminal and its exit status are what they would be without. The
 * supervisor ends when the last process with the filter has.
 */
#ifndef DMA_FENCE_RUN_SUPERVISOR_H
#define DMA_FENCE_RUN_SUPERVISOR_H

#include <sys/types.h>

#include "node.h"

/* What it begins and ends with, in the supervisor itself. */
struct supervisor_duties {
	/* Opens the node. Exits, having said why, where there is none. */
	void (*begin)(void *argument, struct node *node);
	void (*end)(void *argument);
	void *argument;
};

struct supervisor {
	int channel; /* to it, by which it is given the listener */
	pid_t pid;
};

/*
 * Starts one, and waits until it has begun. Closing the channel, or ending, ends it too. 0, or a
 * negative errno; -EPIPE: it has said why not.
 */
int supervisor_start(struct supervisor *supervisor, const struct supervisor_duties *duties);
/*
 * Hands the listener over, and waits until the supervisor watches it. The listener and the channel
 * are closed.
 */
int supervisor_watch(struct supervisor *supervisor, int listener);

#endif /* DMA_FENCE_RUN_SUPERVISOR_H */
