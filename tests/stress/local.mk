# SPDX-License-Identifier: MIT
core_stress_programs = \
	tests/stress/core-array \
	tests/stress/core-chain \
	tests/stress/core-dma_buf \
	tests/stress/core-fence_slot \
	tests/stress/core-hw_fence \
	tests/stress/core-recycle \
	tests/stress/core-resv \
	tests/stress/core-seqno_write \
	tests/stress/core-signal \
	tests/stress/core-sw_sync \
	tests/stress/core-syncobj \
	tests/stress/core-timeline \
	tests/stress/core-ww_mutex
check_PROGRAMS += $(core_stress_programs)
TESTS += $(core_stress_programs)

core_stress_sources = tests/stress/core-stress.c tests/stress/core-stress.h
tests_stress_core_array_SOURCES = tests/stress/core-array.c $(core_stress_sources)
tests_stress_core_array_LDADD = libcore.la
tests_stress_core_chain_SOURCES = tests/stress/core-chain.c $(core_stress_sources)
tests_stress_core_chain_LDADD = libcore.la
tests_stress_core_dma_buf_SOURCES = tests/stress/core-dma_buf.c $(core_stress_sources)
tests_stress_core_dma_buf_LDADD = libcore.la
tests_stress_core_fence_slot_SOURCES = tests/stress/core-fence_slot.c $(core_stress_sources)
tests_stress_core_fence_slot_LDADD = libcore.la
tests_stress_core_hw_fence_SOURCES = tests/stress/core-hw_fence.c $(core_stress_sources)
tests_stress_core_hw_fence_LDADD = libcore.la
tests_stress_core_recycle_SOURCES = tests/stress/core-recycle.c $(core_stress_sources)
tests_stress_core_recycle_LDADD = libcore.la
tests_stress_core_resv_SOURCES = tests/stress/core-resv.c $(core_stress_sources)
tests_stress_core_resv_LDADD = libcore.la
tests_stress_core_seqno_write_SOURCES = tests/stress/core-seqno_write.c $(core_stress_sources)
tests_stress_core_seqno_write_LDADD = libcore.la
tests_stress_core_signal_SOURCES = tests/stress/core-signal.c $(core_stress_sources)
tests_stress_core_signal_LDADD = libcore.la
tests_stress_core_sw_sync_SOURCES = tests/stress/core-sw_sync.c $(core_stress_sources)
tests_stress_core_sw_sync_LDADD = libcore.la
tests_stress_core_syncobj_SOURCES = tests/stress/core-syncobj.c $(core_stress_sources)
tests_stress_core_syncobj_LDADD = libcore.la
tests_stress_core_timeline_SOURCES = tests/stress/core-timeline.c $(core_stress_sources)
tests_stress_core_timeline_LDADD = libcore.la
tests_stress_core_ww_mutex_SOURCES = tests/stress/core-ww_mutex.c $(core_stress_sources)
tests_stress_core_ww_mutex_LDADD = libcore.la
# Plain programs, since Criterion does not run under ThreadSanitizer. They run in every build.
if ENABLE_DAEMON
check_PROGRAMS += tests/stress/device.abi tests/stress/device-resv.abi
TESTS += tests/stress/device.abi tests/stress/device-resv.abi
tests_stress_device_abi_SOURCES = tests/stress/device.c
tests_stress_device_abi_LDADD = libdmafence.la
tests_stress_device_resv_abi_SOURCES = tests/stress/device-resv.c
tests_stress_device_resv_abi_LDADD = libdmafence.la
endif
