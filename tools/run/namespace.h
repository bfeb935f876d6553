/* SPDX-License-Identifier: MIT */
/*
 * namespace.h - a mount namespace for the program, in which the device is at the paths that it
 * insists on.
 */
#ifndef DMA_FENCE_RUN_NAMESPACE_H
#define DMA_FENCE_RUN_NAMESPACE_H

#include <stdbool.h>

/*
 * This process moves into a mount namespace of its own; if unprivileged, into a user namespace too,
 * in which it is the same user, and has all capabilities until it executes a program. Prints what
 * is missing, and exits, where the system does not allow that.
 */
void namespace_enter(void);

/*
 * Puts the file at node at path, too: over the file that is there, or as a new one. For that the
 * nearest folder that is there is covered with one in memory, with all that is in it bound back.
 * Exits where it cannot be done.
 */
void namespace_map(const char *node, const char *path);

#endif /* DMA_FENCE_RUN_NAMESPACE_H */
