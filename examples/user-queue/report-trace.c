/* SPDX-License-Identifier: MIT */
/*
 * The run as trace events. Each mode has a process for the frames that the camera has promised, one
 * for the binds, the submitter and the engine, and an arrow from every fence to the job that was
 * drawn after it.
 */
#include "chart.h"
#include "report.h"
#include "trace.h"

enum process { PROCESS_FRAMES = 1, PROCESS_BINDS, PROCESS_SUBMITTER, PROCESS_ENGINE, PROCESSES };

static struct trace_track track_of(enum queue_mode mode, enum process process)
{
	return (struct trace_track){ mode * PROCESSES + process, 1 };
}

static void put_names(struct trace *trace, const struct options *options, enum queue_mode mode)
{
	static const char *const names[PROCESSES] = {
		[PROCESS_FRAMES] = "frames",
		[PROCESS_BINDS] = "binds",
		[PROCESS_SUBMITTER] = "submitter",
		[PROCESS_ENGINE] = "engine",
	};
	char name[64];

	for (int process = PROCESS_FRAMES; process < PROCESSES; process++) {
		if (process == PROCESS_BINDS && !options->bind_every)
			continue;
		snprintf(name, sizeof(name), "%s: %s", run_mode_name(mode), names[process]);
		trace_name_process(trace, track_of(mode, process).process, name);
	}
}

/* Pending frames, or pending binds: those that overlap in time are on different tracks. */
static void put_pending(struct trace *trace, const struct run *run, enum queue_mode mode,
			enum process process)
{
	bool binds = process == PROCESS_BINDS;
	struct chart_rows rows = { 0 };

	for (uint32_t job = 0; job < run->modes[mode].jobs; job++) {
		const struct job_record *record = &run->modes[mode].records[job];
		int64_t start_ns = binds ? record->bind_asked_ns : record->asked_ns;
		int64_t signaled_ns = binds ? record->bound_ns : record->frame_ns;
		int64_t end_ns = signaled_ns == NOT_YET ? record->done_ns : signaled_ns;
		struct trace_track track = track_of(mode, process);

		if (!start_ns)
			continue;
		/* A frame may be there before the camera's answer is. */
		if (start_ns > end_ns)
			start_ns = end_ns;
		track.thread += chart_row(&rows, start_ns, end_ns);
		trace_slice(trace, track, binds ? "bind for" : "frame for", job, start_ns, end_ns);
		if (run->options.waits)
			trace_arrow(trace, track, start_ns, end_ns, track_of(mode, PROCESS_ENGINE),
				    record->draw_ns);
	}
}

static void put_job(struct trace *trace, const struct run *run, enum queue_mode mode, uint32_t job)
{
	struct trace_track submitter = track_of(mode, PROCESS_SUBMITTER);
	struct trace_track engine = track_of(mode, PROCESS_ENGINE);
	const struct job_record *record = &run->modes[mode].records[job];

	trace_slice(trace, submitter, "prepare", job, record->prepare_ns, record->submit_ns);
	trace_slice(trace, submitter,
		    run->options.waits && mode == MODE_WAIT_FIRST ? "wait, hand in" : "hand in",
		    job, record->submit_ns, record->submitted_ns);
	trace_instant(trace, submitter, "doorbell", record->rung_ns);
	if (run->options.waits)
		trace_slice(trace, engine, "wait", job, record->wait_ns, record->draw_ns);
	trace_slice(trace, engine, run_too_early(&run->modes[mode], job) ? "TOO EARLY" : "draw",
		    job, record->draw_ns, record->done_ns);
}

void report_trace(FILE *file, const struct run *run)
{
	int64_t origin_ns = 0;
	struct trace trace;

	for (int mode = MODES - 1; mode >= 0; mode--) {
		if (run->modes[mode].jobs)
			origin_ns = run->modes[mode].start_ns;
	}
	trace_begin(&trace, file, "job", origin_ns);
	for (int mode = 0; mode < MODES; mode++) {
		if (!run->modes[mode].jobs)
			continue;
		put_names(&trace, &run->options, mode);
		put_pending(&trace, run, mode, PROCESS_FRAMES);
		put_pending(&trace, run, mode, PROCESS_BINDS);
		for (uint32_t job = 0; job < run->modes[mode].jobs; job++)
			put_job(&trace, run, mode, job);
	}
	trace_end(&trace);
}
