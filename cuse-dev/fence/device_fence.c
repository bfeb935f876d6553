/* SPDX-License-Identifier: MIT */
/* device_fence.c - see device_fence.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container_of.h"
#include "fence/device_fence.h"

static const char *driver_name(struct dma_fence *fence)
{
	return "dma-fenced";
}

static const char *fence_timeline_name(struct dma_fence *base)
{
	struct device_fence *fence = to_device_fence(base);

	return fence->name ? fence->name : "";
}

static const char *point_timeline_name(struct dma_fence *base)
{
	return sync_timeline_name(to_device_fence(base)->point.timeline);
}

/* QUERY returns the hint; a simulated job does not hurry. */
static void keep_deadline(struct dma_fence *base, int64_t deadline_ns)
{
	struct device_fence *fence = to_device_fence(base);

	if (deadline_ns < fence->deadline)
		fence->deadline = deadline_ns;
}

static void timeline_put(struct device_timeline *timeline)
{
	if (--timeline->references)
		return;
	timeline->device->stats.timelines--;
	sync_timeline_put(timeline->timeline);
	free(timeline);
}

/* The first waiter of a lazy fence. Whether it has to wait is up to the creator, who signals it. */
static bool notify_creator(struct dma_fence *base)
{
	struct device_fence *fence = to_device_fence(base);

	if (fence->enable)
		record_deliver(fence->enable);
	return true;
}

static void release(struct dma_fence *base)
{
	struct device_fence *fence = to_device_fence(base);

	if (fence->enable)
		record_discard(fence->enable);
	timer_cancel(&fence->timer);
	fence->device->stats.fences--;
	if (fence->is_point) {
		sync_point_fini(&fence->point);
		timeline_put(fence->timeline);
	} else {
		free(fence->name);
	}
	free(fence);
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = fence_timeline_name,
	.enable_signaling = notify_creator,
	.release = release,
	.set_deadline = keep_deadline,
};

static const struct dma_fence_ops point_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = point_timeline_name,
	.enable_signaling = notify_creator,
	.release = release,
	.set_deadline = keep_deadline,
};

struct device_fence *to_device_fence(struct dma_fence *fence)
{
	if (fence->ops != &fence_ops && fence->ops != &point_ops)
		return NULL;
	return container_of(fence, struct device_fence, base);
}

int device_fence_create(struct device *device, const char *name, struct device_timeline *timeline,
			uint64_t seqno, struct device_fence **created)
{
	struct device_fence *fence = calloc(1, sizeof(*fence));
	int ret;

	if (!fence)
		return -ENOMEM;
	fence->device = device;
	fence->deadline = INT64_MAX;
	fence->is_point = timeline != NULL;
	if (timeline) {
		ret = sync_point_init(timeline->timeline, &fence->point, &point_ops, seqno);
		if (ret)
			goto err_free;
		fence->timeline = timeline;
		timeline->references++;
		DL_APPEND(timeline->signalable, fence);
	} else {
		if (name[0]) {
			ret = -ENOMEM;
			fence->name = strdup(name);
			if (!fence->name)
				goto err_free;
		}
		dma_fence_init(&fence->base, &fence_ops, &device->fence_lock,
			       dma_fence_context_alloc(1), 1);
	}
	/*
	 * They are its own, or its timeline's, which it keeps: sync_file returns them after the
	 * signal, too.
	 */
	atomic_fetch_or(&fence->base.flags, 1u << DMA_FENCE_FLAG_NAMES_STAY_BIT);
	device->stats.fences++;
	*created = fence;
	return 0;

err_free:
	free(fence);
	return ret;
}

int device_fence_make_lazy(struct device_fence *fence, struct open_file *creator)
{
	return record_create(&creator->records, &fence->enable,
			     &(struct dma_fence_event){
				     .type = DMA_FENCE_EVENT_ENABLE,
				     .context = fence->base.context,
				     .seqno = fence->base.seqno,
			     });
}

/*
 * Cancels what cannot be signaled any more. A point that can still be signaled, through its handle,
 * keeps those behind it pending too: they may have taken its place in a merge or on a buffer, which
 * must not look idle before it.
 */
static void cancel_unreachable(struct device_timeline *timeline)
{
	struct device_fence *last = timeline->signalable ? timeline->signalable->prev : NULL;

	if (timeline->handle_open || (last && !dma_fence_is_signaled(&last->base)))
		return;
	/* The last point that is cancelled may be the last that holds it. */
	timeline->references++;
	timeline->device->stats.signaled += sync_timeline_cancel(timeline->timeline, 0, -ECANCELED);
	timeline_put(timeline);
}

