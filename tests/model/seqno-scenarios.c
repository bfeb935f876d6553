/* SPDX-License-Identifier: MIT */
/*
 * seqno-scenarios.c - a seqno that is written when a fence is signaled, and those who wait for it
 * in memory, who know no fence: what they see of the work before it, and that they are woken.
 */
#include <linux/futex.h>
#include <sys/syscall.h>

#include "dma_buf.h"
#include "mem_fence.h"
#include "scenario.h"
#include "seqno_write.h"

static struct dma_fence *fence;
static struct seqno_write *seqno_write;
static uint64_t memory; /* where a write of 8 bytes goes */
static uint32_t word;	/* and of 4 */
static int work;	/* plain: that the seqno orders it is what is checked */

static void setup(void)
{
	fence = model_fence_create(NULL);
	seqno_write = seqno_write_alloc();
	memory = 0;
	word = 0;
	work = 0;
}

static void setup_8(void)
{
	setup();
	MODEL_CHECK(!seqno_write_attach(seqno_write, fence, &memory, sizeof(memory), 1));
}

static void setup_4(void)
{
	setup();
	MODEL_CHECK(!seqno_write_attach(seqno_write, fence, &word, sizeof(word), 1));
}

static void work_and_signal(void)
{
	work = 1;
	MODEL_CHECK(!dma_fence_signal(fence));
}

static void attach(void)
{
	MODEL_CHECK(!seqno_write_attach(seqno_write, fence, &memory, sizeof(memory), 1));
}

static void poll_8(void)
{
	if (mem_fence_reached(&memory, sizeof(memory), 1))
		MODEL_CHECK(work == 1);
}

static void poll_4(void)
{
	if (mem_fence_reached(&word, sizeof(word), 1))
		MODEL_CHECK(work == 1);
}

/* As another process, so not by way of the fence. */
static void sleep_until_written(void)
{
	while (!mem_fence_reached(&word, sizeof(word), 1))
		syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
	MODEL_CHECK(work == 1);
}

static void expect_8(void)
{
	MODEL_CHECK(memory == 1);
	dma_fence_put(fence);
}

static void expect_4(void)
{
	MODEL_CHECK(word == 1);
	dma_fence_put(fence);
}

/* ---- in I/O memory, to which the CPU stores ---- */

static struct dma_buf buffer;

static int vmap(struct dma_buf *mapped, struct iosys_map *map)
{
	iosys_map_set_vaddr_iomem(map, &memory);
	return 0;
}

static void vunmap(struct dma_buf *mapped, struct iosys_map *map)
{
}

static void release(struct dma_buf *last)
{
}

static const struct dma_buf_ops buffer_ops = { .vmap = vmap, .vunmap = vunmap, .release = release };

static void setup_io(void)
{
	setup();
	dma_buf_init(&buffer, &buffer_ops, sizeof(memory), NULL);
	MODEL_CHECK(!seqno_write_attach_buffer(seqno_write, fence, &buffer, 0, sizeof(memory), 1));
	dma_buf_put(&buffer);
}

const struct model_scenario seqno_scenarios[] = {
	{
		.name = "seqno-write-poll",
		.rule = "who sees the seqno in memory sees what the signaler did before",
		.setup = setup_8,
		.threads = { work_and_signal, poll_8, poll_8 },
		.finish = expect_8,
	},
	{
		.name = "seqno-write-poll-4",
		.rule = "so it is with one of 4 bytes",
		.setup = setup_4,
		.threads = { work_and_signal, poll_4, poll_4 },
		.finish = expect_4,
	},
	{
		.name = "seqno-write-attach-poll",
		.rule = "and where the write is attached at that moment, whoever makes it",
		.setup = setup,
		.threads = { work_and_signal, attach, poll_8 },
		.finish = expect_8,
	},
	{
		.name = "seqno-write-io-poll",
		.rule = "and in I/O memory",
		.setup = setup_io,
		.threads = { work_and_signal, poll_8 },
		.finish = expect_8,
	},
	{
		.name = "seqno-write-sleep",
		.rule = "who sleeps in a futex until the seqno is written is woken",
		.setup = setup_4,
		.threads = { work_and_signal, sleep_until_written },
		.finish = expect_4,
	},
	{ .name = NULL },
};
