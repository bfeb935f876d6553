/* SPDX-License-Identifier: MIT */
/* server.c - see server.h. */
#include <errno.h>
#include <string.h>

#include "caller/worker.h"
#include "device/eventfd_signaler.h"
#include "device/log.h"
#include "file/pending.h"
#include "memory/memory_fence.h"
#include "server.h"

/* Threads that hang in a caller's memory still use the device when they wake up. */
static bool threads_hang;

int server_start(struct device *device, const struct options *options)
{
	int ret = buffer_memory_init();

	if (ret)
		return ret;
	device_init(device);
	device->fence_timeout_ns = options->fence_timeout_ns;
	device->resv_hold_ns = options->resv_timeout_ns;
	device->memory_poll_ns = options->memory_poll_ns;
	accounts_init();
	memory_watches_init();
	workers_start(device);
	if (eventfd_signaler_start())
		log_error("no asynchronous I/O (fs.aio-max-nr?): EVENT_ADD takes no eventfds");
	return timer_thread_start(device);
}

void server_end_work(struct device *device)
{
	device_lock(device);
	device->is_ending = true;
	memory_fences_cancel_all();
	files_cancel_all();
	/* Waits for fences have their results by now, and events their records. */
	pending_abort_all(false);
	files_notify_all();
	device_unlock_and_notify(device);
}

bool server_is_drained(struct device *device)
{
	bool is_drained;

	device_lock(device);
	/* A pending request is an answer that is still being written. */
	is_drained = !pending_is_any() && files_are_drained();
	device_unlock(device);
	return is_drained;
}

void server_stop(struct device *device)
{
	timer_thread_stop(device);
	device_lock(device);
	pending_abort_all(true);
	files_release_all();
	device_unlock_and_notify(device);
	threads_hang = !memory_watches_stop(device);
	device->session_is_busy = !workers_have_answered();
}

void server_fini(struct device *device)
{
	threads_hang |= !workers_stop();
	/* The process is about to end. */
	if (threads_hang)
		return;
	timers_fini();
	eventfd_signaler_stop();
	device_fini(device);
}
