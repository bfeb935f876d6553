/* SPDX-License-Identifier: MIT */
/* The table at the end of a run: what each process found, and how long it waited for the others. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "report.h"
#include "table.h"

#define NAME_WIDTH  18
#define VALUE_WIDTH 11

struct summary {
	uint32_t turns, kinds[FRAME_KINDS], torn, overlapped;
	int64_t wait_median, wait_most;
};

static int summarize(struct summary *summary, const struct run *run, enum role role)
{
	struct table_values waits = { 0 };

	*summary = (struct summary){ .turns = atomic_load(&run->shared->turns[role]) };
	waits.ns = calloc(summary->turns + 1, sizeof(*waits.ns));
	if (!waits.ns)
		return -ENOMEM;
	for (uint32_t index = 0; index < summary->turns; index++) {
		const struct turn *turn = &run->turns[role][index];

		summary->kinds[turn->kind]++;
		summary->torn += turn->torn;
		summary->overlapped += turn->overlapped;
		waits.ns[waits.count++] = turn->work_ns - turn->wait_ns;
	}
	if (waits.count) {
		summary->wait_median = table_percentile(&waits, 50);
		summary->wait_most = table_percentile(&waits, 99);
	}
	free(waits.ns);
	return 0;
}

static void begin_line(FILE *file, const char *name)
{
	fprintf(file, "  %-*s", NAME_WIDTH, name);
}

static void put_count(FILE *file, uint32_t count)
{
	fprintf(file, "%*" PRIu32, VALUE_WIDTH, count);
}

static void put_nothing(FILE *file)
{
	fprintf(file, "%*s", VALUE_WIDTH, "-");
}

/* The producer finds nothing: it only writes. */
static void print_found(FILE *file, const struct summary summaries[ROLES], const char *name,
			enum frame_kind kind, const char *explanation)
{
	begin_line(file, name);
	put_nothing(file);
	put_count(file, summaries[ROLE_PROCESSOR].kinds[kind]);
	put_count(file, summaries[ROLE_CONSUMER].kinds[kind]);
	fprintf(file, "   %s\n", explanation);
}

static void print_counts(FILE *file, const struct summary summaries[ROLES])
{
	begin_line(file, "turns");
	for (int role = 0; role < ROLES; role++)
		put_count(file, summaries[role].turns);
	fputs("   that it had with a buffer of each kind that it uses\n", file);
	print_found(file, summaries, "new frames", FRAME_NEW, "read");
	print_found(file, summaries, "the same again", FRAME_AGAIN,
		    "it was faster than the writer of the buffer");
	print_found(file, summaries, "empty", FRAME_NONE, "it was there before the first frame");
	begin_line(file, "torn");
	put_nothing(file);
	put_count(file, summaries[ROLE_PROCESSOR].torn);
	put_count(file, summaries[ROLE_CONSUMER].torn);
	fputs("   parts of several frames in what it read\n", file);
	begin_line(file, "overlaps");
	for (int role = 0; role < ROLES; role++)
		put_count(file, summaries[role].overlapped);
	fputs("   another process was at the buffer, and one of them wrote\n", file);
}

static void print_waits(FILE *file, const struct summary summaries[ROLES])
{
	fputc('\n', file);
	begin_line(file, "waits, p50, in ms");
	for (int role = 0; role < ROLES; role++)
		fprintf(file, "%*.3f", VALUE_WIDTH, summaries[role].wait_median / NS_PER_MS);
	fputs("   for its buffers, lock and all\n", file);
	begin_line(file, "       p99");
	for (int role = 0; role < ROLES; role++)
		fprintf(file, "%*.3f", VALUE_WIDTH, summaries[role].wait_most / NS_PER_MS);
	fputc('\n', file);
}

int report_table(FILE *file, const struct run *run)
{
	const struct options *options = &run->options;
	struct summary summaries[ROLES];

	for (int role = 0; role < ROLES; role++) {
		if (summarize(&summaries[role], run, role))
			return -ENOMEM;
	}
	fprintf(file,
		"%" PRIu32 " frames of %" PRIu32 "x%" PRIu32 ", %" PRIu32 " buffer%s of each kind",
		options->frames, options->size.width, options->size.height, options->buffers,
		options->buffers == 1 ? "" : "s");
	for (int role = 0; role < ROLES; role++)
		fprintf(file, ", %s %.1f +- %.1f ms", role_name(role),
			options->work[role].mean_ns / NS_PER_MS,
			options->work[role].jitter_ns / NS_PER_MS);
	fprintf(file, "%s\n\n", options->fences ? "" : ", without fences");
	begin_line(file, "");
	for (int role = 0; role < ROLES; role++)
		fprintf(file, "%*s", VALUE_WIDTH, role_name(role));
	fputc('\n', file);
	print_counts(file, summaries);
	if (options->fences)
		print_waits(file, summaries);
	return 0;
}
