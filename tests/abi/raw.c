/* SPDX-License-Identifier: MIT */
/* raw.c - the requests that act on fences and on the device. Those with fds are in raw_fd.c. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "raw.h"

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

int64_t in_ms(int64_t ms)
{
	return now_ns() + ms * NSEC_PER_MSEC;
}

void sleep_ms(int64_t ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NSEC_PER_MSEC };

	nanosleep(&time, NULL);
}

int open_node(const char *path)
{
	return must(open(path, O_RDWR | O_CLOEXEC));
}

int open_device(void)
{
	const char *path = getenv("DMA_FENCE_DEVICE");

	return open_node(path ? path : "/dev/dma_fence");
}

int raw_ioctl(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

uint32_t new_default_fence(int fd)
{
	struct dma_fence_create create = { .flags = 0 };

	expect(raw_ioctl(fd, DMA_FENCE_IOC_CREATE, &create), 0);
	return create.handle;
}

uint32_t new_named_fence(int fd, const char *name)
{
	struct dma_fence_create create = { .timeout_ns = DMA_FENCE_TIMEOUT_NEVER };

	strncpy(create.name, name, sizeof(create.name) - 1);
	expect(raw_ioctl(fd, DMA_FENCE_IOC_CREATE, &create), 0);
	return create.handle;
}

uint32_t new_lazy_fence(int fd)
{
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_LAZY,
		.timeout_ns = DMA_FENCE_TIMEOUT_NEVER,
		.name = "lazy",
	};

	expect(raw_ioctl(fd, DMA_FENCE_IOC_CREATE, &create), 0);
	return create.handle;
}

uint32_t new_fence(int fd)
{
	return new_named_fence(fd, "test");
}

uint32_t new_signaled_fence(int fd, int error)
{
	uint32_t handle = new_fence(fd);

	expect(raw_signal(fd, handle, error), 0);
	return handle;
}

uint32_t new_timeline(int fd, uint64_t value)
{
	struct dma_fence_timeline_create create = { .value = value, .name = "line" };

	expect(raw_ioctl(fd, DMA_FENCE_IOC_TIMELINE_CREATE, &create), 0);
	return create.handle;
}

uint32_t new_point_at(int fd, uint32_t timeline, uint64_t seqno)
{
	struct dma_fence_create create = {
		.timeline = timeline,
		.timeout_ns = DMA_FENCE_TIMEOUT_NEVER,
		.seqno = seqno,
	};

	expect(raw_ioctl(fd, DMA_FENCE_IOC_CREATE, &create), 0);
	return create.handle;
}

uint32_t new_point(int fd, uint32_t timeline)
{
	return new_point_at(fd, timeline, 0);
}

int raw_advance(int fd, uint32_t timeline, uint64_t value)
{
	struct dma_fence_timeline_advance advance = { .handle = timeline, .value = value };

	return raw_ioctl(fd, DMA_FENCE_IOC_TIMELINE_ADVANCE, &advance);
}

int raw_signal_many(int fd, const uint32_t *handles, uint32_t count, int error)
{
	struct {
		struct dma_fence_signal head;
		uint32_t handles[DMA_FENCE_SIGNAL_INLINE_MAX];
	} signal = { .head = { .count = count, .error = error } };

	check(count <= DMA_FENCE_SIGNAL_INLINE_MAX);
	memcpy(signal.handles, handles, count * sizeof(*handles));
	return raw_ioctl(fd, DMA_FENCE_IOC_SIGNAL_INLINE(count), &signal);
}

int raw_signal(int fd, uint32_t handle, int error)
{
	return raw_signal_many(fd, &handle, 1, error);
}

int raw_wait_many(int fd, struct dma_fence_wait_item *items, uint32_t count, uint32_t flags,
		  int64_t deadline_ns, uint32_t *first)
{
	struct {
		struct dma_fence_wait head;
		struct dma_fence_wait_item items[DMA_FENCE_WAIT_INLINE_MAX];
	} wait = { .head = { .count = count, .flags = flags, .deadline_ns = deadline_ns } };
	int result;

	check(count <= DMA_FENCE_WAIT_INLINE_MAX);
	memcpy(wait.items, items, count * sizeof(*items));
	result = raw_ioctl(fd, DMA_FENCE_IOC_WAIT_INLINE(count), &wait);
	if (result == 0 || result == -ETIME) {
		memcpy(items, wait.items, count * sizeof(*items));
		if (first)
			*first = wait.head.first;
	}
	return result;
}

int raw_wait(int fd, uint32_t handle, int64_t deadline_ns)
{
	struct dma_fence_wait_item item = { .handle = handle };

	return raw_wait_many(fd, &item, 1, 0, deadline_ns, NULL);
}

int raw_query(int fd, uint32_t handle, struct dma_fence_query *query)
{
	*query = (struct dma_fence_query){ .handle = handle };
	return raw_ioctl(fd, DMA_FENCE_IOC_QUERY, query);
}

int raw_set_deadline(int fd, uint32_t handle, int64_t deadline_ns)
{
	struct dma_fence_set_deadline deadline = { .handle = handle, .deadline_ns = deadline_ns };

	return raw_ioctl(fd, DMA_FENCE_IOC_SET_DEADLINE, &deadline);
}

int raw_close(int fd, uint32_t handle)
{
	struct dma_fence_close request = { .handle = handle };

	return raw_ioctl(fd, DMA_FENCE_IOC_CLOSE, &request);
}

int raw_merge(int fd, const uint32_t *handles, uint32_t count, uint32_t flags, uint32_t *handle)
{
	struct {
		struct dma_fence_merge head;
		uint32_t handles[DMA_FENCE_MERGE_INLINE_MAX];
	} merge = { .head = { .count = count, .flags = flags } };
	int result;

	check(count <= DMA_FENCE_MERGE_INLINE_MAX);
	memcpy(merge.handles, handles, count * sizeof(*handles));
	result = raw_ioctl(fd, DMA_FENCE_IOC_MERGE_INLINE(count), &merge);
	if (result == 0)
		*handle = merge.head.handle;
	return result;
}

uint32_t new_merge(int fd, uint32_t a, uint32_t b, uint32_t flags)
{
	uint32_t handles[] = { a, b }, handle;

	expect(raw_merge(fd, handles, 2, flags, &handle), 0);
	return handle;
}

int status_of(int fd, uint32_t handle)
{
	struct dma_fence_query query;

	expect(raw_query(fd, handle, &query), 0);
	return query.status;
}

int raw_event_add(int fd, uint32_t handle, int eventfd, uint64_t user_data, uint32_t *event)
{
	struct dma_fence_event_add add = { .handle = handle,
					   .eventfd = eventfd,
					   .user_data = user_data };
	int result = raw_ioctl(fd, DMA_FENCE_IOC_EVENT_ADD, &add);

	if (result == 0)
		*event = add.event;
	return result;
}

int raw_event_cancel(int fd, uint32_t event, uint32_t *fired)
{
	struct dma_fence_event_cancel cancel = { .event = event };
	int result = raw_ioctl(fd, DMA_FENCE_IOC_EVENT_CANCEL, &cancel);

	if (result == 0)
		*fired = cancel.fired;
	return result;
}

int raw_read_events(int fd, struct dma_fence_event *events, uint32_t capacity)
{
	ssize_t size = read(fd, events, capacity * sizeof(*events));

	return size < 0 ? -errno : (int)(size / sizeof(*events));
}

int raw_stats(int fd, struct dma_fence_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	return raw_ioctl(fd, DMA_FENCE_IOC_GET_STATS, stats);
}

int raw_caps(int fd, struct dma_fence_caps *caps)
{
	memset(caps, 0, sizeof(*caps));
	return raw_ioctl(fd, DMA_FENCE_IOC_GET_CAPS, caps);
}
