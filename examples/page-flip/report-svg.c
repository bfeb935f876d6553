/* SPDX-License-Identifier: MIT */
/*
 * A part of the run as a timeline: what is rendered, what is ready and waits for its vertical
 * blank, what is on screen, and the vertical blanks that were missed, one lane each over one axis;
 * a colour for each buffer. Readable on light and dark pages.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "report.h"

/* Vertical blanks that are drawn, and those at either end that are not looked into. */
#define WINDOW_VBLANKS 24
#define EDGE_VBLANKS   5
#define INNER_VBLANKS  (WINDOW_VBLANKS - 2 * EDGE_VBLANKS)
/* Begin and end of a run, which are not what it is usually like. */
#define MARGIN_VBLANKS 6

/* All in the units of the picture, about a pixel. */
#define PICTURE_WIDTH 1000
#define PLOT_LEFT     132
#define PLOT_RIGHT    980
#define PLOT_TOP      84
#define LANE_HEIGHT   26
#define LANE_GAP      14
#define LEGEND_STEP   22
/* A block narrower than this has no room for the number of its frame. */
#define NUMBER_WIDTH 20
#define CLASS_SIZE   24

#define COLOURS 6
/* Frames that wait at the same time are drawn below each other, as far as there are rows. */
#define WAIT_ROWS_MAX 4
#define WAIT_ROW_STEP (LANE_HEIGHT + 4)

struct chart {
	FILE *file;
	const struct screen *screen;
	size_t first_vblank, last_vblank;	/* those inside the plot */
	int64_t origin_ns;	/* 0 of the axis: the first frame comes on screen */
	int64_t start_ns, end_ns;	/* of the plot */
	double render_y, wait_y, screen_y, missed_y;	/* tops of the lanes */
	double wait_height;
	double axis_y, legend_y;
};

static const char style[] =
	"<style>\n"
	"svg{font:12px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}\n"
	".card{fill:#fff;stroke:#d0d7de}.lane{fill:#f3f5f7}.grid{stroke:#c4ccd4}.axis{stroke:#59636e}\n"
	".text{fill:#1f2328}.dim{fill:#59636e}.white{fill:#fff}.mid{text-anchor:middle}\n"
	".end{text-anchor:end}.title{font-size:16px;font-weight:600}\n"
	".number{text-anchor:middle;font-size:11px}\n"
	".c0{fill:#2a6fc9;stroke:#2a6fc9}.c1{fill:#23845a;stroke:#23845a}\n"
	".c2{fill:#9c5a0b;stroke:#9c5a0b}.c3{fill:#7d4fb3;stroke:#7d4fb3}\n"
	".c4{fill:#16798a;stroke:#16798a}.c5{fill:#a8487f;stroke:#a8487f}\n"
	".missed{fill:none;stroke:#d1242f;stroke-width:2}.again{fill:url(#again)}\n"
	".torn{fill:#d1242f}.solid{stroke:none}.wait{fill-opacity:.22}.link{fill:none;stroke-width:1.5}\n"
	"@media(prefers-color-scheme:dark){\n"
	".card{fill:#0d1117;stroke:#3d444d}.lane{fill:#171d26}.grid{stroke:#39424d}.axis{stroke:#9aa4af}\n"
	".text{fill:#f0f6fc}.dim{fill:#9aa4af}\n"
	".c0{fill:#3b7fd9;stroke:#3b7fd9}.c1{fill:#2c9467;stroke:#2c9467}\n"
	".c2{fill:#b06a14;stroke:#b06a14}.c3{fill:#8d60c4;stroke:#8d60c4}\n"
	".c4{fill:#218a9c;stroke:#218a9c}.c5{fill:#b8588f;stroke:#b8588f}\n"
	".missed{stroke:#ff6b63}.torn{fill:#da3633}.solid{stroke:none}.wait{fill-opacity:.35}}\n"
	"</style>\n"
	"<defs><pattern id=\"again\" width=\"7\" height=\"7\" patternTransform=\"rotate(45)\" "
	"patternUnits=\"userSpaceOnUse\"><rect width=\"3\" height=\"7\" fill=\"#fff\" "
	"fill-opacity=\".4\"/>"
	"</pattern></defs>\n";

