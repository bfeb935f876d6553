/* SPDX-License-Identifier: MIT */
/*
 * caller_array.h - requests that pass an array by pointer: a worker reads it, then the request
 * resumes; or a worker writes it, then the request is answered. Under the lock.
 */
#ifndef DMA_FENCED_CALLER_ARRAY_H
#define DMA_FENCED_CALLER_ARRAY_H

#include "file/pending.h"

/*
 * Reads array_size bytes at address, then calls resume under the lock with a copy of the argument
 * and the array; it returns as any handler does. REQUEST_BLOCKED or a negative errno.
 */
int caller_array_read(const struct request *request, const void *argument, uint64_t address,
		      size_t array_size,
		      int (*resume)(const struct request *request, void *argument, void *array));

/*
 * Writes a copy of the array to address, then answers with result and a copy of the argument; with
 * the error where one occurs. Answers at once where it cannot be queued.
 */
void caller_array_write_and_reply(const struct request *request, uint64_t address,
				  const void *array, size_t array_size, const void *argument,
				  int result);

#endif /* DMA_FENCED_CALLER_ARRAY_H */
