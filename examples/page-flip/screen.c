/* SPDX-License-Identifier: MIT */
/*
 * What the display hardware does: latch a ready frame at the vertical blank, scan it out, release
 * the previous buffer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libdmafence.h"
#include "picture.h"
#include "screen.h"

static struct frame_record *record_of(const struct screen *screen, uint32_t frame)
{
	return &screen->run->frames[frame];
}

static size_t buffer_size(const struct screen *screen)
{
	return picture_size(screen->run->options.size.width, screen->run->options.size.height);
}

int screen_init(struct screen *screen, struct run *run, int device)
{
	*screen = (struct screen){
		.run = run,
		.device = device,
		.on_screen = -1,
		.bands = SCANOUT_BANDS,
	};
	screen->flips = calloc(run->options.frames, sizeof(*screen->flips));
	if (!screen->flips)
		return program_fail("out of memory");
	for (uint32_t frame = 0; frame < run->options.frames; frame++)
		screen->flips[frame].in_fence = -1;
	return STATUS_CLEAN;
}

void screen_destroy(struct screen *screen)
{
	for (uint32_t frame = 0; frame < screen->received; frame++) {
		if (screen->flips[frame].in_fence >= 0)
			close(screen->flips[frame].in_fence);
	}
	for (uint32_t index = 0; index < BUFFERS_MAX; index++) {
		if (screen->buffers[index])
			munmap((void *)screen->buffers[index], buffer_size(screen));
	}
	free(screen->vblanks);
	free(screen->flips);
}

int screen_add_buffer(struct screen *screen, uint32_t index, int memory)
{
	size_t size = buffer_size(screen);
	struct stat status;
	void *pixels;
	int seals;

	/*
	 * The renderer is another program: what could be shrunk under the scanout, or is too short,
	 * is not taken.
	 */
	seals = fcntl(memory, F_GET_SEALS);
	if (index >= screen->run->options.buffers || screen->buffers[index] || seals < 0 ||
	    !(seals & F_SEAL_SHRINK) || fstat(memory, &status) || (size_t)status.st_size < size)
		return program_fail("the renderer sent something that is no buffer");
	pixels = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, memory, 0);
	if (pixels == MAP_FAILED)
		return program_fail("cannot map a buffer: %s", strerror(errno));
	screen->buffers[index] = pixels;
	return STATUS_CLEAN;
}

/*
 * The screen is done with the buffer of the frame, or never wanted it: the renderer may draw into
 * it again.
 */
static int release(struct screen *screen, uint32_t frame)
{
	struct flip *flip = &screen->flips[frame];
	uint32_t handle = flip->out_fence;

	if (!handle)
		return STATUS_CLEAN;
	flip->out_fence = 0;
	if (dma_fence_device_signal(screen->device, handle, 0) ||
	    dma_fence_device_close_handle(screen->device, handle))
		return program_fail_device("cannot signal an out-fence");
	return STATUS_CLEAN;
}

/*
 * Of the frames that were queued, some have been dropped or failed: oldest is to be one that still
 * wants the screen.
 */
static void skip_gone(struct screen *screen)
{
	while (screen->oldest < screen->received &&
	       record_of(screen, screen->oldest)->fate != FATE_QUEUED &&
	       record_of(screen, screen->oldest)->fate != FATE_READY)
		screen->oldest++;
}

static int drop(struct screen *screen, uint32_t frame, enum frame_fate fate)
{
	struct frame_record *record = record_of(screen, frame);

	if (record->fate != FATE_QUEUED && record->fate != FATE_READY)
		return STATUS_CLEAN;
	record->fate = fate;
	return release(screen, frame);
}

/*
 * In a mailbox a frame that is ready takes the place of all before it, and their buffers are free
 * at once.
 */
static int make_ready(struct screen *screen, uint32_t frame)
{
	struct frame_record *record = record_of(screen, frame);

	record->fate = FATE_READY;
	record->ready_ns = clock_now();
	if (screen->run->options.mode == MODE_MAILBOX) {
		for (uint32_t older = screen->oldest; older < frame; older++) {
			if (drop(screen, older, FATE_DROPPED))
				return STATUS_FAILED;
		}
	}
	skip_gone(screen);
	return STATUS_CLEAN;
}

