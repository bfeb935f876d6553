/* SPDX-License-Identifier: MIT */
/*
 * dma-test.c - operations of devices on a shared buffer, one after the other: their start and their
 * end, what is waited for in between, and where caches are maintained.
 */
#include "exporter.h"

TestSuite(dma, .timeout = TEST_TIMEOUT, .init = exporter_create, .fini = exporter_destroy);

Test(dma, row_2_3_one_operation_is_a_start_and_an_end)
{
	struct dma_buf_attachment attachment;
	struct dma_fence *job = fence_create();
	struct dma_buf_dma dma;

	exporter_attach(&attachment, NULL, 0);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_FROM_DEVICE, 0, NULL, &dma), 0);
	cr_expect_eq(dma.mapping, &exporter.memory);
	dma_buf_end_dma(&dma, job);
	cr_expect_not(exporter_is_locked());
	cr_expect_not(exporter_is_idle(DMA_RESV_USAGE_WRITE));
	dma_fence_signal(job);
	cr_expect(exporter_is_idle(DMA_RESV_USAGE_BOOKKEEP));
	dma_fence_put(job);
	dma_buf_detach(&attachment);
}

Test(dma, row_2_3_an_operation_that_is_over_at_its_end_needs_no_fence)
{
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;

	exporter_attach(&attachment, NULL, 0);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_BIDIRECTIONAL, 0, NULL, &dma), 0);
	dma_buf_end_dma(&dma, NULL);
	cr_expect(exporter_is_idle(DMA_RESV_USAGE_BOOKKEEP));
	cr_expect_not(exporter_is_locked());
	dma_buf_detach(&attachment);
}

Test(dma, row_2_3_nobody_gets_in_between_start_and_end)
{
	struct dma_buf_attachment attachment;
	struct dma_fence *job = fence_create();
	struct dma_buf_dma dma;

	exporter_attach(&attachment, NULL, 0);
	dma_buf_start_dma(&attachment, DMA_FROM_DEVICE, 0, NULL, &dma);
	cr_expect(exporter_is_locked());
	cr_expect_not(dma_resv_trylock(exporter.buffer.resv));
	dma_buf_end_dma(&dma, job);
	dma_fence_signal(job);
	dma_fence_put(job);
	dma_buf_detach(&attachment);
}

static const enum dma_data_direction directions[] = {
	DMA_BIDIRECTIONAL,
	DMA_TO_DEVICE,
	DMA_FROM_DEVICE,
};

Test(dma, row_3_7_a_reader_waits_for_writers_and_a_writer_for_both)
{
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;
	size_t i, j;

	exporter_attach(&attachment, NULL, 0);
	for (i = 0; i < 3; i++) {
		for (j = 0; j < 3; j++) {
			bool both_read =
				directions[i] == DMA_TO_DEVICE && directions[j] == DMA_TO_DEVICE;
			struct dma_fence *job = fence_create();
			int error;

			cr_assert_eq(dma_buf_start_dma(&attachment, directions[i], 0, NULL, &dma),
				     0);
			dma_buf_end_dma(&dma, job);
			error = dma_buf_start_dma(&attachment, directions[j], NSEC_PER_MSEC, NULL,
						  &dma);
			cr_expect_eq(error, both_read ? 0 : -ETIME, "%zu, then %zu", i, j);
			if (!error)
				dma_buf_end_dma(&dma, NULL);
			cr_expect_not(exporter_is_locked());
			dma_fence_signal(job);
			dma_fence_put(job);
		}
	}
	dma_buf_detach(&attachment);
}

Test(dma, row_3_7_bookkeeping_is_not_waited_for)
{
	struct dma_fence *fence = fence_create();
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;

	exporter_attach(&attachment, NULL, 0);
	dma_buf_add_fence(&exporter.buffer, fence, DMA_RESV_USAGE_BOOKKEEP);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_BIDIRECTIONAL, 0, NULL, &dma), 0);
	dma_buf_end_dma(&dma, NULL);
	dma_fence_signal(fence);
	dma_fence_put(fence);
	dma_buf_detach(&attachment);
}

Test(dma, row_2_3_what_is_to_be_waited_for_can_be_had_as_one_fence)
{
	struct dma_fence *jobs[] = { fence_create(), fence_create(), fence_create() };
	struct dma_buf_attachment attachment;
	struct dma_fence *before;
	struct dma_buf_dma dma;
	int i;

	exporter_attach(&attachment, NULL, 0);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_FROM_DEVICE, 0, &before, &dma), 0);
	cr_expect(dma_fence_is_signaled(before), "nothing is pending");
	dma_fence_put(before);
	dma_buf_end_dma(&dma, jobs[0]);

	/* Two readers after the writer, then a writer after all of them. */
	for (i = 1; i < 3; i++) {
		cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, 0, &before, &dma), 0);
		cr_expect_eq(before, jobs[0]);
		dma_fence_put(before);
		dma_buf_end_dma(&dma, jobs[i]);
	}
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_BIDIRECTIONAL, 0, &before, &dma), 0);
	dma_buf_end_dma(&dma, NULL);
	for (i = 0; i < 3; i++) {
		cr_expect_not(dma_fence_is_signaled(before));
		dma_fence_signal(jobs[i]);
		dma_fence_put(jobs[i]);
	}
	cr_expect(dma_fence_is_signaled(before));
	dma_fence_put(before);
	dma_buf_detach(&attachment);
}

