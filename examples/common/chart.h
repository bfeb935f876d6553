/* SPDX-License-Identifier: MIT */
/*
 * A timeline as an SVG picture: lanes, one below the other over one axis of time, with blocks in
 * them, and a legend. Readable on light and dark pages. It knows of shapes; what they mean is the
 * business of the program that draws.
 *
 * Times are nanoseconds of one clock; what is outside the plot is left out. y is in the units of
 * the picture, about a pixel, and grows downwards. A class is one, or several, of the style sheet
 * in chart.c: c0 to c5 are colours, "solid" has no edge.
 */
#ifndef EXAMPLES_CHART_H
#define EXAMPLES_CHART_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CHART_LEFT	  132
#define CHART_RIGHT	  980
#define CHART_TOP	  84 /* the first lane, below the heading */
#define CHART_LANE_HEIGHT 26
#define CHART_LANE_GAP	  14
#define CHART_ROW_STEP	  (CHART_LANE_HEIGHT + 4) /* in a lane of several rows */
#define CHART_ROWS_MAX	  64
#define CHART_LEGEND_STEP 22
#define CHART_CLASS_SIZE  24

/* One axis of time; a picture may have several, with the same file. */
struct chart {
	FILE *file;
	int64_t origin_ns;	  /* 0 of the axis */
	int64_t start_ns, end_ns;	/* of the plot */
};

/* The rows of a lane whose blocks may overlap in time: each takes the first row that is free. */
struct chart_rows {
	unsigned int count;
	int64_t end_ns[CHART_ROWS_MAX];
};

/* The picture as a whole. title is its text for screen readers. */
void chart_begin(FILE *file, int height, const char *title);
void chart_end(FILE *file);
/* The line on top, and one below it; they may have entities, but no tags. */
void chart_heading(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
void chart_subheading(FILE *file, double y, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

double chart_position(const struct chart *chart, int64_t time_ns);
bool chart_inside(const struct chart *chart, int64_t time_ns);
/* The part of it that is inside the plot: false if there is none. */
bool chart_clip(const struct chart *chart, int64_t *start_ns, int64_t *end_ns);

/* The class of a block: the colour of a number, and `kind`. */
const char *chart_class(char class[CHART_CLASS_SIZE], uint32_t number, const char *kind);
/* How many colours there are. */
uint32_t chart_colours(void);

/*
 * The row of the next block, from 0; the last one when all are taken. Blocks that come in the order
 * of their beginnings take the fewest rows.
 */
unsigned int chart_row(struct chart_rows *rows, int64_t start_ns, int64_t end_ns);
/* The height of the lane that has these rows, and of one that is empty. */
double chart_rows_height(const struct chart_rows *rows);

void chart_lane(const struct chart *chart, const char *name, double y, double height);
/* A vertical line from y to end_y. */
void chart_line(const struct chart *chart, const char *class, int64_t time_ns, double y,
		double end_y);
/*
 * A rectangle in a lane; where that would be too narrow, a line in its middle. It covers its time
 * and no more: blocks that follow each other do not overlap.
 */
void chart_block(const struct chart *chart, const char *class, double y, int64_t start_ns,
		 int64_t end_ns);
/* A number in the middle of such a rectangle, if it fits. */
void chart_number(const struct chart *chart, const char *class, uint32_t number, double y,
		  int64_t start_ns, int64_t end_ns);
/* Something begins: a pointer down on the block below y. */
void chart_pointer(const struct chart *chart, int64_t time_ns, double y);
void chart_cross(const struct chart *chart, int64_t time_ns, double y);
/* The axis, in ms since the origin. */
void chart_axis(const struct chart *chart, double y);

/* Entries of the legend: a picture of 20 units at x, and the text beside it. */
void chart_legend_text(FILE *file, double x, double y, const char *text);
void chart_legend_block(FILE *file, const char *class, double x, double y, double width);
void chart_legend_line(FILE *file, const char *class, double x, double y);
void chart_legend_pointer(FILE *file, double x, double y);
void chart_legend_cross(FILE *file, double x, double y);

#endif /* EXAMPLES_CHART_H */
