/* SPDX-License-Identifier: MIT */
/* The table at the end of a run: what either mode cost the submitter and the engine. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "report.h"
#include "table.h"

#define NAME_WIDTH  20
#define VALUE_WIDTH 12
#define UNIT_WIDTH  3

/* A mode in numbers; times in nanoseconds. */
struct summary {
	bool ran;
	uint32_t jobs, too_early;
	int64_t duration, blocked, blocked_most;
	int64_t drawing, waiting; /* of the engine */
	int64_t start_median;	  /* from when a job could be drawn until it was */
	uint32_t waits, requests;
};

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* When it had all that it depends on, and the engine was free. */
static int64_t ready_ns(const struct mode_record *mode, uint32_t job)
{
	const struct job_record *record = &mode->records[job];

	return later(later(record->frame_ns, record->bound_ns),
		     job ? mode->records[job - 1].done_ns : 0);
}

static void add_job(struct summary *summary, const struct mode_record *mode, uint32_t job)
{
	const struct job_record *record = &mode->records[job];
	int64_t blocked = record->submitted_ns - record->submit_ns;

	summary->too_early += run_too_early(mode, job);
	summary->blocked += blocked;
	summary->blocked_most = later(summary->blocked_most, blocked);
	summary->drawing += record->done_ns - record->draw_ns;
	summary->waiting += record->draw_ns - record->wait_ns;
}

static int summarize(struct summary *summary, const struct mode_record *mode)
{
	struct table_values starts = { 0 };

	*summary = (struct summary){
		.ran = mode->jobs,
		.jobs = mode->jobs,
		.duration = mode->end_ns - mode->start_ns,
		.waits = mode->waits,
		.requests = mode->requests,
	};
	starts.ns = calloc(mode->jobs + 1, sizeof(*starts.ns));
	if (!starts.ns)
		return -ENOMEM;
	for (uint32_t job = 0; job < mode->jobs; job++) {
		add_job(summary, mode, job);
		if (!run_too_early(mode, job))
			starts.ns[starts.count++] =
				mode->records[job].draw_ns - ready_ns(mode, job);
	}
	summary->start_median = starts.count ? table_percentile(&starts, 50) : 0;
	free(starts.ns);
	return 0;
}

/* One line: a number of each mode that ran. */
static void print_line(FILE *file, const struct summary summaries[MODES], const char *name,
		       double (*value)(const struct summary *), int digits, const char *unit,
		       const char *explanation)
{
	fprintf(file, "  %-*s", NAME_WIDTH, name);
	for (int mode = 0; mode < MODES; mode++) {
		if (summaries[mode].ran)
			fprintf(file, "%*.*f%-*s", VALUE_WIDTH, digits, value(&summaries[mode]),
				UNIT_WIDTH, unit);
	}
	fprintf(file, "   %s\n", explanation);
}

static double jobs_of(const struct summary *summary)
{
	return summary->jobs;
}

static double too_early_of(const struct summary *summary)
{
	return summary->too_early;
}

static double rate_of(const struct summary *summary)
{
	return summary->jobs * (double)NS_PER_SECOND / summary->duration;
}

static double waits_of(const struct summary *summary)
{
	return summary->waits;
}

static double blocked_of(const struct summary *summary)
{
	return summary->blocked / NS_PER_MS;
}

static double blocked_most_of(const struct summary *summary)
{
	return summary->blocked_most / NS_PER_MS;
}

static double requests_of(const struct summary *summary)
{
	return (double)summary->requests / summary->jobs;
}

static double drawing_of(const struct summary *summary)
{
	return 100.0 * summary->drawing / summary->duration;
}

static double waiting_of(const struct summary *summary)
{
	return 100.0 * summary->waiting / summary->duration;
}

static double idle_of(const struct summary *summary)
{
	return 100.0 - drawing_of(summary) - waiting_of(summary);
}

static double start_of(const struct summary *summary)
{
	return summary->start_median / NS_PER_MS;
}

static void print_duration(FILE *file, const struct duration *duration)
{
	fprintf(file, "%.1f", duration->mean_ns / NS_PER_MS);
	if (duration->jitter_ns)
		fprintf(file, " +- %.1f", duration->jitter_ns / NS_PER_MS);
	fputs(" ms", file);
}

static void print_setting(FILE *file, const struct options *options)
{
	fprintf(file, "%" PRIu32 " jobs, up to %" PRIu32 " in flight, drawn in ", options->jobs,
		options->depth);
	print_duration(file, &options->draw);
	fputs("; the camera's frame takes ", file);
	print_duration(file, &options->late);
	if (options->bind_every) {
		fprintf(file, ";\na bind for every %" PRIu32 " takes ", options->bind_every);
		print_duration(file, &options->bind);
	}
	fprintf(file, "%s\n\n", options->waits ? "" : "; no process waits");
}

int report_table(FILE *file, const struct run *run)
{
	struct summary summaries[MODES];

	for (int mode = 0; mode < MODES; mode++) {
		if (summarize(&summaries[mode], &run->modes[mode]))
			return -ENOMEM;
	}
	print_setting(file, &run->options);
	fprintf(file, "  %-*s", NAME_WIDTH, "");
	for (int mode = 0; mode < MODES; mode++) {
		if (summaries[mode].ran)
			fprintf(file, "%*s", VALUE_WIDTH + UNIT_WIDTH, run_mode_name(mode));
	}
	fputc('\n', file);
	print_line(file, summaries, "jobs", jobs_of, 0, "", "drawn");
	print_line(file, summaries, "too early", too_early_of, 0, "",
		   "of them: before what they depend on, or out of order");
	print_line(file, summaries, "jobs a second", rate_of, 0, "", "that the engine got through");
	fputs("\n  submitter\n", file);
	print_line(file, summaries, "  waits for a fence", waits_of, 0, "",
		   "before it could hand in a job");
	print_line(file, summaries, "  blocked, in total", blocked_of, 1, " ms",
		   "from handing in a job until it could continue");
	print_line(file, summaries, "  blocked, at most", blocked_most_of, 1, " ms", "for one job");
	print_line(file, summaries, "  requests a job", requests_of, 2, "",
		   "to the device, to hand it in");
	fputs("\n  engine\n", file);
	print_line(file, summaries, "  draws", drawing_of, 0, " %", "of the time");
	print_line(file, summaries, "  waits on memory", waiting_of, 0, " %",
		   "for a frame or a bind, with a job in the ring");
	print_line(file, summaries, "  has no job", idle_of, 0, " %", "idle: the ring is empty");
	print_line(file, summaries, "  begins late by", start_of, 3, " ms",
		   "median: since all was there and the engine free");
	return 0;
}