/* ---- which part of the run ---- */

static bool is_missed(const struct vblank *vblank)
{
	return vblank->outcome == VBLANK_REPEATED || vblank->outcome == VBLANK_OVERSLEPT;
}

/*
 * The part that misses as many vertical blanks as is usual in this run, and at least one if there
 * is one: well inside, so that what leads to it and what comes of it can be seen.
 */
static void choose_window(struct chart *chart)
{
	const struct screen *screen = chart->screen;
	const struct vblank *vblanks = screen->vblanks;
	size_t begin = 0, end = screen->vblank_count, best, total = 0;
	int64_t period = screen->run->options.period_ns;
	double wanted, best_distance = WINDOW_VBLANKS;

	while (begin < end && vblanks[begin].outcome == VBLANK_IDLE)
		begin++;
	chart->origin_ns = begin < end ? vblanks[begin].time_ns : 0;
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
	chart->first_vblank = best;
	chart->last_vblank = best + WINDOW_VBLANKS < end ? best + WINDOW_VBLANKS : end;
	chart->end_ns = period;
	if (chart->first_vblank < chart->last_vblank) {
		chart->start_ns = vblanks[chart->first_vblank].time_ns - period / 2;
		chart->end_ns = vblanks[chart->last_vblank - 1].time_ns + period / 2;
	}
}

/* ---- shapes ---- */

static double position(const struct chart *chart, int64_t time_ns)
{
	return PLOT_LEFT + (double)(time_ns - chart->start_ns) * (PLOT_RIGHT - PLOT_LEFT) /
				   (chart->end_ns - chart->start_ns);
}

/* The part of it that is inside the plot: false if there is none. */
static bool clip(const struct chart *chart, int64_t *start_ns, int64_t *end_ns)
{
	if (*start_ns < chart->start_ns)
		*start_ns = chart->start_ns;
	if (*end_ns > chart->end_ns)
		*end_ns = chart->end_ns;
	return *start_ns < *end_ns;
}

static bool inside(const struct chart *chart, int64_t time_ns)
{
	return time_ns >= chart->start_ns && time_ns <= chart->end_ns;
}

/* A rectangle, as far as it is inside the plot. */
static void put_block(const struct chart *chart, const char *class, double y, int64_t start_ns,
		      int64_t end_ns)
{
	double left, width;

	if (!clip(chart, &start_ns, &end_ns))
		return;
	left = position(chart, start_ns);
	width = position(chart, end_ns) - left;
	fprintf(chart->file,
		"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
		"rx=\"3\"/>\n",
		class, left + .5, y, width > 2 ? width - 1 : 1, LANE_HEIGHT);
}

/* The number of a frame in the middle of its rectangle, if that is wide enough. */
static void put_number(const struct chart *chart, const char *class, uint32_t frame, double y,
		       int64_t start_ns, int64_t end_ns)
{
	double left, width;

	if (!clip(chart, &start_ns, &end_ns))
		return;
	left = position(chart, start_ns);
	width = position(chart, end_ns) - left;
	if (width >= NUMBER_WIDTH)
		fprintf(chart->file,
			"<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%" PRIu32 "</text>\n", class,
			left + width / 2, y + LANE_HEIGHT / 2 + 4, frame);
}

static const char *block_class(char class[CLASS_SIZE], uint32_t buffer, const char *kind)
{
	snprintf(class, CLASS_SIZE, "c%" PRIu32 " %s", buffer % COLOURS, kind);
	return class;
}

static void put_lane(const struct chart *chart, const char *name, double y, double height)
{
	fprintf(chart->file,
		"<rect class=\"lane\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" rx=\"4\"/>\n"
		"<text class=\"text end\" x=\"%d\" y=\"%.1f\">%s</text>\n",
		PLOT_LEFT, y - 3, PLOT_RIGHT - PLOT_LEFT, height + 6, PLOT_LEFT - 12,
		y + LANE_HEIGHT / 2 + 4, name);
}

/* The flip is queued: a pointer down on the block, at its left end. */
static void put_pointer(const struct chart *chart, double x, double y)
{
	fprintf(chart->file, "<path class=\"text\" d=\"M%.1f %.1fh8l-4 6z\"/>\n", x - 4, y);
}

