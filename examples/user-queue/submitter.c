/* SPDX-License-Identifier: MIT */
/*
 * The submitter. Each job needs a frame of the camera, which comes as a fence of another process,
 * and memory that is bound, which comes as a fence of its own. The two modes differ in one thing:
 * the process that waits for them. See hand_in().
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "camera.h"
#include "libdmafence.h"
#include "message.h"
#include "submitter.h"

#define WATCHDOG_LIMIT_NS (10 * NS_PER_SECOND)
/* One wait, between two looks at whether the engine is alive. */
#define LOOK_NS (NS_PER_SECOND / 5)
/* A fence of a process that died may be signaled a moment before its socket is closed. */
#define HANG_UP_LIMIT_MS 1000

/* What a job waits for, until it is complete. */
struct dependencies {
	int frame;     /* a sync_file of the camera's */
	uint32_t bind; /* a handle, of the first job that needs the bind; 0: none, or another's */
};

struct submitter {
	const struct options *options;
	enum queue_mode mode;
	struct mode_record *record;
	struct queue *queue;
	struct peers *peers;
	int device;
	uint32_t binds;	      /* timeline: one point a bind */
	int64_t bind_free_ns; /* when who binds is done with what it was asked for */
	uint64_t random;
	uint32_t complete; /* jobs that are, and have been looked at */
	struct dependencies dependencies[DEPTH_MAX];
};

/*
 * Every function below that returns int returns STATUS_CLEAN, or STATUS_FAILED after
 * reporting the cause, or without a report if a peer has gone.
 */

static struct dependencies *dependencies_of(struct submitter *submitter, uint32_t job)
{
	return &submitter->dependencies[job % DEPTH_MAX];
}

/* ---- what goes wrong ---- */

static int fail_camera(struct submitter *submitter)
{
	submitter->peers->camera_gone = true;
	return STATUS_FAILED;
}

static bool engine_has_ended(const struct submitter *submitter)
{
	siginfo_t information = { 0 };

	waitid(P_PID, submitter->peers->engine, &information, WEXITED | WNOHANG | WNOWAIT);
	return information.si_pid != 0;
}

/* How a fence has ended that a job depends on: status is as the device tells it. */
static int check_status(struct submitter *submitter, int status)
{
	struct pollfd camera = { .fd = submitter->peers->camera, .events = POLLRDHUP };

	if (status >= 0)
		return STATUS_CLEAN;
	if (status != -ECANCELED)
		return program_fail("a fence failed: %s", strerror(-status));
	/* So ends a fence of a process that is gone, and all when the device is stopped. */
	if (poll(&camera, 1, HANG_UP_LIMIT_MS) > 0)
		return fail_camera(submitter);
	return program_fail("the device was stopped");
}

/* ---- a job, before it is handed in ---- */

/* The camera answers at once, with a fence of the frame, which takes its time. */
static int ask_for_frame(struct submitter *submitter, uint32_t job)
{
	struct message message = { .kind = MESSAGE_ASK, .frame = job };
	int camera = submitter->peers->camera, error;
	struct dependencies *dependencies = dependencies_of(submitter, job);
	struct incoming incoming;
	ssize_t received;

	error = message_send(camera, &message, -1);
	if (error == -EPIPE || error == -ECONNRESET)
		return fail_camera(submitter);
	if (error)
		return program_fail("cannot send to the camera: %s", strerror(-error));
	incoming_prepare(&incoming);
	do
		received = recvmsg(camera, &incoming.header, MSG_CMSG_CLOEXEC);
	while (received < 0 && errno == EINTR);
	if (received <= 0)
		return fail_camera(submitter);
	if (incoming_take(&incoming, received, &message, &dependencies->frame) ||
	    message.kind != MESSAGE_FRAME || message.frame != job || dependencies->frame < 0)
		return program_fail("the camera sent something that is no frame");
	submitter->record->records[job].asked_ns = clock_now();
	return STATUS_CLEAN;
}

/* Binds complete one after the other; here the device acts as the engine that binds. */
static int ask_for_bind(struct submitter *submitter, uint32_t job)
{
	int64_t now = clock_now(), start_ns = submitter->bind_free_ns;
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_AUTO_SIGNAL,
		.timeline = submitter->binds,
	};

	if (start_ns < now)
		start_ns = now;
	submitter->bind_free_ns =
		start_ns + duration_next(&submitter->options->bind, &submitter->random);
	create.signal_delay_ns = submitter->bind_free_ns - now;
	if (dma_fence_device_create_full(submitter->device, &create))
		return program_fail_device("cannot create a fence");
	dependencies_of(submitter, job)->bind = create.handle;
	submitter->record->records[job].bind_asked_ns = now;
	return STATUS_CLEAN;
}

static bool asks_for_bind(const struct submitter *submitter, uint32_t job)
{
	uint32_t bind = run_bind_of(submitter->options, job);

	return bind && (!job || bind != run_bind_of(submitter->options, job - 1));
}

