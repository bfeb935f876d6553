/* SPDX-License-Identifier: MIT */
/*
 * dma_buf-test.c - a buffer that devices share: who keeps it, how it is mapped by those who lock
 * alike and those who do not, and operations of one device after the other.
 */
#include "core-test.h"
#include "dma_buf.h"

/* A buffer whose exporter counts what it is asked for, and in what order. */
static struct exporter {
	struct dma_buf buffer;
	int attaches, detaches, pins, unpins, maps, unmaps, begins, ends, releases;
	int mapped_locked; /* maps with the reservation locked */
	int refuses;	   /* an error, instead of attaching, mapping, or beginning */
	enum { NOTHING, ATTACH, PIN, MAP, BEGIN } refuses_to;
	enum dma_data_direction direction;
	struct dma_fence *ended_with;
	int memory;
} exporter;

static int do_or_refuse(int what, int *count)
{
	if (exporter.refuses_to == (unsigned int)what)
		return exporter.refuses;
	(*count)++;
	return 0;
}

static bool is_locked(void)
{
	return dma_resv_is_locked(exporter.buffer.resv);
}

static int on_attach(struct dma_buf *buffer, struct dma_buf_attachment *attachment)
{
	attachment->exporter_data = &exporter;
	return do_or_refuse(ATTACH, &exporter.attaches);
}

static void on_detach(struct dma_buf *buffer, struct dma_buf_attachment *attachment)
{
	cr_expect_eq(attachment->exporter_data, &exporter);
	exporter.detaches++;
}

static int on_pin(struct dma_buf_attachment *attachment)
{
	cr_expect(is_locked());
	return do_or_refuse(PIN, &exporter.pins);
}

static void on_unpin(struct dma_buf_attachment *attachment)
{
	cr_expect(is_locked());
	exporter.unpins++;
}

static int on_map(struct dma_buf_attachment *attachment, void **mapping)
{
	int error = do_or_refuse(MAP, &exporter.maps);

	exporter.mapped_locked += is_locked();
	*mapping = &exporter.memory;
	return error;
}

static void on_unmap(struct dma_buf_attachment *attachment, void *mapping)
{
	cr_expect_eq(mapping, &exporter.memory);
	exporter.unmaps++;
}

static int on_begin(struct dma_buf_attachment *attachment, void *mapping,
		    enum dma_data_direction direction)
{
	cr_expect(is_locked());
	cr_expect_eq(mapping, &exporter.memory);
	exporter.direction = direction;
	return do_or_refuse(BEGIN, &exporter.begins);
}

static void on_end(struct dma_buf_attachment *attachment, void *mapping,
		   enum dma_data_direction direction, struct dma_fence *fence)
{
	cr_expect(is_locked());
	cr_expect_eq(direction, exporter.direction);
	exporter.ended_with = fence;
	exporter.ends++;
}

static void on_release(struct dma_buf *buffer)
{
	exporter.releases++;
}

static const struct dma_buf_ops static_ops = {
	.attach = on_attach,
	.detach = on_detach,
	.map = on_map,
	.unmap = on_unmap,
	.begin_dma = on_begin,
	.end_dma = on_end,
	.release = on_release,
};

static const struct dma_buf_ops dynamic_ops = {
	.attach = on_attach,
	.detach = on_detach,
	.pin = on_pin,
	.unpin = on_unpin,
	.map = on_map,
	.unmap = on_unmap,
	.begin_dma = on_begin,
	.end_dma = on_end,
	.release = on_release,
};

static int moves_told;

static void on_move(struct dma_buf_attachment *attachment)
{
	cr_expect(is_locked());
	moves_told++;
}

static const struct dma_buf_attach_ops dynamic_importer = { .move_notify = on_move };

static void create_buffer(const struct dma_buf_ops *ops)
{
	dma_buf_init(&exporter.buffer, ops, 4096, NULL);
}

static void create(void)
{
	create_buffer(&static_ops);
}

