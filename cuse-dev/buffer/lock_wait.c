/* SPDX-License-Identifier: MIT */
/* lock_wait.c - see lock_wait.h. */
#include <errno.h>

#include "buffer/lock_wait.h"
#include "container_of.h"

static struct lock_wait *results; /* utlist: have a result, and were not resumed */
static bool is_resuming;

/* Within a lock or unlock of another ticket: only noted. */
static void note_result(struct ww_waiter *waiter, int result)
{
	struct lock_wait *wait = container_of(waiter, struct lock_wait, waiter);

	wait->result = result;
	wait->is_due = true;
	DL_APPEND(results, wait);
}

static void take_off_results(struct lock_wait *wait)
{
	DL_DELETE(results, wait);
	wait->is_due = false;
	wait->pending = false;
}

int lock_wait_begin(struct lock_wait *wait, struct buffer *buffer, struct ww_acquire_ctx *context,
		    bool slow, void (*resume)(struct lock_wait *wait, int result))
{
	int ret;

	device_assert_held(buffer->device);
	wait->buffer = buffer;
	wait->resume = resume;
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

/* A resumed request may call this again; then the first call handles it. */
void lock_waits_resume(void)
{
	struct lock_wait *wait;

	if (is_resuming)
		return;
	is_resuming = true;
	while ((wait = results)) {
		take_off_results(wait);
		wait->resume(wait, wait->result);
	}
	is_resuming = false;
}
