/* SPDX-License-Identifier: MIT */
/*
 * The beginning of each mode as a timeline: the frames that are on their way, the binds, what the
 * submitter does, and what the engine does, one lane each; a colour for each job. Both have the
 * same scale.
 */
#include <inttypes.h>

#include "chart.h"
#include "report.h"

/* What is drawn of a mode: so many frames, had they come one after the other. */
#define WINDOW_FRAMES	8
#define WINDOW_LEAST_NS (20 * NS_PER_SECOND / 1000)
#define HEADING_STEP 18
#define PANEL_GAP    26

/* Fences that are pending at the same time are drawn below each other. */
_Static_assert(DEPTH_MAX <= CHART_ROWS_MAX, "each belongs to a job in flight");

struct timeline {
	struct chart chart;
	const struct run *run;
	const struct mode_record *mode;
	double frame_y, bind_y, submitter_y, engine_y; /* tops of the lanes */
	double frame_height, bind_height;
	double axis_y;
};

enum layer { LAYER_NONE, LAYER_LINKS, LAYER_BLOCKS };

/* Without waits a fence may be signaled after its job, and it is not known when. */
static int64_t end_of(const struct job_record *record, int64_t signaled_ns)
{
	return signaled_ns == NOT_YET ? record->done_ns : signaled_ns;
}

/* From the signal of a fence a line down to the engine that has waited for it. */
static void put_link(const struct timeline *timeline, uint32_t job, int64_t signaled_ns, double y)
{
	char class[CHART_CLASS_SIZE];

	chart_line(&timeline->chart, chart_class(class, job, "link"), signaled_ns, y,
		   timeline->engine_y);
}

static void put_pending(const struct timeline *timeline, uint32_t job, double y, int64_t start_ns,
			int64_t end_ns)
{
	char class[CHART_CLASS_SIZE];

	/* Links to the lanes below pass behind it. */
	chart_block(&timeline->chart, "lane", y, start_ns, end_ns);
	chart_block(&timeline->chart, chart_class(class, job, "wait"), y, start_ns, end_ns);
	chart_number(&timeline->chart, "number text", job, y, start_ns, end_ns);
}

/* Draws a layer of the lane of pending frames, or of pending binds; returns the lane's height. */
static double put_lane(const struct timeline *timeline, bool binds, enum layer layer)
{
	double lane_y = binds ? timeline->bind_y : timeline->frame_y;
	struct chart_rows rows = { 0 };

	for (uint32_t job = 0; job < timeline->mode->jobs; job++) {
		const struct job_record *record = &timeline->mode->records[job];
		int64_t signaled_ns = binds ? record->bound_ns : record->frame_ns;
		int64_t start_ns = binds ? record->bind_asked_ns : record->asked_ns;
		int64_t end_ns = end_of(record, signaled_ns);
		double y;

		if (!start_ns || !chart_clip(&timeline->chart, &start_ns, &end_ns))
			continue;
		y = lane_y + chart_row(&rows, start_ns, end_ns) * CHART_ROW_STEP;
		if (layer == LAYER_LINKS)
			put_link(timeline, job, signaled_ns, y);
		else if (layer == LAYER_BLOCKS)
			put_pending(timeline, job, y, start_ns, end_ns);
	}
	return chart_rows_height(&rows);
}

static void put_submitter(const struct timeline *timeline)
{
	for (uint32_t job = 0; job < timeline->mode->jobs; job++) {
		const struct job_record *record = &timeline->mode->records[job];
		char class[CHART_CLASS_SIZE];

		chart_block(&timeline->chart, chart_class(class, job, "solid"),
			    timeline->submitter_y, record->prepare_ns, record->submit_ns);
		chart_block(&timeline->chart, "torn solid", timeline->submitter_y,
			    record->submit_ns, record->submitted_ns);
		chart_pointer(&timeline->chart, record->rung_ns, timeline->submitter_y);
	}
}

static void put_engine(const struct timeline *timeline)
{
	for (uint32_t job = 0; job < timeline->mode->jobs; job++) {
		const struct job_record *record = &timeline->mode->records[job];
		double y = timeline->engine_y;
		char class[CHART_CLASS_SIZE];

		if (timeline->run->options.waits)
			chart_block(&timeline->chart, chart_class(class, job, "wait"), y,
				    record->wait_ns, record->draw_ns);
		chart_block(
			&timeline->chart,
			chart_class(class, job,
				    run_too_early(timeline->mode, job) ? "torn solid" : "solid"),
			y, record->draw_ns, record->done_ns);
		chart_number(&timeline->chart, "number white", job, y, record->draw_ns,
			     record->done_ns);
	}
}