static void destroy(void)
{
	dma_buf_put(&exporter.buffer);
	cr_expect_eq(exporter.releases, 1);
	cr_expect_eq(exporter.detaches, exporter.attaches);
	cr_expect_eq(exporter.unpins, exporter.pins);
	cr_expect_eq(exporter.unmaps, exporter.maps);
	expect_no_fence_left();
}

TestSuite(dma_buf, .timeout = 10, .init = create, .fini = destroy);

/* For the tests of a dynamic exporter. */
static void make_dynamic(void)
{
	dma_buf_put(&exporter.buffer);
	exporter.releases = 0;
	create_buffer(&dynamic_ops);
}

static void attach(struct dma_buf_attachment *attachment, const struct dma_buf_attach_ops *ops,
		   unsigned int flags)
{
	cr_assert_eq(dma_buf_attach(&exporter.buffer, attachment, ops, flags), 0);
}

static bool is_idle(enum dma_resv_usage usage)
{
	return dma_resv_test_signaled(exporter.buffer.resv, usage);
}

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
	cr_expect_not(is_idle(DMA_RESV_USAGE_READ));
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
	create();
}

static bool idle_in_callback;

static void look_at_buffer(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	idle_in_callback = is_idle(DMA_RESV_USAGE_BOOKKEEP);
}

Test(dma_buf, row_1_16_a_fence_leaves_the_buffer_before_its_callbacks_run)
{
	struct dma_fence *fence = fence_create();
	struct dma_fence_cb callback;

	/* Added first, hence called first. */
	dma_fence_add_callback(fence, &callback, look_at_buffer);
	dma_buf_add_fence(&exporter.buffer, fence, DMA_RESV_USAGE_WRITE);
	cr_expect_not(is_idle(DMA_RESV_USAGE_BOOKKEEP));
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

/* ---- who has to be told ---- */

static struct dma_fence *asking_fence(void)
{
	return test_fence_create(&asking_ops, NULL, dma_fence_context_alloc(1), 1);
}

Test(dma_buf, row_1_14_the_signaler_must_tell_those_who_cannot_wait_on_memory)
{
	struct dma_buf_attachment with[2], without;

	cr_expect_not(dma_buf_needs_signal(&exporter.buffer, NULL), "nobody is there");
	attach(&with[0], NULL, DMA_BUF_ATTACH_WAITS_ON_MEMORY);
	attach(&with[1], NULL, DMA_BUF_ATTACH_WAITS_ON_MEMORY);
	cr_expect_not(dma_buf_needs_signal(&exporter.buffer, NULL));
	attach(&without, NULL, 0);
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
	struct dma_fence *fences[] = { asking_fence(), asking_fence() };
	struct dma_buf_attachment with, without;
	int i;

	attach(&with, NULL, DMA_BUF_ATTACH_WAITS_ON_MEMORY);
	dma_buf_add_fence(&exporter.buffer, fences[0], DMA_RESV_USAGE_WRITE);
	cr_expect_eq(to_test_fence(fences[0])->enable_calls, 0);
	attach(&without, NULL, 0);
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
		fences[i] = asking_fence();
		dma_buf_add_fence(&exporter.buffer, fences[i], DMA_RESV_USAGE_READ);
		/* Done, and nobody looks at it again but the buffer itself. */
		to_test_fence(fences[i])->done = true;
		dma_fence_put(fences[i]);
		cr_expect_leq(fences_alive(), 2);
	}
	cr_expect_eq(fences_alive(), 1);
	dma_resv_test_signaled(exporter.buffer.resv, DMA_RESV_USAGE_READ);
}

Test(dma_buf, the_last_user_has_signaling_enabled_so_that_the_buffer_goes)
{
	struct dma_fence *fences[] = { asking_fence(), asking_fence(), asking_fence() };
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
	create();
}

/* ---- mappings ---- */

