/* SPDX-License-Identifier: MIT */
/*
 * page-flip - a display that flips when the fence says so.
 *
 * The problem: a program has just told the GPU to render a frame, and wants it on screen at the
 * next vertical blank. Without fences it must sleep until the GPU is done, wake up, and only then
 * queue the flip: a round trip through user space for each frame, and a vertical blank lost
 * whenever that takes too long. With a fence it queues the flip at once, while the GPU still
 * renders, and forgets about it. The display waits for the fence by itself.
 *
 *	renderer (renderer.c)                      display (display.c, screen.c)
 *	---------------------                      -----------------------------
 *	find a free buffer
 *	in-fence: a point of its timeline
 *	flip + buffer + in-fence (an fd) --------> queue it; poll the in-fence
 *	                          <--------------- out-fence (an fd), pending
 *	draw, tile by tile                         vblank: not ready, repeat the old frame
 *	advance the timeline
 *	          ... signals the in-fence ......> ready
 *	poll the out-fences                        vblank: flip, scan out, and
 *	          <.... signals the out-fence .... release the buffer that was on screen
 *	draw the next frame into it
 *
 * The process that does the work owns the fence: the renderer signals that a frame is complete, the
 * display that a buffer is free, each through an open of the node of its own. What crosses the
 * socket are file descriptors (sync_files), which can be polled and nothing else. If either process
 * dies, the device signals its fences with -ECANCELED, so that the other one is never stuck.
 *
 * Every pixel carries a stamp of its frame, and the scanout reads all of them while it moves down
 * the screen. A frame with a wrong stamp in it has torn. With fences that does not happen, whatever
 * the two processes' timing is; with --no-fences no process waits, and it does.
 *
 *	protocol.h		the messages on the socket
 *	run.c			what both processes share: a record for each frame
 *	options.c		the command line
 *	report-*.c		the table, the trace and the timeline at the end
 *	../common/		what other examples need too: the pixels and the stamp in them,
 *				failures, the watchdog, the shapes of a timeline
 *
 * This file starts the two processes and sees to it that both are gone in the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "display.h"
#include "outputs.h"
#include "renderer.h"
#include "report.h"

/* Every function below that returns int returns an exit status. */

static int report(const struct screen *screen, const struct outputs *outputs)
{
	program_wipe_progress_line();
	if (report_table(stdout, screen))
		return program_fail("out of memory");
	if (outputs->trace)
		report_trace(outputs->trace, screen);
	if (outputs->svg)
		report_svg(outputs->svg, screen);
	return outputs_flush(outputs);
}

static int run_renderer(struct run *run, int socket)
{
	int status;

	/*
	 * A terminal sends SIGINT to both processes: it is the display that answers it, and that
	 * ends this one.
	 */
	signal(SIGINT, SIG_IGN);
	program_mask_signals(SIG_UNBLOCK);
	status = renderer_run(run, socket);
	close(socket);
	return status;
}

/* The renderer has ended on return, one way or the other. */
static int show(struct run *run, struct screen *screen, int socket, pid_t renderer)
{
	struct display_result result = { .status = STATUS_FAILED };
	int device = -1;

	/* Opened behind the fork: were it shared, the death of the display would not close it. */
	if (run->options.fences)
		device = program_open_device();
	if ((device >= 0 || !run->options.fences) && !screen_init(screen, run, device))
		display_run(run, screen, socket, renderer, &result);
	if (device >= 0)
		close(device);
	if (!result.ended && !result.renderer_gone)
		kill(renderer, SIGTERM);
	if (program_reap(renderer, "renderer", !result.renderer_gone))
		return STATUS_FAILED;
	return result.status;
}

static int run_display(struct run *run, int socket, pid_t renderer, const struct outputs *outputs)
{
	struct screen screen = { 0 };
	int status;

	status = show(run, &screen, socket, renderer);
	if (!status)
		status = report(&screen, outputs);
	if (!status && screen.torn)
		status = STATUS_WRONG;
	screen_destroy(&screen);
	return status;
}

static int run_both(struct run *run, const struct outputs *outputs)
{
	int sockets[2], status;
	pid_t renderer;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return program_fail("socketpair: %s", strerror(errno));
	program_mask_signals(SIG_BLOCK);
	renderer = fork();
	if (renderer < 0) {
		status = program_fail("fork: %s", strerror(errno));
		close(sockets[1]);
	} else if (renderer == 0) {
		close(sockets[0]);
		return run_renderer(run, sockets[1]);
	} else {
		close(sockets[1]);
		status = run_display(run, sockets[0], renderer, outputs);
	}
	close(sockets[0]);
	return status;
}

int main(int argc, char **argv)
{
	struct outputs outputs;
	struct run run;
	int error, status;

	options_parse(&run.options, argc, argv);
	error = program_init("page-flip", run.options.common.device, !run.options.common.quiet);
	if (!error)
		error = run_init(&run);
	if (error) {
		fprintf(stderr, "page-flip: out of memory\n");
		return STATUS_FAILED;
	}
	/* The reader of the progress, or of the table, may go away. */
	signal(SIGPIPE, SIG_IGN);
	status = outputs_open(&outputs, &run.options.common);
	if (!status)
		status = run_both(&run, &outputs);
	outputs_close(&outputs);
	run_destroy(&run);
	program_exit();
	return status;
}
