/* SPDX-License-Identifier: MIT */
/*
 * The run as trace events, the JSON that Perfetto and chrome://tracing open: the renderer and the
 * display as two processes, each buffer of the display as a track of its own, and an arrow from
 * every signal to its flip.
 */
#include <inttypes.h>

#include "report.h"

/* Process ids of the trace, not of the system. */
enum { TRACE_RENDERER = 1, TRACE_DISPLAY = 2 };

/* Threads of TRACE_DISPLAY; its buffers follow TRACK_BUFFERS. */
enum { TRACK_SCREEN = 1, TRACK_VBLANK = 2, TRACK_BUFFERS = 3 };

/* An arrow belongs to the slice that it begins in: so long before its end. */
#define ARROW_NS 1000

struct trace {
	FILE *file;
	int64_t origin_ns; /* becomes 0 */
	bool comma;
};

static void begin_event(struct trace *trace)
{
	fputs(trace->comma ? ",\n" : "\n", trace->file);
	trace->comma = true;
}

static double trace_time(const struct trace *trace, int64_t time_ns)
{
	return (time_ns - trace->origin_ns) / NS_PER_US;
}

static void put_name(struct trace *trace, int process, int thread, const char *name)
{
	begin_event(trace);
	fprintf(trace->file,
		"{\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"%s\",\"args\":{\"name\":\"%s\"}}",
		process, thread, thread ? "thread_name" : "process_name", name);
}

static void put_slice(struct trace *trace, int process, int thread, const char *name,
		      uint32_t frame, int64_t start_ns, int64_t end_ns)
{
	begin_event(trace);
	fprintf(trace->file,
		"{\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"cat\":\"frame\","
		"\"name\":\"%s %" PRIu32 "\",\"args\":{\"frame\":%" PRIu32 "}}",
		process, thread, trace_time(trace, start_ns), (end_ns - start_ns) / NS_PER_US, name,
		frame, frame);
}

static void put_instant(struct trace *trace, int thread, const char *name, int64_t time_ns)
{
	begin_event(trace);
	fprintf(trace->file,
		"{\"ph\":\"i\",\"s\":\"t\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,\"cat\":\"vblank\","
		"\"name\":\"%s\"}",
		TRACE_DISPLAY, thread, trace_time(trace, time_ns), name);
}

/* An arrow from a slice that ends to one that starts: phase s and f. */
static void put_arrow(struct trace *trace, const char *phase, int process, int thread,
		      uint32_t frame, int64_t time_ns)
{
	begin_event(trace);
	fprintf(trace->file,
		"{\"ph\":\"%s\",\"bp\":\"e\",\"id\":%" PRIu32 ",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,"
		"\"cat\":\"fence\",\"name\":\"fence\"}",
		phase, frame, process, thread, trace_time(trace, time_ns));
}

/*
 * end_ns: of the run, for the frame that stayed on screen. Without fences a flip waits for nothing
 * but its turn: no slices for that.
 */
static void put_frame(struct trace *trace, uint32_t frame, const struct frame_record *record,
		      bool fences, int64_t end_ns)
{
	int64_t leave_ns = record->leave_ns ? record->leave_ns : end_ns;
	int track = TRACK_BUFFERS + record->buffer;

	if (record->render_ns && record->wait_ns)
		put_slice(trace, TRACE_RENDERER, 1, "wait for a buffer", frame, record->wait_ns,
			  record->render_ns);
	if (record->render_ns && record->signal_ns)
		put_slice(trace, TRACE_RENDERER, 1, "render", frame, record->render_ns,
			  record->signal_ns);
	if (fences && record->ready_ns)
		put_slice(trace, TRACE_DISPLAY, track, "flip queued, fence pending", frame,
			  record->queued_ns, record->ready_ns);
	if (!record->flip_ns)
		return;
	if (fences)
		put_slice(trace, TRACE_DISPLAY, track, "ready, waiting for vblank", frame,
			  record->ready_ns, record->flip_ns);
	put_slice(trace, TRACE_DISPLAY, track, "on screen", frame, record->flip_ns, leave_ns);
	put_slice(trace, TRACE_DISPLAY, TRACK_SCREEN, record->torn ? "TORN frame" : "frame", frame,
		  record->flip_ns, leave_ns);
	if (fences) {
		put_arrow(trace, "s", TRACE_RENDERER, 1, frame, record->signal_ns - ARROW_NS);
		put_arrow(trace, "f", TRACE_DISPLAY, TRACK_SCREEN, frame, record->flip_ns);
	}
}

void report_trace(FILE *file, const struct screen *screen)
{
	static const char *const outcomes[] = {
		[VBLANK_IDLE] = "vblank",
		[VBLANK_FLIPPED] = "vblank: flip",
		[VBLANK_REPEATED] = "vblank: missed",
		[VBLANK_OVERSLEPT] = "vblank: overslept",
	};
	const struct options *options = &screen->run->options;
	const struct frame_record *frames = screen->run->frames;
	struct trace trace = { .file = file };
	int64_t end_ns = 0;
	char name[32];

	if (screen->vblank_count) {
		trace.origin_ns = screen->vblanks[0].time_ns;
		end_ns = screen->vblanks[screen->vblank_count - 1].time_ns + options->period_ns;
	}
	if (frames[0].wait_ns && frames[0].wait_ns < trace.origin_ns)
		trace.origin_ns = frames[0].wait_ns;
	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[", file);
	put_name(&trace, TRACE_RENDERER, 0, "renderer");
	put_name(&trace, TRACE_RENDERER, 1, "renderer");
	put_name(&trace, TRACE_DISPLAY, 0, "display");
	put_name(&trace, TRACE_DISPLAY, TRACK_SCREEN, "screen");
	put_name(&trace, TRACE_DISPLAY, TRACK_VBLANK, "vblank");
	for (uint32_t buffer = 0; buffer < options->buffers; buffer++) {
		snprintf(name, sizeof(name), "buffer %" PRIu32, buffer);
		put_name(&trace, TRACE_DISPLAY, TRACK_BUFFERS + buffer, name);
	}
	for (uint32_t frame = 0; frame < options->frames; frame++)
		put_frame(&trace, frame, &frames[frame], options->fences, end_ns);
	for (size_t index = 0; index < screen->vblank_count; index++) {
		const struct vblank *vblank = &screen->vblanks[index];

		put_instant(&trace, TRACK_VBLANK, outcomes[vblank->outcome], vblank->time_ns);
	}
	fputs("\n]}\n", file);
}