Test(dma_buf, row_3_6_two_that_do_not_lock_map_at_the_first_use_without_the_lock)
{
	struct dma_buf_attachment attachment;
	void *mapping;

	attach(&attachment, NULL, 0);
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

	make_dynamic();
	attach(&attachment, &dynamic_importer, 0);
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

	make_dynamic();
	attach(&attachment, NULL, 0);
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

	attach(&attachment, &dynamic_importer, 0);
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

	make_dynamic();
	attach(&moves, &dynamic_importer, 0);
	attach(&stays, NULL, 0);
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

	make_dynamic();
	exporter.refuses = -ENXIO;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		exporter.refuses_to = cases[i].what;
		cr_expect_eq(dma_buf_attach(&exporter.buffer, &attachment, cases[i].importer, 0),
			     -ENXIO, "case %zu", i);
		cr_expect_not(is_locked());
		cr_expect_eq(exporter.detaches, exporter.attaches);
		cr_expect_eq(exporter.unpins, exporter.pins);
	}
	cr_expect_eq(dma_buf_attach(&exporter.buffer, &attachment, NULL, 2), -EINVAL);
	cr_expect_not(dma_buf_needs_signal(&exporter.buffer, NULL));
}

/* ---- operations ---- */

Test(dma_buf, row_2_3_one_operation_is_a_start_and_an_end)
{
	struct dma_buf_attachment attachment;
	struct dma_fence *job = fence_create();
	struct dma_buf_dma dma;

	attach(&attachment, NULL, 0);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_FROM_DEVICE, 0, NULL, &dma), 0);
	cr_expect_eq(dma.mapping, &exporter.memory);
	dma_buf_end_dma(&dma, job);
	cr_expect_not(is_locked());
	cr_expect_not(is_idle(DMA_RESV_USAGE_WRITE));
	dma_fence_signal(job);
	cr_expect(is_idle(DMA_RESV_USAGE_BOOKKEEP));
	dma_fence_put(job);
	dma_buf_detach(&attachment);
}

Test(dma_buf, row_2_3_an_operation_that_is_over_at_its_end_needs_no_fence)
{
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;

	attach(&attachment, NULL, 0);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_BIDIRECTIONAL, 0, NULL, &dma), 0);
	dma_buf_end_dma(&dma, NULL);
	cr_expect(is_idle(DMA_RESV_USAGE_BOOKKEEP));
	cr_expect_not(is_locked());
	dma_buf_detach(&attachment);
}

Test(dma_buf, row_2_3_nobody_gets_in_between_start_and_end)
{
	struct dma_buf_attachment attachment;
	struct dma_fence *job = fence_create();
	struct dma_buf_dma dma;

	attach(&attachment, NULL, 0);
	dma_buf_start_dma(&attachment, DMA_FROM_DEVICE, 0, NULL, &dma);
	cr_expect(is_locked());
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

Test(dma_buf, row_3_7_a_reader_waits_for_writers_and_a_writer_for_both)
{
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;
	size_t i, j;

	attach(&attachment, NULL, 0);
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
			cr_expect_not(is_locked());
			dma_fence_signal(job);
			dma_fence_put(job);
		}
	}
	dma_buf_detach(&attachment);
}

Test(dma_buf, row_3_7_bookkeeping_is_not_waited_for)
{
	struct dma_fence *fence = fence_create();
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;

	attach(&attachment, NULL, 0);
	dma_buf_add_fence(&exporter.buffer, fence, DMA_RESV_USAGE_BOOKKEEP);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_BIDIRECTIONAL, 0, NULL, &dma), 0);
	dma_buf_end_dma(&dma, NULL);
	dma_fence_signal(fence);
	dma_fence_put(fence);
	dma_buf_detach(&attachment);
}

