/* SPDX-License-Identifier: MIT */
/*
 * The files that a run is reported to, beside standard output. They are opened before the run: a
 * path that cannot be written is not to be found out after it.
 */
#ifndef EXAMPLES_OUTPUTS_H
#define EXAMPLES_OUTPUTS_H

#include <stdio.h>

#include "arguments.h"

struct outputs {
	const struct common_options *options;
	FILE *trace, *svg; /* NULL: not asked for */
};

/* Returns an exit status. Opened or not, outputs_close() closes them. */
int outputs_open(struct outputs *outputs, const struct common_options *options);
/* Returns an exit status: was all of it written, and the table on standard output? */
int outputs_flush(const struct outputs *outputs);
void outputs_close(struct outputs *outputs);

#endif /* EXAMPLES_OUTPUTS_H */
