/* SPDX-License-Identifier: MIT */
/*
 * report.h - the results, as a table for people and as JSON for programs.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdio.h>

#include "measure.h"
#include "stage.h"

struct result {
	const char *name;
	unsigned int bytes; /* of the struct, both ways; 0: not a request alone */
	double limit;	    /* 0: none */
	int error;	    /* 0, or why there is no measurement: a negative errno */
	struct measurement measurement;
};

/* All that was measured with the same servers. */
struct pass {
	enum placement placement;
	unsigned int count;
	struct result *results;
};

struct report {
	const char *transport;
	const char *device; /* the program that was measured */
	unsigned int pass_count;
	struct pass pass[PLACE_COUNT];
};

/*
 * Limits are for what shares a CPU, and for the ratio of the batches: what disturbs the machine for
 * a while can move the medians of all samples against each other.
 */
bool result_exceeds(const struct pass *pass, const struct result *result);

/* The text is written at once: a head, then row by row. */
void report_head(FILE *stream, const struct report *report, const struct pass *pass);
void report_result(FILE *stream, const struct pass *pass, const struct result *result);

void report_json(FILE *stream, const struct report *report);

#endif /* BENCH_REPORT_H */
