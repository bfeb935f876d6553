/* SPDX-License-Identifier: MIT */
/* ready.h - notifies the service manager (sd_notify(3)'s protocol), and the reader of --ready-fd.
 */
#ifndef DMA_FENCED_READY_H
#define DMA_FENCED_READY_H

/* To $NOTIFY_SOCKET, if there is one. state is "READY=1" or the like. */
void ready_notify_manager(const char *state);
/* Writes a line and closes the fd; -1: none. */
void ready_write_line(int fd, const char *path);

#endif /* DMA_FENCED_READY_H */
