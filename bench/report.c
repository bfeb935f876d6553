/* SPDX-License-Identifier: MIT */
/*
 * report.c - writes results down. Nothing is measured or decided here but how they look.
 */
#include <string.h>
#include <sys/utsname.h>

#include "report.h"

static const char *const placement_names[PLACE_COUNT] = {"together", "apart", "free"};

static const char *const placement_descriptions[PLACE_COUNT] = {
	"servers and clients pinned to one CPU",
	"clients pinned to one CPU, servers to another",
	"not pinned (who happens to share a CPU decides, so the ratios say little)",
};

static double us(uint64_t ns)
{
	return ns / 1000.0;
}

bool result_exceeds(const struct pass *pass, const struct result *result)
{
	return pass->placement == PLACE_TOGETHER && result->limit > 0 && result->error == 0 &&
	       result->measurement.batch_ratio > result->limit;
}

void report_head(FILE *stream, const struct report *report, const struct pass *pass)
{
	fprintf(stream, "%s, %s: %s\n", report->device, report->transport,
		placement_descriptions[pass->placement]);
	fprintf(stream, "%-20s %5s %8s %8s %8s %8s %7s %7s  %s\n", "", "", "floor us", "",
		"device us", "", "ratio", "", "of batches");
	fprintf(stream, "%-20s %5s %8s %8s %8s %8s %7s %7s  %s\n", "", "bytes", "median", "p99",
		"median", "p99", "median", "p99", "median (quartiles)");
	fflush(stream);
}

void report_result(FILE *stream, const struct pass *pass, const struct result *result)
{
	const struct measurement *m = &result->measurement;
	const struct latency *floor = &m->latency[SIDE_FLOOR], *device = &m->latency[SIDE_DEVICE];

	fprintf(stream, "%-20s ", result->name);
	if (result->bytes)
		fprintf(stream, "%5u ", result->bytes);
	else
		fprintf(stream, "%5s ", "");
	if (result->error) {
		fprintf(stream, "not measured: %s\n", strerror(-result->error));
	} else {
		fprintf(stream, "%8.2f %8.2f %8.2f %8.2f %7.3f %7.3f  %.3f (%.3f-%.3f)",
			us(floor->median_ns), us(floor->p99_ns), us(device->median_ns),
			us(device->p99_ns), m->ratio_median, m->ratio_p99, m->batch_ratio,
			m->batch_ratio_low, m->batch_ratio_high);
		if (result_exceeds(pass, result))
			fprintf(stream, "  above %.2f", result->limit);
		fputc('\n', stream);
	}
	fflush(stream);
}

static void json_latency(FILE *stream, const char *name, const struct latency *latency)
{
	fprintf(stream, "\"%s\": {\"median_ns\": %llu, \"p99_ns\": %llu}, ", name,
		(unsigned long long)latency->median_ns, (unsigned long long)latency->p99_ns);
}

static void json_result(FILE *stream, const struct pass *pass, const struct result *result)
{
	const struct measurement *m = &result->measurement;

	fprintf(stream, "        {\"name\": \"%s\", ", result->name);
	if (result->bytes)
		fprintf(stream, "\"bytes\": %u, ", result->bytes);
	if (result->error) {
		fprintf(stream, "\"error\": \"%s\"}", strerror(-result->error));
		return;
	}
	fprintf(stream, "\"samples\": %u, ", m->samples);
	json_latency(stream, "floor", &m->latency[SIDE_FLOOR]);
	json_latency(stream, "device", &m->latency[SIDE_DEVICE]);
	fprintf(stream, "\"ratio\": {\"median\": %.4f, \"p99\": %.4f}, ", m->ratio_median,
		m->ratio_p99);
	fprintf(stream, "\"batch_ratio\": {\"median\": %.4f, \"p25\": %.4f, \"p75\": %.4f}",
		m->batch_ratio, m->batch_ratio_low, m->batch_ratio_high);
	if (pass->placement == PLACE_TOGETHER && result->limit > 0)
		fprintf(stream, ", \"limit\": %.2f, \"within_limit\": %s", result->limit,
			result_exceeds(pass, result) ? "false" : "true");
	fprintf(stream, "}");
}

static void json_pass(FILE *stream, const struct pass *pass)
{
	unsigned int i;

	fprintf(stream, "    {\n      \"placement\": \"%s\",\n      \"results\": [\n",
		placement_names[pass->placement]);
	for (i = 0; i < pass->count; i++) {
		json_result(stream, pass, &pass->results[i]);
		fprintf(stream, "%s\n", i + 1 < pass->count ? "," : "");
	}
	fprintf(stream, "      ]\n    }");
}

void report_json(FILE *stream, const struct report *report)
{
	struct utsname system;
	unsigned int i;

	uname(&system);
	fprintf(stream,
		"{\n  \"device\": \"%s\",\n  \"transport\": \"%s\",\n  \"kernel\": \"%s\",\n"
		"  \"machine\": \"%s\",\n  \"passes\": [\n",
		report->device, report->transport, system.release, system.machine);
	for (i = 0; i < report->pass_count; i++) {
		json_pass(stream, &report->pass[i]);
		fprintf(stream, "%s\n", i + 1 < report->pass_count ? "," : "");
	}
	fprintf(stream, "  ]\n}\n");
}
