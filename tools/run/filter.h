/* SPDX-License-Identifier: MIT */
/*
 * filter.h - the seccomp filter that stops a thread at the requests that requests.h completes, and
 * at nothing else.
 */
#ifndef DMA_FENCE_RUN_FILTER_H
#define DMA_FENCE_RUN_FILTER_H

/*
 * Installs the filter in this process, which keeps it over fork() and execve(), for good. Returns
 * the descriptor that notifies the supervisor, or a negative errno: -EBUSY if there is a filter
 * with a supervisor already.
 */
int filter_install(void);

#endif /* DMA_FENCE_RUN_FILTER_H */
