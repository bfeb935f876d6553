/* SPDX-License-Identifier: MIT */
/*
 * request.h - what the files of libdmafence share: issuing a request, and memory for the array
 * after it. Internal, not installed.
 */
#ifndef LIBDMAFENCE_REQUEST_H
#define LIBDMAFENCE_REQUEST_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "libdmafence.h"

/* On every function of libdmafence.h; everything else stays inside (-fvisibility=hidden). */
#define API __attribute__((visibility("default")))

/* ioctl(2) may return any positive number; the library's functions return 0. */
static inline int request(int device, unsigned long number, void *argument)
{
	return ioctl(device, number, argument) < 0 ? -1 : 0;
}

static inline int fail(int error)
{
	errno = error;
	return -1;
}

/*
 * A struct with its array inline. The usual few entries fit the stack, so the fast path does not
 * allocate; the most that a request number can carry (16 KiB) would be too much for the stack of a
 * small thread.
 */
#define INLINE_ROOM_SIZE 1024

union inline_room {
	unsigned char bytes[INLINE_ROOM_SIZE];
	max_align_t align;
};

/*
 * head and array one behind the other, in room or allocated; NULL with ENOMEM. Given back with
 * inline_room_put().
 */
static inline void *inline_room_fill(union inline_room *room, const void *head, size_t head_size,
				     const void *array, size_t array_size)
{
	size_t size = head_size + array_size;
	unsigned char *memory = size <= sizeof(*room) ? room->bytes : malloc(size);

	if (!memory)
		return NULL;
	memcpy(memory, head, head_size);
	if (array_size)
		memcpy(memory + head_size, array, array_size);
	return memory;
}

/* Keeps errno. */
static inline void inline_room_put(union inline_room *room, void *memory)
{
	int error = errno;

	if (memory != room->bytes)
		free(memory);
	errno = error;
}

/*
 * A name into its field; NULL is the empty one. EINVAL where it does not fit, as the device says of
 * one without an end.
 */
static inline int copy_name(char field[DMA_FENCE_NAME_SIZE], const char *name)
{
	size_t length = name ? strlen(name) : 0;

	if (length >= DMA_FENCE_NAME_SIZE)
		return fail(EINVAL);
	memset(field, 0, DMA_FENCE_NAME_SIZE);
	memcpy(field, name ? name : "", length);
	return 0;
}

/*
 * Opens the node that fd is an open of once more, by no path of its own: a new fd with the given
 * access mode, close-on-exec, or -1. Whether it is our device is not looked at.
 */
int open_again(int fd, int access_mode);

#endif /* LIBDMAFENCE_REQUEST_H */
