/* SPDX-License-Identifier: MIT */
/*
 * user-queue - submission that never blocks, on fences of others too.
 *
 * The problem: a program hands jobs to an engine through a ring that both have mapped, with no
 * system call at all. But a job of it needs a frame that another process, a camera, has promised,
 * and the promise is a fence. A ring knows memory, not fences. So the submitter must wait for the
 * fence before it may hand the job in, and meanwhile neither prepares the next job nor feeds the
 * engine, which runs dry.
 *
 * With a seqno write it has the fence converted: when it is signaled the device stores a number in
 * the ring's memory. The job is handed in at once, behind an instruction that waits for the number.
 *
 *	submitter (submitter.c)       the memory (queue.c)         engine (engine.c)
 *	-----------------------       --------------------         -----------------
 *	ask the camera: a fence
 *	SEQNO_WRITE: 7 to frames[6]
 *	put in the ring ------------> WAIT-ON-MEMORY frames[6], 7  spin, then sleep in a futex
 *	                              WAIT-ON-MEMORY bound, 2
 *	                              DRAW job 6
 *	                              WRITE-MEMORY completed, 7
 *	ring the doorbell ----------> put
 *	continue with the next job
 *	          the camera signals
 *	          ... the device stores: frames[6] = 7 ..........> resumes: draws
 *	                              completed <----------------- and writes
 *
 * The binding of memory is the second of the kind: it is complete some time after it was asked for,
 * its fence becomes the number of the bind, in one word for all binds, and jobs wait for that. The
 * engine is a process that has no open of the device. It could not call it.
 *
 * Both ways run one after the other, with the same jobs. The program checks itself: no job begins
 * to draw before its frame (which the camera writes before it signals) and its bind are there, or
 * before the jobs in front of it are complete. With --no-waits the waits are left out, and it does.
 *
 *	camera.c		the other process (camera.h: what is said on the socket)
 *	run.c			what all processes share: a record for each job
 *	options.c		the command line
 *	report-*.c		the table, the trace and the timeline at the end
 *	../common/		what other examples need too
 *
 * This file starts the processes of each mode and sees to it that all are gone in the end.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "camera.h"
#include "engine.h"
#include "message.h"
#include "outputs.h"
#include "report.h"
#include "submitter.h"

static volatile sig_atomic_t interrupted;

/* Every function below that returns int returns an exit status. */

static void on_signal(int number)
{
	interrupted = number;
}

/*
 * What every child begins with. A terminal sends SIGINT to all processes: it is the submitter that
 * answers it. None is to be left when the submitter is killed.
 */
static void begin_child(pid_t parent)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STATUS_FAILED);
}

/* A process, or -1 after reporting the cause. */
static pid_t start_engine(struct mode_record *mode, struct queue *queue)
{
	pid_t parent = getpid(), child = fork();

	if (child < 0)
		program_fail("fork: %s", strerror(errno));
	if (child)
		return child;
	begin_child(parent);
	close(queue->fd);
	_exit(engine_run(mode, queue));
}

static pid_t start_camera(const struct options *options, struct mode_record *mode, int sockets[2])
{
	pid_t parent = getpid(), child = fork();

	if (child < 0)
		program_fail("fork: %s", strerror(errno));
	if (child)
		return child;
	begin_child(parent);
	close(sockets[0]);
	_exit(camera_run(options, mode, sockets[1]));
}

/*
 * Waits for the end of a child of a run that has ended with status. After a good run the child ends
 * by itself. Otherwise this ends the child, or reports it if it is the cause.
 */
static int end_child(pid_t child, const char *what, int status, bool gone)
{
	if (!status)
		return program_finish(child, what);
	if (!gone)
		kill(child, SIGTERM);
	program_reap(child, what, !gone);
	return status;
}

/* With an engine that runs; the camera has ended on return. */
static int run_submitter(struct run *run, enum queue_mode mode, struct queue *queue,
			 struct peers *peers)
{
	int sockets[2], status;
	pid_t camera;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return program_fail("socketpair: %s", strerror(errno));
	camera = start_camera(&run->options, &run->modes[mode], sockets);
	close(sockets[1]);
	peers->camera = sockets[0];
	status = camera < 0 ? STATUS_FAILED : submitter_run(run, mode, queue, peers, &interrupted);
	close(sockets[0]);
	if (camera > 0)
		status = end_child(camera, "camera", status, peers->camera_gone);
	return status;
}

static int run_mode(struct run *run, enum queue_mode mode)
{
	struct peers peers = { 0 };
	struct queue queue;
	int error, status;

	error = queue_init(&queue);
	if (error)
		return program_fail("cannot create a queue: %s", strerror(-error));
	peers.engine = start_engine(&run->modes[mode], &queue);
	status = peers.engine < 0 ? STATUS_FAILED : run_submitter(run, mode, &queue, &peers);
	if (peers.engine > 0)
		status = end_child(peers.engine, "engine", status, peers.engine_gone);
	queue_destroy(&queue);
	return status;
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

static int run_modes(struct run *run, const struct outputs *outputs)
{
	int status;

	for (int mode = 0; mode < MODES; mode++) {
		if (!run->options.modes[mode] || interrupted)
			continue;
		status = run_mode(run, mode);
		if (status)
			return status;
	}
	status = report(run, outputs);
	if (status)
		return status;
	for (int mode = 0; mode < MODES; mode++) {
		for (uint32_t job = 0; job < run->modes[mode].jobs; job++) {
			if (run_too_early(&run->modes[mode], job))
				status = STATUS_WRONG;
		}
	}
	return status;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct outputs outputs;
	struct run run;
	int error, status;

	options_parse(&run.options, argc, argv);
	error = program_init("user-queue", run.options.common.device, !run.options.common.quiet);
	if (!error)
		error = run_init(&run);
	if (error) {
		fprintf(stderr, "user-queue: out of memory\n");
		return STATUS_FAILED;
	}
	/* The reader of the progress, or of the table, may go away. */
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	status = outputs_open(&outputs, &run.options.common);
	if (!status)
		status = run_modes(&run, &outputs);
	outputs_close(&outputs);
	run_destroy(&run);
	program_exit();
	return status;
}
