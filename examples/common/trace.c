/* SPDX-License-Identifier: MIT */
/* Writes trace events, one a line. */
#include <inttypes.h>

#include "program.h"
#include "trace.h"

/* An arrow belongs to the slice that it begins in: so long before its end. */
#define ARROW_NS 1000

static void begin_event(struct trace *trace)
{
	fputs(trace->comma ? ",\n" : "\n", trace->file);
	trace->comma = true;
}

static double position(const struct trace *trace, int64_t time_ns)
{
	return (time_ns - trace->origin_ns) / NS_PER_US;
}

void trace_begin(struct trace *trace, FILE *file, const char *unit, int64_t origin_ns)
{
	*trace = (struct trace){ .file = file, .unit = unit, .origin_ns = origin_ns };
	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[", file);
}

void trace_end(struct trace *trace)
{
	fputs("\n]}\n", trace->file);
}

static void put_name(struct trace *trace, struct trace_track track, const char *kind,
		     const char *name)
{
	begin_event(trace);
	fprintf(trace->file,
		"{\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"%s\",\"args\":{\"name\":\"%s\"}}",
		track.process, track.thread, kind, name);
}

void trace_name_process(struct trace *trace, int process, const char *name)
{
	put_name(trace, (struct trace_track){ process, 0 }, "process_name", name);
}

void trace_name_track(struct trace *trace, struct trace_track track, const char *name)
{
	put_name(trace, track, "thread_name", name);
}

void trace_slice(struct trace *trace, struct trace_track track, const char *name, uint32_t number,
		 int64_t start_ns, int64_t end_ns)
{
	begin_event(trace);
	fprintf(trace->file,
		"{\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"cat\":\"%s\","
		"\"name\":\"%s %" PRIu32 "\",\"args\":{\"%s\":%" PRIu32 "}}",
		track.process, track.thread, position(trace, start_ns),
		(end_ns - start_ns) / NS_PER_US, trace->unit, name, number, trace->unit, number);
}

void trace_instant(struct trace *trace, struct trace_track track, const char *name, int64_t time_ns)
{
	begin_event(trace);
	fprintf(trace->file,
		"{\"ph\":\"i\",\"s\":\"t\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,\"cat\":\"instant\","
		"\"name\":\"%s\"}",
		track.process, track.thread, position(trace, time_ns), name);
}

/* phase is s where it starts, and f where it finishes. */
static void put_arrow_end(struct trace *trace, const char *phase, struct trace_track track,
			  int64_t time_ns)
{
	begin_event(trace);
	fprintf(trace->file,
		"{\"ph\":\"%s\",\"bp\":\"e\",\"id\":%" PRIu32 ",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,"
		"\"cat\":\"fence\",\"name\":\"fence\"}",
		phase, trace->arrows, track.process, track.thread, position(trace, time_ns));
}

void trace_arrow(struct trace *trace, struct trace_track from, int64_t start_ns, int64_t end_ns,
		 struct trace_track to, int64_t time_ns)
{
	put_arrow_end(trace, "s", from,
		      end_ns - start_ns > ARROW_NS ? end_ns - ARROW_NS : start_ns);
	put_arrow_end(trace, "f", to, time_ns);
	trace->arrows++;
}
