/* SPDX-License-Identifier: MIT */
/*
 * implicit-sync - three processes, the same buffers, and nothing else between them.
 *
 * The problem: a producer writes frames, a processor makes other frames of them, a consumer reads
 * those. They share the buffers, and none knows who else does; there is no socket, no queue, and no
 * fence that one hands to another. Yet no process may read a buffer that is half written, or write
 * one that is being read.
 *
 * The buffers know. Each has a reservation: every user leaves a fence there, for writing or for
 * reading, and checks the fences before use:
 *
 *	producer                   raw buffer          processor
 *	--------                   ----------          ---------
 *	lock it
 *	wait: has it a user?
 *	attach a fence, WRITE ---> producer's WRITE
 *	unlock                                         lock it, and a finished buffer
 *	draw, tile by tile                             wait: has the one a writer,
 *	          ... signals .... > (nothing) ......> or the other a user?
 *	lock the next one          processor's READ <- attach a fence, READ and WRITE
 *	                                               unlock, read and draw
 *
 * and the consumer reads the finished buffer in the same way. Who comes first is for the locks to
 * say. No frame is lost or shown twice on purpose here: each goes round its buffers at its own
 *pace, and finds what it finds. What it finds is whole.
 *
 * Every pixel carries a stamp of its frame, and a reader checks all of them, slowly. A frame with
 * two stamps has torn. The buffers also count their present users, in memory that no process waits
 * for. With --no-fences no process waits at all, and frames tear.
 *
 *	access.c		lock, wait, attach, unlock; signal
 *	worker.c		the three processes, which differ in what they read and write
 *	run.c			the buffers, and what all processes share: a record for each turn
 *	options.c		the command line
 *	report-*.c		the table, the trace and the timeline at the end
 *	../common/		what other examples need too
 *
 * This file starts the three processes and sees to it that all are gone in the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libdmafence.h"
#include "outputs.h"
#include "report.h"
#include "worker.h"

/* The time between two polls of the progress, when nothing happens. */
#define LOOK_NS (NS_PER_SECOND / 10)

/* Every function below that returns int returns an exit status. */

/*
 * The device must let a process hold its locks while others take their time over a frame, with as
 * much again to spare.
 */
static int check_hold_time(const struct options *options)
{
	struct dma_fence_caps caps;
	int64_t longest_ns = 0;
	int device, status = STATUS_CLEAN;

	for (int role = 0; role < ROLES; role++) {
		int64_t most_ns = options->work[role].mean_ns + options->work[role].jitter_ns;

		if (most_ns > longest_ns)
			longest_ns = most_ns;
	}
	device = program_open_device();
	if (device < 0)
		return STATUS_FAILED;
	if (dma_fence_device_get_caps(device, &caps))
		status = program_fail_device("cannot ask what it can do");
	else if (caps.resv_hold_ns && caps.resv_hold_ns < 2 * (uint64_t)longest_ns)
		status = program_fail("the device takes locks back after %.0f ms: too soon",
				      caps.resv_hold_ns / NS_PER_MS);
	close(device);
	return status;
}

/* A process, or -1 after reporting the cause. */
static pid_t start_worker(struct run *run, enum role role)
{
	pid_t parent = getpid(), child = fork();

	if (child < 0)
		program_fail("fork: %s", strerror(errno));
	if (child)
		return child;
	/* A terminal sends SIGINT to all processes: it is the parent that answers it. */
	signal(SIGINT, SIG_IGN);
	program_mask_signals(SIG_UNBLOCK);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STATUS_FAILED);
	_exit(worker_run(run, role));
}

/*
 * Which workers have ended? Their pids become 0. One that ended in another way than it should ends
 * the run.
 */
static int look_at_workers(struct run *run, pid_t workers[ROLES])
{
	int result = STATUS_CLEAN, status;

	for (int role = 0; role < ROLES; role++) {
		if (!workers[role] || waitpid(workers[role], &status, WNOHANG) != workers[role])
			continue;
		workers[role] = 0;
		if (!status)
			continue;
		result = program_fail_child(role_name(role), status);
		atomic_store(&run->shared->stop, true);
	}
	return result;
}

/* Until all workers have ended. */
static int wait_for_workers(struct run *run, pid_t workers[ROLES])
{
	struct timespec timeout = { .tv_nsec = LOOK_NS };
	int status = STATUS_CLEAN, number;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	while (workers[ROLE_PRODUCER] || workers[ROLE_PROCESSOR] || workers[ROLE_CONSUMER]) {
		number = sigtimedwait(&signals, NULL, &timeout);
		if (number == SIGINT || number == SIGTERM)
			atomic_store(&run->shared->stop, true);
		if (look_at_workers(run, workers))
			status = STATUS_FAILED;
		program_show_progress("%u of %" PRIu32 " frames",
				      atomic_load(&run->shared->turns[ROLE_PRODUCER]),
				      run->options.frames);
	}
	return status;
}

static int run_workers(struct run *run)
{
	pid_t workers[ROLES] = { 0 };
	int status = STATUS_CLEAN, ended;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	program_mask_signals(SIG_BLOCK);
	for (int role = 0; role < ROLES && !status; role++) {
		workers[role] = start_worker(run, role);
		if (workers[role] > 0)
			continue;
		workers[role] = 0;
		atomic_store(&run->shared->stop, true);
		status = STATUS_FAILED;
	}
	ended = wait_for_workers(run, workers);
	return status ? status : ended;
}

static bool has_torn(const struct run *run)
{
	for (int role = 0; role < ROLES; role++) {
		for (uint32_t index = 0; index < atomic_load(&run->shared->turns[role]); index++) {
			const struct turn *turn = &run->turns[role][index];

			if (turn->torn || turn->overlapped)
				return true;
		}
	}
	return false;
}

static int report(const struct run *run, const struct outputs *outputs)
{
	program_wipe_progress_line();
	if (report_table(stdout, run))
		return program_fail("out of memory");
	if (outputs->trace)
		report_trace(outputs->trace, run);
	if (outputs->svg)
		report_svg(outputs->svg, run);
	return outputs_flush(outputs);
}

static int run_all(struct run *run, const struct outputs *outputs)
{
	int status = STATUS_CLEAN;

	if (run->options.fences)
		status = check_hold_time(&run->options);
	if (!status)
		status = run_workers(run);
	if (!status)
		status = report(run, outputs);
	if (!status && has_torn(run))
		status = STATUS_WRONG;
	return status;
}

int main(int argc, char **argv)
{
	struct outputs outputs = { 0 };
	struct run run;
	int error, status;

	options_parse(&run.options, argc, argv);
	error = program_init("implicit-sync", run.options.common.device, !run.options.common.quiet);
	if (error) {
		fprintf(stderr, "implicit-sync: out of memory\n");
		return STATUS_FAILED;
	}
	/* The reader of the progress, or of the table, may go away. */
	signal(SIGPIPE, SIG_IGN);
	error = run_init(&run);
	if (error)
		status = program_fail("cannot create the buffers: %s", strerror(-error));
	else
		status = outputs_open(&outputs, &run.options.common);
	if (!status)
		status = run_all(&run, &outputs);
	outputs_close(&outputs);
	run_destroy(&run);
	program_exit();
	return status;
}
