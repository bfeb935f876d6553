/* SPDX-License-Identifier: MIT */
/*
 * ioctls.c - takes the time of requests. Which there are, and what each needs beforehand, is in
 * ioctl-cases.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "floor.h"
#include "ioctls.h"

struct ioctl_context {
	const struct ioctl_case *row;
	struct stage *stage;
	struct ioctl_batch *batch;
	unsigned int samples; /* of a batch */
};

/* The same struct, in the same direction, to a server that does nothing with it. */
static unsigned long floor_request(unsigned long request)
{
	return FLOOR_IOC(_IOC_DIR(request), FLOOR_ECHO, _IOC_SIZE(request));
}

static int issue_on_fresh(const char *path, unsigned long request, void *argument)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -1;
	ret = ioctl(fd, request, argument);
	close(fd);
	return ret;
}

/* The part that the clock sees: the same code for both sides. fd: -1 for a fresh open each. */
static int issue(struct ioctl_batch *batch, int fd, const char *path, unsigned long request,
		 uint64_t *latency_ns)
{
	unsigned int i;

	for (i = 0; i < batch->count; i++) {
		uint64_t start = now_ns();
		int ret = fd < 0 ? issue_on_fresh(path, request, &batch->argument[i])
				 : ioctl(fd, request, &batch->argument[i]);
		uint64_t end = now_ns();

		if (ret < 0)
			return -errno;
		if (i >= IOCTL_BATCH_WARM_UP)
			latency_ns[i - IOCTL_BATCH_WARM_UP] = end - start;
	}
	return 0;
}

static int prepare(const struct ioctl_case *row, struct ioctl_batch *batch)
{
	unsigned int i;
	int ret;

	ret = row->setup ? row->setup(batch) : 0;
	for (i = 0; ret == 0 && row->fill && i < batch->count; i++)
		ret = row->fill(batch, i);
	return ret;
}

static int run_batch(void *data, enum side side, uint64_t *latency_ns)
{
	struct ioctl_context *context = data;
	const struct ioctl_case *row = context->row;
	struct target *target = &context->stage->target[side];
	unsigned long request = target->native ? row->request : floor_request(row->request);
	struct ioctl_batch *batch = context->batch;
	int fd, ret;

	memset(batch, 0, sizeof(*batch));
	batch->stage = context->stage;
	batch->count = IOCTL_BATCH_WARM_UP + context->samples;
	batch->sync_file = -1;
	batch->file = open(target->path, O_RDWR | O_CLOEXEC);
	if (batch->file < 0)
		return -errno;
	ret = target->native ? prepare(row, batch) : 0;
	fd = batch->file;
	if (row->subject == ON_FRESH_NODE)
		fd = -1;
	else if (target->native && row->subject == ON_SYNC_FILE)
		fd = batch->sync_file;
	if (ret == 0)
		ret = issue(batch, fd, target->path, request, latency_ns);

	if (batch->sync_file >= 0)
		close(batch->sync_file);
	for (unsigned int i = 0; i < batch->count; i++) {
		if (batch->buffer_fd[i] > 0)
			close(batch->buffer_fd[i]);
	}
	close(batch->file);
	/* What the server still has to clear away does not belong to the other side's time. */
	return ret < 0 ? ret : target_settle(target);
}

static unsigned int lower(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* As many as the device allows an open file, which needs up to two handles a request. */
static unsigned int batch_samples(const struct stage *stage)
{
	const struct dma_fence_caps *caps = &stage->caps;
	unsigned int most = IOCTL_BATCH_MAX;

	if (stage->target[SIDE_DEVICE].native) {
		most = lower(most, caps->max_handles / 2);
		most = lower(most, caps->max_events);
		most = lower(most, caps->max_exports);
		most = lower(most, caps->max_attachments);
	}
	return most > IOCTL_BATCH_WARM_UP ? most - IOCTL_BATCH_WARM_UP : 0;
}

int ioctl_measure(const struct ioctl_case *row, struct stage *stage, unsigned int samples,
		  struct measurement *measurement)
{
	struct ioctl_context context = {
		.row = row,
		.stage = stage,
		.samples = batch_samples(stage),
	};
	int ret;

	if (stage->target[SIDE_DEVICE].native && row->features & ~stage->caps.features)
		return -EOPNOTSUPP;
	if (!context.samples)
		return -ENOSPC;
	context.batch = malloc(sizeof(*context.batch));
	if (!context.batch)
		return -ENOMEM;
	ret = measure(measurement, samples, context.samples, run_batch, &context);
	free(context.batch);
	return ret;
}
