/* SPDX-License-Identifier: MIT */
/*
 * dma_buf-test.c - a buffer that devices share: references, notifications, and how it is
 * mapped by those who lock alike and those who do not.
 */
#include "exporter.h"

TestSuite(dma_buf, .timeout = TEST_TIMEOUT, .init = exporter_create, .fini = exporter_destroy);

/* ---- who keeps the buffer ---- */

Test(dma_buf, row_2_1_may_have_a_reservation_that_stands_elsewhere)
{
	struct dma_fence *fence = fence_create();
	struct dma_buf buffer;
	struct dma_resv resv;

	dma_resv_init(&resv);
	dma_resv_add_fence(&resv, fence, DMA_RESV_USAGE_WRITE);
	/* Exported after all, with what is pending. */
	dma_buf_init(&buffer, &static_ops, 4096, &resv);
	cr_expect_eq(dma_buf_begin_cpu_access(&buffer, DMA_FROM_DEVICE, 0), -ETIME);
	dma_buf_put(&buffer);
	cr_expect_eq(exporter.releases, 1);
	exporter.releases = 0;
	cr_expect_not(dma_resv_test_signaled(&resv, DMA_RESV_USAGE_WRITE));
	dma_fence_signal(fence);
	dma_resv_fini(&resv);
	dma_fence_put(fence);
}

Test(dma_buf, row_1_2_a_pending_fence_keeps_the_buffer_and_leaves_it_when_signaled)
{
	struct dma_fence *fences[] = { fence_create(), fence_create() };
	int i;

	dma_buf_get(&exporter.buffer);
	for (i = 0; i < 2; i++)
		cr_expect_eq(dma_buf_add_fence(&exporter.buffer, fences[i], DMA_RESV_USAGE_READ),
			     0);
	cr_expect_not(exporter_is_idle(DMA_RESV_USAGE_READ));
	dma_buf_put(&exporter.buffer);
	dma_buf_put(&exporter.buffer);
	cr_expect_eq(exporter.releases, 0);
	dma_fence_signal(fences[1]);
	cr_expect_eq(exporter.releases, 0);
	cr_expect_eq(fences[1]->refcount, 1, "it is off the buffer");
	dma_fence_signal(fences[0]);
	cr_expect_eq(exporter.releases, 1);
	cr_expect_eq(fences[0]->refcount, 1);
	for (i = 0; i < 2; i++)
		dma_fence_put(fences[i]);

	exporter.releases = 0;
	exporter_create();
}

static bool idle_in_callback;

static void look_at_buffer(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	idle_in_callback = exporter_is_idle(DMA_RESV_USAGE_BOOKKEEP);
}

Test(dma_buf, row_1_16_a_fence_leaves_the_buffer_before_its_callbacks_run)
{
	struct dma_fence *fence = fence_create();
	struct dma_fence_cb callback;

	/* Added first, hence called first. */
	dma_fence_add_callback(fence, &callback, look_at_buffer);
	dma_buf_add_fence(&exporter.buffer, fence, DMA_RESV_USAGE_WRITE);
	cr_expect_not(exporter_is_idle(DMA_RESV_USAGE_BOOKKEEP));
	dma_fence_signal(fence);
	cr_expect(idle_in_callback);
	dma_fence_put(fence);
}

Test(dma_buf, row_1_3_many_fences_on_a_buffer_and_a_fence_on_many_buffers)
{
	struct dma_fence *fences[100];
	struct dma_buf buffers[100];
	int i, j;

	for (i = 0; i < 100; i++) {
		fences[i] = fence_create();
		dma_buf_init(&buffers[i], &static_ops, 4096, NULL);
	}
	for (i = 0; i < 100; i++) {
		for (j = 0; j < 100; j++)
			cr_assert_eq(dma_buf_add_fence(&buffers[i], fences[j], DMA_RESV_USAGE_READ),
				     0);
		dma_buf_put(&buffers[i]);
	}
	for (i = 0; i < 100; i++) {
		cr_expect_eq(exporter.releases, 0);
		dma_fence_signal(fences[i]);
		dma_fence_put(fences[i]);
	}
	cr_expect_eq(exporter.releases, 100);
	exporter.releases = 0;
}

Test(dma_buf, a_signaled_fence_does_not_keep_it)
{
	struct dma_fence *fence = fence_create_signaled(1, 0);

	cr_expect_eq(dma_buf_add_fence(&exporter.buffer, fence, DMA_RESV_USAGE_WRITE), 0);
	cr_expect_eq(fence->refcount, 1);
	dma_fence_put(fence);
}

/* ---- notifications ---- */

