/* SPDX-License-Identifier: MIT */
/*
 * target.h - a thread that is stopped at a request: its descriptors and its memory.
 *
 * The number identifies the thread for as long as its notification is valid. Code that has opened
 * something by the number calls target_is_valid() before using it.
 */
#ifndef DMA_FENCE_RUN_TARGET_H
#define DMA_FENCE_RUN_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct target {
	int listener;
	uint64_t notification;
	pid_t thread;
};

/* Does it still wait for the answer? */
bool target_is_valid(const struct target *target);
/* A duplicate of its descriptor, to be closed; -EBADF, for O_PATH too; -EPERM (out of reach). */
int target_take_fd(const struct target *target, int fd);
/* 0 or -EFAULT; -EPERM. */
int target_read(const struct target *target, uint64_t address, void *to, size_t size);
int target_write(const struct target *target, uint64_t address, const void *from, size_t size);
/* Gives it a descriptor, close-on-exec: its number there, or a negative errno. */
int target_add_fd(const struct target *target, int fd);

#endif /* DMA_FENCE_RUN_TARGET_H */