/* The pushing of bytes that makes a job, while what it needs is on its way. */
static int prepare(struct submitter *submitter, uint32_t job)
{
	struct job_record *record = &submitter->record->records[job];
	struct timespec end;
	int64_t end_ns;

	*dependencies_of(submitter, job) = (struct dependencies){ .frame = -1 };
	record->prepare_ns = clock_now();
	if (ask_for_frame(submitter, job) ||
	    (asks_for_bind(submitter, job) && ask_for_bind(submitter, job)))
		return STATUS_FAILED;
	end_ns = record->prepare_ns +
		 duration_next(&submitter->options->prepare, &submitter->random);
	end = (struct timespec){ end_ns / NS_PER_SECOND, end_ns % NS_PER_SECOND };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
		;
	return STATUS_CLEAN;
}

/* ---- handing it in ---- */

/* The old way: nothing is handed in before the fences are signaled. */
static int wait_for_fences(struct submitter *submitter, uint32_t job)
{
	const struct dependencies *dependencies = dependencies_of(submitter, job);
	int64_t deadline_ns = clock_now() + PATIENCE_NS;
	int status, error;

	submitter->record->waits++;
	submitter->record->requests++;
	do
		error = dma_fence_sync_file_wait(dependencies->frame, deadline_ns, &status);
	while (error && errno == EINTR);
	if (error)
		return program_fail_device("cannot wait for a frame");
	if (check_status(submitter, status))
		return STATUS_FAILED;
	if (!dependencies->bind)
		return STATUS_CLEAN;

	submitter->record->waits++;
	submitter->record->requests++;
	do
		error = dma_fence_device_wait(submitter->device, dependencies->bind, deadline_ns,
					      &status);
	while (error && errno == EINTR);
	if (error)
		return program_fail_device("cannot wait for a bind");
	return check_status(submitter, status);
}

static void put_wait(struct submitter *submitter, uint32_t job, const uint64_t *word,
		     uint64_t value)
{
	queue_put(submitter->queue, &(struct instruction){
					    .operation = OPERATION_WAIT_ON_MEMORY,
					    .job = job,
					    .offset = queue_offset(submitter->queue, word),
					    .value = value,
				    });
}

/* When the fence is signaled the device stores the value in the word. */
static int convert(struct submitter *submitter, uint32_t handle, const uint64_t *word,
		   uint64_t value)
{
	submitter->record->requests++;
	if (dma_fence_device_seqno_write(submitter->device, handle, submitter->queue->fd,
					 queue_offset(submitter->queue, word), value,
					 sizeof(*word)))
		return program_fail_device("cannot convert a fence");
	return STATUS_CLEAN;
}

/*
 * The new way: the fences become memory, and it is the engine that waits, in the ring. The camera's
 * fence may be of any context, so each job has a word of its own for it; binds are complete in
 * their order, so one word for all of them tells the latest, and only the first job that needs a
 * bind has its fence converted.
 */
static int put_waits(struct submitter *submitter, uint32_t job)
{
	struct queue_memory *memory = submitter->queue->memory;
	const struct dependencies *dependencies = dependencies_of(submitter, job);
	uint64_t *frame = &memory->frames[job % DEPTH_MAX];
	uint32_t bind = run_bind_of(submitter->options, job), handle;

	submitter->record->requests += 2;
	if (dma_fence_device_import(submitter->device, dependencies->frame, &handle))
		return program_fail_device("cannot import a frame");
	if (convert(submitter, handle, frame, job + 1))
		return STATUS_FAILED;
	/* What was asked for stays asked for. */
	if (dma_fence_device_close_handle(submitter->device, handle))
		return program_fail_device("cannot close a fence");
	put_wait(submitter, job, frame, job + 1);
	if (dependencies->bind && convert(submitter, dependencies->bind, &memory->bound, bind))
		return STATUS_FAILED;
	if (bind)
		put_wait(submitter, job, &memory->bound, bind);
	return STATUS_CLEAN;
}

static int hand_in(struct submitter *submitter, uint32_t job)
{
	struct job_record *record = &submitter->record->records[job];
	int64_t duration_ns = duration_next(&submitter->options->draw, &submitter->random);
	struct queue *queue = submitter->queue;
	int status = STATUS_CLEAN;

	record->submit_ns = clock_now();
	if (submitter->options->waits)
		status = submitter->mode == MODE_WAIT_FIRST ? wait_for_fences(submitter, job)
							    : put_waits(submitter, job);
	if (status)
		return status;
	queue_put(queue, &(struct instruction){
				 .operation = OPERATION_DRAW,
				 .job = job,
				 .duration_ns = duration_ns,
			 });
	queue_put(queue, &(struct instruction){
				 .operation = OPERATION_WRITE_MEMORY,
				 .job = job,
				 .offset = queue_offset(queue, &queue->memory->completed),
				 .value = job + 1,
			 });
	record->rung_ns = clock_now();
	queue_ring(queue);
	record->submitted_ns = clock_now();
	return STATUS_CLEAN;
}

/* ---- when it is complete ---- */

