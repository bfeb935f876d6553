/* SPDX-License-Identifier: MIT */
/*
 * The display's event loop. One io_uring holds all that it waits for: the vertical blank and the
 * lines of the scanout (absolute timeouts, so that nothing drifts), flips from the renderer
 * (recvmsg), their in-fences (poll), signals (poll on a signalfd), and the progress line that is
 * being written, since a terminal may be slow and a vertical blank is not.
 */
#include <errno.h>
#include <inttypes.h>
#include <liburing.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "display.h"
#include "libdmafence.h"
#include "protocol.h"

/* What is in flight at once: a poll for every buffer, and a handful of others. */
#define RING_ENTRIES	  64
#define WATCHDOG_LIMIT_NS (10 * NS_PER_SECOND)
/* The line on a terminal, and lines of their own elsewhere. */
#define PROGRESS_LINE_NS  (NS_PER_SECOND / 10)
#define PROGRESS_PLAIN_NS NS_PER_SECOND

/* In the upper half of a completion's user_data; the lower half is the frame of a fence. */
enum event_kind {
	EVENT_VBLANK,
	EVENT_BAND,
	EVENT_MESSAGE,
	EVENT_FENCE,
	EVENT_SIGNAL,
	EVENT_PROGRESS,
};

struct display {
	struct run *run;
	struct screen *screen;
	struct display_result *result;
	int socket;
	int signals; /* a signalfd */
	struct io_uring ring;
	struct incoming incoming; /* the recvmsg in flight */
	struct __kernel_timespec vblank_timeout, band_timeout;
	int64_t next_vblank_ns;
	int64_t scanout_ns; /* the vertical blank that the scanout began with */
	bool vblank_due;    /* its timeout has completed */
	bool band_armed;
	char progress[256]; /* the write in flight */
	bool progress_armed, progress_off;
	int64_t next_progress_ns;
};

/*
 * Every function below that returns int returns STATUS_CLEAN, or STATUS_FAILED after
 * reporting the cause.
 */

/* ---- what is put into the ring ---- */

static struct io_uring_sqe *next_entry(struct display *display)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(&display->ring);

	if (!entry) {
		io_uring_submit(&display->ring);
		entry = io_uring_get_sqe(&display->ring);
	}
	if (!entry)
		program_fail("the io_uring is full");
	return entry;
}

static void mark_entry(struct io_uring_sqe *entry, enum event_kind kind, uint32_t frame)
{
	io_uring_sqe_set_data64(entry, (uint64_t)kind << 32 | frame);
}

static int arm_timeout(struct display *display, enum event_kind kind,
		       struct __kernel_timespec *timeout, int64_t time_ns)
{
	struct io_uring_sqe *entry = next_entry(display);

	if (!entry)
		return STATUS_FAILED;
	timeout->tv_sec = time_ns / NS_PER_SECOND;
	timeout->tv_nsec = time_ns % NS_PER_SECOND;
	io_uring_prep_timeout(entry, timeout, 0, IORING_TIMEOUT_ABS);
	mark_entry(entry, kind, 0);
	return STATUS_CLEAN;
}

static int arm_poll(struct display *display, enum event_kind kind, int fd, uint32_t frame)
{
	struct io_uring_sqe *entry = next_entry(display);

	if (!entry)
		return STATUS_FAILED;
	io_uring_prep_poll_add(entry, fd, POLLIN);
	mark_entry(entry, kind, frame);
	return STATUS_CLEAN;
}

static int arm_message(struct display *display)
{
	struct io_uring_sqe *entry = next_entry(display);

	if (!entry)
		return STATUS_FAILED;
	incoming_prepare(&display->incoming);
	io_uring_prep_recvmsg(entry, display->socket, &display->incoming.header, MSG_CMSG_CLOEXEC);
	mark_entry(entry, EVENT_MESSAGE, 0);
	return STATUS_CLEAN;
}

/* When the band has been sent down the cable. */
static int64_t band_end_ns(const struct display *display, uint32_t band)
{
	int64_t scanout_ns = display->run->options.period_ns * SCANOUT_PERCENT / 100;

	return display->scanout_ns + scanout_ns * (band + 1) / SCANOUT_BANDS;
}

static int arm_band(struct display *display)
{
	if (display->band_armed || !screen_scanning(display->screen))
		return STATUS_CLEAN;
	display->band_armed = true;
	return arm_timeout(display, EVENT_BAND, &display->band_timeout,
			   band_end_ns(display, display->screen->bands));
}

/* ---- progress ---- */