Test(dma_buf, row_1_14_the_signaler_must_tell_those_who_cannot_wait_on_memory)
{
	struct dma_buf_attachment with[2], without;

	cr_expect_not(dma_buf_needs_signal(&exporter.buffer, NULL), "nobody is there");
	exporter_attach(&with[0], NULL, DMA_BUF_ATTACH_WAITS_ON_MEMORY);
	exporter_attach(&with[1], NULL, DMA_BUF_ATTACH_WAITS_ON_MEMORY);
	cr_expect_not(dma_buf_needs_signal(&exporter.buffer, NULL));
	exporter_attach(&without, NULL, 0);
	cr_expect(dma_buf_needs_signal(&exporter.buffer, NULL));
	cr_expect(dma_buf_needs_signal(&exporter.buffer, &with[0]));
	cr_expect_not(dma_buf_needs_signal(&exporter.buffer, &without), "not for its own sake");
	dma_buf_detach(&without);
	cr_expect_not(dma_buf_needs_signal(&exporter.buffer, NULL));
	dma_buf_detach(&with[0]);
	dma_buf_detach(&with[1]);
}

Test(dma_buf, row_1_14_signaling_is_enabled_for_those_who_cannot_wait_on_memory)
{
	struct dma_fence *fences[] = { asking_fence_create(), asking_fence_create() };
	struct dma_buf_attachment with, without;
	int i;

	exporter_attach(&with, NULL, DMA_BUF_ATTACH_WAITS_ON_MEMORY);
	dma_buf_add_fence(&exporter.buffer, fences[0], DMA_RESV_USAGE_WRITE);
	cr_expect_eq(to_test_fence(fences[0])->enable_calls, 0);
	exporter_attach(&without, NULL, 0);
	dma_buf_add_fence(&exporter.buffer, fences[1], DMA_RESV_USAGE_WRITE);
	cr_expect_eq(to_test_fence(fences[1])->enable_calls, 1);
	for (i = 0; i < 2; i++) {
		dma_fence_signal(fences[i]);
		cr_expect_eq(fences[i]->refcount, 1);
		dma_fence_put(fences[i]);
	}
	dma_buf_detach(&with);
	dma_buf_detach(&without);
}

Test(dma_buf, row_1_14_fences_that_nobody_signals_in_software_do_not_pile_up)
{
	struct dma_fence *fences[100];
	int i;

	for (i = 0; i < 100; i++) {
		fences[i] = asking_fence_create();
		dma_buf_add_fence(&exporter.buffer, fences[i], DMA_RESV_USAGE_READ);
		/* Done, and only the buffer itself polls it again. */
		to_test_fence(fences[i])->done = true;
		dma_fence_put(fences[i]);
		cr_expect_leq(fences_alive(), 2);
	}
	cr_expect_eq(fences_alive(), 1);
	dma_resv_test_signaled(exporter.buffer.resv, DMA_RESV_USAGE_READ);
}

Test(dma_buf, the_last_user_has_signaling_enabled_so_that_the_buffer_goes)
{
	struct dma_fence *fences[] = { asking_fence_create(), asking_fence_create(),
				       asking_fence_create() };
	int i;

	for (i = 0; i < 3; i++)
		dma_buf_add_fence(&exporter.buffer, fences[i], DMA_RESV_USAGE_READ);
	to_test_fence(fences[1])->done = true;
	dma_buf_put(&exporter.buffer);
	cr_expect_eq(to_test_fence(fences[0])->enable_calls, 1);
	cr_expect_eq(to_test_fence(fences[1])->enable_calls, 0, "a look was enough");
	cr_expect_eq(to_test_fence(fences[2])->enable_calls, 1);
	cr_expect_eq(exporter.releases, 0);
	dma_fence_signal(fences[0]);
	dma_fence_signal(fences[2]);
	cr_expect_eq(exporter.releases, 1);
	for (i = 0; i < 3; i++)
		dma_fence_put(fences[i]);

	exporter.releases = 0;
	exporter_create();
}

/* ---- mappings ---- */

Test(dma_buf, row_3_6_two_that_do_not_lock_map_at_the_first_use_without_the_lock)
{
	struct dma_buf_attachment attachment;
	void *mapping;

	exporter_attach(&attachment, NULL, 0);
	cr_expect_eq(exporter.maps, 0);
	cr_expect_eq(dma_buf_map_attachment(&attachment, &mapping), 0);
	cr_expect_eq(mapping, &exporter.memory);
	cr_expect_eq(dma_buf_map_attachment(&attachment, &mapping), 0);
	cr_expect_eq(exporter.maps, 1);
	cr_expect_eq(exporter.mapped_locked, 0);
	dma_buf_detach(&attachment);
}

Test(dma_buf, row_3_6_two_that_lock_map_at_the_time_of_use_under_the_lock)
{
	struct dma_buf_attachment attachment;
	void *mapping;

	exporter_make_dynamic();
	exporter_attach(&attachment, &dynamic_importer, 0);
	cr_expect_eq(exporter.maps, 0);
	cr_expect_eq(dma_buf_map_attachment(&attachment, &mapping), -EINVAL, "not locked");
	dma_resv_lock(exporter.buffer.resv, NULL);
	cr_expect_eq(dma_buf_map_attachment(&attachment, &mapping), 0);
	dma_resv_unlock(exporter.buffer.resv);
	cr_expect_eq(exporter.maps, 1);
	cr_expect_eq(exporter.mapped_locked, 1);
	cr_expect_eq(exporter.pins, 0, "it may move");
	dma_buf_detach(&attachment);
}

