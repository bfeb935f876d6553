/* SPDX-License-Identifier: MIT */
/*
 * caller_memory.h - requests that pass an array by pointer: read it on a lane, then go on; write it
 * on a lane, then answer.
 */
#ifndef DMA_FENCED_CALLER_MEMORY_H
#define DMA_FENCED_CALLER_MEMORY_H

#include "file/pending.h"

/*
 * Reads array_size bytes at address, then calls go_on under the lock with the request's argument
 * (of which a copy was made) and the array; it answers like any handler. REQUEST_PARKED or a
 * negative errno.
 */
int caller_memory_read_and_go_on(struct request *request, const void *argument, uint64_t address,
				 size_t array_size,
				 int (*go_on)(struct request *request, void *argument,
					      void *array));

/*
 * Writes a copy of the array to address in the memory of thread, then answers with result and a
 * copy of the argument; with what went wrong if that went wrong. Under the lock; answers at once
 * where it cannot be queued.
 */
void caller_memory_write_and_reply(struct open_file *file, fuse_req_t fuse, pid_t thread,
				   uint64_t address, const void *array, size_t array_size,
				   const void *argument, size_t argument_size, int result);

#endif /* DMA_FENCED_CALLER_MEMORY_H */
