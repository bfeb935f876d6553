/* SPDX-License-Identifier: MIT */
/* log.h - one line on stderr for an error; with --verbose one for each step. */
#ifndef DMA_FENCED_LOG_H
#define DMA_FENCED_LOG_H

#include <stdbool.h>

void log_init(bool verbose);
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_verbose(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Was there an error already, which explains the end? */
bool log_has_complained(void);
/* What libfuse complained of last, without its line end: for a line of ours. NULL: nothing. */
const char *log_last_of_libfuse(void);

#endif /* DMA_FENCED_LOG_H */
