/* SPDX-License-Identifier: MIT */
/*
 * A part of the run as a timeline: what is rendered, what is ready and waits for its vertical
 * blank, what is on screen, and the vertical blanks that were missed, one lane each over one axis;
 * a colour for each buffer.
 */
#include <inttypes.h>

#include "chart.h"
#include "report.h"

/* Vertical blanks that are drawn, and those at either end that are not looked into. */
#define WINDOW_VBLANKS 24
#define EDGE_VBLANKS   5
#define INNER_VBLANKS  (WINDOW_VBLANKS - 2 * EDGE_VBLANKS)
/* Begin and end of a run, which are not what it is usually like. */
#define MARGIN_VBLANKS 6

/* Frames that wait at the same time are drawn below each other. */
_Static_assert(BUFFERS_MAX <= CHART_ROWS_MAX, "each frame that waits has a buffer");

struct timeline {
	struct chart chart;
	const struct screen *screen;
	size_t first_vblank, last_vblank;	     /* those inside the plot */
	double render_y, wait_y, screen_y, missed_y; /* tops of the lanes */
	double wait_height;
	double axis_y, legend_y;
};

/* ---- which part of the run ---- */

static bool is_missed(const struct vblank *vblank)
{
	return vblank->outcome == VBLANK_REPEATED || vblank->outcome == VBLANK_OVERSLEPT;
}

/*
 * The part that misses as many vertical blanks as is usual in this run, and at least one if there
 * is one: well inside, so that what leads to it and what comes of it can be seen.
 */
static void choose_window(struct timeline *timeline)
{
	const struct screen *screen = timeline->screen;
	const struct vblank *vblanks = screen->vblanks;
	size_t begin = 0, end = screen->vblank_count, best, total = 0;
	int64_t period = screen->run->options.period_ns;
	double wanted, best_distance = WINDOW_VBLANKS;

	while (begin < end && vblanks[begin].outcome == VBLANK_IDLE)
		begin++;
	timeline->chart.origin_ns = begin < end ? vblanks[begin].time_ns : 0;
	if (end - begin >= WINDOW_VBLANKS + 2 * MARGIN_VBLANKS) {
		begin += MARGIN_VBLANKS;
		end -= MARGIN_VBLANKS;
	}
	for (size_t index = begin; index < end; index++)
		total += is_missed(&vblanks[index]);
	wanted = (double)total * INNER_VBLANKS / (end > begin ? end - begin : 1);
	if (total && wanted < 1)
		wanted = 1;

	best = begin;
	for (size_t first = begin; first + WINDOW_VBLANKS <= end; first++) {
		size_t missed = 0;
		double distance;

		for (size_t index = EDGE_VBLANKS; index < EDGE_VBLANKS + INNER_VBLANKS; index++)
			missed += is_missed(&vblanks[first + index]);
		distance = missed > wanted ? missed - wanted : wanted - missed;
		if (distance < best_distance) {
			best_distance = distance;
			best = first;
		}
	}
	timeline->first_vblank = best;
	timeline->last_vblank = best + WINDOW_VBLANKS < end ? best + WINDOW_VBLANKS : end;
	timeline->chart.end_ns = period;
	if (timeline->first_vblank < timeline->last_vblank) {
		timeline->chart.start_ns = vblanks[timeline->first_vblank].time_ns - period / 2;
		timeline->chart.end_ns = vblanks[timeline->last_vblank - 1].time_ns + period / 2;
	}
}

/* ---- the picture ---- */

static void put_rendering(const struct timeline *timeline)
{
	const struct screen *screen = timeline->screen;
	char class[CHART_CLASS_SIZE];

	for (uint32_t frame = 0; frame < screen->received; frame++) {
		const struct frame_record *record = &screen->run->frames[frame];
		double y = timeline->render_y;

		if (!record->signal_ns)
			continue;
		chart_block(&timeline->chart, chart_class(class, record->buffer, "solid"), y,
			    record->render_ns, record->signal_ns);
		chart_number(&timeline->chart, "number white", frame, y, record->render_ns,
			     record->signal_ns);
		chart_pointer(&timeline->chart, record->render_ns, y);
	}
}

