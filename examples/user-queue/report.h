/* SPDX-License-Identifier: MIT */
/* The reports on a run when it is over. */
#ifndef USER_QUEUE_REPORT_H
#define USER_QUEUE_REPORT_H

#include <stdio.h>

#include "run.h"

/* The table. Returns 0, or -ENOMEM. */
int report_table(FILE *file, const struct run *run);
/* Trace events (JSON), to be opened in ui.perfetto.dev or chrome://tracing. */
void report_trace(FILE *file, const struct run *run);
/* The beginning of each mode as a timeline (SVG), one below the other. */
void report_svg(FILE *file, const struct run *run);

#endif /* USER_QUEUE_REPORT_H */