Test(dma_buf, row_3_6_a_static_importer_has_its_mapping_of_a_dynamic_buffer_made_at_attach)
{
	struct dma_buf_attachment attachment;
	void *mapping;

	exporter_make_dynamic();
	exporter_attach(&attachment, NULL, 0);
	cr_expect_eq(exporter.pins, 1);
	cr_expect_eq(exporter.maps, 1);
	cr_expect_eq(exporter.mapped_locked, 1);
	cr_expect_eq(dma_buf_map_attachment(&attachment, &mapping), 0);
	cr_expect_eq(mapping, &exporter.memory);
	cr_expect_eq(exporter.maps, 1);
	dma_buf_detach(&attachment);
}

Test(dma_buf, row_3_6_a_dynamic_importer_has_its_mapping_of_a_static_buffer_made_at_attach)
{
	struct dma_buf_attachment attachment;
	void *mapping;

	exporter_attach(&attachment, &dynamic_importer, 0);
	cr_expect_eq(exporter.maps, 1);
	cr_expect_eq(exporter.mapped_locked, 0);
	/* As it does: under the lock, where the exporter's map must not be called. */
	dma_resv_lock(exporter.buffer.resv, NULL);
	cr_expect_eq(dma_buf_map_attachment(&attachment, &mapping), 0);
	dma_resv_unlock(exporter.buffer.resv);
	cr_expect_eq(mapping, &exporter.memory);
	cr_expect_eq(exporter.maps, 1);
	dma_buf_detach(&attachment);
}

Test(dma_buf, row_3_6_a_move_takes_the_mappings_of_those_who_bear_it)
{
	struct dma_buf_attachment moves, stays;
	void *mapping;

	exporter_make_dynamic();
	exporter_attach(&moves, &dynamic_importer, 0);
	exporter_attach(&stays, NULL, 0);
	dma_resv_lock(exporter.buffer.resv, NULL);
	dma_buf_map_attachment(&moves, &mapping);
	cr_expect_eq(exporter.maps, 2);
	dma_buf_move_notify(&exporter.buffer);
	cr_expect_eq(moves_told, 1);
	cr_expect_eq(exporter.unmaps, 1);
	dma_buf_map_attachment(&moves, &mapping);
	cr_expect_eq(exporter.maps, 3);
	dma_resv_unlock(exporter.buffer.resv);
	dma_buf_detach(&moves);
	dma_buf_detach(&stays);
}

Test(dma_buf, an_exporter_that_refuses_leaves_nothing_behind)
{
	static const struct {
		int what;
		const struct dma_buf_attach_ops *importer;
	} cases[] = {
		{ ATTACH, NULL }, { PIN, NULL }, { MAP, NULL }, { ATTACH, &dynamic_importer }
	};
	struct dma_buf_attachment attachment;
	size_t i;

	exporter_make_dynamic();
	exporter.refuses = -ENXIO;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		exporter.refuses_to = cases[i].what;
		cr_expect_eq(dma_buf_attach(&exporter.buffer, &attachment, cases[i].importer, 0),
			     -ENXIO, "case %zu", i);
		cr_expect_not(exporter_is_locked());
		cr_expect_eq(exporter.detaches, exporter.attaches);
		cr_expect_eq(exporter.unpins, exporter.pins);
	}
	cr_expect_eq(dma_buf_attach(&exporter.buffer, &attachment, NULL, 2), -EINVAL);
	cr_expect_not(dma_buf_needs_signal(&exporter.buffer, NULL));
}

/* ---- the CPU ---- */

Test(dma_buf, row_3_7_an_access_of_the_CPU_waits_as_a_device_would)
{
	struct dma_fence *fence = fence_create();

	dma_buf_add_fence(&exporter.buffer, fence, DMA_RESV_USAGE_READ);
	cr_expect_eq(dma_buf_begin_cpu_access(&exporter.buffer, DMA_FROM_DEVICE, 0), 0);
	dma_buf_end_cpu_access(&exporter.buffer, DMA_FROM_DEVICE);
	cr_expect_eq(dma_buf_begin_cpu_access(&exporter.buffer, DMA_TO_DEVICE, 0), -ETIME);
	cr_expect_eq(dma_buf_begin_cpu_access(&exporter.buffer, DMA_BIDIRECTIONAL, 0), -ETIME);
	dma_fence_signal(fence);
	cr_expect_eq(dma_buf_begin_cpu_access(&exporter.buffer, DMA_TO_DEVICE, 0), 0);
	dma_buf_end_cpu_access(&exporter.buffer, DMA_TO_DEVICE);
	dma_fence_put(fence);
}

Test(dma_buf, a_buffer_that_the_CPU_does_not_find_has_no_address)
{
	struct iosys_map map;

	cr_expect_eq(dma_buf_vmap(&exporter.buffer, &map), -EINVAL);
}
