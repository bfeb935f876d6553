/* SPDX-License-Identifier: MIT */
/*
 * The table at the end of a run: what became of the frames, and how fast word of a fence travelled.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "report.h"

struct latencies {
	int64_t *ns;
	size_t count;
};

static int compare(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

/* The smallest value that at least so many percent of all do not exceed; of sorted values. */
static double percentile_ms(const struct latencies *latencies, unsigned int percent)
{
	size_t rank = (latencies->count * percent + 99) / 100;

	return latencies->ns[rank ? rank - 1 : 0] / NS_PER_MS;
}

static void print_latencies(FILE *file, const char *name, struct latencies *latencies,
			    const char *explanation)
{
	if (!latencies->count)
		return;
	qsort(latencies->ns, latencies->count, sizeof(*latencies->ns), compare);
	fprintf(file, "  %-16s %9.3f ms %9.3f ms   %s\n", name, percentile_ms(latencies, 50),
		percentile_ms(latencies, 99), explanation);
}

static void print_count(FILE *file, const char *name, uint32_t count, const char *explanation)
{
	fprintf(file, "  %-16s %9" PRIu32 "   %s\n", name, count, explanation);
}

static int print_all_latencies(FILE *file, const struct screen *screen)
{
	const struct frame_record *frames = screen->run->shared->frames;
	struct latencies wake = { 0 }, flip = { 0 };

	wake.ns = calloc(screen->received + 1, sizeof(*wake.ns));
	flip.ns = calloc(screen->received + 1, sizeof(*flip.ns));
	if (!wake.ns || !flip.ns) {
		free(wake.ns);
		free(flip.ns);
		return -ENOMEM;
	}
	for (uint32_t frame = 0; frame < screen->received; frame++) {
		if (frames[frame].fate == FATE_FAILED || !frames[frame].ready_ns)
			continue;
		wake.ns[wake.count++] = frames[frame].ready_ns - frames[frame].signal_ns;
		if (frames[frame].flip_ns)
			flip.ns[flip.count++] = frames[frame].flip_ns - frames[frame].signal_ns;
	}
	if (wake.count)
		fprintf(file, "\n  %-16s %9s    %9s\n", "latency", "p50", "p99");
	print_latencies(file, "fence to display", &wake, "from the signal until the display knows");
	print_latencies(file, "fence to flip", &flip,
			"from the signal until the frame is on screen");
	free(wake.ns);
	free(flip.ns);
	return 0;
}

int report_table(FILE *file, const struct screen *screen)
{
	const struct options *options = &screen->run->options;
	const struct frame_record *frames = screen->run->shared->frames;
	uint32_t fates[FATE_FAILED + 1] = { 0 }, overslept = 0;

	for (uint32_t frame = 0; frame < screen->received; frame++)
		fates[frames[frame].fate]++;
	for (size_t index = 0; index < screen->vblank_count; index++)
		overslept += screen->vblanks[index].outcome == VBLANK_OVERSLEPT;

	fprintf(file,
		"%g Hz, %s, %" PRIu32 " buffers, %" PRIu32 " frames of %" PRIu32 "x%" PRIu32
		", rendered in %.1f ms",
		options->hz, options->mode == MODE_FIFO ? "fifo" : "mailbox", options->buffers,
		options->frames, options->width, options->height,
		options->render_mean_ns / NS_PER_MS);
	if (options->render_jitter_ns)
		fprintf(file, " +- %.1f ms", options->render_jitter_ns / NS_PER_MS);
	fprintf(file, "%s\n\n", options->fences ? "" : ", without fences");

	print_count(file, "flips", screen->shown, "frames that came on screen");
	print_count(file, "repeated frames", screen->repeated,
		    "vertical blanks at which no new frame was ready");
	if (overslept)
		print_count(file, "  overslept", overslept,
			    "of them: the display itself was not woken in time");
	if (options->mode == MODE_MAILBOX)
		print_count(file, "dropped frames", fates[FATE_DROPPED],
			    "a newer one was ready first");
	if (fates[FATE_FAILED])
		print_count(file, "failed frames", fates[FATE_FAILED],
			    "their fence was signaled with an error");
	print_count(file, "torn frames", screen->torn, "the scanout met pixels of another frame");
	return options->fences ? print_all_latencies(file, screen) : 0;
}
