/* SPDX-License-Identifier: MIT */
/*
 * groups.h - the groups of answers: each is a state that is prepared, and questions about it.
 */
#ifndef CONFORMANCE_GROUPS_H
#define CONFORMANCE_GROUPS_H

#include "report.h"

extern const struct group groups[];
extern const size_t group_count;

void group_caps(void);
void group_version(void);
void group_probes(void);
void group_unknown(void);
void group_request_sizes(void);
void group_read_only(void);
void group_sw_sync_read_only(void);
void group_create(void);
void group_destroy(void);
void group_open_files(void);
void group_wait(void);
void group_wait_unsubmitted(void);
void group_wait_pending(void);
void group_wait_arrays(void);
void group_signal(void);
void group_reset(void);
void group_replace(void);
void group_syncobj_fd(void);
void group_syncobj_fd_import(void);
void group_syncobj_alias(void);
void group_syncobj_process(void);
void group_fd_sizes(void);
void group_sync_file_export(void);
void group_sync_file_import(void);
void group_sync_file_pending(void);
void group_timeline_signal(void);
void group_timeline_signal_arguments(void);
void group_timeline_pending(void);
void group_timeline_order(void);
void group_query(void);
void group_timeline_wait(void);
void group_timeline_wait_pending(void);
void group_timeline_wait_arguments(void);
void group_transfer(void);
void group_transfer_pending(void);
void group_eventfd_arguments(void);
void group_eventfd(void);
void group_eventfd_pending(void);
void group_threads(void);
void group_rivals(void);
void group_threads_pending(void);
void group_signals(void);
void group_signals_pending(void);
void group_kill(void);
void group_stop(void);
void group_file_info(void);
void group_file_info_merged(void);
void group_sync_file_calls(void);
void group_sync_file_pending_calls(void);
void group_set_deadline(void);
void group_merge_arguments(void);
void group_merge_names(void);
void group_merge(void);
void group_poll(void);
void group_poll_signals(void);
void group_buffer_export(void);
void group_buffer_import(void);
void group_buffer_usage(void);
void group_buffer_again(void);
void group_buffer_merged(void);
void group_buffer_poll(void);
void group_buffer_poll_later(void);
void group_sw_sync(void);
void group_sw_sync_arguments(void);
void group_sw_sync_wrap(void);
void group_sw_sync_close(void);
void group_sw_sync_kill(void);
void group_sw_sync_merge(void);
void group_sw_sync_deadline(void);

#endif /* CONFORMANCE_GROUPS_H */