/* The lanes from top to bottom, from y down. Returns where the next panel may begin. */
static double place_lanes(struct timeline *timeline, double y)
{
	timeline->frame_y = y;
	timeline->frame_height = put_lane(timeline, false, LAYER_NONE);
	y += timeline->frame_height + CHART_LANE_GAP;
	if (timeline->run->options.bind_every) {
		timeline->bind_y = y;
		timeline->bind_height = put_lane(timeline, true, LAYER_NONE);
		y += timeline->bind_height + CHART_LANE_GAP;
	}
	timeline->submitter_y = y;
	y += CHART_LANE_HEIGHT + CHART_LANE_GAP;
	timeline->engine_y = y;
	y += CHART_LANE_HEIGHT + CHART_LANE_GAP;
	timeline->axis_y = y;
	return y + PANEL_GAP;
}

static void put_panel(const struct timeline *timeline)
{
	const struct chart *chart = &timeline->chart;
	bool binds = timeline->run->options.bind_every;

	chart_lane(chart, "frame pending", timeline->frame_y, timeline->frame_height);
	if (binds)
		chart_lane(chart, "bind pending", timeline->bind_y, timeline->bind_height);
	chart_lane(chart, "submitter", timeline->submitter_y, CHART_LANE_HEIGHT);
	chart_lane(chart, "engine", timeline->engine_y, CHART_LANE_HEIGHT);
	put_lane(timeline, false, LAYER_LINKS);
	if (binds)
		put_lane(timeline, true, LAYER_LINKS);
	put_lane(timeline, false, LAYER_BLOCKS);
	if (binds)
		put_lane(timeline, true, LAYER_BLOCKS);
	put_submitter(timeline);
	put_engine(timeline);
	chart_axis(chart, timeline->axis_y);
}

static void put_panel_heading(const struct timeline *timeline, enum queue_mode mode, double y)
{
	static const char *const headings[][MODES] = {
		{ "Wait first, with the waits left out", "User queue, with the waits left out" },
		{ "Wait first: the submitter waits for the fences of a job, then hands it in",
		  "User queue: the job is handed in at once, and the engine waits on memory" },
	};
	const struct mode_record *record = timeline->mode;

	chart_subheading(timeline->chart.file, y,
			 "%s. %.0f jobs a second, %" PRIu32 " waits of the submitter for %" PRIu32
			 " jobs.",
			 headings[timeline->run->options.waits][mode],
			 record->jobs * (double)NS_PER_SECOND / (record->end_ns - record->start_ns),
			 record->waits, record->jobs);
}

static void put_legend(FILE *file, const struct options *options, double y)
{
	double x = CHART_LEFT;

	chart_legend_block(file, "c0 wait", x, y, 20);
	chart_legend_text(file, x, y, "fence pending, or waits for it");
	chart_legend_line(file, "c0 link", x + 240, y);
	chart_legend_text(file, x + 240, y, "fence signaled");
	chart_legend_block(file, "c0 solid", x + 380, y, 20);
	chart_legend_text(file, x + 380, y, "prepares, draws");
	chart_legend_block(file, "torn solid", x + 530, y, 20);
	chart_legend_text(file, x + 530, y, "blocked");
	chart_legend_pointer(file, x + 632, y);
	chart_legend_text(file, x + 632, y, "job handed in");
	if (!options->waits) {
		chart_legend_block(file, "torn solid", x + 760, y, 20);
		chart_legend_text(file, x + 760, y, "too early");
	}
}

static int64_t window_ns(const struct options *options)
{
	int64_t window = WINDOW_FRAMES * (options->late.mean_ns + options->prepare.mean_ns);

	return window > WINDOW_LEAST_NS ? window : WINDOW_LEAST_NS;
}

void report_svg(FILE *file, const struct run *run)
{
	struct timeline timelines[MODES];
	double heading_y[MODES], y = CHART_TOP - HEADING_STEP;

	for (int mode = 0; mode < MODES; mode++) {
		struct timeline *timeline = &timelines[mode];
		int64_t start_ns = run->modes[mode].start_ns;

		if (!run->modes[mode].jobs)
			continue;
		*timeline = (struct timeline){
			.chart = { file, start_ns, start_ns, start_ns + window_ns(&run->options) },
			.run = run,
			.mode = &run->modes[mode],
		};
		heading_y[mode] = y;
		y = place_lanes(timeline, y + HEADING_STEP) + HEADING_STEP;
	}
	chart_begin(file, y + CHART_LEGEND_STEP,
		    "Timeline of a user-mode queue: frames, binds, the submitter, the engine");
	chart_heading(file, "Jobs that depend on fences of others, in a ring in shared memory");
	for (int mode = 0; mode < MODES; mode++) {
		if (!run->modes[mode].jobs)
			continue;
		put_panel_heading(&timelines[mode], mode, heading_y[mode]);
		put_panel(&timelines[mode]);
	}
	put_legend(file, &run->options, y);
	chart_end(file);
}
