# SPDX-License-Identifier: MIT
# The manual: devices in 4, requests in 2, the library in 3 (a link page for each further name of a page), programs in 1 and 8.
dist_man_MANS += \
	man/dma_fence_ioc_attach.2 \
	man/dma_fence_ioc_bind.2 \
	man/dma_fence_ioc_buffer_fences.2 \
	man/dma_fence_ioc_buffer_wait.2 \
	man/dma_fence_ioc_close.2 \
	man/dma_fence_ioc_create.2 \
	man/dma_fence_ioc_event_add.2 \
	man/dma_fence_ioc_event_cancel.2 \
	man/dma_fence_ioc_export.2 \
	man/dma_fence_ioc_get_caps.2 \
	man/dma_fence_ioc_get_stats.2 \
	man/dma_fence_ioc_import.2 \
	man/dma_fence_ioc_merge.2 \
	man/dma_fence_ioc_query.2 \
	man/dma_fence_ioc_seqno_write.2 \
	man/dma_fence_ioc_set_deadline.2 \
	man/dma_fence_ioc_signal.2 \
	man/dma_fence_ioc_sw_sync_create_fence.2 \
	man/dma_fence_ioc_sync_file_merge.2 \
	man/dma_fence_ioc_timeline_advance.2 \
	man/dma_fence_ioc_timeline_create.2 \
	man/dma_fence_ioc_wait.2 \
	man/dma_fence_device_attach.3 \
	man/dma_fence_device_bind.3 \
	man/dma_fence_device_buffer_fences.3 \
	man/dma_fence_device_buffer_wait.3 \
	man/dma_fence_device_close_handle.3 \
	man/dma_fence_device_create.3 \
	man/dma_fence_device_create_full.3 \
	man/dma_fence_device_default_path.3 \
	man/dma_fence_device_event_add.3 \
	man/dma_fence_device_event_cancel.3 \
	man/dma_fence_device_eventfd_add.3 \
	man/dma_fence_device_export.3 \
	man/dma_fence_device_export_token.3 \
	man/dma_fence_device_get_caps.3 \
	man/dma_fence_device_get_stats.3 \
	man/dma_fence_device_get_status.3 \
	man/dma_fence_device_import.3 \
	man/dma_fence_device_merge.3 \
	man/dma_fence_device_merge_sync_files.3 \
	man/dma_fence_device_open.3 \
	man/dma_fence_device_query.3 \
	man/dma_fence_device_read_events.3 \
	man/dma_fence_device_reopen.3 \
	man/dma_fence_device_seqno_write.3 \
	man/dma_fence_device_set_deadline.3 \
	man/dma_fence_device_signal.3 \
	man/dma_fence_device_signal_many.3 \
	man/dma_fence_device_timeline_advance.3 \
	man/dma_fence_device_timeline_create.3 \
	man/dma_fence_device_timeline_point.3 \
	man/dma_fence_device_wait.3 \
	man/dma_fence_device_wait_many.3 \
	man/dma_fence_library_version.3 \
	man/dma_fence_seqno_wait.3 \
	man/dma_fence_sw_sync_fence_create.3 \
	man/dma_fence_sw_sync_timeline_inc.3 \
	man/dma_fence_sync_file_get_status.3 \
	man/dma_fence_sync_file_info.3 \
	man/dma_fence_sync_file_set_deadline.3 \
	man/dma_fence_sync_file_wait.3 \
	man/libdmafence.3 \
	man/dma_fence.4 \
	man/dma_fence_sw_sync.4 \
	man/dma_fence_sync_file.4 \
	man/dma-fence.7
if ENABLE_DAEMON
dist_man_MANS += man/dma-fenced.8
endif

# Of a program that is not installed.
EXTRA_DIST += man/dma-fence-bench.1

dist_check_SCRIPTS += man/check-pages man/check-coverage man/check-examples
TESTS += man/check-pages man/check-coverage man/check-examples
