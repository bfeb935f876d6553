/* SPDX-License-Identifier: MIT */
/*
 * bed.h - the device under test: what it offers, and how fences and buffers are come by on it.
 */
#ifndef CONFORMANCE_BED_H
#define CONFORMANCE_BED_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "providers.h"

struct bed {
	const char *node;
	const char *sw_sync;		 /* the node, where no other is given */
	const struct provider *provider; /* NULL: there is none */
	int (*make_buffer)(void);	 /* NULL: there is none */
};
extern struct bed bed;

/* Finds out what is offered: a mask of enum needs. */
unsigned int bed_explore(void);

/* For the groups; each of these ends the group where it fails. */
int open_node(void);
struct pending make_pending(void);
void signal_pending(struct pending *pending);
int make_signaled(void); /* a sync_file whose fence is signaled */
int make_buffer(void);
int make_merged(int a, int b);
void import_fence(int buffer, unsigned int flags, int sync_file); /* DMA_BUF_SYNC_* */

/* What FILE_INFO says, with the numbers that vary taken out of it. */
void answer_file_info(const char *name, int sync_file);
const char *sync_file_state(int sync_file);

/* The readiness that poll() tells at once. */
const char *polled(int fd, short events);

#endif /* CONFORMANCE_BED_H */
