/* SPDX-License-Identifier: MIT */
/*
 * Access to buffers under implicit synchronisation: a process waits for the present users of the
 * buffers, and leaves a fence on each buffer for later users.
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
 * Waits until the buffers may be used: those to read until they have no writer, those to write
 * until they have no user. Later users wait for access_end(), or for the end of this process. name
 * is the fence's. *failed: an earlier use of them has failed, for example because its process died.
 * Both return an exit status, after reporting the cause.
 */
int access_begin(int device, struct access *access, const char *name, bool *failed);
int access_end(int device, struct access *access);

#endif /* IMPLICIT_SYNC_ACCESS_H */
