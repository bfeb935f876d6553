/* SPDX-License-Identifier: MIT */
/* Lines of the table that an example prints at the end. */
#ifndef EXAMPLES_TABLE_H
#define EXAMPLES_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct table_values {
	int64_t *ns;
	size_t count;
};

/* The smallest value that at least so many percent of all do not exceed, of at least one; sorts. */
int64_t table_percentile(struct table_values *values, unsigned int percent);

void table_print_count(FILE *file, const char *name, uint32_t count, const char *explanation);
/* The median and the 99th percentile, in ms; sorts the values. Nothing where there are none. */
void table_print_percentiles(FILE *file, const char *name, struct table_values *values,
			     const char *explanation);

#endif /* EXAMPLES_TABLE_H */