/* From the moment that the fence is signaled, a line down to where the frame waits from then on. */
static void put_link(const struct timeline *timeline, const struct frame_record *record, double y)
{
	char class[CHART_CLASS_SIZE];

	chart_line(&timeline->chart, chart_class(class, record->buffer, "link"), record->signal_ns,
		   timeline->render_y, y);
}

static void put_wait(const struct timeline *timeline, const struct frame_record *record,
		     uint32_t frame, double y)
{
	char class[CHART_CLASS_SIZE];

	/* Links to the rows below pass behind it. */
	chart_block(&timeline->chart, "lane", y, record->ready_ns, record->flip_ns);
	chart_block(&timeline->chart, chart_class(class, record->buffer, "wait"), y,
		    record->ready_ns, record->flip_ns);
	chart_number(&timeline->chart, "number text", frame, y, record->ready_ns, record->flip_ns);
}

enum wait_layer { LAYER_NONE, LAYER_LINKS, LAYER_BLOCKS };

/* Draws a layer of the waiting lane; returns its height. */
static double put_waiting(const struct timeline *timeline, enum wait_layer layer)
{
	const struct screen *screen = timeline->screen;
	struct chart_rows rows = { 0 };

	for (uint32_t frame = 0; frame < screen->received; frame++) {
		const struct frame_record *record = &screen->run->frames[frame];
		int64_t start_ns = record->ready_ns, end_ns = record->flip_ns;
		double y;

		if (!end_ns || !chart_clip(&timeline->chart, &start_ns, &end_ns))
			continue;
		y = timeline->wait_y + chart_row(&rows, start_ns, end_ns) * CHART_ROW_STEP;
		if (layer == LAYER_LINKS)
			put_link(timeline, record, y);
		else if (layer == LAYER_BLOCKS)
			put_wait(timeline, record, frame, y);
	}
	return chart_rows_height(&rows);
}

static void put_screen(const struct timeline *timeline)
{
	const struct screen *screen = timeline->screen;
	int64_t period = screen->run->options.period_ns;
	char class[CHART_CLASS_SIZE];

	for (uint32_t frame = 0; frame < screen->received; frame++) {
		const struct frame_record *record = &screen->run->frames[frame];
		int64_t leave_ns = record->leave_ns ? record->leave_ns : timeline->chart.end_ns;
		int64_t once_ns = record->flip_ns + period;

		if (!record->flip_ns)
			continue;
		chart_class(class, record->buffer, record->torn ? "torn solid" : "solid");
		chart_block(&timeline->chart, class, timeline->screen_y, record->flip_ns, leave_ns);
		/* On what comes before a repetition, which is hatched. */
		chart_number(&timeline->chart, "number white", frame, timeline->screen_y,
			     record->flip_ns, once_ns < leave_ns ? once_ns : leave_ns);
	}
}

static void put_vblanks(const struct timeline *timeline)
{
	for (size_t index = timeline->first_vblank; index < timeline->last_vblank; index++)
		chart_line(&timeline->chart, "grid", timeline->screen->vblanks[index].time_ns,
			   timeline->render_y - 8, timeline->axis_y);
}

/*
 * On top of the frames: a repeated one is hatched from the vertical blank that it missed to the
 * next.
 */
static void put_missed(const struct timeline *timeline)
{
	int64_t period = timeline->screen->run->options.period_ns;

	for (size_t index = timeline->first_vblank; index < timeline->last_vblank; index++) {
		const struct vblank *vblank = &timeline->screen->vblanks[index];

		if (!is_missed(vblank))
			continue;
		chart_block(&timeline->chart, "again", timeline->screen_y, vblank->time_ns,
			    vblank->time_ns + period);
		chart_cross(&timeline->chart, vblank->time_ns,
			    timeline->missed_y + CHART_LANE_HEIGHT / 2);
	}
}

