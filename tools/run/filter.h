/* SPDX-License-Identifier: MIT */
/*
 * filter.h - the seccomp filter that stops a thread at the requests that requests.h completes, and
 * at nothing else.
 */
#ifndef DMA_FENCE_RUN_FILTER_H
#define DMA_FENCE_RUN_FILTER_H

/*
 * Installs the filter in this process, which keeps it over fork() and execve(), for good. Returns
 * the descriptor by which a supervisor is told, or a negative errno: -EBUSY where a filter with a
 * supervisor is there already.
 */
int filter_install(void);

#endif /* DMA_FENCE_RUN_FILTER_H */
