/* SPDX-License-Identifier: MIT */
/* Counts and percentiles, in columns. */
#include <inttypes.h>
#include <stdlib.h>

#include "program.h"
#include "table.h"

static int compare(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

int64_t table_percentile(struct table_values *values, unsigned int percent)
{
	size_t rank = (values->count * percent + 99) / 100;

	qsort(values->ns, values->count, sizeof(*values->ns), compare);
	return values->ns[rank ? rank - 1 : 0];
}

void table_print_percentiles(FILE *file, const char *name, struct table_values *values,
			     const char *explanation)
{
	if (!values->count)
		return;
	fprintf(file, "  %-16s %9.3f ms %9.3f ms   %s\n", name,
		table_percentile(values, 50) / NS_PER_MS, table_percentile(values, 99) / NS_PER_MS,
		explanation);
}

void table_print_count(FILE *file, const char *name, uint32_t count, const char *explanation)
{
	fprintf(file, "  %-16s %9" PRIu32 "   %s\n", name, count, explanation);
}
