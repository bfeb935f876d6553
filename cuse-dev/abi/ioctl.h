/* SPDX-License-Identifier: MIT */
/*
 * ioctl.h - the tables of requests: one row a request, one table an ABI, told apart by the type
 * letter.
 */
#ifndef DMA_FENCED_IOCTL_H
#define DMA_FENCED_IOCTL_H

#include "file/pending.h"

struct ioctl_row {
	/* The request number as its header has it: type letter, number, direction and size. */
	unsigned int command;
	/* It may block: its interrupts are asked for beforehand. */
	bool may_block;
	/* An array may follow the struct; the handler checks what is behind it. */
	bool has_array;
	/* A fence fd answers it, too. */
	bool any_file;
	/*
	 * The argument is at least this long, so that it holds the last field that the request
	 * needs.
	 */
	uint16_t minimum;
	/* What the device knows of it. A longer one must be zero from here on. */
	uint16_t size;
	/*
	 * Under the lock. 0, a negative errno, or REQUEST_BLOCKED. argument is request->size bytes,
	 * and zero behind that up to size.
	 */
	int (*handler)(const struct request *request, void *argument);
};

struct ioctl_table {
	unsigned int type; /* the letter of its requests */
	/* Only a file that is bound to this ABI answers it. */
	bool bound;
	/* Another size is another request, as for the kernel's sync_file; else any size is taken.
	 */
	bool exact_size;
	/*
	 * Any direction is taken, too, the excess of a longer struct is ignored, and the argument
	 * goes back on every failure of the request, as for DRM.
	 */
	bool lax;
	/* The answer to a request that is not among the rows. NULL: ENOTTY. */
	int (*refuse)(unsigned int command);
	const struct ioctl_row *rows;
	unsigned int count;
};

extern const struct ioctl_table native_table;	 /* native_table.c */
extern const struct ioctl_table drm_table;	 /* drm.c */
extern const struct ioctl_table sync_file_table; /* sync_file_fd.c */
extern const struct ioctl_table sw_sync_table;	 /* sw_sync_file.c */

/*
 * For handlers of requests with an array: do count entries of entry_size fit behind the struct of
 * head_size, and is what follows them zero? With a pointer, all behind the struct must be zero.
 * -EINVAL, -E2BIG.
 */
int ioctl_check_array(const struct request *request, const void *argument, size_t head_size,
		      uint32_t count, size_t entry_size, uint64_t pointer);

bool ioctl_is_zero(const void *bytes, size_t count);

/* Is all that the request brings behind the first used bytes zero? -E2BIG. */
int ioctl_check_tail(const struct request *request, const void *argument, uint64_t used);

#endif /* DMA_FENCED_IOCTL_H */
