/* SPDX-License-Identifier: MIT */
/* The reports on a run when it is over. */
#ifndef IMPLICIT_SYNC_REPORT_H
#define IMPLICIT_SYNC_REPORT_H

#include <stdio.h>

#include "run.h"

/* The table. Returns 0, or -ENOMEM. */
int report_table(FILE *file, const struct run *run);
/* Trace events (JSON), to be opened in ui.perfetto.dev or chrome://tracing. */
void report_trace(FILE *file, const struct run *run);
/* A part of the run as a timeline (SVG). */
void report_svg(FILE *file, const struct run *run);

#endif /* IMPLICIT_SYNC_REPORT_H */