static void put_legend(const struct timeline *timeline, double y)
{
	const struct options *options = &timeline->screen->run->options;
	uint32_t colours = options->buffers < chart_colours() ? options->buffers : chart_colours();
	FILE *file = timeline->chart.file;
	double x = CHART_LEFT;
	char class[CHART_CLASS_SIZE];

	for (uint32_t colour = 0; colour < colours; colour++)
		chart_legend_block(file, chart_class(class, colour, "solid"),
				   x + 22.0 * colour / colours, y, 22.0 / colours - 1);
	chart_legend_text(file, x, y, "one colour a buffer");
	chart_legend_pointer(file, x + 182, y);
	chart_legend_text(file, x + 182, y,
			  options->fences ? "flip queued, fence pending" : "flip queued");
	if (options->fences) {
		chart_legend_line(file, "c0 link", x + 420, y);
		chart_legend_text(file, x + 420, y, "fence signaled");
		chart_legend_block(file, "c0 wait", x + 560, y, 20);
		chart_legend_text(file, x + 560, y, "ready, waits for the vblank");
	}
	y += CHART_LEGEND_STEP;
	chart_legend_line(file, "grid", x, y);
	chart_legend_text(file, x, y, "vblank");
	chart_legend_cross(file, x + 182, y);
	chart_legend_text(file, x + 182, y, "missed vblank: no frame ready");
	chart_legend_block(file, "c0 solid", x + 420, y, 20);
	chart_legend_block(file, "again", x + 420, y, 20);
	chart_legend_text(file, x + 420, y, "shown again");
	if (timeline->screen->torn) {
		chart_legend_block(file, "solid torn", x + 560, y, 20);
		chart_legend_text(file, x + 560, y, "torn: pixels of another frame in it");
	}
}

static void put_heading(const struct timeline *timeline)
{
	const struct screen *screen = timeline->screen;
	const struct options *options = &screen->run->options;

	chart_heading(timeline->chart.file,
		      "Page flips at %g Hz%s: %" PRIu32
		      " buffers, %s, rendered in %.1f &#xb1; %.1f ms",
		      options->hz, options->fences ? "" : " without fences", options->buffers,
		      options->mode == MODE_FIFO ? "fifo" : "mailbox",
		      options->render.mean_ns / NS_PER_MS, options->render.jitter_ns / NS_PER_MS);
	chart_subheading(timeline->chart.file, 55,
			 "%" PRIu32 " frames rendered, %" PRIu32 " shown, %" PRIu32
			 " repeated, %" PRIu32 " torn; a part of the run, its frames numbered",
			 screen->received, screen->shown, screen->repeated, screen->torn);
}

/* The lanes from top to bottom; without fences nothing waits. Returns the height of the picture. */
static int place_lanes(struct timeline *timeline)
{
	double y = CHART_TOP;

	timeline->render_y = y;
	y += CHART_LANE_HEIGHT + CHART_LANE_GAP;
	if (timeline->screen->run->options.fences) {
		timeline->wait_y = y;
		timeline->wait_height = put_waiting(timeline, LAYER_NONE);
		y += timeline->wait_height + CHART_LANE_GAP;
	}
	timeline->screen_y = y;
	y += CHART_LANE_HEIGHT + CHART_LANE_GAP;
	timeline->missed_y = y;
	y += CHART_LANE_HEIGHT + CHART_LANE_GAP;
	timeline->axis_y = y;
	timeline->legend_y = y + 46;
	return timeline->legend_y + CHART_LEGEND_STEP + 22;
}

void report_svg(FILE *file, const struct screen *screen)
{
	struct timeline timeline = { .chart.file = file, .screen = screen };

	choose_window(&timeline);
	chart_begin(file, place_lanes(&timeline),
		    "Timeline of page flips: rendering, waiting, on screen, missed");
	put_heading(&timeline);
	chart_lane(&timeline.chart, "rendering", timeline.render_y, CHART_LANE_HEIGHT);
	if (screen->run->options.fences)
		chart_lane(&timeline.chart, "waiting", timeline.wait_y, timeline.wait_height);
	chart_lane(&timeline.chart, "on screen", timeline.screen_y, CHART_LANE_HEIGHT);
	chart_lane(&timeline.chart, "missed vblank", timeline.missed_y, CHART_LANE_HEIGHT);
	put_vblanks(&timeline);
	put_rendering(&timeline);
	if (screen->run->options.fences) {
		put_waiting(&timeline, LAYER_LINKS);
		put_waiting(&timeline, LAYER_BLOCKS);
	}
	put_screen(&timeline);
	put_missed(&timeline);
	chart_axis(&timeline.chart, timeline.axis_y);
	put_legend(&timeline, timeline.legend_y);
	chart_end(file);
}
