/* SPDX-License-Identifier: MIT */
/*
 * The renderer. For each frame: find a buffer that the display has left, queue the flip to it
 * together with a fence that is still pending, and only then draw, tile by tile, as slowly as a GPU
 * that has a lot to do. With the last tile the timeline is advanced, which signals the fence: the
 * display gets notified, without another process in between.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "libdmafence.h"
#include "picture.h"
#include "protocol.h"
#include "renderer.h"

/* The slowest display leaves a buffer within a fraction of this: more is a display that hangs. */
#define RELEASE_LIMIT_NS (10 * NS_PER_SECOND)
/* One poll(), between two feeds of the watchdog. */
#define POLL_LIMIT_NS NS_PER_SECOND
/* A fence of a process that died may be signaled a moment before its socket is closed. */
#define HANG_UP_LIMIT_NS NS_PER_SECOND
/* Longer than the display's, so that the display reports the error, and ends the renderer. */
#define WATCHDOG_LIMIT_NS (15 * NS_PER_SECOND)

enum buffer_state {
	BUFFER_FREE,
	BUFFER_QUEUED, /* its flip is sent, the out-fence has not come back yet */
	BUFFER_FENCED, /* busy until out_fence is signaled */
};

struct buffer {
	enum buffer_state state;
	uint32_t *pixels; /* mapped; the memfd itself is the display's */
	int out_fence;	  /* a sync_file of the display's, -1: none */
};

struct renderer {
	struct run *run;
	const struct options *options;
	int socket;
	int device;	   /* -1 with --no-fences */
	uint32_t timeline; /* one point a frame */
	uint64_t random;
	uint32_t last_buffer; /* the one drawn into last */
	struct buffer buffers[BUFFERS_MAX];
};

/*
 * Every function below that returns int returns STATUS_CLEAN, or STATUS_FAILED after
 * reporting the cause.
 */

static int fail_peer(struct renderer *renderer)
{
	return program_fail("the display is gone");
}

/*
 * poll() until a moment of clock_now(): the number of descriptors with events, 0 at the deadline,
 * or a negative errno.
 */
static int poll_until(struct pollfd *descriptors, nfds_t count, int64_t deadline_ns)
{
	for (;;) {
		int64_t left = deadline_ns - clock_now();
		struct timespec timeout = { 0 };
		int ready;

		if (left > 0) {
			timeout.tv_sec = left / NS_PER_SECOND;
			timeout.tv_nsec = left % NS_PER_SECOND;
		}
		ready = ppoll(descriptors, count, &timeout, NULL);
		if (ready >= 0)
			return ready;
		if (errno != EINTR)
			return -errno;
	}
}

/* Passes the time until a moment, or until the display hangs up. */
static int sleep_until(struct renderer *renderer, int64_t deadline_ns)
{
	struct pollfd peer = { .fd = renderer->socket, .events = POLLRDHUP };
	int ready;

	ready = poll_until(&peer, 1, deadline_ns);
	if (ready < 0)
		return program_fail("poll: %s", strerror(-ready));
	return ready ? fail_peer(renderer) : STATUS_CLEAN;
}

static int send_message(struct renderer *renderer, const struct message *message, int fd)
{
	struct pollfd peer = { .fd = renderer->socket, .events = POLLOUT };
	int error;

	for (;;) {
		error = message_send(renderer->socket, message, fd);
		if (error != -EAGAIN)
			break;
		if (poll_until(&peer, 1, clock_now() + POLL_LIMIT_NS) <= 0)
			return program_fail("the display takes no more flips");
	}
	if (error == -EPIPE || error == -ECONNRESET)
		return fail_peer(renderer);
	if (error)
		return program_fail("cannot send to the display: %s", strerror(-error));
	return STATUS_CLEAN;
}

/* ---- buffers ---- */

/*
 * A memfd that no process can resize any more, so that reading it never faults. The display gets
 * the only descriptor.
 */
static int create_buffer(struct renderer *renderer, uint32_t index)
{
	struct message message = { .kind = MESSAGE_BUFFER, .buffer = index };
	size_t size = picture_size(renderer->options->size.width, renderer->options->size.height);
	void *pixels = MAP_FAILED;
	int memory, status;

	memory = memfd_create("page-flip", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory >= 0 && !ftruncate(memory, size) &&
	    !fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory,
			      0);
	if (pixels == MAP_FAILED) {
		status = program_fail("cannot create a buffer: %s", strerror(errno));
	} else {
		renderer->buffers[index].pixels = pixels;
		status = send_message(renderer, &message, memory);
	}
	if (memory >= 0)
		close(memory);
	return status;
}