static int show_progress(struct display *display, int64_t now)
{
	static const char bar[] = "####################--------------------";
	const struct screen *screen = display->screen;
	uint32_t frames = display->run->options.frames, done = screen->oldest;
	struct io_uring_sqe *entry;
	size_t width = sizeof(bar) / 2;
	int length;

	if (display->run->options.common.quiet || display->progress_off || display->progress_armed ||
	    now < display->next_progress_ns)
		return STATUS_CLEAN;
	entry = next_entry(display);
	if (!entry)
		return STATUS_FAILED;
	if (program_has_progress_line()) {
		display->next_progress_ns = now + PROGRESS_LINE_NS;
		length = snprintf(display->progress, sizeof(display->progress),
				  "\r[%.*s] %" PRIu32 " of %" PRIu32 " frames, %" PRIu32
				  " repeated, %" PRIu32 " torn\033[K",
				  (int)width, bar + width - width * done / frames, done, frames,
				  screen->repeated, screen->torn);
	} else {
		display->next_progress_ns = now + PROGRESS_PLAIN_NS;
		length = snprintf(display->progress, sizeof(display->progress),
				  "page-flip: %" PRIu32 " of %" PRIu32 " frames, %" PRIu32
				  " repeated, %" PRIu32 " torn\n",
				  done, frames, screen->repeated, screen->torn);
	}
	display->progress_armed = true;
	io_uring_prep_write(entry, STDERR_FILENO, display->progress, length, -1);
	mark_entry(entry, EVENT_PROGRESS, 0);
	return STATUS_CLEAN;
}

/* ---- what comes out of it ---- */

/*
 * A fence that the renderer waits on before it draws into the buffer again, as a handle and on its
 * way to the renderer.
 */
static int send_out_fence(struct display *display, const struct message *flip, uint32_t *handle)
{
	struct message message = {
		.kind = MESSAGE_RELEASE,
		.frame = flip->frame,
		.buffer = flip->buffer,
	};
	/*
	 * A display may keep a buffer for as long as it likes. If it dies the device signals the
	 * fence.
	 */
	struct dma_fence_create create = {
		.name = "release",
		.timeout_ns = DMA_FENCE_TIMEOUT_NEVER,
	};
	int device = display->screen->device, fence, error;

	if (dma_fence_device_create_full(device, &create))
		return program_fail_device("cannot create a fence");
	*handle = create.handle;
	fence = dma_fence_device_export(device, create.handle);
	if (fence < 0)
		return program_fail_device("cannot export a fence");
	error = message_send(display->socket, &message, fence);
	close(fence);
	/* A renderer that is gone will be missed when the next message is looked for. */
	if (error && error != -EPIPE && error != -ECONNRESET)
		return program_fail("cannot send to the renderer: %s", strerror(-error));
	return STATUS_CLEAN;
}

/* Takes in_fence. */
static int handle_flip(struct display *display, const struct message *flip, int in_fence)
{
	const struct options *options = &display->run->options;
	struct screen *screen = display->screen;
	uint32_t out_fence = 0;

	if (flip->frame != screen->received || flip->frame >= options->frames ||
	    flip->buffer >= options->buffers || !screen->buffers[flip->buffer] ||
	    (in_fence >= 0) != options->fences) {
		if (in_fence >= 0)
			close(in_fence);
		return program_fail("the renderer sent something that is no flip");
	}
	if (options->fences && send_out_fence(display, flip, &out_fence)) {
		close(in_fence);
		return STATUS_FAILED;
	}
	if (screen_queue_flip(screen, flip->frame, flip->buffer, in_fence, out_fence))
		return STATUS_FAILED;
	if (in_fence < 0)
		return STATUS_CLEAN;
	return arm_poll(display, EVENT_FENCE, in_fence, flip->frame);
}

static int handle_message(struct display *display, const struct message *message, int fd)
{
	int status;

	switch (message->kind) {
	case MESSAGE_FLIP:
		return handle_flip(display, message, fd);
	case MESSAGE_BUFFER:
		status = screen_add_buffer(display->screen, message->buffer, fd);
		break;
	case MESSAGE_END:
		display->result->ended = true;
		status = STATUS_CLEAN;
		break;
	default:
		status = program_fail("the renderer sent something unknown");
		break;
	}
	if (fd >= 0)
		close(fd);
	return status;
}

static int on_message(struct display *display, int result, uint32_t frame)
{
	struct message message;
	int fd;

	/* It has ended without reading the last releases. What it sent before is still to come. */
	if (result == -ECONNRESET)
		return arm_message(display);
	if (result == 0) {
		display->result->renderer_gone = !display->result->ended;
		return STATUS_CLEAN;
	}
	if (result < 0)
		return program_fail("cannot receive flips: %s", strerror(-result));
	if (incoming_take(&display->incoming, result, &message, &fd))
		return program_fail("the renderer sent something that is no message");
	if (handle_message(display, &message, fd))
		return STATUS_FAILED;
	return arm_message(display);
}

static int on_fence(struct display *display, int result, uint32_t frame)
{
	if (result < 0)
		return program_fail("cannot poll an in-fence: %s", strerror(-result));
	return screen_fence_signaled(display->screen, frame);
}

