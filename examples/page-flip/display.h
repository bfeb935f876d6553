/* SPDX-License-Identifier: MIT */
/* The display: one io_uring around a screen. */
#ifndef PAGE_FLIP_DISPLAY_H
#define PAGE_FLIP_DISPLAY_H

#include <stdbool.h>
#include <sys/types.h>

#include "screen.h"

struct display_result {
	int status;		/* STATUS_*; torn frames are not its business: CLEAN or FAILED */
	bool ended;		/* the renderer has sent its last flip */
	bool interrupted;	/* SIGINT or SIGTERM */
	bool renderer_gone;	/* it hung up before its last flip: its parent finds out why */
};

/*
 * Shows what comes in over socket, until the last frame or a signal; SIGINT and SIGTERM must be
 * blocked. screen must be initialised and keeps the outcome. renderer is ended where the watchdog
 * ends this process.
 */
void display_run(struct run *run, struct screen *screen, int socket, pid_t renderer,
		 struct display_result *result);

#endif /* PAGE_FLIP_DISPLAY_H */
