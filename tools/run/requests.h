/* SPDX-License-Identifier: MIT */
/* requests.h - what is done for a thread that is stopped at a request. */
#ifndef DMA_FENCE_RUN_REQUESTS_H
#define DMA_FENCE_RUN_REQUESTS_H

#include "node.h"
#include "target.h"

/* These bits of ioctl()'s second argument identify a request. */
struct request_pattern {
	uint32_t number, mask;
};

/* The requests that are completed here, one after the other; NULL past the end. */
const struct request_pattern *request_pattern(unsigned int index);

/* It is not one of the device: the kernel continues with it. */
#define REQUEST_PASSED_ON 1

/*
 * Completes ioctl(fd, number, address) of the thread: 0 or a negative errno, which it is to return,
 * or REQUEST_PASSED_ON.
 */
int request_complete(const struct node *node, const struct target *target, int fd, uint32_t number,
		     uint64_t address);

#endif /* DMA_FENCE_RUN_REQUESTS_H */