static int on_signal(struct display *display, int result, uint32_t frame)
{
	display->result->interrupted = true;
	return STATUS_CLEAN;
}

static int on_progress(struct display *display, int result, uint32_t frame)
{
	/* A standard error that is closed or full is no reason to stop. */
	display->progress_armed = false;
	display->progress_off = result < 0;
	return STATUS_CLEAN;
}

/* The beam is where the time says, so a display that was woken late has several bands to scan. */
static int on_band(struct display *display, int result, uint32_t frame)
{
	struct screen *screen = display->screen;
	int64_t now = clock_now();

	display->band_armed = false;
	while (screen_scanning(screen) && band_end_ns(display, screen->bands) <= now)
		screen_scan_band(screen);
	return arm_band(display);
}

/*
 * Fences that are in the completion queue by now are to count: the flip itself comes behind them.
 */
static int on_vblank(struct display *display, int result, uint32_t frame)
{
	if (result != -ETIME)
		return program_fail("the timer failed: %s", strerror(-result));
	display->vblank_due = true;
	return STATUS_CLEAN;
}

static int handle_vblank(struct display *display)
{
	int64_t period = display->run->options.period_ns;
	int64_t now = clock_now();

	display->vblank_due = false;
	watchdog_feed();
	for (; display->next_vblank_ns + period <= now; display->next_vblank_ns += period) {
		if (screen_vblank(display->screen, display->next_vblank_ns, true))
			return STATUS_FAILED;
	}
	if (screen_vblank(display->screen, display->next_vblank_ns, false))
		return STATUS_FAILED;
	display->scanout_ns = display->next_vblank_ns;
	display->next_vblank_ns += period;
	if (arm_timeout(display, EVENT_VBLANK, &display->vblank_timeout, display->next_vblank_ns) ||
	    arm_band(display))
		return STATUS_FAILED;
	return show_progress(display, now);
}

static int handle_completions(struct display *display)
{
	static int (*const handlers[])(struct display *, int result, uint32_t frame) = {
		[EVENT_VBLANK] = on_vblank,   [EVENT_BAND] = on_band,
		[EVENT_MESSAGE] = on_message, [EVENT_FENCE] = on_fence,
		[EVENT_SIGNAL] = on_signal,   [EVENT_PROGRESS] = on_progress,
	};
	struct io_uring_cqe *completion;

	while (!io_uring_peek_cqe(&display->ring, &completion)) {
		uint64_t data = io_uring_cqe_get_data64(completion);
		int result = completion->res;

		io_uring_cqe_seen(&display->ring, completion);
		if (handlers[data >> 32](display, result, data))
			return STATUS_FAILED;
	}
	return STATUS_CLEAN;
}

static bool finished(const struct display *display)
{
	const struct display_result *result = display->result;

	return result->interrupted || result->renderer_gone ||
	       (result->ended && !screen_has_flips(display->screen) &&
		!screen_scanning(display->screen));
}

static int run_loop(struct display *display)
{
	int64_t start_ns = clock_now();

	display->next_vblank_ns = start_ns + display->run->options.period_ns;
	if (!program_has_progress_line())
		display->next_progress_ns = start_ns + PROGRESS_PLAIN_NS;
	if (arm_timeout(display, EVENT_VBLANK, &display->vblank_timeout, display->next_vblank_ns) ||
	    arm_poll(display, EVENT_SIGNAL, display->signals, 0) || arm_message(display))
		return STATUS_FAILED;

	while (!finished(display)) {
		int submitted = io_uring_submit_and_wait(&display->ring, 1);

		if (submitted < 0 && submitted != -EINTR)
			return program_fail("io_uring: %s", strerror(-submitted));
		if (handle_completions(display))
			return STATUS_FAILED;
		if (display->vblank_due && handle_vblank(display))
			return STATUS_FAILED;
	}
	return STATUS_CLEAN;
}

void display_run(struct run *run, struct screen *screen, int socket, pid_t renderer,
		 struct display_result *result)
{
	struct display display = {
		.run = run,
		.screen = screen,
		.result = result,
		.socket = socket,
	};
	sigset_t signals;
	int error;

	*result = (struct display_result){ .status = STATUS_FAILED };
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	display.signals = signalfd(-1, &signals, SFD_CLOEXEC);
	if (display.signals < 0) {
		program_fail("signalfd: %s", strerror(errno));
		return;
	}
	error = io_uring_queue_init(RING_ENTRIES, &display.ring, 0);
	if (error) {
		program_fail("io_uring is not available: %s", strerror(-error));
		goto close_signals;
	}
	error = watchdog_start(WATCHDOG_LIMIT_NS, renderer);
	if (error) {
		program_fail("cannot start a timer: %s", strerror(-error));
		goto exit_ring;
	}
	result->status = run_loop(&display);
	watchdog_stop();
exit_ring:
	io_uring_queue_exit(&display.ring);
close_signals:
	close(display.signals);
}
