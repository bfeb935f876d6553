/* SPDX-License-Identifier: MIT */
/*
 * The reports on a run when it is over. Each uses the records of the frames and of the vertical
 * blanks.
 */
#ifndef PAGE_FLIP_REPORT_H
#define PAGE_FLIP_REPORT_H

#include <stdio.h>

#include "screen.h"

/* The table. Returns 0, or -ENOMEM. */
int report_table(FILE *file, const struct screen *screen);
/* Trace events (JSON), to be opened in ui.perfetto.dev or chrome://tracing. */
void report_trace(FILE *file, const struct screen *screen);
/* A timeline (SVG) of a part of the run. */
void report_svg(FILE *file, const struct screen *screen);

#endif /* PAGE_FLIP_REPORT_H */