Test(dma_buf, row_2_3_what_is_to_be_waited_for_can_be_had_as_one_fence)
{
	struct dma_fence *jobs[] = { fence_create(), fence_create(), fence_create() };
	struct dma_buf_attachment attachment;
	struct dma_fence *before;
	struct dma_buf_dma dma;
	int i;

	attach(&attachment, NULL, 0);
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

Test(dma_buf, row_2_3_start_waits_until_the_others_are_done)
{
	struct dma_fence *job = fence_create();
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;
	pthread_t thread;

	attach(&attachment, NULL, 0);
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

Test(dma_buf, row_2_7_caches_are_maintained_around_an_operation_without_unmapping)
{
	struct dma_fence *job = fence_create();
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;
	int i;

	attach(&attachment, NULL, 0);
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

Test(dma_buf, row_2_7_maintenance_that_fails_begins_nothing)
{
	struct dma_buf_attachment attachment;
	struct dma_fence *before = NULL;
	struct dma_buf_dma dma;

	attach(&attachment, NULL, 0);
	exporter.refuses = -EIO;
	exporter.refuses_to = BEGIN;
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, 0, NULL, &dma), -EIO);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, 0, &before, &dma), -EIO);
	cr_expect_null(before);
	cr_expect_not(is_locked());
	exporter.refuses_to = MAP;
	dma_buf_detach(&attachment);
	attach(&attachment, NULL, 0);
	cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, 0, NULL, &dma), -EIO);
	cr_expect_not(is_locked());
	dma_buf_detach(&attachment);
}

Test(dma_buf, row_2_7_a_dynamic_mapping_is_made_by_the_start)
{
	struct dma_buf_attachment attachment;
	struct dma_buf_dma dma;
	int i;

	make_dynamic();
	attach(&attachment, &dynamic_importer, 0);
	for (i = 0; i < 2; i++) {
		cr_expect_eq(dma_buf_start_dma(&attachment, DMA_TO_DEVICE, 0, NULL, &dma), 0);
		cr_expect_eq(exporter.maps, 1);
		dma_buf_end_dma(&dma, NULL);
	}
	cr_expect_eq(exporter.mapped_locked, 1);
	dma_buf_detach(&attachment);
}

Test(dma_buf, row_2_6_several_buffers_in_one_operation_are_locked_first)
{
	struct dma_buf_attachment attachments[2];
	struct dma_fence *job = fence_create();
	struct ww_acquire_ctx ctx;
	struct dma_buf_dma dma[2];
	struct dma_buf second;
	void *mapping;
	int i;

	dma_buf_init(&second, &static_ops, 4096, NULL);
	attach(&attachments[0], NULL, 0);
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
	cr_expect_not(is_idle(DMA_RESV_USAGE_WRITE));
	cr_expect_not(dma_resv_test_signaled(second.resv, DMA_RESV_USAGE_WRITE));
	dma_fence_signal(job);
	dma_fence_put(job);
	dma_buf_detach(&attachments[0]);
	dma_buf_detach(&attachments[1]);
	dma_buf_put(&second);
	cr_expect_eq(exporter.releases, 1);
	exporter.releases = 0;
}

Test(dma_buf, row_1_14_an_operation_asks_for_no_signal_where_all_others_wait_on_memory)
{
	struct dma_buf_attachment renderer, display;
	struct dma_fence *job = asking_fence();
	struct dma_buf_dma dma;

	attach(&renderer, NULL, 0);
	attach(&display, NULL, DMA_BUF_ATTACH_WAITS_ON_MEMORY);
	dma_buf_start_dma(&renderer, DMA_FROM_DEVICE, 0, NULL, &dma);
	dma_buf_end_dma(&dma, job);
	cr_expect_eq(to_test_fence(job)->enable_calls, 0);
	dma_fence_signal(job);
	dma_fence_put(job);

	job = asking_fence();
	dma_buf_start_dma(&display, DMA_TO_DEVICE, 0, NULL, &dma);
	dma_buf_end_dma(&dma, job);
	cr_expect_eq(to_test_fence(job)->enable_calls, 1, "the renderer has to be told");
	dma_fence_signal(job);
	dma_fence_put(job);
	dma_buf_detach(&renderer);
	dma_buf_detach(&display);
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
	void *address;

	cr_expect_eq(dma_buf_vmap(&exporter.buffer, &address), -EINVAL);
}
