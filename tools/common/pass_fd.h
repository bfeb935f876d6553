/* SPDX-License-Identifier: MIT */
/* pass_fd.h - file descriptors through a Unix socket, each beside one byte. */
#ifndef DMA_FENCE_PASS_FD_H
#define DMA_FENCE_PASS_FD_H

/* fd: -1 sends the byte alone. 0, or a negative errno. */
int pass_fd(int socket, int fd);

/*
 * The descriptor, closed on exec; or a negative errno: -ENOMSG for a byte alone, -EPIPE where the
 * peer has closed its end.
 */
int take_fd(int socket);

#endif /* DMA_FENCE_PASS_FD_H */
