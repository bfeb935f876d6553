/* SPDX-License-Identifier: MIT */
/*
 * measure.h - floor and device in turns, and what their latencies amount to.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench.h"

struct latency {
	uint64_t median_ns;
	uint64_t p99_ns;
};

struct measurement {
	unsigned int samples; /* of each side */
	struct latency latency[SIDE_COUNT];
	/* Device to floor: of the medians and the 99th percentiles of all samples. */
	double ratio_median;
	double ratio_p99;
	/*
	 * The same of the medians of neighbouring batches: what the machine did meanwhile is in
	 * both, and cancels. The median of these ratios and the quartiles beside it.
	 */
	double batch_ratio;
	double batch_ratio_low;
	double batch_ratio_high;
};

/* Fills latency_ns with the samples of one batch. */
typedef int (*measure_batch)(void *context, enum side side, uint64_t *latency_ns);

/* Takes batches of each side in turns until there are at least `samples` samples of both. */
int measure(struct measurement *measurement, unsigned int samples, unsigned int batch_samples,
	    measure_batch run, void *context);

#endif /* BENCH_MEASURE_H */
