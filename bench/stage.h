/* SPDX-License-Identifier: MIT */
/*
 * stage.h - the two servers of one pass, floor and device, with what they share, and how each is
 * spoken to. Everything is gone again when the stage is closed.
 */
#ifndef BENCH_STAGE_H
#define BENCH_STAGE_H

#include <limits.h>
#include <stdbool.h>

#include "bench.h"
#include "libdmafence.h"
#include "server.h"

enum transport { TRANSPORT_AUTO, TRANSPORT_CUSE, TRANSPORT_FUSE };

/* Whether two processes share a CPU decides more than what they do. */
enum placement {
	PLACE_TOGETHER, /* servers and clients on one CPU */
	PLACE_APART,	/* clients on one, servers on another */
	PLACE_FREE,	/* as the scheduler likes */
	PLACE_COUNT
};

struct target {
	struct server server;
	/* Speaks the native requests: the device, unless that is a baseline server as well. */
	bool native;
	char path[PATH_MAX];
	int node; /* an open file of it, without state; -1: none */
};

struct stage {
	enum transport transport;
	enum placement placement;
	char folder[PATH_MAX]; /* for nodes that are files; "": none */
	struct target target[SIDE_COUNT];
	struct dma_fence_caps caps; /* of the device; zero if it is a baseline server */
	/* Shared with the baseline servers; the device gets them in requests. */
	int event_fd;
	int memory_fd;
	uint64_t *memory;
	size_t memory_size;
};

struct stage_options {
	enum transport transport;
	const char *daemon; /* path of dma-fenced; NULL: a second floor server instead */
	const char *floor_server;
	int cpu; /* of the clients, unless they are free */
};

/* Where /dev/cuse can be opened, CUSE; else FUSE. */
enum transport stage_transport(enum transport wanted);

/* The last CPU that we may run on, and how many those are; or a negative errno, having said so. */
int stage_default_cpu(unsigned int *count);

/*
 * Starts both servers, and puts the calling process where the clients belong, until the stage is
 * closed. Says what went wrong.
 */
int stage_open(struct stage *stage, const struct stage_options *options, enum placement placement);
/* Ends the servers and whichever other child processes there are: they may be waiting for them. */
void stage_close(struct stage *stage);

/*
 * One request that the reader answers by itself, after which it is done with all that were sent to
 * it before, RELEASE included: servers answer in the order of arrival.
 */
int target_settle(const struct target *target);

#endif /* BENCH_STAGE_H */
