/* SPDX-License-Identifier: MIT */
/* container_of.h - from a member to the structure that embeds it. Not installed. */
#ifndef DMA_FENCE_CORE_CONTAINER_OF_H
#define DMA_FENCE_CORE_CONTAINER_OF_H

#include <stddef.h>

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif /* DMA_FENCE_CORE_CONTAINER_OF_H */
