/* SPDX-License-Identifier: MIT */
/* The submitter: it prepares jobs that depend on fences, and hands them to the engine. */
#ifndef USER_QUEUE_SUBMITTER_H
#define USER_QUEUE_SUBMITTER_H

#include <signal.h>

#include "queue.h"
#include "run.h"

/* What is beside it. */
struct peers {
	int camera;	/* a socket */
	pid_t engine;
	/* What it has found: a process has ended, and its parent is to find out why. */
	bool camera_gone, engine_gone;
};

/*
 * Hands in all jobs of a mode, or those until *interrupted, waits until they are complete, and puts
 * OPERATION_END behind them. Returns an exit status: CLEAN, or FAILED.
 */
int submitter_run(struct run *run, enum queue_mode mode, struct queue *queue, struct peers *peers,
		  const volatile sig_atomic_t *interrupted);

#endif /* USER_QUEUE_SUBMITTER_H */
