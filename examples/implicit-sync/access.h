/* SPDX-License-Identifier: MIT */
/*
 * Access to buffers under implicit synchronisation: who wants to use some waits for those who use
 * them already, and leaves a fence on each for those who come later.
 */
#ifndef IMPLICIT_SYNC_ACCESS_H
#define IMPLICIT_SYNC_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACCESS_BUFFERS_MAX 2

struct access_buffer {
	int fd;
	bool write;
};

/* One operation on some buffers. */
struct access {
	struct access_buffer buffers[ACCESS_BUFFERS_MAX];
	size_t count;
	uint32_t fence;	/* a handle, until access_end() */
};

/*
 * Waits until the buffers may be used: those that are read until nobody writes them, those that are
 * written until nobody uses them. What comes later waits for access_end(), or for the end of this
 * process. name is the fence's. *failed: somebody's use of them has failed, such as one of a
 * process that died. Both return an exit status, the cause told.
 */
int access_begin(int device, struct access *access, const char *name, bool *failed);
int access_end(int device, struct access *access);

#endif /* IMPLICIT_SYNC_ACCESS_H */