static void put_cross(const struct chart *chart, double x, double y)
{
	fprintf(chart->file, "<path class=\"missed\" d=\"M%.1f %.1fl8 8m0 -8l-8 8\"/>\n", x - 4,
		y - 4);
}

/* ---- the picture ---- */

static void put_rendering(const struct chart *chart)
{
	const struct screen *screen = chart->screen;
	char class[CLASS_SIZE];

	for (uint32_t frame = 0; frame < screen->received; frame++) {
		const struct frame_record *record = &screen->run->shared->frames[frame];
		double y = chart->render_y;

		if (!record->signal_ns)
			continue;
		put_block(chart, block_class(class, record->buffer, "solid"), y, record->render_ns,
			  record->signal_ns);
		put_number(chart, "number white", frame, y, record->render_ns, record->signal_ns);
		if (inside(chart, record->render_ns))
			put_pointer(chart, position(chart, record->render_ns), y - 4);
	}
}

/* From the moment that the fence is signaled, a line down to where the frame waits from then on. */
static void put_link(const struct chart *chart, const struct frame_record *record, double y)
{
	char class[CLASS_SIZE];

	if (inside(chart, record->signal_ns))
		fprintf(chart->file, "<path class=\"%s\" d=\"M%.1f %.1fV%.1f\"/>\n",
			block_class(class, record->buffer, "link"),
			position(chart, record->signal_ns), chart->render_y, y);
}

static void put_wait(const struct chart *chart, const struct frame_record *record, uint32_t frame,
		     double y)
{
	char class[CLASS_SIZE];

	/* Links to the rows below pass behind it. */
	put_block(chart, "lane", y, record->ready_ns, record->flip_ns);
	put_block(chart, block_class(class, record->buffer, "wait"), y, record->ready_ns,
		  record->flip_ns);
	put_number(chart, "number text", frame, y, record->ready_ns, record->flip_ns);
}

enum wait_layer { LAYER_NONE, LAYER_LINKS, LAYER_BLOCKS };

/* Draws a layer of the waiting lane; returns how many rows it has. */
static unsigned int put_waiting(const struct chart *chart, enum wait_layer layer)
{
	const struct screen *screen = chart->screen;
	int64_t row_end[WAIT_ROWS_MAX] = { 0 };
	unsigned int rows = 1;

	for (uint32_t frame = 0; frame < screen->received; frame++) {
		const struct frame_record *record = &screen->run->shared->frames[frame];
		int64_t start_ns = record->ready_ns, end_ns = record->flip_ns;
		unsigned int row = 0;
		double y;

		if (!end_ns || !clip(chart, &start_ns, &end_ns))
			continue;
		while (row + 1 < WAIT_ROWS_MAX && row_end[row] > start_ns)
			row++;
		row_end[row] = end_ns;
		if (row >= rows)
			rows = row + 1;
		y = chart->wait_y + row * WAIT_ROW_STEP;
		if (layer == LAYER_LINKS)
			put_link(chart, record, y);
		else if (layer == LAYER_BLOCKS)
			put_wait(chart, record, frame, y);
	}
	return rows;
}

static void put_screen(const struct chart *chart)
{
	const struct screen *screen = chart->screen;
	int64_t period = screen->run->options.period_ns;
	char class[CLASS_SIZE];

	for (uint32_t frame = 0; frame < screen->received; frame++) {
		const struct frame_record *record = &screen->run->shared->frames[frame];
		int64_t leave_ns = record->leave_ns ? record->leave_ns : chart->end_ns;
		int64_t once_ns = record->flip_ns + period;

		if (!record->flip_ns)
			continue;
		block_class(class, record->buffer, record->torn ? "torn solid" : "solid");
		put_block(chart, class, chart->screen_y, record->flip_ns, leave_ns);
		/* On what comes before a repetition, which is hatched. */
		put_number(chart, "number white", frame, chart->screen_y, record->flip_ns,
			   once_ns < leave_ns ? once_ns : leave_ns);
	}
}

