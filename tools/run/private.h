/* SPDX-License-Identifier: MIT */
/* private.h - a device for one program alone, that goes when the program has ended. */
#ifndef DMA_FENCE_RUN_PRIVATE_H
#define DMA_FENCE_RUN_PRIVATE_H

#include <limits.h>
#include <stdbool.h>

struct private_device {
	char folder[PATH_MAX];
	char path[PATH_MAX + sizeof("/dma_fence")];
	int process; /* its daemon, a child of the process that started it; -1: none */
	int parent;  /* where the folder is, and the folder, wherever the paths lead to later */
	int place;
};

/* Makes the folder that it will be in, and so its path. Exits where that cannot be done. */
void private_device_prepare(struct private_device *device);
/*
 * Starts a daemon (NULL: the one that is installed), over FUSE, as a child of this process, and
 * waits until it answers. Exits, with what the daemon has said, where it does not.
 */
void private_device_start(struct private_device *device, const char *daemon);
/* Ends it, and waits until nothing of it is left. */
void private_device_end(struct private_device *device);

#endif /* DMA_FENCE_RUN_PRIVATE_H */
