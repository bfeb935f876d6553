/* SPDX-License-Identifier: MIT */
/*
 * loop.h - the FUSE loop: one thread reads requests and has them handled in the order of arrival,
 * until loop_stop() is called or the node is gone.
 */
#ifndef DMA_FENCED_LOOP_H
#define DMA_FENCED_LOOP_H

#include "device/device.h"

/* Both in the loop's thread. */
void loop_prepare(void);
void loop_run(struct device *device);
/*
 * After that, in the same thread: handles requests until the device is drained, the time has come,
 * or the node is gone.
 */
void loop_drain(struct device *device, bool (*is_drained)(struct device *device), int64_t until_ns);
/* From any thread, once the loop is prepared. Returns when the loop has ended. */
void loop_stop(void);
bool loop_was_stopped(void);
/*
 * The FUSE header of the request that is being handled, which libfuse does not pass on. In the
 * loop's thread.
 */
uint64_t loop_request_unique(void);

#endif /* DMA_FENCED_LOOP_H */
