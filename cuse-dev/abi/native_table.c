/* SPDX-License-Identifier: MIT */
/* native_table.c - the table of the native requests. */
#include <stddef.h>

#include "abi/ioctl.h"
#include "abi/native.h"
#include "descriptor/identify.h"

#define END_OF(type, field) (offsetof(struct type, field) + sizeof(((struct type *)0)->field))

#define REQUEST(number, NAME, name, type, last, ...) \
	{ .command = DMA_FENCE_IOC_##NAME,           \
	  .minimum = END_OF(dma_fence_##type, last), \
	  .size = sizeof(struct dma_fence_##type),   \
	  .handler = native_##name,                  \
	  __VA_ARGS__ },

static const struct ioctl_row rows[] = {
#include "requests.def"
	{ .command = DMA_FENCE_IOC_IDENTIFY, .any_file = true, .handler = native_identify },
};

const struct ioctl_table native_table = {
	.type = DMA_FENCE_IOC_TYPE,
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};
