/* SPDX-License-Identifier: MIT */
/*
 * hash.h - uthash, configured not to exit when there is no memory: it then leaves the element out
 * (hh.tbl stays NULL). Not installed.
 */
#ifndef DMA_FENCE_CORE_HASH_H
#define DMA_FENCE_CORE_HASH_H

#define HASH_NONFATAL_OOM	     1
#define uthash_nonfatal_oom(element) ((void)(element))
#include <uthash.h>
#include <utlist.h>

#endif /* DMA_FENCE_CORE_HASH_H */
