/* SPDX-License-Identifier: MIT */
/*
 * eventfd_signaler.h - adds 1 to an eventfd of a client without ever blocking.
 *
 * A plain write() blocks when a hostile owner has filled the counter, and O_NONBLOCK is the owner's
 * to set. So the kernel does it: an asynchronous I/O of nothing, whose completion is reported to
 * that eventfd. A full one stays full.
 */
#ifndef DMA_FENCED_EVENTFD_SIGNALER_H
#define DMA_FENCED_EVENTFD_SIGNALER_H

#include <stdbool.h>

/* -EAGAIN: fs.aio-max-nr is reached; -ENOSYS: the kernel has no asynchronous I/O. */
int eventfd_signaler_start(void);
void eventfd_signaler_stop(void);
bool eventfd_signaler_is_available(void);
/* Under device->lock. */
void eventfd_signaler_add_one(int eventfd);

#endif /* DMA_FENCED_EVENTFD_SIGNALER_H */
