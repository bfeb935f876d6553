/* SPDX-License-Identifier: MIT */
/*
 * hash.h - uthash, told to leave an element out (hh.tbl stays NULL) rather than to exit when there
 * is no memory.
 */
#ifndef DMA_FENCED_HASH_H
#define DMA_FENCED_HASH_H

#define HASH_NONFATAL_OOM	     1
#define uthash_nonfatal_oom(element) ((void)(element))
#include <uthash.h>
#include <utlist.h>

#endif /* DMA_FENCED_HASH_H */