static void signal_own(struct device_fence *fence, int error)
{
	if (error)
		dma_fence_set_error(&fence->base, error);
	if (dma_fence_signal(&fence->base) == 0)
		fence->device->stats.signaled++;
}

/*
 * Signals the point, and those before it with before_error, so that a context's fences are always
 * signaled in order.
 */
static void signal_point(struct device_fence *fence, int before_error, int error)
{
	struct sync_timeline *timeline = fence->point.timeline;
	uint64_t seqno = fence->base.seqno;
	unsigned int before = 0, itself = 0;

	/* The point is active, so its timeline is not there yet. */
	if (sync_timeline_value(timeline) < seqno - 1)
		sync_timeline_advance(timeline, seqno - 1, before_error, &before);
	sync_timeline_advance(timeline, seqno, error, &itself);
	fence->device->stats.signaled += before + itself;
	/* One of them may have been the last that could be signaled. */
	cancel_unreachable(fence->timeline);
}

static void signal_with(struct device_fence *fence, int before_error, int error)
{
	if (dma_fence_is_signaled(&fence->base))
		return;
	/* Callbacks may drop the last other reference. */
	dma_fence_get(&fence->base);
	timer_cancel(&fence->timer);
	if (fence->is_point)
		signal_point(fence, before_error, error);
	else
		signal_own(fence, error);
	dma_fence_put(&fence->base);
}

void device_fence_signal(struct device_fence *fence, int error)
{
	signal_with(fence, 0, error);
}

static struct device_fence *of_timer(struct timer *timer)
{
	return container_of(timer, struct device_fence, timer);
}

/* A waiter for a point waits for those before it as well: they are late, too. */
static void time_is_up(struct timer *timer)
{
	signal_with(of_timer(timer), -ETIMEDOUT, -ETIMEDOUT);
}

static void job_is_done(struct timer *timer)
{
	struct device_fence *fence = of_timer(timer);

	signal_with(fence, 0, fence->job_error);
}

int device_fence_set_times(struct device_fence *fence, uint64_t timeout_ns, int64_t delay_ns,
			   int error)
{
	int64_t now;

	if ((!timeout_ns && delay_ns < 0) || dma_fence_is_signaled(&fence->base))
		return 0;
	now = dma_fence_now();
	/* A time past the end of the clock is never. */
	if (timeout_ns > (uint64_t)(INT64_MAX - now))
		timeout_ns = 0;
	if (delay_ns >= 0 && (!timeout_ns || (uint64_t)delay_ns <= timeout_ns)) {
		fence->job_error = error;
		return timer_set(&fence->timer, now + delay_ns, job_is_done);
	}
	if (!timeout_ns)
		return 0;
	return timer_set(&fence->timer, now + (int64_t)timeout_ns, time_is_up);
}

struct device_timeline *device_timeline_create(struct device *device, const char *name,
					       uint64_t value)
{
	struct device_timeline *timeline = calloc(1, sizeof(*timeline));

	if (!timeline)
		return NULL;
	timeline->timeline = sync_timeline_create(name, value);
	if (!timeline->timeline) {
		free(timeline);
		return NULL;
	}
	timeline->device = device;
	timeline->handle_open = true;
	timeline->references = 1;
	device->stats.timelines++;
	return timeline;
}

int device_timeline_advance(struct device_timeline *timeline, uint64_t value, int error,
			    unsigned int *signaled)
{
	unsigned int count = 0;
	int ret = sync_timeline_advance(timeline->timeline, value, error, &count);

	timeline->device->stats.signaled += count;
	if (signaled)
		*signaled = count;
	return ret;
}

static void timeline_closed(void *object)
{
	struct device_timeline *timeline = object;

	timeline->handle_open = false;
	cancel_unreachable(timeline);
	timeline_put(timeline);
}

const struct handle_class timeline_class = {
	.cost = handle_cost_of_one,
	.closed = timeline_closed,
};

static void fence_closed(void *object)
{
	struct device_fence *fence = to_device_fence(object);

	if (fence->is_point) {
		DL_DELETE(fence->timeline->signalable, fence);
		cancel_unreachable(fence->timeline);
	} else {
		device_fence_signal(fence, -ECANCELED);
	}
	dma_fence_put(&fence->base);
}

const struct handle_class created_fence_class = {
	.cost = handle_cost_of_one,
	.closed = fence_closed,
	.is_fence = true,
};
