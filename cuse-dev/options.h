/* SPDX-License-Identifier: MIT */
/* options.h - the command line of dma-fenced. */
#ifndef DMA_FENCED_OPTIONS_H
#define DMA_FENCED_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct options {
	const char *transport; /* "auto", "cuse" or "fuse" */
	const char *name;      /* CUSE: below /dev */
	const char *path;      /* FUSE: a regular file; NULL: the default */
	mode_t mode;
	uid_t owner; /* (uid_t)-1: unchanged */
	gid_t group;
	uint64_t fence_timeout_ns; /* 0: never */
	uint64_t resv_timeout_ns;  /* 0: never */
	uint64_t memory_poll_ns;
	uint64_t stop_timeout_ns; /* 0: at once */
	int ready_fd;		  /* -1: none */
	bool verbose;
};

/*
 * Ends the process after --help and --version (0), and after a wrong option (2, one line on
 * stderr).
 */
void options_parse(struct options *options, int argc, char **argv);

#endif /* DMA_FENCED_OPTIONS_H */
