/* SPDX-License-Identifier: MIT */
/*
 * The run as trace events: the renderer and the display as two processes, each buffer of the
 * display as a track of its own, and an arrow from every signal to its flip.
 */
#include <inttypes.h>

#include "report.h"
#include "trace.h"

static const struct trace_track renderer = { 1, 1 };
/* Of the display; the tracks of its buffers follow. */
static const struct trace_track screen_track = { 2, 1 }, vblank_track = { 2, 2 };

static struct trace_track buffer_track(uint32_t buffer)
{
	return (struct trace_track){ 2, 3 + (int)buffer };
}

/*
 * end_ns: of the run, for the frame that stayed on screen. Without fences a flip waits for nothing
 * but its turn: no slices for that.
 */
static void put_frame(struct trace *trace, uint32_t frame, const struct frame_record *record,
		      bool fences, int64_t end_ns)
{
	int64_t leave_ns = record->leave_ns ? record->leave_ns : end_ns;
	struct trace_track buffer = buffer_track(record->buffer);

	if (record->render_ns && record->wait_ns)
		trace_slice(trace, renderer, "wait for a buffer", frame, record->wait_ns,
			    record->render_ns);
	if (record->render_ns && record->signal_ns)
		trace_slice(trace, renderer, "render", frame, record->render_ns, record->signal_ns);
	if (fences && record->ready_ns)
		trace_slice(trace, buffer, "flip queued, fence pending", frame, record->queued_ns,
			    record->ready_ns);
	if (!record->flip_ns)
		return;
	if (fences)
		trace_slice(trace, buffer, "ready, waiting for vblank", frame, record->ready_ns,
			    record->flip_ns);
	trace_slice(trace, buffer, "on screen", frame, record->flip_ns, leave_ns);
	trace_slice(trace, screen_track, record->torn ? "TORN frame" : "frame", frame,
		    record->flip_ns, leave_ns);
	if (fences)
		trace_arrow(trace, renderer, record->render_ns, record->signal_ns, screen_track,
			    record->flip_ns);
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
	int64_t origin_ns = 0, end_ns = 0;
	struct trace trace;
	char name[32];

	if (screen->vblank_count) {
		origin_ns = screen->vblanks[0].time_ns;
		end_ns = screen->vblanks[screen->vblank_count - 1].time_ns + options->period_ns;
	}
	if (frames[0].wait_ns && frames[0].wait_ns < origin_ns)
		origin_ns = frames[0].wait_ns;
	trace_begin(&trace, file, "frame", origin_ns);
	trace_name_process(&trace, renderer.process, "renderer");
	trace_name_track(&trace, renderer, "renderer");
	trace_name_process(&trace, screen_track.process, "display");
	trace_name_track(&trace, screen_track, "screen");
	trace_name_track(&trace, vblank_track, "vblank");
	for (uint32_t buffer = 0; buffer < options->buffers; buffer++) {
		snprintf(name, sizeof(name), "buffer %" PRIu32, buffer);
		trace_name_track(&trace, buffer_track(buffer), name);
	}
	for (uint32_t frame = 0; frame < options->frames; frame++)
		put_frame(&trace, frame, &frames[frame], options->fences, end_ns);
	for (size_t index = 0; index < screen->vblank_count; index++) {
		const struct vblank *vblank = &screen->vblanks[index];

		trace_instant(&trace, vblank_track, outcomes[vblank->outcome], vblank->time_ns);
	}
	trace_end(&trace);
}
