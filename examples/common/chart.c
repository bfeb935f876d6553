/* SPDX-License-Identifier: MIT */
/* The style sheet, the shapes, and the axis. */
#include <inttypes.h>
#include <stdarg.h>

#include "chart.h"
#include "program.h"

#define PICTURE_WIDTH 1000
/* A block narrower than this is drawn as a line. */
#define BLOCK_WIDTH_MIN 2
#define COLOURS		6

/* Widths of a digit in the widest of the usual fonts, and the margin of a number in its block. */
#define DIGIT_WIDTH	 7
#define AXIS_DIGIT_WIDTH 8
#define NUMBER_MARGIN	 3

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
	".torn{fill:#d1242f;stroke:#d1242f}rect.solid{stroke:none}\n"
	".wait{fill-opacity:.22}.link{fill:none;stroke-width:1.5}\n"
	"@media(prefers-color-scheme:dark){\n"
	".card{fill:#0d1117;stroke:#3d444d}.lane{fill:#171d26}.grid{stroke:#39424d}.axis{stroke:#9aa4af}\n"
	".text{fill:#f0f6fc}.dim{fill:#9aa4af}\n"
	".c0{fill:#3b7fd9;stroke:#3b7fd9}.c1{fill:#2c9467;stroke:#2c9467}\n"
	".c2{fill:#b06a14;stroke:#b06a14}.c3{fill:#8d60c4;stroke:#8d60c4}\n"
	".c4{fill:#218a9c;stroke:#218a9c}.c5{fill:#b8588f;stroke:#b8588f}\n"
	".missed{stroke:#ff6b63}.torn{fill:#da3633;stroke:#da3633}.wait{fill-opacity:.35}}\n"
	"</style>\n"
	"<defs><pattern id=\"again\" width=\"7\" height=\"7\" patternTransform=\"rotate(45)\" "
	"patternUnits=\"userSpaceOnUse\"><rect width=\"3\" height=\"7\" fill=\"#fff\" "
	"fill-opacity=\".4\"/>"
	"</pattern></defs>\n";

void chart_begin(FILE *file, int height, const char *title)
{
	fprintf(file,
		"<!-- SPDX-License-Identifier: MIT -->\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" role=\"img\" aria-labelledby=\"title\">\n"
		"<title id=\"title\">%s</title>\n",
		PICTURE_WIDTH, height, PICTURE_WIDTH, height, title);
	fputs(style, file);
	fprintf(file,
		"<rect class=\"card\" x=\".5\" y=\".5\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n",
		PICTURE_WIDTH - 1, height - 1);
}

void chart_end(FILE *file)
{
	fputs("</svg>\n", file);
}

static void put_text(FILE *file, const char *class, double y, const char *format, va_list arguments)
{
	fprintf(file, "<text class=\"%s\" x=\"24\" y=\"%.0f\">", class, y);
	vfprintf(file, format, arguments);
	fputs("</text>\n", file);
}

void chart_heading(FILE *file, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_text(file, "text title", 34, format, arguments);
	va_end(arguments);
}

void chart_subheading(FILE *file, double y, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_text(file, "dim", y, format, arguments);
	va_end(arguments);
}

double chart_position(const struct chart *chart, int64_t time_ns)
{
	return CHART_LEFT + (double)(time_ns - chart->start_ns) * (CHART_RIGHT - CHART_LEFT) /
				    (chart->end_ns - chart->start_ns);
}

bool chart_inside(const struct chart *chart, int64_t time_ns)
{
	return time_ns >= chart->start_ns && time_ns <= chart->end_ns;
}

bool chart_clip(const struct chart *chart, int64_t *start_ns, int64_t *end_ns)
{
	if (*start_ns < chart->start_ns)
		*start_ns = chart->start_ns;
	if (*end_ns > chart->end_ns)
		*end_ns = chart->end_ns;
	return *start_ns < *end_ns;
}

const char *chart_class(char class[CHART_CLASS_SIZE], uint32_t number, const char *kind)
{
	snprintf(class, CHART_CLASS_SIZE, "c%" PRIu32 " %s", number % COLOURS, kind);
	return class;
}

uint32_t chart_colours(void)
{
	return COLOURS;
}

unsigned int chart_row(struct chart_rows *rows, int64_t start_ns, int64_t end_ns)
{
	unsigned int row = 0;

	while (row < rows->count && row < CHART_ROWS_MAX - 1 && rows->end_ns[row] > start_ns)
		row++;
	if (row == rows->count)
		rows->count++;
	rows->end_ns[row] = end_ns;
	return row;
}

double chart_rows_height(const struct chart_rows *rows)
{
	unsigned int count = rows->count ? rows->count : 1;

	return (count - 1) * CHART_ROW_STEP + CHART_LANE_HEIGHT;
}

void chart_lane(const struct chart *chart, const char *name, double y, double height)
{
	fprintf(chart->file,
		"<rect class=\"lane\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" rx=\"4\"/>\n"
		"<text class=\"text end\" x=\"%d\" y=\"%.1f\">%s</text>\n",
		CHART_LEFT, y - 3, CHART_RIGHT - CHART_LEFT, height + 6, CHART_LEFT - 12,
		y + CHART_LANE_HEIGHT / 2 + 4, name);
}

