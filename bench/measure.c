/* SPDX-License-Identifier: MIT */
/*
 * measure.c - takes samples of floor and device in turns and computes medians, percentiles and
 * ratios. What a sample is, is not known here.
 */
#include <errno.h>
#include <stdlib.h>

#include "measure.h"

static int compare_latencies(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int compare_ratios(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The nearest rank: the least value that `percent` of all values do not exceed. */
static unsigned int rank(unsigned int count, unsigned int percent)
{
	return ((uint64_t)count * percent + 99) / 100 - 1;
}

/* Sorts the values. */
static struct latency summarize(uint64_t *latency_ns, unsigned int count)
{
	qsort(latency_ns, count, sizeof(*latency_ns), compare_latencies);
	return (struct latency){
		.median_ns = latency_ns[rank(count, 50)],
		.p99_ns = latency_ns[rank(count, 99)],
	};
}

static double ratio(uint64_t device_ns, uint64_t floor_ns)
{
	return (double)device_ns / (double)(floor_ns ? floor_ns : 1);
}

static int take_batches(uint64_t *latency_ns[SIDE_COUNT], unsigned int batches,
			unsigned int batch_samples, measure_batch run, void *context)
{
	unsigned int batch, turn;

	for (batch = 0; batch < batches; batch++) {
		for (turn = 0; turn < SIDE_COUNT; turn++) {
			/* Each side is as often the first of the two as the second. */
			enum side side = (batch + turn) % SIDE_COUNT;
			int ret = run(context, side, latency_ns[side] + batch * batch_samples);

			if (ret < 0)
				return ret;
			if (interrupted())
				return -EINTR;
		}
	}
	return 0;
}

static void compute(struct measurement *measurement, uint64_t *latency_ns[SIDE_COUNT],
		    double *ratios, unsigned int batches, unsigned int batch_samples)
{
	struct latency *latency = measurement->latency;
	unsigned int batch, side;

	/* The batches first: to sort all samples mixes them. */
	for (batch = 0; batch < batches; batch++) {
		struct latency of_batch[SIDE_COUNT];

		for (side = 0; side < SIDE_COUNT; side++)
			of_batch[side] =
				summarize(latency_ns[side] + batch * batch_samples, batch_samples);
		ratios[batch] =
			ratio(of_batch[SIDE_DEVICE].median_ns, of_batch[SIDE_FLOOR].median_ns);
	}
	qsort(ratios, batches, sizeof(*ratios), compare_ratios);
	measurement->batch_ratio = ratios[rank(batches, 50)];
	measurement->batch_ratio_low = ratios[rank(batches, 25)];
	measurement->batch_ratio_high = ratios[rank(batches, 75)];

	measurement->samples = batches * batch_samples;
	for (side = 0; side < SIDE_COUNT; side++)
		latency[side] = summarize(latency_ns[side], measurement->samples);
	measurement->ratio_median =
		ratio(latency[SIDE_DEVICE].median_ns, latency[SIDE_FLOOR].median_ns);
	measurement->ratio_p99 = ratio(latency[SIDE_DEVICE].p99_ns, latency[SIDE_FLOOR].p99_ns);
}

int measure(struct measurement *measurement, unsigned int samples, unsigned int batch_samples,
	    measure_batch run, void *context)
{
	unsigned int batches = (samples + batch_samples - 1) / batch_samples;
	uint64_t *latency_ns[SIDE_COUNT];
	double *ratios = calloc(batches, sizeof(*ratios));
	int ret = -ENOMEM;

	latency_ns[SIDE_FLOOR] = calloc(batches * batch_samples, sizeof(*latency_ns[0]));
	latency_ns[SIDE_DEVICE] = calloc(batches * batch_samples, sizeof(*latency_ns[0]));
	if (ratios && latency_ns[SIDE_FLOOR] && latency_ns[SIDE_DEVICE]) {
		/* One batch of each that does not count: nothing has run for a while. */
		ret = take_batches(latency_ns, 1, batch_samples, run, context);
		if (ret == 0)
			ret = take_batches(latency_ns, batches, batch_samples, run, context);
		if (ret == 0)
			compute(measurement, latency_ns, ratios, batches, batch_samples);
	}
	free(latency_ns[SIDE_DEVICE]);
	free(latency_ns[SIDE_FLOOR]);
	free(ratios);
	return ret;
}
