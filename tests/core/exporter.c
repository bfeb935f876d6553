/* SPDX-License-Identifier: MIT */
/* exporter.c - the buffer that the unit tests of the core share among importers. */
#include "exporter.h"

struct exporter exporter;

static int do_or_refuse(enum exporter_call what, int *count)
{
	if (exporter.refuses_to == what)
		return exporter.refuses;
	(*count)++;
	return 0;
}

bool exporter_is_locked(void)
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
	cr_expect(exporter_is_locked());
	return do_or_refuse(PIN, &exporter.pins);
}

static void on_unpin(struct dma_buf_attachment *attachment)
{
	cr_expect(exporter_is_locked());
	exporter.unpins++;
}

static int on_map(struct dma_buf_attachment *attachment, void **mapping)
{
	int error = do_or_refuse(MAP, &exporter.maps);

	exporter.mapped_locked += exporter_is_locked();
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
	cr_expect(exporter_is_locked());
	cr_expect_eq(mapping, &exporter.memory);
	exporter.direction = direction;
	return do_or_refuse(BEGIN, &exporter.begins);
}

static void on_end(struct dma_buf_attachment *attachment, void *mapping,
		   enum dma_data_direction direction, struct dma_fence *fence)
{
	cr_expect(exporter_is_locked());
	cr_expect_eq(direction, exporter.direction);
	exporter.ended_with = fence;
	exporter.ends++;
}

static void on_release(struct dma_buf *buffer)
{
	exporter.releases++;
}

const struct dma_buf_ops static_ops = {
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

int moves_told;

static void on_move(struct dma_buf_attachment *attachment)
{
	cr_expect(exporter_is_locked());
	moves_told++;
}

const struct dma_buf_attach_ops dynamic_importer = { .move_notify = on_move };

static void init_buffer(const struct dma_buf_ops *ops)
{
	dma_buf_init(&exporter.buffer, ops, 4096, NULL);
}

void exporter_create(void)
{
	init_buffer(&static_ops);
}

void exporter_destroy(void)
{
	dma_buf_put(&exporter.buffer);
	cr_expect_eq(exporter.releases, 1);
	cr_expect_eq(exporter.detaches, exporter.attaches);
	cr_expect_eq(exporter.unpins, exporter.pins);
	cr_expect_eq(exporter.unmaps, exporter.maps);
	expect_no_fence_left();
}

void exporter_make_dynamic(void)
{
	dma_buf_put(&exporter.buffer);
	exporter.releases = 0;
	init_buffer(&dynamic_ops);
}

void exporter_attach(struct dma_buf_attachment *attachment, const struct dma_buf_attach_ops *ops,
		     unsigned int flags)
{
	cr_assert_eq(dma_buf_attach(&exporter.buffer, attachment, ops, flags), 0);
}

bool exporter_is_idle(enum dma_resv_usage usage)
{
	return dma_resv_test_signaled(exporter.buffer.resv, usage);
}

struct dma_fence *asking_fence_create(void)
{
	return test_fence_create(&asking_ops, NULL, dma_fence_context_alloc(1), 1);
}
