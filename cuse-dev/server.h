/* SPDX-License-Identifier: MIT */
/* server.h - starts the parts of the device and stops them, in order. */
#ifndef DMA_FENCED_SERVER_H
#define DMA_FENCED_SERVER_H

#include "device/device.h"
#include "options.h"

/* -errno. */
int server_start(struct device *device, const struct options *options);
/*
 * Signals all fences that are active, answers all requests that are pending, notifies the pollers.
 * There is no new work from here on. Called by the FUSE loop thread, which may serve fence fds
 * afterwards.
 */
void server_end_work(struct device *device);
/* Has every client learned how its fences ended? No fence fd is open, no record unread. */
bool server_is_drained(struct device *device);
/* Ends the rest. No request comes in any more. */
void server_stop(struct device *device);
/* After server_stop(), when the session is gone. */
void server_fini(struct device *device);

#endif /* DMA_FENCED_SERVER_H */