Test(dma, row_2_3_start_waits_until_the_others_are_done)
{
	struct dma_fence *job = fence_create();
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;
	pthread_t thread;

	exporter_attach(&attachment, NULL, 0);
	dma_buf_add_fence(&exporter.buffer, job, DMA_RESV_USAGE_WRITE);
	thread = signal_later(job, 20 * NSEC_PER_MSEC);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, DMA_FENCE_FOREVER, NULL, &dma),
		     0);
	cr_expect(dma_fence_is_signaled_locked(job));
	dma_buf_end_dma(&dma, NULL);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, -1, NULL, &dma), -EINVAL);
	pthread_join(thread, NULL);
	dma_fence_put(job);
	dma_buf_detach(&attachment);
}

Test(dma, row_2_7_caches_are_maintained_around_an_operation_without_unmapping)
{
	struct dma_fence *job = fence_create();
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;
	int i;

	exporter_attach(&attachment, NULL, 0);
	for (i = 1; i <= 3; i++) {
		cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, 0, NULL, &dma), 0);
		cr_expect_eq(exporter.begins, i);
		cr_expect_eq(exporter.direction, DMA_TO_DEVICE);
		cr_expect_eq(exporter.ends, i - 1);
		dma_buf_end_dma(&dma, i == 3 ? job : NULL);
		cr_expect_eq(exporter.ends, i);
		cr_expect_eq(exporter.ended_with, i == 3 ? job : NULL);
	}
	cr_expect_eq(exporter.maps, 1);
	cr_expect_eq(exporter.unmaps, 0);
	dma_fence_signal(job);
	dma_fence_put(job);
	dma_buf_detach(&attachment);
}

Test(dma, row_2_7_maintenance_that_fails_begins_nothing)
{
	struct dma_buf_attachment attachment;
	struct dma_fence *before = NULL;
	struct dma_buf_dma dma;

	exporter_attach(&attachment, NULL, 0);
	exporter.refuses = -EIO;
	exporter.refuses_to = BEGIN;
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, 0, NULL, &dma), -EIO);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, 0, &before, &dma), -EIO);
	cr_expect_null(before);
	cr_expect_not(exporter_is_locked());
	exporter.refuses_to = MAP;
	dma_buf_detach(&attachment);
	exporter_attach(&attachment, NULL, 0);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, 0, NULL, &dma), -EIO);
	cr_expect_not(exporter_is_locked());
	dma_buf_detach(&attachment);
}

Test(dma, row_2_7_a_dynamic_mapping_is_made_by_the_start)
{
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;
	int i;

	exporter_make_dynamic();
	exporter_attach(&attachment, &dynamic_importer, 0);
	for (i = 0; i < 2; i++) {
		cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, 0, NULL, &dma), 0);
		cr_expect_eq(exporter.maps, 1);
		dma_buf_end_dma(&dma, NULL);
	}
	cr_expect_eq(exporter.mapped_locked, 1);
	dma_buf_detach(&attachment);
}

Test(dma, row_2_6_several_buffers_in_one_operation_are_locked_first)
{
	struct dma_buf_attachment attachments[2];
	struct dma_fence *job = fence_create();
	struct ww_acquire_ctx ctx;
	struct dma_buf_dma dma[2];
	struct dma_buf second;
	void *mapping;
	int i;

	dma_buf_init(&second, &static_ops, 4096, NULL);
	exporter_attach(&attachments[0], NULL, 0);
	cr_assert_eq(dma_buf_attach(&second, &attachments[1], NULL, 0), 0);
	ww_acquire_init(&ctx, &reservation_ww_class);
	for (i = 0; i < 2; i++) {
		cr_expect_eq(dma_buf_map_attachment(&attachments[i], &mapping), 0);
		cr_assert_eq(dma_resv_lock(attachments[i].buffer->resv, &ctx), 0);
	}
	ww_acquire_done(&ctx);
	/* The exporter of the second would tell of the first's lock, which is held as well. */
	for (i = 0; i < 2; i++)
		cr_assert_eq(dma_buf_start_dma_locked(&attachments[i], DMA_FROM_DEVICE, 0, NULL,
						      &dma[i]),
			     0);
	for (i = 0; i < 2; i++)
		dma_buf_end_dma_locked(&dma[i], job);
	cr_expect(dma_resv_test_signaled(second.resv, DMA_RESV_USAGE_WRITE), "not yet");
	for (i = 0; i < 2; i++)
		dma_resv_unlock(attachments[i].buffer->resv);
	ww_acquire_fini(&ctx);
	cr_expect_not(exporter_is_idle(DMA_RESV_USAGE_WRITE));
	cr_expect_not(dma_resv_test_signaled(second.resv, DMA_RESV_USAGE_WRITE));
	dma_fence_signal(job);
	dma_fence_put(job);
	dma_buf_detach(&attachments[0]);
	dma_buf_detach(&attachments[1]);
	dma_buf_put(&second);
	cr_expect_eq(exporter.releases, 1);
	exporter.releases = 0;
}

