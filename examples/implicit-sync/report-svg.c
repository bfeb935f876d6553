/* SPDX-License-Identifier: MIT */
/*
 * A part of the run as a timeline: above, what each process does; below, who is at each buffer.
 * One colour a process.
 */
#include <inttypes.h>

#include "chart.h"
#include "report.h"

/* What is drawn: so long, and so long after the beginning, which is not what it is usually like. */
#define WINDOW_NS (NS_PER_SECOND * 64 / 1000)
#define MARGIN_NS (NS_PER_SECOND * 43 / 1000)

struct timeline {
	struct chart chart;
	const struct run *run;
	double role_y[ROLES]; /* tops of the lanes */
	double raw_y[BUFFERS_MAX], finished_y[BUFFERS_MAX];
	double reader_y; /* of the row of readers, in the lane of a buffer */
	double axis_y;
};

static uint32_t turns_of(const struct run *run, enum role role)
{
	return atomic_load(&run->shared->turns[role]);
}

static const char *turn_class(char class[CHART_CLASS_SIZE], enum role role, const struct turn *turn,
			      bool write)
{
	if (turn->torn || turn->overlapped)
		return write ? "torn solid" : "torn wait";
	return chart_class(class, role, write ? "solid" : "wait");
}

/* What it does: lightly coloured while it waits, and fully while it works. */
static void put_role(const struct timeline *timeline, enum role role)
{
	double y = timeline->role_y[role];
	char class[CHART_CLASS_SIZE];

	for (uint32_t index = 0; index < turns_of(timeline->run, role); index++) {
		const struct turn *turn = &timeline->run->turns[role][index];

		chart_block(&timeline->chart, chart_class(class, role, "wait"), y, turn->wait_ns,
			    turn->work_ns);
		chart_block(&timeline->chart, turn_class(class, role, turn, true), y, turn->work_ns,
			    turn->done_ns);
		chart_number(&timeline->chart, "number white", turn->stamp, y, turn->work_ns,
			     turn->done_ns);
	}
}

/* The users of a buffer: a writer in full colour, a reader in a light one. */
static void put_use(const struct timeline *timeline, enum role role,
		    const double lanes[BUFFERS_MAX], bool write)
{
	char class[CHART_CLASS_SIZE];

	for (uint32_t index = 0; index < turns_of(timeline->run, role); index++) {
		const struct turn *turn = &timeline->run->turns[role][index];
		double y = lanes[turn->buffer] + (write ? 0 : timeline->reader_y);

		chart_block(&timeline->chart, turn_class(class, role, turn, write), y,
			    turn->work_ns, turn->done_ns);
		chart_number(&timeline->chart, write ? "number white" : "number text", turn->stamp,
			     y, turn->work_ns, turn->done_ns);
	}
}

static double buffer_height(const struct timeline *timeline)
{
	return timeline->reader_y + CHART_LANE_HEIGHT;
}

/*
 * The lanes from top to bottom. Returns where the legend begins. With fences a buffer needs one row;
 * without them a writer and a reader may use it at the same time.
 */
static double place_lanes(struct timeline *timeline)
{
	uint32_t buffers = timeline->run->options.buffers;
	double y = CHART_TOP, buffer_step;

	if (!timeline->run->options.fences)
		timeline->reader_y = CHART_ROW_STEP;
	buffer_step = buffer_height(timeline) + CHART_LANE_GAP;
	for (int role = 0; role < ROLES; role++, y += CHART_LANE_HEIGHT + CHART_LANE_GAP)
		timeline->role_y[role] = y;
	y += CHART_LANE_GAP;
	for (uint32_t index = 0; index < buffers; index++, y += buffer_step)
		timeline->raw_y[index] = y;
	for (uint32_t index = 0; index < buffers; index++, y += buffer_step)
		timeline->finished_y[index] = y;
	timeline->axis_y = y;
	return y + 46;
}

