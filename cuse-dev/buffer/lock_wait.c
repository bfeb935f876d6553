/* SPDX-License-Identifier: MIT */
/* lock_wait.c - see lock_wait.h. */
#include <errno.h>

#include "buffer/lock_wait.h"

/* In the middle of somebody else's locking or unlocking: just notes it down. */
static void note_result(struct ww_waiter *waiter, int result)
{
	struct lock_wait *wait = (struct lock_wait *)waiter;

	wait->result = result;
	wait->is_due = true;
	DL_APPEND(wait->buffer->device->lock_results, wait);
}

static void take_off_results(struct lock_wait *wait)
{
	DL_DELETE(wait->buffer->device->lock_results, wait);
	wait->is_due = false;
	wait->pending = false;
}

int lock_wait_begin(struct lock_wait *wait, struct buffer *buffer, struct ww_acquire_ctx *context,
		    bool slow, void (*go_on)(struct lock_wait *wait, int result))
{
	int ret;

	wait->buffer = buffer;
	wait->go_on = go_on;
	wait->is_due = false;
	ret = ww_mutex_lock_async(&buffer->resv.ww, context, &wait->waiter, note_result, slow);
	wait->pending = ret == -EINPROGRESS;
	return ret;
}

void lock_wait_cancel(struct lock_wait *wait)
{
	if (!wait->pending)
		return;
	if (!wait->is_due) {
		ww_mutex_lock_cancel(&wait->waiter);
		wait->pending = false;
		return;
	}
	take_off_results(wait);
	if (wait->result == 0)
		dma_resv_unlock(&wait->buffer->resv);
}

/* Who goes on may come back here; then the first one's loop does it. */
void lock_waits_go_on(struct device *device)
{
	struct lock_wait *wait;

	if (device->lock_waits_at_work)
		return;
	device->lock_waits_at_work = true;
	while ((wait = device->lock_results)) {
		take_off_results(wait);
		wait->go_on(wait, wait->result);
	}
	device->lock_waits_at_work = false;
}
