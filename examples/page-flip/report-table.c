/* SPDX-License-Identifier: MIT */
/*
 * The table at the end of a run: what became of the frames, and how fast word of a fence travelled.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "report.h"
#include "table.h"

static int print_all_latencies(FILE *file, const struct screen *screen)
{
	const struct frame_record *frames = screen->run->frames;
	struct table_values wake = { 0 }, flip = { 0 };

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
	table_print_percentiles(file, "fence to display", &wake,
				"from the signal until the display knows");
	table_print_percentiles(file, "fence to flip", &flip,
				"from the signal until the frame is on screen");
	free(wake.ns);
	free(flip.ns);
	return 0;
}

int report_table(FILE *file, const struct screen *screen)
{
	const struct options *options = &screen->run->options;
	const struct frame_record *frames = screen->run->frames;
	uint32_t fates[FATE_FAILED + 1] = { 0 }, overslept = 0;

	for (uint32_t frame = 0; frame < screen->received; frame++)
		fates[frames[frame].fate]++;
	for (size_t index = 0; index < screen->vblank_count; index++)
		overslept += screen->vblanks[index].outcome == VBLANK_OVERSLEPT;

	fprintf(file,
		"%g Hz, %s, %" PRIu32 " buffers, %" PRIu32 " frames of %" PRIu32 "x%" PRIu32
		", rendered in %.1f ms",
		options->hz, options->mode == MODE_FIFO ? "fifo" : "mailbox", options->buffers,
		options->frames, options->size.width, options->size.height,
		options->render.mean_ns / NS_PER_MS);
	if (options->render.jitter_ns)
		fprintf(file, " +- %.1f ms", options->render.jitter_ns / NS_PER_MS);
	fprintf(file, "%s\n\n", options->fences ? "" : ", without fences");

	table_print_count(file, "flips", screen->shown, "frames that came on screen");
	table_print_count(file, "repeated frames", screen->repeated,
			  "vertical blanks at which no new frame was ready");
	if (overslept)
		table_print_count(file, "  overslept", overslept,
				  "of them: the display itself was not woken in time");
	if (options->mode == MODE_MAILBOX)
		table_print_count(file, "dropped frames", fates[FATE_DROPPED],
				  "a newer one was ready first");
	if (fates[FATE_FAILED])
		table_print_count(file, "failed frames", fates[FATE_FAILED],
				  "their fence was signaled with an error");
	table_print_count(file, "torn frames", screen->torn,
			  "the scanout met pixels of another frame");
	return options->fences ? print_all_latencies(file, screen) : 0;
}