static void put_lanes(const struct timeline *timeline)
{
	double height = buffer_height(timeline);
	char name[32];

	for (int role = 0; role < ROLES; role++)
		chart_lane(&timeline->chart, role_name(role), timeline->role_y[role],
			   CHART_LANE_HEIGHT);
	for (uint32_t index = 0; index < timeline->run->options.buffers; index++) {
		snprintf(name, sizeof(name), "raw buffer %" PRIu32, index);
		chart_lane(&timeline->chart, name, timeline->raw_y[index], height);
		snprintf(name, sizeof(name), "finished %" PRIu32, index);
		chart_lane(&timeline->chart, name, timeline->finished_y[index], height);
	}
}

static void put_legend(const struct timeline *timeline, double y)
{
	FILE *file = timeline->chart.file;
	char class[CHART_CLASS_SIZE];
	double x = CHART_LEFT;

	for (int role = 0; role < ROLES; role++) {
		chart_legend_block(file, chart_class(class, role, "solid"), x, y, 20);
		chart_legend_text(file, x, y, role_name(role));
		x += 104;
	}
	chart_legend_block(file, "c1 solid", x, y, 20);
	chart_legend_text(file, x, y, "works, writes a buffer");
	x += 190;
	chart_legend_block(file, "c1 wait", x, y, 20);
	chart_legend_text(file, x, y, "waits, reads a buffer");
	if (!timeline->run->options.fences) {
		x += 180;
		chart_legend_block(file, "torn solid", x, y, 20);
		chart_legend_text(file, x, y, "in each other's way");
	}
}

static void put_heading(const struct timeline *timeline)
{
	const struct run *run = timeline->run;
	uint32_t wrong = 0;

	for (int role = 0; role < ROLES; role++) {
		for (uint32_t index = 0; index < turns_of(run, role); index++)
			wrong += run->turns[role][index].torn || run->turns[role][index].overlapped;
	}
	chart_heading(timeline->chart.file, "Three processes, the same buffers%s",
		      run->options.fences ? ", and the fences on them" : ", and no fences");
	chart_subheading(timeline->chart.file, 55,
			 "%" PRIu32 " frames written, %" PRIu32 " times processed, %" PRIu32
			 " times consumed, %" PRIu32
			 " in each other's way; a part of the run, its frames numbered",
			 turns_of(run, ROLE_PRODUCER), turns_of(run, ROLE_PROCESSOR),
			 turns_of(run, ROLE_CONSUMER), wrong);
}

void report_svg(FILE *file, const struct run *run)
{
	int64_t origin_ns = run->turns[ROLE_PRODUCER][0].wait_ns;
	struct timeline timeline = {
		.chart = { file, origin_ns, origin_ns, origin_ns + WINDOW_NS },
		.run = run,
	};
	uint32_t frames = turns_of(run, ROLE_PRODUCER);
	double legend_y;

	/* Of a run that is long enough. */
	if (frames &&
	    run->turns[ROLE_PRODUCER][frames - 1].done_ns > timeline.chart.end_ns + MARGIN_NS) {
		timeline.chart.start_ns += MARGIN_NS;
		timeline.chart.end_ns += MARGIN_NS;
	}
	legend_y = place_lanes(&timeline);
	chart_begin(file, legend_y + CHART_LEGEND_STEP,
		    "Timeline of three processes that share buffers, and of the buffers");
	put_heading(&timeline);
	put_lanes(&timeline);
	for (int role = 0; role < ROLES; role++)
		put_role(&timeline, role);
	put_use(&timeline, ROLE_PRODUCER, timeline.raw_y, true);
	put_use(&timeline, ROLE_PROCESSOR, timeline.raw_y, false);
	put_use(&timeline, ROLE_PROCESSOR, timeline.finished_y, true);
	put_use(&timeline, ROLE_CONSUMER, timeline.finished_y, false);
	chart_axis(&timeline.chart, timeline.axis_y);
	put_legend(&timeline, legend_y);
	chart_end(file);
}