static void put_vblanks(const struct chart *chart)
{
	for (size_t index = chart->first_vblank; index < chart->last_vblank; index++)
		fprintf(chart->file, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>\n",
			position(chart, chart->screen->vblanks[index].time_ns), chart->render_y - 8,
			chart->axis_y);
}

/*
 * On top of the frames: a repeated one is hatched from the vertical blank that it missed to the
 * next.
 */
static void put_missed(const struct chart *chart)
{
	int64_t period = chart->screen->run->options.period_ns;

	for (size_t index = chart->first_vblank; index < chart->last_vblank; index++) {
		const struct vblank *vblank = &chart->screen->vblanks[index];
		int64_t start_ns = vblank->time_ns, end_ns = start_ns + period;

		if (!is_missed(vblank) || !clip(chart, &start_ns, &end_ns))
			continue;
		fprintf(chart->file,
			"<rect class=\"again\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%d\"/>\n",
			position(chart, start_ns), chart->screen_y,
			position(chart, end_ns) - position(chart, start_ns) - 1, LANE_HEIGHT);
		put_cross(chart, position(chart, vblank->time_ns),
			  chart->missed_y + LANE_HEIGHT / 2);
	}
}

static void put_axis(const struct chart *chart)
{
	double span_ms = (chart->end_ns - chart->start_ns) / NS_PER_MS;
	int64_t step_ms = 1, tick_ms, period_scale = 0;

	/* 1, 2, 5, 10, ... so that there are at most ten. */
	while (span_ms / step_ms > 10)
		step_ms = period_scale++ % 3 == 1 ? step_ms * 5 / 2 : step_ms * 2;
	fprintf(chart->file, "<path class=\"axis\" d=\"M%d %.1fH%d\"/>\n", PLOT_LEFT, chart->axis_y,
		PLOT_RIGHT);
	tick_ms = (chart->start_ns - chart->origin_ns) / (int64_t)NS_PER_MS / step_ms * step_ms;
	for (;; tick_ms += step_ms) {
		int64_t time_ns = chart->origin_ns + tick_ms * (int64_t)NS_PER_MS;

		if (time_ns < chart->start_ns)
			continue;
		if (time_ns > chart->end_ns)
			break;
		fprintf(chart->file,
			"<path class=\"axis\" d=\"M%.1f %.1fv5\"/>"
			"<text class=\"dim mid\" x=\"%.1f\" y=\"%.1f\">%" PRId64 "</text>\n",
			position(chart, time_ns), chart->axis_y, position(chart, time_ns),
			chart->axis_y + 19, tick_ms);
	}
	fprintf(chart->file, "<text class=\"dim end\" x=\"%d\" y=\"%.1f\">ms</text>\n",
		PLOT_LEFT - 12, chart->axis_y + 19);
}

/* Entries have their x, and are told apart by a picture of 20 units. */
static void put_legend_text(const struct chart *chart, double x, double y, const char *text)
{
	fprintf(chart->file, "<text class=\"text\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x + 28,
		y + 4, text);
}

static void put_swatch(const struct chart *chart, const char *class, double x, double y,
		       double width)
{
	fprintf(chart->file,
		"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"12\" "
		"rx=\"2\"/>\n",
		class, x, y - 6, width);
}

static void put_legend(const struct chart *chart, double y)
{
	const struct options *options = &chart->screen->run->options;
	uint32_t colours = options->buffers < COLOURS ? options->buffers : COLOURS;
	double x = PLOT_LEFT;
	char class[16];

	for (uint32_t colour = 0; colour < colours; colour++) {
		snprintf(class, sizeof(class), "c%" PRIu32 " solid", colour);
		put_swatch(chart, class, x + 22.0 * colour / colours, y, 22.0 / colours - 1);
	}
	put_legend_text(chart, x, y, "one colour a buffer");
	put_pointer(chart, x + 200, y - 3);
	put_legend_text(chart, x + 182, y,
			options->fences ? "flip queued, fence pending" : "flip queued");
	if (options->fences) {
		fprintf(chart->file, "<path class=\"c0 link\" d=\"M%.1f %.1fv14\"/>\n", x + 430,
			y - 7);
		put_legend_text(chart, x + 420, y, "fence signaled");
		put_swatch(chart, "c0 wait", x + 560, y, 20);
		put_legend_text(chart, x + 560, y, "ready, waits for the vblank");
	}
	y += LEGEND_STEP;
	fprintf(chart->file, "<path class=\"grid\" d=\"M%.1f %.1fv14\"/>\n", x + 10, y - 7);
	put_legend_text(chart, x, y, "vblank");
	put_cross(chart, x + 200, y);
	put_legend_text(chart, x + 182, y, "missed vblank: no frame ready");
	put_swatch(chart, "c0 solid", x + 420, y, 20);
	put_swatch(chart, "again", x + 420, y, 20);
	put_legend_text(chart, x + 420, y, "shown again");
	if (chart->screen->torn) {
		put_swatch(chart, "solid torn", x + 560, y, 20);
		put_legend_text(chart, x + 560, y, "torn: pixels of another frame in it");
	}
}

