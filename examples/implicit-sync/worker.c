/* SPDX-License-Identifier: MIT */
/*
 * A worker takes one buffer after the other of those that it reads, and of those that it writes:
 * begin the access, read a band and draw a tile by turns, end the access. What frame it finds it
 * learns from the pixels alone.
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "access.h"
#include "picture.h"
#include "worker.h"

#define WATCHDOG_LIMIT_NS (15 * NS_PER_SECOND)
/* The upper byte of a pixel is the stamp of its frame; 0 is the one of an empty buffer. */
#define STAMP_SHIFT 24

struct worker {
	struct run *run;
	enum role role;
	int device; /* -1 with --no-fences */
	uint64_t random;
	uint32_t turn;		     /* so far */
	uint8_t stamps[BUFFERS_MAX]; /* of the frames seen last */
};

/*
 * Every function below that returns int returns STATUS_CLEAN, or STATUS_FAILED after
 * reporting the cause.
 */

static struct buffer *read_buffer(struct worker *worker, uint32_t index)
{
	if (worker->role == ROLE_PRODUCER)
		return NULL;
	return worker->role == ROLE_PROCESSOR ? &worker->run->raw[index]
					      : &worker->run->finished[index];
}

static struct buffer *write_buffer(struct worker *worker, uint32_t index)
{
	if (worker->role == ROLE_CONSUMER)
		return NULL;
	return worker->role == ROLE_PROCESSOR ? &worker->run->finished[index]
					      : &worker->run->raw[index];
}

/* For the check: enters, and checks for a process that must not be there. */
static bool enter(struct buffer *from, struct buffer *to)
{
	bool overlapped = false;

	if (from) {
		atomic_fetch_add(from->readers, 1);
		overlapped |= atomic_load(from->writers) > 0;
	}
	if (to) {
		overlapped |= atomic_fetch_add(to->writers, 1) > 0;
		overlapped |= atomic_load(to->readers) > 0;
	}
	return overlapped;
}

/* The other one may have come in later. */
static bool leave(struct buffer *from, struct buffer *to)
{
	bool overlapped = false;

	if (from) {
		overlapped |= atomic_load(from->writers) > 0;
		atomic_fetch_sub(from->readers, 1);
	}
	if (to) {
		overlapped |= atomic_load(to->readers) > 0;
		overlapped |= atomic_fetch_sub(to->writers, 1) > 1;
	}
	return overlapped;
}

static void sleep_until(int64_t time_ns)
{
	struct timespec time = { time_ns / NS_PER_SECOND, time_ns % NS_PER_SECOND };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

/* As slowly as an engine that has a lot to do: a band of what is read, a tile of what is drawn. */
static void work(struct worker *worker, struct turn *turn, struct buffer *from, struct buffer *to)
{
	const struct options *options = &worker->run->options;
	uint32_t width = options->size.width, height = options->size.height;
	int64_t duration = duration_next(&options->work[worker->role], &worker->random);

	for (uint32_t step = 0; step < PICTURE_TILES; step++) {
		/* A frame's stamp is the frame, counted from 1. */
		uint32_t frame = (uint32_t)turn->stamp - 1;

		if (from && !picture_check(from->pixels, width, height * step / PICTURE_TILES,
					   height * (step + 1) / PICTURE_TILES, frame))
			turn->torn = true;
		if (to)
			picture_draw(to->pixels, width, height, frame, step);
		watchdog_feed();
		sleep_until(turn->work_ns + duration * (step + 1) / PICTURE_TILES);
	}
}

static uint8_t stamp_in(const struct buffer *buffer)
{
	return *(const volatile uint32_t *)buffer->pixels >> STAMP_SHIFT;
}

static void use_buffers(struct worker *worker, struct turn *turn, struct buffer *from,
			struct buffer *to)
{
	turn->work_ns = clock_now();
	turn->overlapped = enter(from, to);
	/* The producer's frames are 1 to 255 and again, so that none looks like an empty buffer. */
	turn->stamp = from ? stamp_in(from) : worker->turn % 255 + 1;
	if (!turn->stamp)
		turn->kind = FRAME_NONE;
	else if (turn->stamp == worker->stamps[turn->buffer])
		turn->kind = FRAME_AGAIN;
	worker->stamps[turn->buffer] = turn->stamp;
	/* Nothing comes of nothing: what is there stays. */
	if (turn->stamp)
		work(worker, turn, from, to);
	else
		sleep_until(turn->work_ns + worker->run->options.work[worker->role].mean_ns);
	turn->torn &= !turn->failed;
	turn->overlapped |= leave(from, to);
}

static int take_turn(struct worker *worker, struct turn *turn)
{
	struct buffer *from, *to;
	struct access access = { 0 };

	turn->buffer = worker->turn % worker->run->options.buffers;
	turn->wait_ns = clock_now();
	from = read_buffer(worker, turn->buffer);
	to = write_buffer(worker, turn->buffer);
	if (from)
		access.buffers[access.count++] = (struct access_buffer){ .fd = from->fd };
	if (to)
		access.buffers[access.count++] =
			(struct access_buffer){ .fd = to->fd, .write = true };
	if (worker->device >= 0 &&
	    access_begin(worker->device, &access, role_name(worker->role), &turn->failed))
		return STATUS_FAILED;
	use_buffers(worker, turn, from, to);
	/* Before the signal: a process that waits for the fence begins after it. */
	turn->done_ns = clock_now();
	if (worker->device >= 0 && access_end(worker->device, &access))
		return STATUS_FAILED;
	return STATUS_CLEAN;
}

static int run_turns(struct worker *worker)
{
	struct run *run = worker->run;
	bool producer = worker->role == ROLE_PRODUCER;
	uint32_t limit = producer ? run->options.frames : run_turns_max(&run->options);

	while (worker->turn < limit && !atomic_load(&run->shared->stop)) {
		watchdog_feed();
		if (take_turn(worker, &run->turns[worker->role][worker->turn]))
			return STATUS_FAILED;
		atomic_store(&run->shared->turns[worker->role], ++worker->turn);
	}
	if (producer)
		atomic_store(&run->shared->stop, true);
	return STATUS_CLEAN;
}

int worker_run(struct run *run, enum role role)
{
	struct worker worker = {
		.run = run,
		.role = role,
		.device = -1,
		.random = 0x9e3779b97f4a7c15 + role,
	};
	int error, status;

	/* The default of 50 us would be most of a tile's time. */
	prctl(PR_SET_TIMERSLACK, 1);
	if (run->options.fences) {
		worker.device = program_open_device();
		if (worker.device < 0)
			return STATUS_FAILED;
	}
	error = watchdog_start(WATCHDOG_LIMIT_NS, 0);
	if (error) {
		status = program_fail("cannot start a timer: %s", strerror(-error));
	} else {
		status = run_turns(&worker);
		watchdog_stop();
	}
	if (worker.device >= 0)
		close(worker.device);
	return status;
}
