/* SPDX-License-Identifier: MIT */
/*
 * The camera. A request for a frame gets a fence at once, as a sync_file; the frame itself comes
 * late, in the order of the requests, and several may be on their way. Then the point of the
 * camera's timeline is signaled, without a message.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "camera.h"
#include "libdmafence.h"
#include "message.h"

/* One poll(), between two feeds of the watchdog. */
#define POLL_LIMIT_NS	  (NS_PER_SECOND / 2)
#define WATCHDOG_LIMIT_NS (15 * NS_PER_SECOND)

struct camera {
	const struct options *options;
	struct mode_record *mode;
	int socket;
	int device;
	uint32_t timeline; /* one point a frame */
	uint64_t random;
	uint32_t asked, taken; /* frames so far */
	int64_t *due_ns;       /* when each of them will be there */
};

/*
 * Every function below that returns int returns STATUS_CLEAN, or STATUS_FAILED after
 * reporting the cause.
 */

static int send_frame(struct camera *camera, uint32_t frame)
{
	struct message message = { .kind = MESSAGE_FRAME, .frame = frame };
	uint64_t point = (uint64_t)frame + 1;
	uint32_t handle;
	int fence, error;

	if (dma_fence_device_timeline_point(camera->device, camera->timeline, &point, &handle))
		return program_fail_device("cannot create a fence");
	fence = dma_fence_device_export(camera->device, handle);
	if (fence < 0 || dma_fence_device_close_handle(camera->device, handle))
		return program_fail_device("cannot export a fence");
	error = message_send(camera->socket, &message, fence);
	close(fence);
	/* A submitter that is gone will be missed when the next message is looked for. */
	if (error && error != -EPIPE && error != -ECONNRESET)
		return program_fail("cannot send to the submitter: %s", strerror(-error));
	return STATUS_CLEAN;
}

/* *gone: no process is left that asks for frames. */
static int answer(struct camera *camera, bool *gone)
{
	struct incoming incoming;
	struct message message;
	int64_t due_ns;
	ssize_t received;
	int fd;

	incoming_prepare(&incoming);
	received = recvmsg(camera->socket, &incoming.header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	*gone = received <= 0;
	if (*gone)
		return STATUS_CLEAN;
	if (incoming_take(&incoming, received, &message, &fd) || fd >= 0 ||
	    message.kind != MESSAGE_ASK || message.frame != camera->asked ||
	    message.frame >= camera->options->jobs)
		return program_fail("the submitter sent something that is no question");
	due_ns = clock_now() + duration_next(&camera->options->late, &camera->random);
	if (camera->asked && due_ns < camera->due_ns[camera->asked - 1])
		due_ns = camera->due_ns[camera->asked - 1];
	camera->due_ns[camera->asked] = due_ns;
	return send_frame(camera, camera->asked++);
}

static int take_frame(struct camera *camera)
{
	uint32_t frame = camera->taken++;

	camera->mode->records[frame].frame = frame + 1;
	if (dma_fence_device_timeline_advance(camera->device, camera->timeline, (uint64_t)frame + 1,
					      0, NULL))
		return program_fail_device("cannot signal a fence");
	return STATUS_CLEAN;
}

static int run_loop(struct camera *camera)
{
	struct pollfd peer = { .fd = camera->socket, .events = POLLIN };
	bool gone = false;

	while (!gone) {
		bool pending = camera->taken < camera->asked;
		int64_t left =
			pending ? camera->due_ns[camera->taken] - clock_now() : POLL_LIMIT_NS;
		struct timespec timeout = { 0 };
		int ready;

		watchdog_feed();
		if (left <= 0) {
			if (take_frame(camera))
				return STATUS_FAILED;
			continue;
		}
		timeout.tv_nsec = left < POLL_LIMIT_NS ? left : POLL_LIMIT_NS;
		ready = ppoll(&peer, 1, &timeout, NULL);
		if (ready < 0 && errno != EINTR)
			return program_fail("poll: %s", strerror(errno));
		if (ready > 0 && answer(camera, &gone))
			return STATUS_FAILED;
	}
	return STATUS_CLEAN;
}

/* With a device and a watchdog. */
static int run_camera(struct camera *camera)
{
	int status;

	camera->due_ns = calloc(camera->options->jobs, sizeof(*camera->due_ns));
	if (!camera->due_ns)
		return program_fail("out of memory");
	if (dma_fence_device_timeline_create(camera->device, "camera", 0, &camera->timeline))
		status = program_fail_device("cannot create a timeline");
	else
		status = run_loop(camera);
	free(camera->due_ns);
	return status;
}

int camera_run(const struct options *options, struct mode_record *mode, int socket)
{
	struct camera camera = {
		.options = options,
		.mode = mode,
		.socket = socket,
		.random = 0x9e3779b97f4a7c15,
	};
	int error, status;

	prctl(PR_SET_TIMERSLACK, 1);
	camera.device = program_open_device();
	if (camera.device < 0)
		return STATUS_FAILED;
	error = watchdog_start(WATCHDOG_LIMIT_NS, 0);
	if (error) {
		status = program_fail("cannot start a timer: %s", strerror(-error));
	} else {
		status = run_camera(&camera);
		watchdog_stop();
	}
	close(camera.device);
	return status;
}