Test(dma, row_3_7_an_operation_comes_after_those_of_the_same_lock)
{
	struct dma_fence *jobs[] = { fence_create(), fence_create() }, *before;
	struct dma_resv *resv = exporter.buffer.resv;
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;
	void *mapping;

	exporter_attach(&attachment, NULL, 0);
	cr_assert_eq(dma_buf_map_attachment(&attachment, &mapping), 0);
	dma_buf_add_fence(&exporter.buffer, jobs[0], DMA_RESV_USAGE_WRITE);
	dma_resv_lock(resv, NULL);
	cr_assert_eq(dma_buf_start_dma_locked(&attachment, DMA_FROM_DEVICE, 0, &before, &dma), 0);
	cr_expect_eq(before, jobs[0]);
	dma_fence_put(before);
	dma_buf_end_dma_locked(&dma, jobs[1]);
	/* No other thread sees that one yet, but the next operation follows it. */
	dma_fence_signal(jobs[0]);
	cr_expect(exporter_is_idle(DMA_RESV_USAGE_WRITE));
	cr_assert_eq(dma_buf_start_dma_locked(&attachment, DMA_TO_DEVICE, 0, &before, &dma), 0);
	cr_expect_eq(before, jobs[1]);
	dma_fence_put(before);
	dma_buf_end_dma_locked(&dma, NULL);
	cr_expect_eq(dma_buf_start_dma_locked(&attachment, DMA_TO_DEVICE, 0, NULL, &dma), -ETIME);
	dma_resv_unlock(resv);
	dma_fence_signal(jobs[1]);
	dma_fence_put(jobs[0]);
	dma_fence_put(jobs[1]);
	dma_buf_detach(&attachment);
}

Test(dma, row_3_3_ends_of_many_operations_of_one_lock_need_no_room)
{
	enum { OPERATIONS = 20 };
	struct dma_resv *resv = exporter.buffer.resv;
	struct dma_fence *jobs[OPERATIONS], *before;
	struct dma_buf_dma dma[OPERATIONS];
	struct dma_buf_attachment attachment;
	const void *room;
	void *mapping;
	int i;

	exporter_attach(&attachment, NULL, 0);
	cr_assert_eq(dma_buf_map_attachment(&attachment, &mapping), 0);
	dma_resv_lock(resv, NULL);
	for (i = 0; i < OPERATIONS; i++) {
		jobs[i] = fence_create();
		cr_assert_eq(
			dma_buf_start_dma_locked(&attachment, DMA_TO_DEVICE, 0, &before, &dma[i]),
			0);
		dma_fence_put(before);
	}
	room = resv->entries;
	for (i = 0; i < OPERATIONS; i++)
		dma_buf_end_dma_locked(&dma[i], jobs[i]);
	cr_expect_eq(resv->entries, room, "no more was asked for");
	dma_resv_unlock(resv);
	for (i = 0; i < OPERATIONS; i++) {
		dma_fence_signal(jobs[i]);
		dma_fence_put(jobs[i]);
	}
	dma_buf_detach(&attachment);
}

Test(dma, row_1_14_an_operation_asks_for_no_signal_where_all_others_wait_on_memory)
{
	struct dma_buf_attachment renderer, display;
	struct dma_fence *job = asking_fence_create();
	struct dma_buf_dma dma;

	exporter_attach(&renderer, NULL, 0);
	exporter_attach(&display, NULL, DMA_BUF_ATTACH_WAITS_ON_MEMORY);
	dma_buf_start_dma(&renderer, DMA_FROM_DEVICE, 0, NULL, &dma);
	dma_buf_end_dma(&dma, job);
	cr_expect_eq(to_test_fence(job)->enable_calls, 0);
	dma_fence_signal(job);
	dma_fence_put(job);

	job = asking_fence_create();
	dma_buf_start_dma(&display, DMA_TO_DEVICE, 0, NULL, &dma);
	dma_buf_end_dma(&dma, job);
	cr_expect_eq(to_test_fence(job)->enable_calls, 1, "the renderer has to be told");
	dma_fence_signal(job);
	dma_fence_put(job);
	dma_buf_detach(&renderer);
	dma_buf_detach(&display);
}