static void put_heading(const struct chart *chart)
{
	const struct screen *screen = chart->screen;
	const struct options *options = &screen->run->options;

	fprintf(chart->file,
		"<text class=\"text title\" x=\"24\" y=\"34\">Page flips at %g Hz%s: %" PRIu32
		" buffers, %s, "
		"rendered in %.1f &#xb1; %.1f ms</text>\n",
		options->hz, options->fences ? "" : " without fences", options->buffers,
		options->mode == MODE_FIFO ? "fifo" : "mailbox",
		options->render_mean_ns / NS_PER_MS, options->render_jitter_ns / NS_PER_MS);
	fprintf(chart->file,
		"<text class=\"dim\" x=\"24\" y=\"55\">%" PRIu32 " frames rendered, %" PRIu32
		" shown, %" PRIu32 " repeated, %" PRIu32
		" torn; a part of the run, its frames numbered</text>\n",
		screen->received, screen->shown, screen->repeated, screen->torn);
}

/* The lanes from top to bottom; without fences nothing waits. Returns the height of the picture. */
static int place_lanes(struct chart *chart)
{
	double y = PLOT_TOP;

	chart->render_y = y;
	y += LANE_HEIGHT + LANE_GAP;
	if (chart->screen->run->options.fences) {
		chart->wait_y = y;
		chart->wait_height = put_waiting(chart, LAYER_NONE) * WAIT_ROW_STEP -
				     (WAIT_ROW_STEP - LANE_HEIGHT);
		y += chart->wait_height + LANE_GAP;
	}
	chart->screen_y = y;
	y += LANE_HEIGHT + LANE_GAP;
	chart->missed_y = y;
	y += LANE_HEIGHT + LANE_GAP;
	chart->axis_y = y;
	chart->legend_y = y + 46;
	return chart->legend_y + LEGEND_STEP + 22;
}

void report_svg(FILE *file, const struct screen *screen)
{
	struct chart chart = { .file = file, .screen = screen };
	int height;

	choose_window(&chart);
	height = place_lanes(&chart);
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" "
		"role=\"img\" aria-labelledby=\"title\">\n"
		"<title id=\"title\">Timeline of page flips: rendering, waiting, on screen, "
		"missed</title>\n",
		PICTURE_WIDTH, height, PICTURE_WIDTH, height);
	fputs(style, file);
	fprintf(file,
		"<rect class=\"card\" x=\".5\" y=\".5\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n",
		PICTURE_WIDTH - 1, height - 1);
	put_heading(&chart);
	put_lane(&chart, "rendering", chart.render_y, LANE_HEIGHT);
	if (screen->run->options.fences)
		put_lane(&chart, "waiting", chart.wait_y, chart.wait_height);
	put_lane(&chart, "on screen", chart.screen_y, LANE_HEIGHT);
	put_lane(&chart, "missed vblank", chart.missed_y, LANE_HEIGHT);
	put_vblanks(&chart);
	put_rendering(&chart);
	if (screen->run->options.fences) {
		put_waiting(&chart, LAYER_LINKS);
		put_waiting(&chart, LAYER_BLOCKS);
	}
	put_screen(&chart);
	put_missed(&chart);
	put_axis(&chart);
	put_legend(&chart, chart.legend_y);
	fputs("</svg>\n", file);
}
