/* SPDX-License-Identifier: MIT */
/*
 * native.h - the handlers of the native requests, each in the native_*.c whose first line names it.
 * All under device->lock: see ioctl.h.
 */
#ifndef DMA_FENCED_NATIVE_H
#define DMA_FENCED_NATIVE_H

#include "file/pending.h"

#define REQUEST(number, NAME, name, ...) \
	int native_##name(const struct request *request, void *argument);
#include "requests.def"
#undef REQUEST

/* Of the daemon's own workers: descriptor/identify.h. */
int native_identify(const struct request *request, void *argument);

#endif /* DMA_FENCED_NATIVE_H */