void chart_line(const struct chart *chart, const char *class, int64_t time_ns, double y,
		double end_y)
{
	if (chart_inside(chart, time_ns))
		fprintf(chart->file, "<path class=\"%s\" d=\"M%.1f %.1fV%.1f\"/>\n", class,
			chart_position(chart, time_ns), y, end_y);
}

void chart_block(const struct chart *chart, const char *class, double y, int64_t start_ns,
		 int64_t end_ns)
{
	double left, width;

	if (!chart_clip(chart, &start_ns, &end_ns))
		return;
	left = chart_position(chart, start_ns);
	width = chart_position(chart, end_ns) - left;
	if (width < BLOCK_WIDTH_MIN)
		fprintf(chart->file, "<path class=\"%s\" d=\"M%.2f %.1fv%d\"/>\n", class,
			left + width / 2, y, CHART_LANE_HEIGHT);
	else
		fprintf(chart->file,
			"<rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\" "
			"rx=\"3\"/>\n",
			class, left + .5, y, width - 1, CHART_LANE_HEIGHT);
}

void chart_number(const struct chart *chart, const char *class, uint32_t number, double y,
		  int64_t start_ns, int64_t end_ns)
{
	double left, width;
	int digits;

	if (!chart_clip(chart, &start_ns, &end_ns))
		return;
	left = chart_position(chart, start_ns);
	width = chart_position(chart, end_ns) - left;
	digits = snprintf(NULL, 0, "%" PRIu32, number);
	if (width >= digits * DIGIT_WIDTH + 2 * NUMBER_MARGIN)
		fprintf(chart->file,
			"<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%" PRIu32 "</text>\n", class,
			left + width / 2, y + CHART_LANE_HEIGHT / 2 + 4, number);
}

static void put_pointer(FILE *file, double x, double y)
{
	fprintf(file, "<path class=\"text\" d=\"M%.2f %.1fh8l-4 6z\"/>\n", x - 4, y);
}

static void put_cross(FILE *file, double x, double y)
{
	fprintf(file, "<path class=\"missed\" d=\"M%.1f %.1fl8 8m0 -8l-8 8\"/>\n", x - 4, y - 4);
}

void chart_pointer(const struct chart *chart, int64_t time_ns, double y)
{
	if (chart_inside(chart, time_ns))
		put_pointer(chart->file, chart_position(chart, time_ns), y - 4);
}

void chart_cross(const struct chart *chart, int64_t time_ns, double y)
{
	if (chart_inside(chart, time_ns))
		put_cross(chart->file, chart_position(chart, time_ns), y);
}

/* A label that would not be all inside the picture is left out. */
static void put_tick(const struct chart *chart, int64_t tick_ms, double x, double y)
{
	int digits = snprintf(NULL, 0, "%" PRId64, tick_ms);

	fprintf(chart->file, "<path class=\"axis\" d=\"M%.1f %.1fv5\"/>\n", x, y);
	if (x + digits * AXIS_DIGIT_WIDTH / 2 < PICTURE_WIDTH)
		fprintf(chart->file,
			"<text class=\"dim mid\" x=\"%.1f\" y=\"%.1f\">%" PRId64 "</text>\n", x,
			y + 19, tick_ms);
}

void chart_axis(const struct chart *chart, double y)
{
	double span_ms = (chart->end_ns - chart->start_ns) / NS_PER_MS;
	int64_t step_ms = 1, tick_ms, period_scale = 0;

	/* 1, 2, 5, 10, ... so that there are at most ten. */
	while (span_ms / step_ms > 10)
		step_ms = period_scale++ % 3 == 1 ? step_ms * 5 / 2 : step_ms * 2;
	fprintf(chart->file, "<path class=\"axis\" d=\"M%d %.1fH%d\"/>\n", CHART_LEFT, y,
		CHART_RIGHT);
	tick_ms = (chart->start_ns - chart->origin_ns) / (int64_t)NS_PER_MS / step_ms * step_ms;
	for (;; tick_ms += step_ms) {
		int64_t time_ns = chart->origin_ns + tick_ms * (int64_t)NS_PER_MS;

		if (time_ns < chart->start_ns)
			continue;
		if (time_ns > chart->end_ns)
			break;
		put_tick(chart, tick_ms, chart_position(chart, time_ns), y);
	}
	fprintf(chart->file, "<text class=\"dim end\" x=\"%d\" y=\"%.1f\">ms</text>\n",
		CHART_LEFT - 36, y + 19);
}

void chart_legend_text(FILE *file, double x, double y, const char *text)
{
	fprintf(file, "<text class=\"text\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x + 28, y + 4,
		text);
}

void chart_legend_block(FILE *file, const char *class, double x, double y, double width)
{
	fprintf(file,
		"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"12\" "
		"rx=\"2\"/>\n",
		class, x, y - 6, width);
}

void chart_legend_line(FILE *file, const char *class, double x, double y)
{
	fprintf(file, "<path class=\"%s\" d=\"M%.1f %.1fv14\"/>\n", class, x + 10, y - 7);
}

void chart_legend_pointer(FILE *file, double x, double y)
{
	put_pointer(file, x + 18, y - 3);
}

void chart_legend_cross(FILE *file, double x, double y)
{
	put_cross(file, x + 18, y);
}
