/* SPDX-License-Identifier: MIT */
/* node.h - the device that a program is run with, and which descriptors are of it. */
#ifndef DMA_FENCE_RUN_NODE_H
#define DMA_FENCE_RUN_NODE_H

#include <stdbool.h>
#include <stdint.h>

struct node {
	int device;	/* an open of it, with no state but what a request needs meanwhile */
	bool character; /* CUSE: a device; FUSE: a filesystem */
	uint32_t major, minor;
};

/* path NULL: the default. 0, or a negative errno: -ENOTTY where it is something else. */
int node_open(struct node *node, const char *path);

enum descriptor {
	DESCRIPTOR_FOREIGN,
	DESCRIPTOR_NODE,  /* an open of the device, bound or not */
	DESCRIPTOR_SHMEM, /* a memfd or a file on tmpfs */
	DESCRIPTOR_DMABUF,
};

/*
 * What it is, found out without asking its filesystem: that may be a hostile one, and never answer.
 */
enum descriptor node_descriptor(const struct node *node, int fd);

#endif /* DMA_FENCE_RUN_NODE_H */