static int receive_release(struct renderer *renderer)
{
	struct incoming incoming;
	struct message message;
	ssize_t received;
	int fence;

	incoming_prepare(&incoming);
	received = recvmsg(renderer->socket, &incoming.header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (received <= 0)
		return fail_peer(renderer);
	if (!incoming_take(&incoming, received, &message, &fence)) {
		struct buffer *buffer = &renderer->buffers[message.buffer % BUFFERS_MAX];

		if (message.kind == MESSAGE_RELEASE && message.buffer < BUFFERS_MAX &&
		    buffer->state == BUFFER_QUEUED && fence >= 0) {
			buffer->state = BUFFER_FENCED;
			buffer->out_fence = fence;
			return STATUS_CLEAN;
		}
		if (fence >= 0)
			close(fence);
	}
	return program_fail("the display sent something that is no release");
}

/* poll() says that the out-fence of the buffer is signaled: how did it end? */
static int take_buffer_back(struct renderer *renderer, struct buffer *buffer)
{
	int status;

	if (dma_fence_sync_file_get_status(buffer->out_fence, &status))
		return program_fail_device("cannot read an out-fence");
	if (status == -ECANCELED) {
		/*
		 * The device signals the fences of a dead process so; and its own when it is
		 * stopped.
		 */
		if (sleep_until(renderer, clock_now() + HANG_UP_LIMIT_NS))
			return STATUS_FAILED;
		return program_fail("the device %s was stopped", renderer->options->common.device);
	}
	if (status < 0)
		return program_fail("an out-fence failed: %s", strerror(-status));
	if (status == 0)
		return STATUS_CLEAN;
	close(buffer->out_fence);
	buffer->out_fence = -1;
	buffer->state = BUFFER_FREE;
	return STATUS_CLEAN;
}

/* Waits a while for what the display has to say, and for the out-fences that it has sent. */
static int wait_for_release(struct renderer *renderer)
{
	struct pollfd descriptors[1 + BUFFERS_MAX];
	struct buffer *waited[1 + BUFFERS_MAX];
	nfds_t count = 1;
	int ready;

	descriptors[0] = (struct pollfd){ .fd = renderer->socket, .events = POLLIN | POLLRDHUP };
	for (uint32_t index = 0; index < renderer->options->buffers; index++) {
		struct buffer *buffer = &renderer->buffers[index];

		if (buffer->state != BUFFER_FENCED)
			continue;
		waited[count] = buffer;
		descriptors[count++] = (struct pollfd){ .fd = buffer->out_fence, .events = POLLIN };
	}
	ready = poll_until(descriptors, count, clock_now() + POLL_LIMIT_NS);
	if (ready < 0)
		return program_fail("poll: %s", strerror(-ready));
	for (nfds_t index = 1; index < count; index++) {
		if (descriptors[index].revents && take_buffer_back(renderer, waited[index]))
			return STATUS_FAILED;
	}
	if (descriptors[0].revents)
		return receive_release(renderer);
	return STATUS_CLEAN;
}

/* Round the ring, as far as buffers are free: -1 if none is. */
static int find_free_buffer(const struct renderer *renderer)
{
	uint32_t count = renderer->options->buffers;

	for (uint32_t step = 1; step <= count; step++) {
		uint32_t index = (renderer->last_buffer + step) % count;

		if (renderer->buffers[index].state == BUFFER_FREE)
			return index;
	}
	return -1;
}

/* An index, or -1 after reporting the cause. */
static int acquire_buffer(struct renderer *renderer)
{
	int64_t deadline = clock_now() + RELEASE_LIMIT_NS;
	int index;

	while ((index = find_free_buffer(renderer)) < 0) {
		watchdog_feed();
		if (clock_now() >= deadline) {
			program_fail("the display does not leave its buffers");
			return -1;
		}
		if (wait_for_release(renderer))
			return -1;
	}
	renderer->last_buffer = index;
	return index;
}

/* ---- frames ---- */

/*
 * Point frame + 1 of the timeline is the fence of the frame. Its handle is not needed once it is
 * exported: the timeline signals it, and would signal it with -ECANCELED if this process died.
 */
static int create_in_fence(struct renderer *renderer, uint32_t frame, int *fence)
{
	uint64_t point = (uint64_t)frame + 1;
	uint32_t handle;

	if (dma_fence_device_timeline_point(renderer->device, renderer->timeline, &point, &handle))
		return program_fail_device("cannot create a fence");
	*fence = dma_fence_device_export(renderer->device, handle);
	if (*fence < 0 || dma_fence_device_close_handle(renderer->device, handle))
		return program_fail_device("cannot export a fence");
	return STATUS_CLEAN;
}

static int queue_flip(struct renderer *renderer, uint32_t frame, uint32_t buffer)
{
	struct message message = { .kind = MESSAGE_FLIP, .frame = frame, .buffer = buffer };
	int fence = -1, status = STATUS_CLEAN;

	if (renderer->options->fences) {
		status = create_in_fence(renderer, frame, &fence);
		renderer->buffers[buffer].state = BUFFER_QUEUED;
	}
	if (!status)
		status = send_message(renderer, &message, fence);
	if (fence >= 0)
		close(fence);
	return status;
}

static int render(struct renderer *renderer, uint32_t frame)
{
	struct frame_record *record = &renderer->run->frames[frame];
	const struct options *options = renderer->options;
	int64_t start, duration = duration_next(&options->render, &renderer->random);
	int buffer;

	record->wait_ns = clock_now();
	buffer = acquire_buffer(renderer);
	if (buffer < 0 || queue_flip(renderer, frame, buffer))
		return STATUS_FAILED;

	record->render_ns = start = clock_now();
	for (uint32_t step = 0; step < PICTURE_TILES; step++) {
		picture_draw(renderer->buffers[buffer].pixels, options->size.width, options->size.height,
			     frame, step);
		watchdog_feed();
		if (sleep_until(renderer, start + duration * (step + 1) / PICTURE_TILES))
			return STATUS_FAILED;
	}

	record->signal_ns = clock_now();
	if (options->fences &&
	    dma_fence_device_timeline_advance(renderer->device, renderer->timeline,
					      (uint64_t)frame + 1, 0, NULL))
		return program_fail_device("cannot signal a fence");
	return STATUS_CLEAN;
}

static int render_all(struct renderer *renderer)
{
	struct message end = { .kind = MESSAGE_END };
	const struct options *options = renderer->options;

	if (options->fences) {
		renderer->device = program_open_device();
		if (renderer->device < 0)
			return STATUS_FAILED;
		if (dma_fence_device_timeline_create(renderer->device, "renderer", 0,
						     &renderer->timeline))
			return program_fail_device("cannot create a timeline");
	}
	for (uint32_t index = 0; index < options->buffers; index++) {
		if (create_buffer(renderer, index))
			return STATUS_FAILED;
	}
	for (uint32_t frame = 0; frame < options->frames; frame++) {
		if (render(renderer, frame))
			return STATUS_FAILED;
	}
	return send_message(renderer, &end, -1);
}

int renderer_run(struct run *run, int socket)
{
	struct renderer renderer = {
		.run = run,
		.options = &run->options,
		.socket = socket,
		.device = -1,
		.random = 0x9e3779b97f4a7c15,
		.last_buffer = run->options.buffers - 1,
	};
	int error, status;

	for (uint32_t index = 0; index < BUFFERS_MAX; index++)
		renderer.buffers[index].out_fence = -1;

	/* The default of 50 us would be most of a tile's time at a high rate. */
	prctl(PR_SET_TIMERSLACK, 1);
	error = watchdog_start(WATCHDOG_LIMIT_NS, 0);
	if (error) {
		status = program_fail("cannot start a timer: %s", strerror(-error));
	} else {
		status = render_all(&renderer);
		watchdog_stop();
	}

	for (uint32_t index = 0; index < BUFFERS_MAX; index++) {
		if (renderer.buffers[index].out_fence >= 0)
			close(renderer.buffers[index].out_fence);
		if (renderer.buffers[index].pixels)
			munmap(renderer.buffers[index].pixels,
			       picture_size(run->options.size.width, run->options.size.height));
	}
	if (renderer.device >= 0)
		close(renderer.device);
	return status;
}