/*
 * The engine says so in memory. This is how jobs are kept from being prepared too far ahead; it is
 * the engine that it waits for, and not what a job depends on.
 */
static int wait_for_job(struct submitter *submitter, uint32_t job)
{
	int64_t deadline_ns = clock_now() + 2 * PATIENCE_NS, now;

	for (;;) {
		watchdog_feed();
		now = clock_now();
		if (!dma_fence_seqno_wait(&submitter->queue->memory->completed, sizeof(uint64_t),
					  job + 1, 0, now + LOOK_NS))
			return STATUS_CLEAN;
		if (errno != ETIME && errno != EINTR)
			return program_fail("cannot wait on memory: %s", strerror(errno));
		submitter->peers->engine_gone = engine_has_ended(submitter);
		if (submitter->peers->engine_gone)
			return STATUS_FAILED;
		if (now >= deadline_ns)
			return program_fail("the engine does not come to an end");
	}
}

/* For the check and the picture: when were the fences of a complete job signaled? */
static int look_at_fences(struct submitter *submitter, uint32_t job)
{
	struct job_record *record = &submitter->record->records[job];
	struct dependencies *dependencies = dependencies_of(submitter, job);
	struct dma_fence_query query;
	struct sync_fence_info fence;
	struct sync_file_info file;

	if (dma_fence_sync_file_info(dependencies->frame, &file, &fence, 1))
		return program_fail_device("cannot read a frame's fence");
	close(dependencies->frame);
	dependencies->frame = -1;
	record->frame_ns = file.status ? (int64_t)fence.timestamp_ns : NOT_YET;
	if (check_status(submitter, file.status))
		return STATUS_FAILED;

	if (!dependencies->bind)
		return STATUS_CLEAN;
	if (dma_fence_device_query(submitter->device, dependencies->bind, &query, NULL, 0) ||
	    dma_fence_device_close_handle(submitter->device, dependencies->bind))
		return program_fail_device("cannot read a bind's fence");
	record->bound_ns = query.status ? query.timestamp_ns : NOT_YET;
	return check_status(submitter, query.status);
}

static int complete_up_to(struct submitter *submitter, uint32_t end)
{
	while (submitter->complete < end) {
		uint32_t job = submitter->complete;
		struct job_record *record = &submitter->record->records[job];

		if (wait_for_job(submitter, job) || look_at_fences(submitter, job))
			return STATUS_FAILED;
		/* The jobs of one bind have its time in common. */
		if (!record->bound_ns && job)
			record->bound_ns = record[-1].bound_ns;
		submitter->record->jobs = ++submitter->complete;
	}
	return STATUS_CLEAN;
}

/* ---- all of them ---- */

static int run_jobs(struct submitter *submitter, const volatile sig_atomic_t *interrupted)
{
	const struct options *options = submitter->options;
	uint32_t job;

	if (dma_fence_device_timeline_create(submitter->device, "bind", 0, &submitter->binds))
		return program_fail_device("cannot create a timeline");
	submitter->record->start_ns = clock_now();
	for (job = 0; job < options->jobs && !*interrupted; job++) {
		watchdog_feed();
		program_show_progress("%s: %" PRIu32 " of %" PRIu32 " jobs",
				      run_mode_name(submitter->mode), submitter->complete,
				      options->jobs);
		if ((job >= options->depth &&
		     complete_up_to(submitter, job - options->depth + 1)) ||
		    prepare(submitter, job) || hand_in(submitter, job))
			return STATUS_FAILED;
	}
	if (complete_up_to(submitter, job))
		return STATUS_FAILED;
	submitter->record->end_ns = clock_now();
	queue_put(submitter->queue, &(struct instruction){ .operation = OPERATION_END });
	queue_ring(submitter->queue);
	return STATUS_CLEAN;
}

int submitter_run(struct run *run, enum queue_mode mode, struct queue *queue, struct peers *peers,
		  const volatile sig_atomic_t *interrupted)
{
	struct submitter submitter = {
		.options = &run->options,
		.mode = mode,
		.record = &run->modes[mode],
		.queue = queue,
		.peers = peers,
		.random = 0x2545f4914f6cdd1d,
	};
	int error, status;

	for (uint32_t index = 0; index < DEPTH_MAX; index++)
		submitter.dependencies[index].frame = -1;
	/* The default of 50 us would be late for each job. */
	prctl(PR_SET_TIMERSLACK, 1);
	/* Opened behind the fork: were it shared, the death of this process would not close it. */
	submitter.device = program_open_device();
	if (submitter.device < 0)
		return STATUS_FAILED;
	error = watchdog_start(WATCHDOG_LIMIT_NS, peers->engine);
	if (error) {
		status = program_fail("cannot start a timer: %s", strerror(-error));
	} else {
		status = run_jobs(&submitter, interrupted);
		watchdog_stop();
	}
	for (uint32_t index = 0; index < DEPTH_MAX; index++) {
		if (submitter.dependencies[index].frame >= 0)
			close(submitter.dependencies[index].frame);
	}
	close(submitter.device);
	return status;
}
