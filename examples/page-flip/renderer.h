/* SPDX-License-Identifier: MIT */
/* The renderer: an application and its GPU in one process. */
#ifndef PAGE_FLIP_RENDERER_H
#define PAGE_FLIP_RENDERER_H

#include "run.h"

/* Renders all frames; socket leads to the display. Returns an exit status. */
int renderer_run(struct run *run, int socket);

#endif /* PAGE_FLIP_RENDERER_H */
