/* SPDX-License-Identifier: MIT */
/*
 * eventfd_signaler.h - adds 1 to an eventfd that somebody else owns, without ever blocking.
 *
 * A plain write() blocks when a hostile owner has filled the counter, and O_NONBLOCK is the owner's
 * to set. So the kernel does it: an asynchronous I/O of nothing, whose completion is told to that
 * eventfd. A full one stays full.
 */
#ifndef DMA_FENCED_EVENTFD_SIGNALER_H
#define DMA_FENCED_EVENTFD_SIGNALER_H

struct eventfd_signaler;

/*
 * NULL with errno where the system has no context to give (EAGAIN: fs.aio-max-nr) or none at all
 * (ENOSYS).
 */
struct eventfd_signaler *eventfd_signaler_create(void);
void eventfd_signaler_destroy(struct eventfd_signaler *signaler);
/* One thread at a time. */
void eventfd_signaler_add_one(struct eventfd_signaler *signaler, int eventfd);

#endif /* DMA_FENCED_EVENTFD_SIGNALER_H */