int screen_queue_flip(struct screen *screen, uint32_t frame, uint32_t buffer, int in_fence,
		      uint32_t out_fence)
{
	struct frame_record *record = record_of(screen, frame);

	screen->flips[frame] = (struct flip){ .in_fence = in_fence, .out_fence = out_fence };
	record->buffer = buffer;
	record->fate = FATE_QUEUED;
	record->queued_ns = clock_now();
	screen->received = frame + 1;
	if (in_fence < 0)
		return make_ready(screen, frame);
	return STATUS_CLEAN;
}

int screen_fence_signaled(struct screen *screen, uint32_t frame)
{
	struct flip *flip = &screen->flips[frame];
	int status;

	if (dma_fence_sync_file_get_status(flip->in_fence, &status))
		return program_fail_device("cannot read an in-fence");
	close(flip->in_fence);
	flip->in_fence = -1;
	if (status == 0)
		return program_fail("%s: an in-fence polls as signaled and is active",
				    screen->run->options.common.device);
	/* A newer frame may have taken its place before word of this one's fence came. */
	if (record_of(screen, frame)->fate != FATE_QUEUED)
		return STATUS_CLEAN;
	if (status > 0)
		return make_ready(screen, frame);
	if (drop(screen, frame, FATE_FAILED))
		return STATUS_FAILED;
	skip_gone(screen);
	return STATUS_CLEAN;
}

static int add_vblank(struct screen *screen, int64_t time_ns, enum vblank_outcome outcome)
{
	if (screen->vblank_count == screen->vblank_capacity) {
		size_t capacity = screen->vblank_capacity ? 2 * screen->vblank_capacity : 1024;
		struct vblank *vblanks;

		vblanks = reallocarray(screen->vblanks, capacity, sizeof(*vblanks));
		if (!vblanks)
			return program_fail("out of memory");
		screen->vblanks = vblanks;
		screen->vblank_capacity = capacity;
	}
	screen->vblanks[screen->vblank_count++] = (struct vblank){
		.time_ns = time_ns,
		.outcome = outcome,
		.frame = screen->on_screen < 0 ? 0 : screen->on_screen,
	};
	return STATUS_CLEAN;
}

/* From here on the scanout reads the buffer of another frame; the one before it is free. */
static int flip_to(struct screen *screen, uint32_t frame)
{
	struct frame_record *record = record_of(screen, frame);
	int64_t before = screen->on_screen;

	record->fate = FATE_SHOWN;
	record->flip_ns = clock_now();
	screen->on_screen = frame;
	screen->oldest = frame + 1;
	screen->shown++;
	skip_gone(screen);
	if (before < 0)
		return STATUS_CLEAN;
	record_of(screen, before)->leave_ns = record->flip_ns;
	return release(screen, before);
}

int screen_vblank(struct screen *screen, int64_t time_ns, bool overslept)
{
	enum vblank_outcome outcome = VBLANK_REPEATED;

	/* The scanout of a display that was woken late is not over yet. */
	while (screen_scanning(screen))
		screen_scan_band(screen);

	if (overslept) {
		outcome = VBLANK_OVERSLEPT;
	} else if (screen_has_flips(screen) &&
		   record_of(screen, screen->oldest)->fate == FATE_READY) {
		if (flip_to(screen, screen->oldest))
			return STATUS_FAILED;
		outcome = VBLANK_FLIPPED;
	}
	if (screen->on_screen < 0)
		outcome = VBLANK_IDLE;
	else if (outcome != VBLANK_FLIPPED)
		screen->repeated++;
	if (screen->on_screen >= 0 && !overslept)
		screen->bands = 0;
	return add_vblank(screen, time_ns, outcome);
}

void screen_scan_band(struct screen *screen)
{
	const struct options *options = &screen->run->options;
	struct frame_record *record = record_of(screen, screen->on_screen);
	uint32_t first = options->size.height * screen->bands / SCANOUT_BANDS;
	uint32_t end = options->size.height * (screen->bands + 1) / SCANOUT_BANDS;

	screen->bands++;
	if (picture_check(screen->buffers[record->buffer], options->size.width, first, end,
			  screen->on_screen))
		return;
	screen->torn += !record->torn;
	record->torn = true;
}

bool screen_scanning(const struct screen *screen)
{
	return screen->bands < SCANOUT_BANDS;
}

bool screen_has_flips(const struct screen *screen)
{
	return screen->oldest < screen->received;
}
